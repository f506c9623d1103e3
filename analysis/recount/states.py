"""A machine's states over time, from what is reported of them, and how that time is meant by calendars."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from analysis.recount.history import StateReport
from fieldline.shifts import Plan, ShiftCalendar
from fieldline.states import State


class Stretch(NamedTuple):
    """Time with one state, planned in one way [ns UTC]."""

    start: int
    end: int
    state: State
    plan: Plan = Plan.SCHEDULED


def stretches(
    reports: list[StateReport], start: int, end: int, silences: Sequence[tuple[int, int]] = ()
) -> list[Stretch]:
    """The states from start to end, without holes; UNKNOWN where none is reported.

    silences : spans in which what a tag tells on change does not count, see `life.py`
    reports : in the order of precedence. A sample counts until the next one, at most for `hold_ns`. A correction counts until the time
    that it names, or without one until a later sample, at most for `hold_ns`. Of several that count the one that began last does; while one
    counts, no sample does.
    """
    samples = [row for row in reports if not row.is_correction]
    corrections = [(row, _end_of(row, samples)) for row in reports if row.is_correction]
    bounds = {start, end}
    for row in samples:
        bounds |= {row.time, row.time + row.hold_ns}
    for row, until in corrections:
        bounds |= {row.time, until}
    bounds.update(time for span in silences for time in span)
    cuts = sorted(bound for bound in bounds if start <= bound <= end)
    sample_times, correction_times = [row.time for row in samples], [row.time for row, _ in corrections]
    found: list[Stretch] = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        state, is_change = _state_at(a, samples, sample_times, corrections, correction_times)
        if is_change and any(since <= a < until for since, until in silences):
            state = State.UNKNOWN
        if found and found[-1].state is state:
            found[-1] = found[-1]._replace(end=b)
        else:
            found.append(Stretch(a, b, state))
    return found


def _end_of(row: StateReport, samples: list[StateReport]) -> int:
    """When a correction ends by itself."""
    if row.until is not None:
        return row.until
    later = next((sample.time for sample in samples if sample.time > row.time), row.time + row.hold_ns)
    return min(later, row.time + row.hold_ns)


def _state_at(
    time: int,
    samples: list[StateReport],
    sample_times: list[int],
    corrections: list[tuple[StateReport, int]],
    correction_times: list[int],
) -> tuple[State, bool]:
    """The state, and whether it counts only while there are signs of life."""
    for row, until in reversed(corrections[: bisect_right(correction_times, time)]):
        if time < until:
            return row.state, False
    at = bisect_right(sample_times, time) - 1
    if at >= 0 and time < samples[at].time + samples[at].hold_ns:
        return samples[at].state, samples[at].is_change
    return State.UNKNOWN, False


def planned(found: list[Stretch], calendar: ShiftCalendar) -> list[Stretch]:
    """The stretches, cut where the plan changes."""
    cut: list[Stretch] = []
    for one in found:
        bounds, kinds = calendar.plan(one.start, one.end)
        for k, kind in enumerate(kinds.tolist()):
            cut.append(Stretch(int(bounds[k]), int(bounds[k + 1]), one.state, Plan(kind)))
    return cut


_FARTHEST = 400 * 86_400_000_000_000
"""How far back the end of scheduled time is looked for [ns]."""


def rest_before(calendar: ShiftCalendar, time: int) -> int:
    """Since when no time was scheduled up to `time`; `time` itself where it follows on scheduled time [ns UTC]."""
    bounds, kinds = calendar.plan(time - _FARTHEST, time)
    worked = [int(end) for end, kind in zip(bounds[1:], kinds, strict=True) if kind == Plan.SCHEDULED]
    return worked[-1] if worked else time - _FARTHEST


def first_scheduled(calendar: ShiftCalendar, start: int, end: int) -> int | None:
    """The first scheduled moment in [start, end); None where there is none [ns UTC]."""
    bounds, kinds = calendar.plan(start, end)
    return next((int(at) for at, kind in zip(bounds, kinds, strict=False) if kind == Plan.SCHEDULED), None)
