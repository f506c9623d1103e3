"""What a line's shifts made for the time of the people who worked them.

People count as the calendar says (`workers` of a shift): how many they are, for as long as the shift is scheduled, its breaks and planned
stops aside. That is the attendance of ISO 22400-2 (APAT); of it they worked (APWT) while the line's machines produced, stopped for a moment
or were set up, since nobody tells Fieldline what each person did. Workers are no part of any stored figure: said otherwise, they hold for
the past too.

Sources: ISO 22400-2:2014, worker efficiency APWT / APAT; OECD, Measuring Productivity, 2001, chapter 3 (output an hour worked).
"""

import math
from typing import NamedTuple

from analysis.overview.asked import Asked, Shown, shown
from analysis.productivity.levels import partial_productivity
from analysis.productivity.line import throughput
from analysis.results import Row
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.shifts import Plan, Shift
from processing.formulas.division import Floats, divide

_HOUR_S = 3600.0
_WORKED = ("actual_production_time_s", "minor_stop_loss_s", "setup_loss_s")
_PLANNED = (*_WORKED, "delay_loss_s", "down_time_loss_s")


class Labour(NamedTuple):
    """A shift, or several together. None: unknown, or what it would be divided by is zero.

    workers : people, of several shifts their mean by time; scheduled_h : planned time of the shift so far [h]
    attended_h, worked_h : APAT and APWT of all people together [h]; worker_efficiency : worked_h / attended_h [1]
    total, good : pieces; pieces_an_hour : total / scheduled_h [1/h]; good_a_worker_hour : good / attended_h [1/h]
    """

    shift: str
    start: Moment | None
    crew: str
    workers: float | None
    scheduled_h: float
    attended_h: float | None
    worked_h: float | None
    worker_efficiency: float | None
    total: float | None
    good: float | None
    pieces_an_hour: float | None
    good_a_worker_hour: float | None


class LineLabour(NamedTuple):
    """The shifts that begin in a window, and all of them together."""

    shown: Shown
    shifts: list[Labour]
    together: Labour


class _Part(NamedTuple):
    """What adds up over shifts: [h], [h], [h], pieces, pieces; None: unknown."""

    scheduled: float
    attended: float | None
    worked: float | None
    total: float | None
    good: float | None


def labour_of(asked: Asked, now_ns: int) -> LineLabour:
    """The shifts of the line in the window that is asked for. now_ns : what of a shift is still to come counts nothing [ns UTC].

    Raises SettingsError where the line has no shifts, or none of them says how many people work it.
    """
    if asked.plant.line_of(asked.asset) != asked.asset:
        raise SettingsError(f"show labour is about a line; {asked.asset} is none")
    window, span = asked.span("quality")
    calendar = asked.plant.calendar(asked.line)
    begun = [shift for shift in calendar.shifts(span.start, span.end) if span.start <= shift.start_ns < span.end]
    if not begun:
        raise SettingsError(f"no shift of {asked.asset} begins in the {window} that was asked for; see [[calendar]]")
    if all(shift.workers is None for shift in begun):
        raise SettingsError(
            f"how many people work the shifts of {asked.asset} is said nowhere: add workers = N to [[calendar.shift]]"
        )
    parts = [_part(asked, shift, now_ns) for shift in begun]
    shifts = [
        _labour(part, shift.name, Moment(shift.start_ns, asked.zone), shift.crew)
        for part, shift in zip(parts, begun, strict=True)
    ]
    return LineLabour(shown(asked, window, span), shifts, _labour(_sum(parts), "all", None, ""))


def _part(asked: Asked, shift: Shift, now_ns: int) -> _Part:
    losses, quality = (
        next(iter(asked.rows(kind, "shift", shift.start_ns, shift.start_ns + 1)), {}) for kind in ("losses", "quality")
    )
    scheduled = _scheduled_h(asked, shift, now_ns)
    attended = None if shift.workers is None else shift.workers * scheduled
    share = _known(divide(_total(losses, _WORKED), _total(losses, _PLANNED)))
    worked = None if attended is None or share is None else attended * share
    return _Part(scheduled, attended, worked, quality.get("total_count"), quality.get("good_count"))


def _scheduled_h(asked: Asked, shift: Shift, now_ns: int) -> float:
    """How long a shift was meant to produce up to now [h]."""
    end = min(max(now_ns, shift.start_ns), shift.end_ns)
    bounds, kinds = asked.plant.calendar(asked.line).plan(shift.start_ns, end)
    return float((bounds[1:] - bounds[:-1])[kinds == Plan.SCHEDULED].sum()) / 1e9 / _HOUR_S


def _total(row: Row, names: tuple[str, ...]) -> float:
    return sum(row.get(name) or 0.0 for name in names)


def _sum(parts: list[_Part]) -> _Part:
    """All shifts together; what is unknown of one is unknown of all."""
    scheduled, *others = zip(*parts, strict=True)
    return _Part(sum(scheduled), *(None if None in column else sum(column) for column in others))


def _labour(part: _Part, name: str, start: Moment | None, crew: str) -> Labour:
    def over(above: float | None, below: float | None) -> float | None:
        return None if above is None or below is None else _known(partial_productivity(above, below))

    return Labour(
        name,
        start,
        crew,
        over(part.attended, part.scheduled),
        part.scheduled,
        part.attended,
        part.worked,
        over(part.worked, part.attended),
        part.total,
        part.good,
        None if part.total is None else _known(throughput(part.total, part.scheduled)),
        over(part.good, part.attended),
    )


def _known(quotient: Floats) -> float | None:
    value = float(quotient)
    return None if math.isnan(value) else value
