"""Which window of a kind a moment lies in: by the clock, the line's calendar or its orders."""

from typing import NamedTuple

import numpy as np

from analysis.no_such_window import NoSuchWindow
from analysis.recount.history import Run
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant
from processing.metric_rows import WINDOWS
from processing.timeline.calendar import day_starts, month_starts, week_starts

_SECOND = 1_000_000_000
_CLOCK = {"1s": _SECOND, "1m": 60 * _SECOND, "15m": 900 * _SECOND}
_HOUR = 3600 * _SECOND


class Span(NamedTuple):
    """A window: start inclusive, end exclusive [ns UTC], and the name of the shift that it is."""

    start: int
    end: int
    shift: str = ""


def span_at(plant: Plant, line: str, window: str, at: int) -> Span:
    """The window that `at` lies in [ns UTC], of all but orders. Raises SettingsError when there is none, or no such window."""
    if window == "shift":
        return _shift_at(plant, line, at)
    if window in _CLOCK:
        start = at // _CLOCK[window] * _CLOCK[window]
        return Span(start, start + _CLOCK[window])
    zone = plant.time_zone(line)
    tables = {"1h": day_starts, "day": day_starts, "week": week_starts, "month": month_starts}
    if window not in tables:
        raise SettingsError(f"window: expected one of {', '.join(WINDOWS)}, got {window!r}")
    starts = tables[window](zone)
    place = int(np.searchsorted(starts, at, "right")) - 1
    if not 0 <= place < len(starts) - 1:
        raise NoSuchWindow("window: {} lies outside the calendar, 1990 to 2099", Moment(at, zone))
    start, end = int(starts[place]), int(starts[place + 1])
    if window != "1h":
        return Span(start, end)
    start += (at - start) // _HOUR * _HOUR
    return Span(start, min(start + _HOUR, end))


def _shift_at(plant: Plant, line: str, at: int) -> Span:
    found = [shift for shift in plant.calendar(line).shifts(at, at + 1) if shift.start_ns <= at < shift.end_ns]
    if found:
        return Span(found[0].start_ns, found[0].end_ns, found[0].name)
    near = plant.calendar(line).shifts(at - 24 * _HOUR, at + 24 * _HOUR)
    zone = plant.time_zone(line)
    listed = f"near it are {'; '.join(['{} {} to {}'] * len(near))}" if near else "its calendar has none"
    values = [
        value
        for shift in near
        for value in (shift.name, *(Moment(time, zone) for time in (shift.start_ns, shift.end_ns)))
    ]
    raise NoSuchWindow("no shift of {} holds {}: " + listed, line, Moment(at, zone), *values)


def run_at(plant: Plant, path: str, runs: list[Run], at: int) -> Run:
    """The order or product run of a line, or of a machine, that `at` lies in [ns UTC]. Raises SettingsError when there is none."""
    for run in runs:
        if run.start <= at < run.end:
            return run
    zone = plant.time_zone(path)
    last = runs[-3:]
    listed = f"the last on the log are {'; '.join(['{} from {}'] * len(last))}" if last else "the log has none"
    values = [value for run in last for value in (run.order or run.product, Moment(run.start, zone))]
    raise NoSuchWindow("no order ran on {} at {}: " + listed, path, Moment(at, zone), *values)
