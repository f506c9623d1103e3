"""How an asset's health went, as columns for a terminal, and below each what was advised then."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from cli.report.bars import Row, number
from cli.report.pieces import View
from fieldline.plantfile.maintenance import ACTION, WAIT, WEAKEST

_HEIGHT, _WIDEST = 8, 2
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_POOR, _FAIR = 0.3, 0.6
"""Health from which on a column is yellow, and green."""


class Wellness:
    """Columns of health, 0 at the ground to 1; the newest where there is no room for all. letters : of actions, by name."""

    def __init__(self, rows: Sequence[Row], view: View, letters: dict[str, str]) -> None:
        self._rows, self._view, self._letters = rows, view, letters

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(options.max_width - 3, 1)
        rows = self._rows[-room:]
        wide = min(max(room // len(rows), 1), _WIDEST)
        for level in reversed(range(_HEIGHT)):
            line = Text({_HEIGHT - 1: "1 ", 0: "0 "}.get(level, "  "), "dim")
            for row in rows:
                line.append(*_cell(number(row, "health"), level, wide, options.ascii_only))
            yield line
        advised = "".join(self._letters.get(str(row.get(ACTION) or ""), " ").ljust(wide) for row in rows)
        if advised.strip():
            yield Text(f"  {advised.rstrip()}", "bold red")
        first, last = (self._view.clock(row["time"]) for row in (rows[0], rows[-1]))
        yield Text(f"  {first}{last:>{max(len(rows) * wide - len(first), len(last) + 1)}}", "dim")


def _cell(health: float | None, level: int, wide: int, ascii_only: bool) -> tuple[str, str]:
    """The signs and the style of a column at a height; 0 is the lowest, where even a health of 0 shows."""
    if health is None:
        return (("." if ascii_only else "·") if level == 0 else " ") * wide, "dim"
    eighths = min(max(round((health * _HEIGHT - level) * 8), 1 if level == 0 else 0), 8)
    sign = ("#" if eighths >= 4 or level == 0 else " ") if ascii_only else _EIGHTHS[eighths]
    return (sign if eighths else " ") * wide, "red" if health < _POOR else "yellow" if health < _FAIR else "green"


def health(rows: Sequence[Row], view: View, title: str = "") -> RenderableType:
    """Rows of a metric with `[metric.health]` of one asset and window, oldest first, and of `[metric.advice]` where it has that."""
    known = [row for row in rows if number(row, "health") is not None]
    if not known:
        return Group(Text(title, "bold", overflow="fold"), Text("its health is not known"))
    least = min(known, key=lambda row: number(row, "health") or 0.0)
    letters = _letters(rows)
    said = [f"least health {least['health']:.2f} at {view.clock(least['time'])}, by {least[WEAKEST]}"]
    said += [f"{letter} {_first(rows, action, view)}" for action, letter in letters.items()]
    return Group(Text(title, "bold", overflow="fold"), Wellness(rows, view, letters), *map(Text, said))


def _letters(rows: Sequence[Row]) -> dict[str, str]:
    """A letter for each action that was advised, in the order in which they came: of its name, one that no other has."""
    found: dict[str, str] = {}
    for action in dict.fromkeys(str(row[ACTION]) for row in rows if row.get(ACTION) not in (None, "", WAIT)):
        free = [sign.upper() for sign in action if sign.isalnum() and sign.upper() not in found.values()]
        found[action] = free[0] if free else "*"
    return found


def _first(rows: Sequence[Row], action: str, view: View) -> str:
    """An action, when it was first advised, and the costs that made it so."""
    row = next(row for row in rows if row.get(ACTION) == action)
    cost, waiting = row["expected_cost"], row["waiting_cost"]
    return f"{action}, first at {view.clock(row['time'])}: expected cost {cost:,.0f}, of waiting {waiting:,.0f}"
