"""The values of expressions, element by element, over columns of equal length. NaN does not exist, and makes NaN of all it is part of.

So does what is no finite number: what is divided by zero does not come back by dividing once more.
Each operation is one that gives the same bits for a number wherever it stands in a column: those of IEEE 754, and for `exp` and `log` the
C library's, number by number, since numpy's own go by the processor and the place in the column.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from fieldline.expressions.memories import MOST_REGIMES
from fieldline.expressions.tree import Apply, Label, Node, Number, Own, Remembered, Term
from processing.formulas import power

Columns = Mapping[Term, np.ndarray]


def evaluate(node: Node, columns: Columns) -> np.ndarray:
    """float64[n], the values of an expression.

    columns : float64[n] each, of its inputs, of other fields that it names, and of functions that remember in it (`calls.py`).
    """
    with np.errstate(all="ignore"):
        return _value(node, columns)


def whys(node: Node, columns: Columns, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Why values do not exist: int32[n], -1 where they do, and the reasons that these stand for.

    Of what was chosen: the first input, in the order of writing, that does not exist, then the first regime that is none, then the first
    function that remembers and gives nothing; else the first divisor that is 0; else that it is no finite number.
    """
    reasons, why = ["not a finite number"], np.where(np.isfinite(values), -1, 0).astype(np.int32)
    open_ = why == 0
    if not open_.any():
        return why, reasons
    with np.errstate(all="ignore"):
        parts = list(_taken(node, columns, open_))
        leaves = [(one, taken) for one, taken in parts if not isinstance(one, Apply | Number | Remembered)]
        leaves.sort(key=lambda leaf: isinstance(leaf[0], Own))
        absent = [
            (f"no one {one.what}" if isinstance(one, Label) else f"no {one}", np.isnan(_value(one, columns)) & taken)
            for one, taken in leaves
        ]
        memories = [(one, taken) for one, taken in parts if isinstance(one, Remembered)]
        absent += [
            (
                f"{one.regime} is no whole number from 0 to {MOST_REGIMES - 1}",
                _is_no_regime(one.regime, columns) & taken,
            )
            for one, taken in memories
            if one.regime is not None
        ]
        absent += [(f"no {one}", np.isnan(_value(one, columns)) & taken) for one, taken in memories]
        divisors = [(one.arguments[1], taken) for one, taken in parts if isinstance(one, Apply) and one.name == "/"]
        absent += [(f"{one} is 0", (_value(one, columns) == 0.0) & taken) for one, taken in divisors]
    for reason, holds in absent:
        mine = open_ & holds
        if mine.any():
            why[mine] = len(reasons)
            reasons.append(reason)
            open_ = open_ & ~mine
    return why, reasons


def _taken(node: Node, columns: Columns, taken: np.ndarray) -> Iterator[tuple[Node, np.ndarray]]:
    """All parts of an expression in the order of writing, and where each has a part in the value, bool[n]: not what was not chosen."""
    yield node, taken
    if not isinstance(node, Apply | Remembered):
        return
    where = [taken] * len(node.arguments)
    if node.name == "if":
        condition = _value(node.arguments[0], columns)
        where = [taken, taken & (condition != 0.0) & ~np.isnan(condition), taken & (condition == 0.0)]
    for argument, mine in zip(node.arguments, where, strict=True):
        yield from _taken(argument, columns, mine)


def _value(node: Node, columns: Columns) -> np.ndarray:
    if isinstance(node, Number):
        n = len(next(iter(columns.values()), np.empty(0)))
        return np.full(n, node.value)
    if not isinstance(node, Apply):
        return columns[node]
    found = _APPLIED[node.name]([_value(argument, columns) for argument in node.arguments])
    return np.where(np.isfinite(found), found, np.nan)


def _is_no_regime(node: Node, columns: Columns) -> np.ndarray:
    """bool[n], where a value that exists is none that a regime may have."""
    value = _value(node, columns)
    return ~np.isnan(value) & ((value != np.floor(value)) | (value < 0.0) | (value >= MOST_REGIMES))


def _known(arguments: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Values as numbers, NaN where an argument does not exist."""
    return np.where(np.isnan(arguments).any(axis=0), np.nan, values.astype(np.float64))


def _compared(by: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    return lambda found: _known(found, by(found[0], found[1]))


def _power(found: Sequence[np.ndarray]) -> np.ndarray:
    """A whole power as products, which have the same bits everywhere."""
    base, value = found[0], found[0]
    for _ in range(int(found[1][0]) - 1 if len(found[1]) else 0):
        value = value * base
    return value


def _one_by_one(function: Callable[[float], float]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    def one(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return math.nan

    return lambda found: np.array([one(value) for value in found[0].tolist()], np.float64)


def _chosen(found: Sequence[np.ndarray]) -> np.ndarray:
    condition, then, other = found
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0.0, then, other))


_APPLIED: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
    "+": lambda found: found[0] + found[1],
    "-": lambda found: found[0] - found[1],
    "*": lambda found: found[0] * found[1],
    "/": lambda found: found[0] / found[1],
    "**": _power,
    "negative": lambda found: -found[0],
    "abs": lambda found: np.abs(found[0]),
    "sqrt": lambda found: np.sqrt(found[0]),
    "exp": _one_by_one(math.exp),
    "log": _one_by_one(math.log),
    "floor": lambda found: np.floor(found[0]),
    "min": lambda found: np.minimum.reduce(found),
    "max": lambda found: np.maximum.reduce(found),
    "phase_imbalance": lambda found: np.asarray(power.phase_imbalance(np.stack(found, axis=-1))),
    "harmonic_distortion": lambda found: np.asarray(power.total_harmonic_distortion(np.stack(found, axis=-1))),
    "capacitor_kvar": lambda found: np.asarray(power.capacitor_reactive_power(*found)),
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
    "==": _compared(np.equal),
    "!=": _compared(np.not_equal),
    "and": lambda found: _known(found, np.all(np.not_equal(found, 0.0), axis=0)),
    "or": lambda found: _known(found, np.any(np.not_equal(found, 0.0), axis=0)),
    "not": lambda found: _known(found, found[0] == 0.0),
    "if": _chosen,
}
