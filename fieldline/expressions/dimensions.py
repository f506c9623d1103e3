"""Units of expressions: whether what is added, compared and divided goes together, as far as both sides are known.

A unit is a product of powers of the base units of the SI and a factor to them. A number in an expression may carry any unit (the 1.163
of `flow_m3h * 1.163 * dt_k` is kWh/(m³ K)), so that what it is multiplied with has none that is known; of what is unknown nothing is said.
"""

from collections.abc import Callable
from math import isclose, isfinite
from typing import NamedTuple

from fieldline.expressions.memories import MEMORIES
from fieldline.expressions.tree import Apply, Input, Node, Number, Own, Remembered
from fieldline.units import UNITS, find_unit

_BASES = ("kg", "m", "s", "A", "K", "rad", "count")
_OF_QUANTITY: dict[str, tuple[float, dict[str, int]]] = {
    "active_power": (1e3, {"kg": 1, "m": 2, "s": -3}),
    "reactive_power": (1e3, {"kg": 1, "m": 2, "s": -3}),
    "apparent_power": (1e3, {"kg": 1, "m": 2, "s": -3}),
    "active_energy": (3.6e6, {"kg": 1, "m": 2, "s": -2}),
    "reactive_energy": (3.6e6, {"kg": 1, "m": 2, "s": -2}),
    "apparent_energy": (3.6e6, {"kg": 1, "m": 2, "s": -2}),
    "voltage": (1.0, {"kg": 1, "m": 2, "s": -3, "A": -1}),
    "current": (1.0, {"A": 1}),
    "frequency": (1.0, {"s": -1}),
    "temperature": (1.0, {"K": 1}),
    "pressure": (1e3, {"kg": 1, "m": -1, "s": -2}),
    "length": (1.0, {"m": 1}),
    "area": (1.0, {"m": 2}),
    "volume": (1.0, {"m": 3}),
    "mass": (1.0, {"kg": 1}),
    "duration": (1.0, {"s": 1}),
    "volume_flow": (1 / 3600, {"m": 3, "s": -1}),
    "mass_flow": (1 / 3600, {"kg": 1, "s": -1}),
    "speed": (1.0, {"m": 1, "s": -1}),
    "vibration_velocity": (1e-3, {"m": 1, "s": -1}),
    "acceleration": (1.0, {"m": 1, "s": -2}),
    "torque": (1.0, {"kg": 1, "m": 2, "s": -2}),
    "force": (1.0, {"kg": 1, "m": 1, "s": -2}),
    "ratio": (1.0, {}),
    "irradiance": (1.0, {"kg": 1, "s": -3}),
    "count": (1.0, {"count": 1}),
}
"""Of quantities the canonical unit in base units; of the others (angles, conductivity, rotation) nothing is said."""


_MOST_PARTS = 8
"""Signs `/` and `.` in a symbol at most; of one that has more nothing is said."""


class Unit(NamedTuple):
    """A unit: its factor to base units, and their powers."""

    factor: float
    powers: tuple[int, ...]
    symbol: str = ""

    def fits(self, other: "Unit") -> bool:
        """Whether values in both may be added."""
        return self.powers == other.powers and isclose(self.factor, other.factor, rel_tol=1e-9)


ONE = Unit(1.0, (0,) * len(_BASES), "1")
UnitOf = Callable[[Input], str | None]
"""The symbol of an input's unit, None where it is not known."""


def unit_of(symbol: str | None) -> Unit | None:
    """The unit of a symbol, of two joined by `/` or by `.` too (`kWh/m2`); None where it is not known."""
    if not symbol or symbol.count("/") + symbol.count(".") > _MOST_PARTS:
        return None
    try:
        return _simple(symbol)
    except ValueError:
        pass
    sign, power = ("/", -1) if "/" in symbol else (".", 1)
    first, found, second = symbol.rpartition(sign)  # a/b/c is (a/b)/c
    if found and (a := unit_of(first)) is not None and (b := unit_of(second)) is not None:
        return _named(_product(a, b, power), symbol)
    return None


def _named(unit: Unit | None, symbol: str) -> Unit | None:
    return unit and unit._replace(symbol=symbol)


def _simple(symbol: str) -> Unit | None:
    unit = find_unit(symbol)
    known = _OF_QUANTITY.get(UNITS[unit.symbol].quantity)
    if known is None:
        return None
    return Unit(unit.factor * known[0], tuple(known[1].get(base, 0) for base in _BASES), symbol)


def _product(a: Unit, b: Unit, power: int) -> Unit | None:
    """a · b^power; None where its factor is no number that floats have: nothing is said of it."""
    try:
        factor = a.factor * b.factor**power
    except OverflowError:
        return None
    if not isfinite(factor) or not factor:
        return None
    return Unit(factor, tuple(x + power * y for x, y in zip(a.powers, b.powers, strict=True)))


def judged(node: Node, unit: UnitOf, of_fields: Callable[[str], Unit | None], faults: list[str]) -> Unit | None:
    """The unit of an expression, None where it is unknown; what does not go together is added to `faults`.

    of_fields : the unit of another field of the metric.
    """
    if isinstance(node, Number):
        return None
    if isinstance(node, Own):
        return of_fields(node.field)
    if not isinstance(node, Apply | Remembered):
        return unit_of(unit(node))
    found = [judged(argument, unit, of_fields, faults) for argument in node.arguments]
    if isinstance(node, Remembered):
        written = len(MEMORIES[node.name].values)
        of_values = _alike(node, node.arguments[:written], found[:written], faults)
        return of_values if MEMORIES[node.name].keeps_unit else ONE
    return _applied(node, found, faults)


def _applied(node: Apply, found: list[Unit | None], faults: list[str]) -> Unit | None:
    if node.name in ("*", "/"):
        a, b = found
        if a is None or b is None:
            return None
        sign, power = (".", 1) if node.name == "*" else ("/", -1)
        symbol = f"{a.symbol}{sign}{b.symbol}" if a.symbol and b.symbol else ""
        return _named(_product(a, b, power), symbol)
    if node.name == "**":
        power = int(node.arguments[1].value) if isinstance(node.arguments[1], Number) else 1
        return found[0] and _product(ONE, found[0], power)
    if node.name in ("negative", "abs", "floor"):
        return found[0]
    if node.name in ("+", "-", "min", "max"):
        return _alike(node, node.arguments, found, faults)
    if node.name in ("phase_imbalance", "harmonic_distortion"):
        _alike(node, node.arguments, found, faults)
        return ONE
    if node.name == "capacitor_kvar":
        return unit_of("kvar")
    if node.name == "if":
        return _alike(node, node.arguments[1:], found[1:], faults)
    if node.name in ("<", "<=", ">", ">=", "==", "!="):
        _alike(node, node.arguments, found, faults)
    return None


def _alike(
    node: Apply | Remembered, arguments: tuple[Node, ...], found: list[Unit | None], faults: list[str]
) -> Unit | None:
    """The unit that arguments share; one that is not known is taken for that of the others, a bare number too."""
    known = [(argument, unit) for argument, unit in zip(arguments, found, strict=True) if unit is not None]
    for argument, unit in known[1:]:
        first, of_first = known[0]
        if not unit.fits(of_first):
            faults.append(
                f"{node}: {first} is in {_shown(of_first)} and {argument} in {_shown(unit)}; expected one unit on both sides"
            )
            return None
    return known[0][1] if len(known) == len(arguments) else None


def _shown(unit: Unit) -> str:
    if unit.symbol:
        return unit.symbol
    powers = [
        f"{base}^{power}" if power != 1 else base for base, power in zip(_BASES, unit.powers, strict=True) if power
    ]
    return f"{unit.factor:g} {' '.join(powers)}".strip()


def mismatch(found: Unit | None, declared: str | None) -> str:
    """What is wrong with the unit that is declared of a value; "" where nothing is, or one of both is unknown."""
    wanted = unit_of(declared)
    if found is None or wanted is None or found.fits(wanted):
        return ""
    return f"its value is in {_shown(found)}, its unit is declared as {declared}"
