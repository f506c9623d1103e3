"""Units: one table, one canonical unit per quantity, and what a tag's name tells about its unit.

A value in a unit becomes canonical by `value * factor + offset`. A table is kept here instead of a units library
because the pipeline needs some hundred fixed factors and no unit algebra (see docs/decisions.md).
Exact factors are those of NIST SP 811 (2008), appendix B.8.
"""

import re
from difflib import get_close_matches
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple


class Role(IntEnum):
    """What a tag means to the operators that look at a whole asset: its energy, its states, its counts."""

    NONE = 0
    ACTIVE_POWER = 1
    REACTIVE_POWER = 2
    ACTIVE_REGISTER = 3
    REACTIVE_REGISTER = 4
    ACTIVE_INTERVAL = 5
    REACTIVE_INTERVAL = 6
    ACTIVE_PULSE = 7
    STATE = 8
    """A number for the machine's state, see `TagInfo.codes`."""
    RUNNING = 9
    """Run/stop bit: 0 is down, anything else producing."""
    GOOD_COUNT = 10
    TOTAL_COUNT = 11
    SCRAP_COUNT = 12
    REWORK_COUNT = 13


COUNT_ROLES = frozenset({Role.GOOD_COUNT, Role.TOTAL_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT})


class Quantity(NamedTuple):
    """A physical quantity: its canonical unit, what it is, and the values that make sense, canonical."""

    name: str
    unit: str
    description: str
    low: float = float("-inf")
    high: float = float("inf")


class Unit(NamedTuple):
    """A unit: canonical = value * factor + offset."""

    symbol: str
    quantity: str
    factor: float
    offset: float = 0.0


QUANTITIES: dict[str, Quantity] = {
    row[0]: Quantity(*row)
    for row in (
        ("active_power", "kW", "active power, import positive"),
        ("reactive_power", "kvar", "reactive power, lagging positive"),
        ("apparent_power", "kVA", "apparent power", 0.0),
        ("active_energy", "kWh", "active energy, import"),
        ("reactive_energy", "kvarh", "reactive energy, lagging"),
        ("apparent_energy", "kVAh", "apparent energy", 0.0),
        ("voltage", "V", "voltage"),
        ("current", "A", "current"),
        ("frequency", "Hz", "frequency", 0.0),
        ("temperature", "degC", "temperature", -273.15),
        ("pressure", "kPa", "pressure"),
        ("length", "m", "length, level or distance"),
        ("area", "m2", "area", 0.0),
        ("volume", "m3", "volume"),
        ("mass", "kg", "mass"),
        ("duration", "s", "duration"),
        ("volume_flow", "m3/h", "volume flow"),
        ("mass_flow", "kg/h", "mass flow"),
        ("speed", "m/s", "speed, wind speed"),
        ("vibration_velocity", "mm/s", "vibration velocity"),
        ("acceleration", "m/s2", "acceleration"),
        ("rotation", "rpm", "rotational speed"),
        ("torque", "N.m", "torque"),
        ("force", "N", "force"),
        ("angle", "deg", "angle"),
        ("ratio", "1", "a share or ratio, 1 = whole"),
        ("irradiance", "W/m2", "irradiance or heat flux"),
        ("conductivity", "dS/m", "electrical conductivity", 0.0),
        ("concentration", "ppm", "volume or mass concentration", 0.0),
        ("emission", "kg/kWh", "emission per energy"),
        ("count", "count", "a number of things"),
    )
}

UNITS: dict[str, Unit] = {
    row[0]: Unit(*row)
    for row in (
        ("kW", "active_power", 1.0), ("W", "active_power", 1e-3), ("MW", "active_power", 1e3),
        ("mW", "active_power", 1e-6), ("GW", "active_power", 1e6), ("hp", "active_power", 0.745_699_871_582_270_22),
        ("kvar", "reactive_power", 1.0), ("var", "reactive_power", 1e-3), ("Mvar", "reactive_power", 1e3),
        ("kVA", "apparent_power", 1.0), ("VA", "apparent_power", 1e-3), ("MVA", "apparent_power", 1e3),
        ("kWh", "active_energy", 1.0), ("Wh", "active_energy", 1e-3), ("MWh", "active_energy", 1e3),
        ("GWh", "active_energy", 1e6), ("J", "active_energy", 1 / 3.6e6), ("kJ", "active_energy", 1 / 3600),
        ("MJ", "active_energy", 1 / 3.6), ("GJ", "active_energy", 1e3 / 3.6),
        ("kvarh", "reactive_energy", 1.0), ("varh", "reactive_energy", 1e-3), ("Mvarh", "reactive_energy", 1e3),
        ("kVAh", "apparent_energy", 1.0), ("VAh", "apparent_energy", 1e-3), ("MVAh", "apparent_energy", 1e3),
        ("V", "voltage", 1.0), ("mV", "voltage", 1e-3), ("kV", "voltage", 1e3),
        ("A", "current", 1.0), ("mA", "current", 1e-3), ("kA", "current", 1e3),
        ("Hz", "frequency", 1.0), ("kHz", "frequency", 1e3),
        ("degC", "temperature", 1.0), ("K", "temperature", 1.0, -273.15),
        ("degF", "temperature", 5 / 9, -160 / 9),
        ("kPa", "pressure", 1.0), ("Pa", "pressure", 1e-3), ("hPa", "pressure", 0.1), ("mbar", "pressure", 0.1),
        ("bar", "pressure", 100.0), ("MPa", "pressure", 1e3), ("psi", "pressure", 6.894_757_293_168_361),
        ("m", "length", 1.0), ("mm", "length", 1e-3), ("cm", "length", 1e-2), ("km", "length", 1e3),
        ("um", "length", 1e-6), ("in", "length", 0.0254), ("ft", "length", 0.3048),
        ("m2", "area", 1.0), ("ha", "area", 1e4), ("m3", "volume", 1.0), ("L", "volume", 1e-3), ("mL", "volume", 1e-6),
        ("kg", "mass", 1.0), ("g", "mass", 1e-3), ("t", "mass", 1e3), ("lb", "mass", 0.453_592_37),
        ("s", "duration", 1.0), ("ms", "duration", 1e-3), ("min", "duration", 60.0), ("h", "duration", 3600.0),
        ("m3/h", "volume_flow", 1.0), ("L/min", "volume_flow", 0.06), ("L/s", "volume_flow", 3.6), ("L/h", "volume_flow", 1e-3),
        ("m3/s", "volume_flow", 3600.0), ("kg/h", "mass_flow", 1.0), ("t/h", "mass_flow", 1e3),
        ("kg/s", "mass_flow", 3600.0), ("m/s", "speed", 1.0), ("km/h", "speed", 1 / 3.6), ("m/min", "speed", 1 / 60),
        ("mm/s", "vibration_velocity", 1.0), ("in/s", "vibration_velocity", 25.4),
        ("m/s2", "acceleration", 1.0), ("mm/s2", "acceleration", 1e-3), ("gn", "acceleration", 9.80665),
        ("rpm", "rotation", 1.0), ("1/s", "rotation", 60.0),
        ("N.m", "torque", 1.0), ("kN.m", "torque", 1e3), ("N", "force", 1.0), ("kN", "force", 1e3),
        ("deg", "angle", 1.0), ("rad", "angle", 57.295_779_513_082_32),
        ("1", "ratio", 1.0), ("%", "ratio", 0.01), ("W/m2", "irradiance", 1.0), ("kW/m2", "irradiance", 1e3),
        ("dS/m", "conductivity", 1.0), ("mS/cm", "conductivity", 1.0), ("uS/cm", "conductivity", 1e-3),
        ("ppm", "concentration", 1.0), ("ppb", "concentration", 1e-3), ("kg/kWh", "emission", 1.0),
        ("g/kWh", "emission", 1e-3), ("count", "count", 1.0), ("pulse", "count", 1.0),
    )
}  # fmt: skip

_ALIASES = {
    "°C": "degC", "C": "degC", "celsius": "degC", "°F": "degF", "F": "degF", "fahrenheit": "degF", "kelvin": "K",
    "percent": "%", "pct": "%", "µm": "um", "μm": "um", "l": "L", "ml": "mL", "l/min": "L/min", "lpm": "L/min",
    "l/s": "L/s", "l/h": "L/h", "m³": "m3", "m²": "m2", "m³/h": "m3/h", "m^3": "m3", "m^2": "m2", "m/s²": "m/s2", "Nm": "N.m",
    "kNm": "kN.m", "N·m": "N.m", "kVar": "kvar", "kVAr": "kvar", "kVAR": "kvar", "VAr": "var", "VAR": "var",
    "MVAr": "Mvar", "kVArh": "kvarh", "kVARh": "kvarh", "VArh": "varh", "MVArh": "Mvarh", "sec": "s", "pulses": "pulse",
    "pcs": "count", "1/min": "rpm", "°": "deg", "ratio": "1", "W/m²": "W/m2", "µS/cm": "uS/cm",
}  # fmt: skip

SUFFIXES: dict[str, str] = {
    "kw": "kW", "w": "W", "mw": "MW", "gw": "GW", "kvar": "kvar", "var": "var", "mvar": "Mvar",
    "kva": "kVA", "va": "VA", "mva": "MVA", "kwh": "kWh", "wh": "Wh", "mwh": "MWh", "gwh": "GWh", "mj": "MJ",
    "gj": "GJ", "kj": "kJ", "kvarh": "kvarh", "varh": "varh", "mvarh": "Mvarh", "kvah": "kVAh", "vah": "VAh",
    "mvah": "MVAh", "v": "V", "mv": "mV", "kv": "kV", "a": "A", "ma": "mA", "hz": "Hz", "khz": "kHz", "c": "degC",
    "degc": "degC", "celsius": "degC", "k": "K", "f": "degF", "degf": "degF", "kpa": "kPa", "pa": "Pa", "hpa": "hPa",
    "mbar": "mbar", "bar": "bar", "mpa": "MPa", "psi": "psi", "m": "m", "mm": "mm", "cm": "cm", "km": "km", "um": "um",
    "m2": "m2", "ha": "ha", "m3": "m3", "l": "L", "ml": "mL", "kg": "kg", "g": "g", "t": "t", "s": "s", "secs": "s",
    "ms": "ms", "min": "min", "h": "h", "m3_h": "m3/h", "l_min": "L/min", "l_s": "L/s", "l_h": "L/h", "kg_h": "kg/h", "t_h": "t/h",
    "m_s": "m/s", "m_min": "m/min", "km_h": "km/h", "mm_s": "mm/s", "m_s2": "m/s2", "mm_s2": "mm/s2", "rpm": "rpm", "nm": "N.m",
    "knm": "kN.m", "n": "N", "kn": "kN", "deg": "deg", "rad": "rad", "ratio": "1", "pct": "%", "percent": "%",
    "w_m2": "W/m2", "kw_m2": "kW/m2", "ds_m": "dS/m", "ms_cm": "mS/cm", "us_cm": "uS/cm", "ppm": "ppm", "ppb": "ppb",
    "kg_kwh": "kg/kWh", "g_kwh": "g/kWh", "count": "count", "pulses": "pulse",
}  # fmt: skip
"""What a tag's name may end in, in lower case, after `_` (`mw` is megawatt: nobody meters a line in milliwatts; `hp` is a heat pump
as often as a horsepower, so that it must be declared)."""

_RAISED = str.maketrans("²³", "23")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z]?[a-z0-9µ°%]+|[A-Z]+|\d+")
_DIVIDED = re.compile(r"/[^\w/]*[^\W_]+\W*$")
"""A name whose last word stands behind a `/`."""

_INTERVAL_WORDS = frozenset({"interval", "delta"})
_DAILY_WORDS = frozenset({"today", "daily"})
_MONEY = frozenset("eur euro usd chf gbp ct cent cents".split())
_OTHER_WORDS = (
    frozenset(
        "leading capacitive setpoint sp limit target rated nominal max min maximum minimum peak demand forecast "
        "yesterday last previous week weekly month monthly year yearly annual price cost per "
        "battery bat batt accu charge charging discharge discharging pv solar mppt generation generated generator "
        "tx rx rssi signal radio".split()
    )
    | _MONEY
)
"""Words of names that hold power or energy, but not what the asset itself draws or feeds back."""

_OF_POWER = frozenset(
    "power apower active act real apparent load grid total consumption consumed usage draw import export returned "
    "actual current mean avg average watt watts p mains meter".split()
)
"""Words one of which a name that ends in `_w` must have for it to be watts: `box_w` is a width, `q/w` a quaternion's part."""

_LABEL_WORDS = frozenset(
    "id uid uuid guid eui serial serialno sn imei iccid mac address addr ip host url version firmware fw revision batch lot "
    "order product article material recipe program sku barcode code phone ssid hash token key name nr no number".split()
)
"""What the names of labels end in: their digits count nothing."""

_ROLE_OF_QUANTITY = {
    "active_power": (Role.ACTIVE_POWER, Role.ACTIVE_POWER),
    "reactive_power": (Role.REACTIVE_POWER, Role.REACTIVE_POWER),
    "active_energy": (Role.ACTIVE_REGISTER, Role.ACTIVE_INTERVAL),
    "reactive_energy": (Role.REACTIVE_REGISTER, Role.REACTIVE_INTERVAL),
}

_ROLE_OF_WORDS = {
    tuple(name.split("_")): role
    for role, names in (
        (Role.STATE, "packml_state state_packml state_current status_state_current"),
        (Role.RUNNING, "running run is_running"),
        (Role.GOOD_COUNT, "good_count good_parts good count_good"),
        (Role.TOTAL_COUNT, "total_count parts_count count_total"),
        (Role.SCRAP_COUNT, "reject_count scrap_count scrap bad_count"),
        (Role.REWORK_COUNT, "rework_count"),
    )
    for name in names.split()
}
_COUNTED = frozenset({"count", "mass", "length", "area", "volume"})
"""Quantities that a line's output is counted in."""


def find_unit(symbol: str) -> Unit:
    """The unit of this symbol or a usual spelling of it.

    Case counts (`MW`, `mW`) where it makes a difference and is forgiven where not (`KWH`).
    Raises ValueError naming the nearest unit.
    """
    text = symbol.strip()
    unit = UNITS.get(text) or UNITS.get(_ALIASES.get(text, ""))
    if unit is not None:
        return unit
    folded = {s for s in UNITS if s.casefold() == text.casefold()}
    folded |= {to for alias, to in _ALIASES.items() if alias.casefold() == text.casefold()}
    if len(folded) == 1:
        return UNITS[folded.pop()]
    if folded:
        raise ValueError(f"unit {symbol!r} may be any of {', '.join(sorted(folded))}: mind the case")
    near = get_close_matches(text, [*UNITS, *_ALIASES], 1)
    raise ValueError(f"unknown unit {symbol!r}" + (f", did you mean {near[0]!r}?" if near else ""))


def convert(value: float, unit: str, to: str) -> float:
    """A value in another unit of the same quantity. Raises ValueError for units of two quantities."""
    source, target = find_unit(unit), find_unit(to)
    if source.quantity != target.quantity:
        raise ValueError(f"{unit} is {source.quantity}, {to} is {target.quantity}: no conversion")
    return (value * source.factor + source.offset - target.offset) / target.factor


def canonical_unit(unit: str) -> str:
    """The canonical unit of a unit's quantity (`MWh` → `kWh`). Raises ValueError."""
    return QUANTITIES[find_unit(unit).quantity].unit


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[str, ...]:
    """A tag's name in lower-case words, cut at capitals and at whatever is no letter or digit."""
    words: list[str] = []
    for part in re.split(r"[\W_]+", name.translate(_RAISED)):
        words += [part.casefold()] if part.casefold() in SUFFIXES else _camel_words(part)
    return tuple(words)


def _camel_words(part: str) -> list[str]:
    """`usageKWh` → usage, kwh. In `usagekWh` the k may belong to either side: one word, so that no unit is guessed."""
    words = _WORDS.findall(part)
    if len(words) > 1 and words[-1].casefold() in SUFFIXES and words[-2][-1] in "kMmGK" and words[-1][0] in "WVv":
        words[-2:] = [words[-2] + words[-1]]
    return [word.casefold() for word in words]


def unit_of_name(name: str) -> Unit | None:
    """The unit that a tag's name ends in, or None: `power_kw`, `Usage_kWh`, `speed_m_s`.

    A name may be just a unit (`kwh`), but not of one letter: `a`, `t` and `v` are names. Of a rate (`fuel_l_per_h`, `kWh/kg`,
    `eur_kwh`) the last word alone is no unit: it is that of the whole, or none where that is unknown.
    """
    words = name_words(name)
    if is_rate_name(name):
        rate = _rate(words)
        return UNITS[SUFFIXES[rate]] if rate in SUFFIXES else None
    if len(words) >= 3 and (pair := "_".join(words[-2:])) in SUFFIXES:
        return UNITS[SUFFIXES[pair]]
    if words and words[-1] in SUFFIXES and (len(words) > 1 or len(words[-1]) > 1):
        if words[-1] == "w" and _OF_POWER.isdisjoint(words):
            return None
        return UNITS[SUFFIXES[words[-1]]]
    return None


def is_rate_name(name: str) -> bool:
    """Whether a tag's name ends in something by a unit: after `per`, after a sum of money, or after another unit and a `/`.

    A folder and a unit (`Energy/kWh`, and so `A/kW`, whose A is a phase) are no rate.
    """
    words = name_words(name)
    if len(words) < 2 or words[-1] not in SUFFIXES:
        return False
    before = words[-2]
    if before == "per" or before in _MONEY:
        return True
    is_divided = before in SUFFIXES and _DIVIDED.search(name) is not None
    return is_divided and (_rate(words) in SUFFIXES or len(before) > 1 or before in "lgt")


def _rate(words: tuple[str, ...]) -> str:
    """The suffix that the last two words are together, whether there is such a one or not."""
    pair = [word for word in words if word != "per"][-2:]
    return "_".join(pair) if len(pair) == 2 else ""


def role_of_name(name: str) -> Role:
    """What the name alone tells of a tag's part in its asset, see `role_of`."""
    return role_of(name, unit_of_name(name))


def role_of(name: str, unit: Unit | None) -> Role:
    """What a tag's name and unit tell of its part in its asset's energy, states and counts.

    Energy is a cumulative register unless the name says `interval` or `delta`. Names of set points, limits, peaks, other periods,
    batteries and generators get no role: counting them would spoil a number that is right without them. Which share of the asset's
    energy a name tells (the total, a tariff, a phase, what is fed back) says `fieldline/meters.py`. For the same reason states and
    counts go by their whole names: `good_count` is the asset's, `shift_good_count` is not.
    """
    words = name_words(name)
    if unit is None or unit.quantity in _COUNTED:
        role = _ROLE_OF_WORDS.get(tuple(word for word in words if word not in _INTERVAL_WORDS), Role.NONE)
        return role if unit is None or role in COUNT_ROLES else Role.NONE
    if unit.quantity not in _ROLE_OF_QUANTITY or unspoken_words(name):
        return Role.NONE
    register, interval = _ROLE_OF_QUANTITY[unit.quantity]
    return interval if is_interval_name(name) else register


def unspoken_words(name: str) -> frozenset[str]:
    """The words of a name for which its power or energy is not what the asset draws or feeds back."""
    return _OTHER_WORDS & frozenset(name_words(name))


def is_daily_name(name: str) -> bool:
    """Whether a name tells that a register begins at zero each day: `energy_today_kwh`."""
    return not _DAILY_WORDS.isdisjoint(name_words(name))


def is_interval_name(name: str) -> bool:
    """Whether a name tells that each sample is the amount since the one before, not a cumulative register."""
    return not _INTERVAL_WORDS.isdisjoint(name_words(name))


def is_label_name(name: str) -> bool:
    """Whether a tag's name tells that its texts are labels, such as numbers of parts and orders: `serial_number`, `substrateId`."""
    words = name_words(name)
    return bool(words) and words[-1] in _LABEL_WORDS
