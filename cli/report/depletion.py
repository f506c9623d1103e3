"""A field's days as bars for a terminal: what its root zone lacks, and where the crop begins to be short of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_LEAST_BAR = 16


class Day(NamedTuple):
    """A day. lacks_mm, short_from_mm, holds_mm : D_r, RAW and TAW; None: not known; said : what stands behind the bar."""

    name: str
    lacks_mm: float | None
    short_from_mm: float | None
    holds_mm: float | None
    said: str


class Days:
    """Each day is a line: filled as far as water is lacking, `|` where the crop is short of it, up to what the root zone holds."""

    def __init__(self, title: str, days: Sequence[Day]) -> None:
        self._title, self._days = title, days

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self._title, "bold", overflow="fold")
        name, said = (max((len(text) for text in texts), default=0) for texts in zip(*self._texts(), strict=True))
        width = max(options.max_width - name - said - 4, _LEAST_BAR)
        whole = max((day.holds_mm or 0.0 for day in self._days), default=0.0) or 1.0
        signs = "#-" if options.ascii_only else "█░"
        for day in self._days:
            yield (
                Text(f"{day.name:<{name}}  ").append_text(_bar(day, whole, width, signs)).append(f"  {day.said}", "dim")
            )

    def _texts(self) -> list[tuple[str, str]]:
        return [(day.name, day.said) for day in self._days]


def _bar(day: Day, whole: float, width: int, signs: str) -> Text:
    if day.lacks_mm is None or day.holds_mm is None or day.short_from_mm is None:
        return Text(f"{'not known':<{width}}", "dim")
    lacks, short, holds = (
        min(round(value / whole * width), width) for value in (day.lacks_mm, day.short_from_mm, day.holds_mm)
    )
    is_short = day.lacks_mm > day.short_from_mm
    cells = [signs[0] if place < lacks else signs[1] if place < holds else " " for place in range(width)]
    bar = Text("".join(cells), "red" if is_short else "cyan")
    mark = min(short, width - 1)
    return Text.assemble(bar[:mark], ("|", "bold yellow"), bar[mark + 1 :])


def day_of(name: str, row: Mapping[str, Any]) -> Day:
    """A row of `soil_water` as it is drawn."""
    told = [("ET", "crop_et_mm"), ("rain", "rain_mm"), ("water", "irrigation_mm")]
    said = [f"{word} {row[field]:.1f}" for word, field in told if row.get(field)]
    lacks, short_from, holds = (row.get(field) for field in ("depletion_mm", "readily_available_mm", "available_mm"))
    return Day(name, lacks, short_from, holds, ", ".join(said))
