"""Why machines stopped and why pieces were thrown away, from the events on the log: what a Pareto chart is drawn from.

Metrics count stops and scrap; only events say why: a state with its `reason`, rejects one by one, what a person entered later.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from analysis.evidence import FOREVER, Evidence, Rows, Sought, Wanted, read_evidence
from analysis.explain.wanted import around
from analysis.recount.history import History
from analysis.recount.states import stretches
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.states import STATES as MEANINGS
from fieldline.states import State, TimeElement

UNREPORTED = "no reason given"
_TAGS = frozenset({"@state", "@correction", "@reject", "@count"})


class Cause(NamedTuple):
    """What one machine lost for one reason: stops [s] or pieces. station : where pieces were found bad, if that was reported."""

    asset: str
    reason: str
    station: str
    amount: float


class Causes(NamedTuple):
    """The causes of a line in a window."""

    stops_s: list[Cause]
    rejects: list[Cause]


def causes_of(log: Log, line: str, start_ns: int, end_ns: int, plant: Plant | None = None) -> Causes:
    """Stops and rejects of a line's machines in [start, end) [ns UTC].

    Down time is all in which a machine was down or off, by state tags, state events and corrections, minor and planned stops too. What
    no event with a reason covers is `UNREPORTED`, so that the causes add up to it, to the nanosecond. Pieces are those of `reject`
    events (one, or their `count`) and of `count` events with scrap. Reads the line's partition of the log. Raises Unavailable.
    """
    return causes_of_lines(log, [line], start_ns, end_ns, plant)[0]


def causes_of_lines(
    log: Log, lines: Sequence[str], start_ns: int, end_ns: int, plant: Plant | None = None
) -> list[Causes]:
    """The causes of several lines, in their order, as `causes_of` has them; each partition of the log is read once."""
    known = plant or Plant()
    sought = [Sought(line, _wanted(known, line), start_ns, end_ns) for line in lines]
    found = read_evidence(log, sought)
    return [_causes(known, line, one, start_ns, end_ns) for line, one in zip(lines, found, strict=True)]


def _wanted(plant: Plant, line: str) -> Wanted:
    def choose(asset: str, tag: str) -> tuple[int, int] | None:
        is_here = asset == line or asset.startswith(f"{line}/")
        if not is_here:
            return None
        return (FOREVER, 0) if tag in _TAGS else around(plant, asset, tag)

    return choose


def _causes(plant: Plant, line: str, found: Evidence, start_ns: int, end_ns: int) -> Causes:
    assets = sorted({asset for asset, _ in found.series})
    rows = {key: series.usable() for key, series in found.series.items()}
    history = History(plant, line, rows, found.payloads)
    stops = [cause for asset in assets for cause in _stops(found, history, asset, start_ns, end_ns)]
    rejects = [cause for asset in assets for cause in _rejects(found, asset, start_ns, end_ns)]
    return Causes(stops, rejects)


def by_reason(causes: Iterable[Cause]) -> dict[str, float]:
    """Amounts of all machines by reason."""
    return _added((cause.reason, cause.amount) for cause in causes)


def by_station(causes: Iterable[Cause]) -> dict[str, float]:
    """Amounts by station; where none was reported, by machine."""
    return _added((cause.station or cause.asset.rpartition("/")[2], cause.amount) for cause in causes)


def _added(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for name, amount in pairs:
        sums[name] += amount
    return dict(sums)


def _stops(found: Evidence, history: History, asset: str, start: int, end: int) -> list[Cause]:
    states = _events(found, asset, "@state")
    ends = [*(time for time, _ in states), end][1:]
    spans = [_Span(time, stop, event) for (time, event), stop in zip(states, ends, strict=True)]
    for time, event in _events(found, asset, "@correction"):
        if "state" in event:
            spans = _corrected(spans, _Span(time, _until(event, time, states, end), event))
    given = [span for span in spans if _is_down(history.plant, span.event) and span.event.get("reason")]
    sums: defaultdict[str, int] = defaultdict(int)
    for one in stretches(history.states(asset), start, end, history.silences(asset)):
        if MEANINGS[one.state].element is not TimeElement.ADOT:
            continue
        rest = one.end - one.start
        for span in given:
            lasts = min(span.end, one.end) - max(span.start, one.start)
            if lasts > 0:
                sums[_reason(span.event)] += lasts
                rest -= lasts
        if rest:
            sums[UNREPORTED] += rest
    return [Cause(asset, reason, "", lasts / 1e9) for reason, lasts in sums.items()]


class _Span(NamedTuple):
    start: int
    end: int
    event: Mapping[str, Any]


def _corrected(spans: Sequence[_Span], by: _Span) -> list[_Span]:
    """The spans, with what a correction says in place of what it covers."""
    rest = []
    for span in spans:
        rest.append(span._replace(end=min(span.end, by.start)))
        rest.append(span._replace(start=max(span.start, by.end)))
    return [span for span in [*rest, by] if span.start < span.end]


def _until(event: Mapping[str, Any], time: int, states: Sequence[tuple[int, Any]], end: int) -> int:
    """When a correction ends: at the time it names, else with the next state [ns UTC]."""
    until = event.get("until")
    if isinstance(until, int | float):
        return round(until * 1000) * 1_000_000
    try:
        moment = datetime.fromisoformat(str(until))
    except ValueError:  # none, or one that nobody can read, as processing has it
        return next((at for at, _ in states if at > time), end)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000) * 1_000_000


def _rejects(found: Evidence, asset: str, start: int, end: int) -> list[Cause]:
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for tag, field, default in (("@reject", "count", 1.0), ("@count", "scrap", 0.0)):
        for time, event in _events(found, asset, tag):
            pieces = event.get(field, default)
            if start <= time < end and isinstance(pieces, int | float) and pieces:
                sums[_reason(event), str(event.get("station") or "")] += float(pieces)
    return [Cause(asset, reason, station, pieces) for (reason, station), pieces in sums.items()]


def _events(found: Evidence, asset: str, tag: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Time and attributes of an asset's events of one kind, by time."""
    rows: Rows | None = found.series.get((asset, tag))
    if rows is None:
        return []
    return [(time, json.loads(found.payloads[value])) for time, value in rows.usable() if value in found.payloads]


def _is_down(plant: Plant, event: Mapping[str, Any]) -> bool:
    state = plant.state_of(str(event.get("state", ""))) or State.UNKNOWN
    return MEANINGS[state].element is TimeElement.ADOT


def _reason(event: Mapping[str, Any]) -> str:
    return str(event.get("reason") or UNREPORTED)
