"""What is known of one tag of one asset: the plant file's declaration, completed by what the tag's name tells."""

from collections.abc import Mapping
from enum import IntEnum
from math import nan
from typing import Any

import msgspec

from fieldline.meters import Share, is_fed_back, share_of
from fieldline.plantfile.spc import SpcEntry
from fieldline.plantfile.tags import ROLE_OF_KIND
from fieldline.states import PACKML, state_of
from fieldline.units import (
    COUNT_ROLES,
    Role,
    find_unit,
    is_daily_name,
    is_interval_name,
    is_label_name,
    role_of,
    unit_of_name,
)

PACKML_CODES: tuple[tuple[float, int], ...] = tuple((float(code), int(state)) for code, state in PACKML.items())


RHYTHM_S = 4500.0
"""The longest time between samples of a power that is taken for a rhythm: an hour, and a quarter of it for a clock that jitters."""


class Form(IntEnum):
    """What a tag's texts are: `ingest/texts.py` reads them by it. `LIKELY_` is what the name alone tells, the others are declared."""

    OPEN = 0
    NUMBER = 1
    SWITCH = 2
    TEXT = 3
    LIKELY_NUMBER = 4
    LIKELY_SWITCH = 5
    LIKELY_TEXT = 6


class TagInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one tag of one asset. A number that is not declared is NaN.

    unit : symbol of `fieldline/units.py`, or None where neither file nor name tells it
    scale : the tag's unit times this is kW, kvar, kWh or kvarh; for pulses kWh per pulse; for counts the canonical unit
        of their quantity; 1 without a role
    max_gap_s, register_max_gap_s : what lies between two samples further apart is not observed [s]
    modulus, max_delta : a register's or counter's rollover and its largest plausible step, in the tag's unit
    low, high : the range that is plausible, in the tag's unit; a register's or counter's reading outside it is refused
    confirm_readings, confirm_s : readings, or time [s], after which a register that fell, or jumped further than is plausible, is believed
    starts_over : "day" where a register or counter begins at zero each local day, "shift" or "order" where it does when one of its line
        begins or ends, "any" where it does at any time, "" where it does not
    expected_rate_hz : how often samples are due [Hz]
    share, is_fed_back : of power and energy, what of its asset's energy it tells, and whether the asset gives it
    stamp, interval_s : of interval amounts, whether a message is stamped with the "start" or the "end" of its time, and how long that is
        where it is the start; NaN: as long as its rhythm
    counts_by : of counts: "register" for a cumulative counter, "interval" for pieces since the sample before
    codes : of role STATE: raw value and number of the `State` it means, ascending; others are unknown. Empty for other roles
    is_gap_declared : whether the plant file tells `max_gap_s`: then no state of the tag holds longer, however it is told, and no power
        goes by its own rhythm
    has_rhythm : whether a power may go by its own rhythm; not where its line's slices are longer than a minute, see `power.py`
    spc : how the tag is charted; None: not at all
    quantiles : whether those of its samples are wanted
    form : how texts are read
    formula : of a calculated tag the expression over tags of its asset; "" of others
    """

    unit: str | None = None
    role: Role = Role.NONE
    scale: float = 1.0
    max_gap_s: float = 300.0
    register_max_gap_s: float = 7200.0
    modulus: float = nan
    max_delta: float = nan
    low: float = nan
    high: float = nan
    confirm_readings: int = 3
    confirm_s: float = 21_600.0
    starts_over: str = ""
    stamp: str = "end"
    interval_s: float = nan
    clock: str = "accept"
    expected_rate_hz: float = nan
    share: Share = Share.TOTAL
    is_fed_back: bool = False
    counts_by: str = "register"
    codes: tuple[tuple[float, int], ...] = ()
    is_gap_declared: bool = False
    has_rhythm: bool = True
    spc: SpcEntry | None = None
    quantiles: bool = False
    form: Form = Form.OPEN
    formula: str = ""

    @property
    def rhythm_s(self) -> float:
        """The longest span between samples that counts as energy where the tag speaks in that rhythm; 0 where it goes by its gap [s]."""
        is_power = self.role in (Role.ACTIVE_POWER, Role.REACTIVE_POWER)
        return RHYTHM_S if is_power and self.has_rhythm and not self.is_gap_declared else 0.0

    @property
    def is_forward(self) -> bool:
        """Whether what it tells was drawn after its time: it is an interval's amount that is stamped at its start."""
        return self.stamp == "start" and self.role in (Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL)

    @property
    def is_meter(self) -> bool:
        """Whether it counts up from reading to reading, a register or a counter, so that it can be exchanged."""
        is_counter = self.role in COUNT_ROLES and self.counts_by == "register"
        return is_counter or self.role in (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)

    @property
    def may_rest(self) -> bool:
        """Whether it may well tell one value for hours: states, registers, counters."""
        return self.role in _MAY_REST

    @property
    def is_number(self) -> bool:
        """Whether name or declaration say that it is a number, so that a text of it is useless."""
        is_text = self.form in (Form.TEXT, Form.LIKELY_TEXT)
        return not is_text and (self.role is not Role.NONE or self.unit is not None)


_MAY_REST = COUNT_ROLES | {Role.STATE, Role.RUNNING, Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER, Role.ACTIVE_PULSE}


def complete(tag: str, declared: Mapping[str, Any], clock: str) -> TagInfo:
    """A tag's declaration, key by key, completed by what its name tells."""
    named = unit_of_name(tag)
    unit = declared.get("unit") or (named.symbol if named else None)
    is_calculated = declared.get("formula") and declared.get("kind") is None
    role = Role.NONE if is_calculated else _role(declared.get("kind"), tag, unit)
    info = {key: declared[key] for key in declared.keys() - {"unit", "kind", "kwh_per_pulse", "codes", "share"}}
    if role is Role.ACTIVE_PULSE:
        scale = declared.get("kwh_per_pulse", nan)
    else:
        scale = find_unit(unit).factor if unit and role is not Role.NONE else 1.0
    if role in COUNT_ROLES and is_interval_name(tag):
        info.setdefault("counts_by", "interval")
    if is_daily_name(tag):
        info.setdefault("starts_over", "day")
    info["is_gap_declared"] = "max_gap_s" in declared
    info["codes"] = _codes(role, declared.get("codes"))
    if role is not Role.NONE and role <= Role.ACTIVE_PULSE:
        said = declared.get("share")
        info["share"] = Share.TOTAL if said == "fed_back" else Share[said.upper()] if said else share_of(tag)
        info["is_fed_back"] = said == "fed_back" if said else is_fed_back(tag)
    info["form"] = _form(declared, tag, role, unit)
    return TagInfo(unit=find_unit(unit).symbol if unit else None, role=role, scale=scale, clock=clock, **info)


def _form(declared: Mapping[str, Any], tag: str, role: Role, unit: str | None) -> Form:
    """What the declaration says of texts, else what the name tells. A state's texts may be words for states, so they stay."""
    kind = declared.get("kind")
    if kind in _FORMS:
        return _FORMS[kind]
    if (kind is not None or "unit" in declared) and role is not Role.STATE:
        return Form.NUMBER
    if role is Role.RUNNING:
        return Form.LIKELY_SWITCH
    if unit is not None or role is not Role.NONE:
        return Form.LIKELY_NUMBER
    return Form.LIKELY_TEXT if is_label_name(tag) else Form.OPEN


_FORMS = {"text": Form.TEXT, "switch": Form.SWITCH, "running": Form.SWITCH}


def _codes(role: Role, declared: Mapping[str, str] | None) -> tuple[tuple[float, int], ...]:
    if role is not Role.STATE:
        return ()
    if declared is None:
        return PACKML_CODES
    found = ((float(raw), state_of(name)) for raw, name in declared.items())
    return tuple(sorted((raw, int(state)) for raw, state in found if state is not None))


def _role(kind: str | None, tag: str, unit: str | None) -> Role:
    """The role of the declared kind, else what name and unit tell."""
    if kind == "pulse":
        return Role.ACTIVE_PULSE
    found = find_unit(unit) if unit else None
    if kind is None:
        return role_of(tag, found)
    return ROLE_OF_KIND.get(kind) or _ROLES.get((kind, found.quantity if found else ""), Role.NONE)


_ROLES = {
    ("power", "active_power"): Role.ACTIVE_POWER,
    ("power", "reactive_power"): Role.REACTIVE_POWER,
    ("register", "active_energy"): Role.ACTIVE_REGISTER,
    ("register", "reactive_energy"): Role.REACTIVE_REGISTER,
    ("interval", "active_energy"): Role.ACTIVE_INTERVAL,
    ("interval", "reactive_energy"): Role.REACTIVE_INTERVAL,
}
