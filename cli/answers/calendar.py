"""The next days of a plant file's calendars."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from cli.report import Data, Note, Piece
from fieldline.localtime import instant
from fieldline.moments import Moment, local
from fieldline.plant import Plant
from fieldline.shifts import Day, Plan, Shift, ShiftCalendar

_MOST_GAPS = 3


def rota_notes(plant: Plant) -> list[str]:
    """Shifts that no crew has, with their days: they do not take place, which may be meant."""
    notes = []
    for path, calendar in plant.calendars().items():
        gaps = calendar.gaps()
        if gaps:
            some = ", ".join(f"{shift} on {day:%a %Y-%m-%d}" for day, shift in gaps[:_MOST_GAPS])
            more = f", and {len(gaps) - _MOST_GAPS} more in a cycle" if len(gaps) > _MOST_GAPS else ""
            notes.append(
                f"calendar {path or 'of the plant'}: by its rota no crew has {some}{more}; these don't take place"
            )
    return notes


def days_ahead(plant: Plant, first: date, count: int) -> Iterator[Piece]:
    """A line a day of each calendar. first : the first of `count` days."""
    calendars = plant.calendars()
    if not calendars:
        yield Note("no calendar is declared: all time is scheduled, there are no shifts")
    for path, calendar in calendars.items():
        rows = [_cells(day, calendar) for day in calendar.days(first, count)]
        yield Data(f"calendar {path}".rstrip(), rows)
        yield Note(f"{path or 'the plant'}, {calendar.zone}:")
        for row in rows:
            why = "; ".join(filter(None, (row["reason"], row["planned_stops"])))
            yield Note(f"  {row['day']}  {row['shifts']}" + (f"  ({why})" if why else ""))


def _cells(day: Day, calendar: ShiftCalendar) -> dict[str, str]:
    shifts = ", ".join(_shown(shift, calendar.zone) for shift in day.shifts) or "-"
    stops = _planned_stops(day, calendar)
    return {"day": f"{day.day:%a %Y-%m-%d}", "shifts": shifts, "reason": day.reason, "planned_stops": stops}


def _planned_stops(day: Day, calendar: ShiftCalendar) -> str:
    """What of a day is a planned stop from its beginning to its end, as of a holiday; pauses within a shift are not told."""
    stopped = [shift.name for shift in day.shifts if _is_stopped(calendar, shift.start_ns, shift.end_ns)]
    if stopped:
        return "planned stops" if len(stopped) == len(day.shifts) else f"planned stops: {', '.join(stopped)}"
    begin, end = (instant(calendar.zone, datetime.combine(day.day + timedelta(days=days), time())) for days in (0, 1))
    return "a planned stop" if not day.shifts and _is_stopped(calendar, begin, end) else ""


def _is_stopped(calendar: ShiftCalendar, start_ns: int, end_ns: int) -> bool:
    return bool((calendar.plan(start_ns, end_ns)[1] == Plan.PLANNED_STOP).all())


def _shown(shift: Shift, zone: str) -> str:
    start, end = (local(Moment(time, zone))[11:16] for time in (shift.start_ns, shift.end_ns))
    return " ".join(filter(None, (shift.name, f"{start}-{end}", shift.crew)))
