"""The demo's fields: as its live view shows them, and drawn at its end with weather, balance and advice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from analysis.overview.asked import DAY_NS, Asked
from analysis.overview.field import days_of
from analysis.results import Results
from cli.answers.show_field import notes
from cli.report import View
from cli.report.depletion import Days, day_of
from cli.report.text import note_lines
from fieldline.moments import Moment
from fieldline.plant import Plant

_DAYS_KEPT = 40
_WIDTH = 100


class FieldView(NamedTuple):
    """A field on the newest day that is over: what its soil lacks, from where on its crop is short of it [mm], and what is advised."""

    field: str
    lacks_mm: float | None
    short_from_mm: float | None
    taken_mm: float | None
    water_mm: float | None
    advice: str


class Fields:
    """Rows of `soil_water` as they come."""

    def __init__(self) -> None:
        self._days: dict[str, dict[int, FieldView]] = defaultdict(dict)

    def take(self, row: Mapping[str, Any], time_ns: int) -> None:
        """A row; one of a day that was there before takes its place."""
        days = self._days[row["asset"]]
        lacks, short_from, taken, water = (
            row[f"{name}_mm"] for name in ("depletion", "readily_available", "crop_et", "irrigation")
        )
        # What is to be done is told before the colon, why behind it.
        advice = (row.get("advice") or "").partition(":")[0]
        days[time_ns] = FieldView(row["asset"], lacks, short_from, taken, water, advice)
        if len(days) > _DAYS_KEPT:
            del days[min(days)]

    def newest(self, now_ns: int) -> list[FieldView]:
        """Each field's newest day that is over; what a day that runs has evaporated so far says little of it."""
        over = {asset: [day for day in days if day + DAY_NS <= now_ns] for asset, days in sorted(self._days.items())}
        return [self._days[asset][max(days)] for asset, days in over.items() if days]


def drawn(results: Results, plant: Plant, now_ns: int) -> Iterator[RenderableType]:
    """Each field's days that are over: its balance as bars, then weather, basis and advice of the newest."""
    newest = {
        row["asset"]: row["time"]
        for row in results.rows("soil_water", "*", "day", 0, now_ns - DAY_NS + 1, is_glob=True)
    }
    for field, time_ns in sorted(newest.items()):
        asked = Asked(plant, results, field, at=time_ns)
        found = days_of(asked)
        view = View(_WIDTH, is_utc=True)
        days = [day_of(view.time(Moment(int(row["time"])))[:10], row) for row in found.rows]
        said = notes(found, plant.price_table(asked.line).currency)
        lines = [line for note in said for line in note_lines(note, view)]
        yield Group(Days(f"{field}: water that its root zone lacks, short from | on", days), Text("\n".join(lines)))
