"""Metrics of the plant's own, worked out once more: each input from the raw rows, then the expression by Python's own arithmetic.

`figure` gives the recount of another metric's field in the same window. Nothing here is shared with `processing/derived`.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite, isnan, nan
from typing import NamedTuple
from zoneinfo import ZoneInfo

from analysis.recount.arithmetic import evaluated
from analysis.recount.arithmetic import with_numbers as put_in
from analysis.recount.history import History, Samples
from fieldline.event_kinds import DONE, VOID
from fieldline.expressions import Figure, Input, Label, Length, Maintained, Own, Parameter, Statistic, Term, inputs_of
from fieldline.expressions.tree import BY_QUANTITY, BY_ROLE, LINE, OWN, QUANTILES, TARIFF_NUMBERS, UNITLESS
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.shifts import Plan
from fieldline.units import find_unit

_MINUTE = 60_000_000_000
_FIRST_DAY = 719_163  # 1 January 1970, counted from 1 January of the year 1

FigureOf = Callable[[str, str, str], tuple[float, bool]]
"""The recount of a kind's field of an asset, and whether the kind has a row of it."""


class Read(NamedTuple):
    """An input, or what a function that remembers says: how it is written, its asset, its value; NaN: it does not exist.

    before : what such a function said in the last window in which it said something; NaN of an input; has_row : whether there was a row
    that has the input, though not with a number
    """

    what: str
    asset: str
    value: float
    before: float = nan
    has_row: bool = False


def entry_at(plant: Plant, kind: str, asset: str, start: int) -> MetricEntry | None:
    """The definition that holds for an asset in a window that begins at `start` [ns UTC]; None: none does."""
    holds = [entry for entry in plant.metrics_of(asset).get(kind, ()) if entry.since_ns <= start]
    return holds[-1] if holds else None


def target_of(plant: Plant, entry: MetricEntry, one: Input, asset: str) -> str:
    """The asset whose window an input is read out of; "" where it lies outside the line."""
    if isinstance(one, Length | Label | Maintained) or one.scope == OWN:
        return asset
    line = plant.line_of(asset)
    found = line if one.scope == LINE else entry.assets.get(one.scope) or plant.tie(asset, one.scope)
    return found if found and plant.line_of(found) == line else ""


def read(history: History, entry: MetricEntry, asset: str, span: tuple[int, int], figure: FigureOf) -> dict[Term, Read]:
    """All inputs of an asset in a window, from its start until its end [ns UTC]."""
    found: dict[Term, Read] = {}
    for field in entry.field.values():
        for one in inputs_of(field.tree):
            target = target_of(history.plant, entry, one, asset)
            if isinstance(one, Figure) and target:
                value, has_row = figure(one.kind, target, one.field)
            else:
                value = _value(history, one, target, span)
                has_row = isinstance(one, Statistic) and not isnan(value)
            found[one] = Read(str(one), target, value, has_row=has_row)
    return found


def _value(history: History, one: Input, asset: str, span: tuple[int, int]) -> float:
    if isinstance(one, Length):
        return span[0] / 1e9 if one.what == "start_s" else (span[1] - span[0]) / 1e9
    if isinstance(one, Maintained):
        return _maintained(history, one, asset, span[0])
    if isinstance(one, Label):
        return _label(history, one, asset, span)
    if not asset or isinstance(one, Figure):
        return nan
    if isinstance(one, Parameter):
        return history.plant.value_of(asset, one.name)
    tags = _tags(history, one, asset, span)
    if len(tags) != 1:
        return nan
    value = _statistic(history, one.name, asset, tags[0], span)
    if one.by == BY_QUANTITY and one.name not in UNITLESS:
        unit = find_unit(history.info(asset, tags[0]).unit or "1")
        return value * unit.factor + unit.offset
    return value


def _maintained(history: History, one: Maintained, asset: str, start: int) -> float:
    """When, or how long before a time, it was last done: at a whole minute, as all that events tell to hold."""
    told = [
        (time, str(said.get("phase") or "").lower())
        for tag in map("@{}".format, DONE[one.of])
        for time, said in history.events(asset, tag)
    ]
    newest = max((time for time, phase in told if phase != VOID and -(-time // _MINUTE) * _MINUTE <= start), default=0)
    if one.what == "time_s":
        return newest / 1e9
    return start / 1e9 - newest / 1e9 if newest else nan


def _label(history: History, one: Label, asset: str, span: tuple[int, int]) -> float:
    """What is said of a window, by its minutes and orders; NaN where it is not one thing all through."""
    calendar, (start, end) = history.plant.calendar(history.line), span
    if one.name == "product":
        products = {run.product for run in history.runs(asset) if run.start <= start and end <= run.end} - {""}
        return float(one.text in products) if products else nan
    if one.name in ("shift", "crew"):
        shifts = calendar.shifts(start, end)
        whole = [shift for shift in shifts if shift.start_ns <= start and end <= shift.end_ns]
        named = [shift.name if one.name == "shift" else shift.crew for shift in whole]
        return float(one.text in named) if whole or not shifts else nan
    if one.name == "working_share":
        bounds, kinds = calendar.plan(start, end)
        parts = zip(bounds.tolist(), bounds.tolist()[1:], kinds.tolist(), strict=False)
        return sum(until - begin for begin, until, kind in parts if kind == Plan.SCHEDULED) / (end - start)
    if one.name in TARIFF_NUMBERS:
        return _cheapest(history, one, end)
    step = 60_000_000_000
    zone = ZoneInfo(history.plant.time_zone(history.line))
    moments = [datetime.fromtimestamp(time // 10**9, zone) for time in (*range(start, end, step), end - 1)]
    told = {(at.date(), at.hour * (one.name == "hour")) for at in moments}
    if len(told) != 1:
        return nan
    if one.name == "day_number":
        return float(moments[0].date().toordinal() - _FIRST_DAY)
    return float(moments[0].hour if one.name == "hour" else moments[0].isoweekday())


def _cheapest(history: History, one: Label, end: int) -> float:
    """Minute by minute of the day after a window."""
    prices = history.plant.price_table(history.line)
    told = [(float(prices.price_at(at, at + 1)[1][0]), at) for at in range(end, end + 1440 * _MINUTE, _MINUTE)]
    price, at = min((pair for pair in told if isfinite(pair[0])), default=(nan, end))
    if one.name == "cheapest_per_kwh":
        return price
    local = datetime.fromtimestamp(at // 10**9, ZoneInfo(history.plant.time_zone(history.line)))
    return nan if isnan(price) else local.hour + local.minute / 60


def _tags(history: History, one: Statistic, asset: str, span: tuple[int, int]) -> list[str]:
    """The tags that a statistic may mean, of those with a sample in the window."""
    there = [tag for (name, tag), rows in history.rows.items() if name == asset and _inside(rows, span)]
    if one.by == BY_ROLE:
        return [tag for tag in there if history.info(asset, tag).role.name.lower() == one.tag]
    if one.by == BY_QUANTITY:
        units = {tag: history.info(asset, tag).unit for tag in there}
        return [tag for tag, unit in units.items() if unit and find_unit(unit).quantity == one.tag]
    return [one.tag] * (one.tag in there)


def _inside(rows: Samples, span: tuple[int, int]) -> list[float]:
    return [value for _, value in _between(rows, *span) if isfinite(value)]


def _between(rows: Samples, start: int, end: int) -> Samples:
    return rows[bisect_left(rows, (start,)) : bisect_left(rows, (end,))]


def _statistic(history: History, name: str, asset: str, tag: str, span: tuple[int, int]) -> float:
    rows = history.rows[asset, tag]
    inside = _inside(rows, span)
    if name == "time_weighted_mean":
        held = _held(rows, int(history.info(asset, tag).max_gap_s * 1e9), span)
        whole = sum(length for length, _ in held)
        return sum(length * value for length, value in held) / whole if whole else nan
    if name == "coverage":
        held = _held(rows, int(history.info(asset, tag).max_gap_s * 1e9), span)
        return min(sum(length for length, _ in held) / (span[1] - span[0]), 1.0)
    if name == "mean":
        return sum(inside) / len(inside)
    if name in QUANTILES:
        ranked, rank = sorted(inside), (len(inside) - 1) * int(name[1:]) / 100
        below = int(rank)
        above = ranked[min(below + 1, len(ranked) - 1)]
        return ranked[below] + (rank - below) * (above - ranked[below])
    return {"count": float(len(inside)), "min": min(inside), "max": max(inside), "last": inside[-1]}[name]


def _held(rows: Samples, gap: int, span: tuple[int, int]) -> list[tuple[int, float]]:
    """How long each value held in the window: until the next sample, at most the tag's maximum gap."""
    found = []
    near = _between(rows, span[0] - gap, span[1])
    finite = [(time, value) for time, value in near if isfinite(value)]
    for place, (time, value) in enumerate(finite):
        until = min(finite[place + 1][0] if place + 1 < len(finite) else time + gap, time + gap)
        length = min(until, span[1]) - max(time, span[0])
        if length > 0:
            found.append((length, value))
    return found


def is_there(history: History, inputs: Mapping[Term, Read], asset: str, span: tuple[int, int]) -> bool:
    """Whether the metric has a row in a window: by an input of the asset; where it reads none, by a sample, or any input of a line."""
    own = [one for one in inputs if isinstance(one, Statistic | Figure) and one.scope == OWN]
    if own or asset == history.line:
        return any(inputs[one].has_row for one in own or inputs)
    return any(_inside(rows, span) for (name, tag), rows in history.rows.items() if name == asset and tag[0] != "@")


def figures(entry: MetricEntry, inputs: Mapping[Term, Read]) -> dict[str, float]:
    """The fields, of the values of inputs and of what functions that remember say; NaN where one does not exist."""
    known: dict[str, float] = {}
    for name in entry.ordered:
        known[name] = evaluated(with_numbers(entry, name, inputs, known))
    return {name: known[name] for name in entry.field}


def with_numbers(entry: MetricEntry, name: str, inputs: Mapping[Term, Read], fields: Mapping[str, float]) -> str:
    """A field's expression with numbers for all that it names; `nan` for what does not exist."""
    values: dict[Term, float] = {one: told.value for one, told in inputs.items()}
    values |= {Own(name): value for name, value in fields.items()}
    return put_in(entry.field[name].value, values)
