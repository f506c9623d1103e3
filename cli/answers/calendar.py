"""The next days of a plant file's calendars."""

from collections.abc import Iterator
from datetime import date

from cli.report import Data, Note, Piece
from fieldline.moments import Moment, local
from fieldline.plant import Plant
from fieldline.shifts import Day, Shift

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
        rows = [_cells(day, calendar.zone) for day in calendar.days(first, count)]
        yield Data(f"calendar {path}".rstrip(), rows)
        yield Note(f"{path or 'the plant'}, {calendar.zone}:")
        for row in rows:
            yield Note(f"  {row['day']}  {row['shifts']}" + (f"  ({row['reason']})" if row["reason"] else ""))


def _cells(day: Day, zone: str) -> dict[str, str]:
    shifts = ", ".join(_shown(shift, zone) for shift in day.shifts) or "-"
    return {"day": f"{day.day:%a %Y-%m-%d}", "shifts": shifts, "reason": day.reason}


def _shown(shift: Shift, zone: str) -> str:
    start, end = (local(Moment(time, zone))[11:16] for time in (shift.start_ns, shift.end_ns))
    return " ".join(filter(None, (shift.name, f"{start}-{end}", shift.crew)))
