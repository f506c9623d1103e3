"""What the plant file has kernels know of a series, and how far its samples reach."""

from math import nan
from typing import Any, NamedTuple

from fieldline.meters import ADD_UP, source_of
from fieldline.plant import AssetInfo, Role
from fieldline.tags import TagInfo
from processing.kernels import layout as at
from processing.kernels.registers import ANY_TIME, BY_DAY, BY_ORDER, BY_SHIFT, LONGEST_SAID
from processing.timeline.events import role_of as role_of_event

_BY_REGISTER_GAP = frozenset(
    {
        Role.ACTIVE_REGISTER,
        Role.REACTIVE_REGISTER,
        Role.ACTIVE_INTERVAL,
        Role.REACTIVE_INTERVAL,
        Role.ACTIVE_PULSE,
        Role.GOOD_COUNT,
        Role.TOTAL_COUNT,
        Role.SCRAP_COUNT,
        Role.REWORK_COUNT,
    }
)

_OF_ROWS = frozenset(
    {at.ORDER_EVENT, at.READING_EVENT, at.PRICE_EVENT, at.MODEL_EVENT, at.REPAIR_EVENT, at.SPRAY_EVENT}
)
"""Events that the timeline knows, whatever operators there are."""

_EVENTS_OF_STATES = frozenset({at.STATE_EVENT, at.CORRECTION})
_OF_STATES = _EVENTS_OF_STATES | {at.STATE, at.RUNNING}
_LABELLED = frozenset({at.GOOD_COUNT, at.TOTAL_COUNT, at.SCRAP_COUNT, at.REWORK_COUNT, at.COUNT_EVENT})

_MEASURED = ("@text/", "@waveform")
"""What devices measure and is no number; other tags like that are events, which people may send."""

_STARTS_OVER = {"": 0, "day": BY_DAY, "any": ANY_TIME, "shift": BY_SHIFT, "order": BY_ORDER}


class Spans(NamedTuple):
    """For how long what a series says may matter [ns]; see SERIES for the first four.

    influence : how far after a sample its contribution may end; hold : how long after it there are slices
    """

    gap: int
    register_gap: int
    rhythm: int
    state_gap: int
    influence: int
    hold: int


def role_of(tag: str, known: TagInfo, roles: frozenset[int]) -> int:
    """The role of a series, 0 where neither an operator, of those with `roles`, nor the timeline has a use for it."""
    role = role_of_event(tag) if tag.startswith("@") else int(known.role)
    return role if role in roles or role in _OF_ROWS else 0


def spans_of(role: int, known: TagInfo, of_asset: AssetInfo) -> Spans:
    """For how long what a series of a role says may matter."""
    gap, register_gap = int(known.max_gap_s * 1e9), int(known.register_max_gap_s * 1e9)
    rhythm = int(known.rhythm_s * 1e9) if role else 0
    hold = influence = max(
        _interval_of(known),
        register_gap if role in _BY_REGISTER_GAP else gap,
        int(of_asset.microstop_s * 1e9) if role in _OF_STATES else 0,
        2 * rhythm,  # a sample may settle the span before its own
    )
    if role == at.METER_EVENT:
        hold = LONGEST_SAID
    state_gap = 0
    if role in _EVENTS_OF_STATES:
        gap = hold = int(of_asset.state_max_gap_s * 1e9)
        state_gap = gap if role == at.STATE_EVENT else 0
    elif role in _OF_STATES and not known.is_gap_declared:
        state_gap = max(gap, int(of_asset.state_max_gap_s * 1e9))
        hold = max(hold, state_gap)
    return Spans(gap, register_gap, rhythm, state_gap, influence, max(hold, influence))


def declared(tag: str, role: int, known: TagInfo, of_asset: AssetInfo) -> dict[str, Any]:
    """The fields of a SERIES record that follow from what is declared of its tag and asset alone, but for its `Spans`."""
    return {
        "role": role,
        "is_scalar": not tag.startswith("@"),
        "source": source_of(known.share, known.role, is_declared=tag in of_asset.energy_tags),
        "adds_up": known.share in ADD_UP or tag in of_asset.energy_tags,
        "is_fed_back": known.is_fed_back,
        "microstop": int(of_asset.microstop_s * 1e9),
        "is_forward": known.is_forward,
        "interval": _interval_of(known),
        "is_interval": known.counts_by == "interval",
        "has_quantiles": known.quantiles and not tag.startswith("@"),
        "is_labelled": role in _LABELLED or known.spc is not None,
        "scale": known.scale,
        "modulus": known.modulus,
        "max_delta": known.max_delta,
        "low": known.low,
        "high": known.high,
        "rated": _rated(role, of_asset.rated_power_kw, known.scale),
        "confirm_readings": known.confirm_readings,
        "confirm": int(known.confirm_s * 1e9),
        "starts_over": _STARTS_OVER[known.starts_over],
    }


def life_gap(tag: str, known: TagInfo) -> int:
    """How long a reading is a sign of life, whatever operators there are; 0: it is none, but an event or a state [ns]."""
    is_event = tag.startswith("@") and not tag.startswith(_MEASURED)
    if is_event or known.role in (Role.STATE, Role.RUNNING):
        return 0
    return int((known.register_max_gap_s if known.role in _BY_REGISTER_GAP else known.max_gap_s) * 1e9)


def _interval_of(known: TagInfo) -> int:
    """For how long after its time an amount was drawn, as is declared; 0: it was not, or that is not declared [ns]."""
    return int(known.interval_s * 1e9) if known.is_forward and known.interval_s > 0 else 0


def _rated(role: int, power_kw: float, scale: float) -> float:
    """The most that an energy register counts in a ns, in its own unit; NaN where nothing is declared."""
    return power_kw / 3.6e12 / scale if role in (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER) else nan
