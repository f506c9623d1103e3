"""Tags of an asset: `[asset.tags.<tag>]`."""

from collections.abc import Mapping
from math import isfinite, isnan
from typing import Annotated, Literal

import msgspec

from fieldline.expressions import Parameter, inputs_of, own_fields_of, parse, remembered_in
from fieldline.plantfile.globs import is_glob
from fieldline.plantfile.spc import SpcEntry
from fieldline.plantfile.values import Positive
from fieldline.states import state_names, state_of
from fieldline.tables import nearest
from fieldline.units import COUNT_ROLES, Role, find_unit, role_of, role_of_name, unit_of_name

Kind = Literal[
    "value",
    "power",
    "register",
    "interval",
    "pulse",
    "state",
    "running",
    "good_count",
    "total_count",
    "scrap_count",
    "rework_count",
    "switch",
    "text",
]

ROLE_OF_KIND: Mapping[str, Role] = {
    "state": Role.STATE,
    "running": Role.RUNNING,
    "good_count": Role.GOOD_COUNT,
    "total_count": Role.TOTAL_COUNT,
    "scrap_count": Role.SCRAP_COUNT,
    "rework_count": Role.REWORK_COUNT,
}
"""Kinds whose role needs no unit."""

_QUANTITIES_OF_KIND = {
    "power": ("active_power", "reactive_power"),
    "register": ("active_energy", "reactive_energy"),
    "interval": ("active_energy", "reactive_energy"),
    "pulse": ("count",),
}


LONGEST_INTERVAL_S = 90_000
"""The longest time that one amount may be of: 25 h, a local day that is long."""


class TagEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tag as the plant file declares it; None is not declared.

    share : of power and energy, what of its asset's energy it tells (see `fieldline/meters.py`); None: what its name tells
    quantiles : whether those of its samples are wanted, see `processing/operators/distribution.py`
    formula : the tag is calculated from others of the same asset, see `processing/timeline/calculated.py`
    stamp : of interval amounts, which end of its time a message is stamped with; interval_s : of one stamped at its start, how long that is
    """

    unit: str | None = None
    kind: Kind | None = None
    low: float | None = None
    high: float | None = None
    expected_rate_hz: Positive | None = None
    max_gap_s: Positive | None = None
    register_max_gap_s: Positive | None = None
    modulus: Positive | None = None
    max_delta: Positive | None = None
    confirm_readings: Annotated[int, msgspec.Meta(ge=2)] | None = None
    confirm_s: Positive | None = None
    starts_over: Literal["day", "shift", "order", "any"] | None = None
    kwh_per_pulse: Positive | None = None
    stamp: Literal["start", "end"] | None = None
    interval_s: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_INTERVAL_S)] | None = None
    share: Literal["total", "day", "tariff", "phase", "part", "load", "grid", "fed_back"] | None = None
    counts_by: Literal["register", "interval"] | None = None
    codes: dict[str, str] | None = None
    spc: SpcEntry | None = None
    quantiles: bool | None = None
    formula: Annotated[str, msgspec.Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        checks = (_unit_fault, _kind_fault, _range_fault, _codes_fault, _formula_fault)
        wrong = [line for line in (check(self) for check in checks) if line]
        if wrong:
            raise ValueError("\n".join(wrong))


def formula_faults(tags: Mapping[str, TagEntry]) -> list[str]:
    """Calculated tags of an asset that have no name of their own, or are made of calculated ones."""
    faults = []
    for name, entry in tags.items():
        if entry.formula and is_glob(name):
            faults.append(f'tags."{name}".formula: expected the name of one tag, got a glob')
        for other in own_fields_of(parse(entry.formula)) if entry.formula else ():
            if other == name or ((said := tags.get(other)) is not None and said.formula):
                faults.append(f'tags."{name}".formula: {other} is calculated itself: put its formula in here')
    return faults


def name_fault(name: str, entry: TagEntry) -> str:
    """What a declaration lacks that the tag's name does not tell either: a unit, or what it counts.

    A glob's names are not known yet: what does not fit one of them has no effect there.
    """
    if is_glob(name):
        return _unit_missing(name, entry)
    role = role_of_name(name) if entry.kind is None else ROLE_OF_KIND.get(entry.kind, Role.NONE)
    if entry.counts_by is not None and role not in COUNT_ROLES:
        return f'tags."{name}".counts_by: only counts have it: kind {_listed(COUNT_ROLES)}, got {entry.kind!r}'
    if entry.codes is not None and role is not Role.STATE:
        return f"tags.\"{name}\".codes: only kind 'state' has it, got {entry.kind!r}"
    if entry.stamp is not None and not _is_interval(name, entry):
        return f"tags.\"{name}\".stamp: only amounts of an interval have it: kind 'interval', got {entry.kind!r}"
    return _unit_missing(name, entry)


def _is_interval(name: str, entry: TagEntry) -> bool:
    if entry.kind is not None:
        return entry.kind == "interval"
    unit = find_unit(entry.unit) if entry.unit is not None else unit_of_name(name)
    return role_of(name, unit) in (Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL)


def _listed(roles: frozenset[Role]) -> str:
    return ", ".join(kind for kind, role in ROLE_OF_KIND.items() if role in roles)


def _unit_missing(name: str, entry: TagEntry) -> str:
    """A kind that has a unit must find it, declared or in the tag's name."""
    fitting = _QUANTITIES_OF_KIND.get(entry.kind or "")
    if fitting is None or entry.kind == "pulse" or entry.unit is not None:
        return ""
    named = unit_of_name(name)
    if named is not None and named.quantity in fitting:
        return ""
    return f'tags."{name}".unit: kind {entry.kind!r} needs a unit of {" or ".join(fitting)}'


def _unit_fault(entry: TagEntry) -> str:
    if entry.unit is None:
        return ""
    try:
        quantity = find_unit(entry.unit).quantity
    except ValueError as error:
        return f"unit: {error}"
    if entry.kind in ("state", "running", "switch", "text"):
        return f"unit: kind {entry.kind!r} has none, got {entry.unit!r}"
    fitting = _QUANTITIES_OF_KIND.get(entry.kind or "", (quantity,))
    if quantity in fitting:
        return ""
    return f"unit: kind {entry.kind!r} needs a unit of {' or '.join(fitting)}, got {entry.unit!r} ({quantity})"


def _kind_fault(entry: TagEntry) -> str:
    if entry.kind == "pulse" and entry.kwh_per_pulse is None:
        return "kwh_per_pulse: kind 'pulse' needs it"
    if entry.kwh_per_pulse is not None and entry.kind != "pulse":
        return "kwh_per_pulse: only kind 'pulse' has it"
    if entry.interval_s is not None and entry.stamp != "start":
        return "interval_s: only amounts that are stamped at their start have it: stamp = 'start'"
    if entry.max_delta is not None and entry.modulus is not None and entry.max_delta >= entry.modulus:
        return f"max_delta: expected less than modulus {entry.modulus:g}, got {entry.max_delta:g}"
    return ""


def _range_fault(entry: TagEntry) -> str:
    low, high = entry.low, entry.high
    if any(bound is not None and isnan(bound) for bound in (low, high)):
        return "low: expected a number, got nan"
    if low is not None and high is not None and low >= high:
        return f"low: expected less than high {high:g}, got {low:g}"
    return ""


def _formula_fault(entry: TagEntry) -> str:
    """Whether a formula is an expression of tags of the asset, and of what the plant file says of it, alone."""
    if entry.formula is None:
        return ""
    try:
        tree = parse(entry.formula)
    except ValueError as error:
        return f"formula: {error}"
    if entry.kind in ("text", "switch"):
        return f"formula: kind {entry.kind!r} is no number"
    if remembering := remembered_in(tree):
        return f"formula: {remembering[0]}: remembers from window to window, and belongs into a [[metric]]"
    others = [one for one in inputs_of(tree) if not isinstance(one, Parameter) or one.scope]
    if others:
        return f"formula: {others[0]}: expected tags of the asset by their names alone, such as flow_m3_h * 1.163"
    return "" if own_fields_of(tree) else f"formula: expected a tag of the asset in it, got {entry.formula!r}"


def _codes_fault(entry: TagEntry) -> str:
    seen: set[float] = set()
    for raw, name in (entry.codes or {}).items():
        code = _number(raw)
        if code is None or code in seen:
            return f"codes: expected each key to be another finite number, got {raw!r}"
        seen.add(code)
        if state_of(name) is None:
            return f'codes: "{raw}": unknown state {name!r}{nearest(name, state_names())}'
    return ""


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
