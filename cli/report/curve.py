"""A curve over frequencies as columns for a terminal, with letters below it where lines are marked."""

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

_HEIGHT = 10
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Columns:
    """Each column is the highest value of those in it.

    at, values : float64[n], ascending places and what stands there; unit : of the places; marks : by letter, the places that it marks
    """

    def __init__(self, at: np.ndarray, values: np.ndarray, unit: str, marks: Mapping[str, Sequence[float]]) -> None:
        self._at, self._values, self._unit, self._marks = at, values, unit, marks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        top = float(self._values.max()) or 1.0
        label = f"{top:.3g}"
        width = max(min(options.max_width - len(label) - 2, len(self._at)), 1)
        end = float(self._at[-1])
        column = np.minimum((self._at / end * width).astype(int), width - 1)
        high = np.zeros(width)
        np.maximum.at(high, column, self._values)
        for row in reversed(range(_HEIGHT)):
            eighths = np.clip(np.round((high / top * _HEIGHT - row) * 8), 0, 8).astype(int)
            signs = (
                ["#" if eighth >= 4 else " " for eighth in eighths]
                if options.ascii_only
                else [_EIGHTHS[k] for k in eighths]
            )
            line = Text(f"{label if row == _HEIGHT - 1 else '':>{len(label)}} ", "dim")
            yield line.append("".join(signs), "cyan")
        if self._marks:
            yield Text(f"{'':>{len(label)}} {self._marked(width, end)}", "bold red")
        last = f"{end:.5g} {self._unit}"
        yield Text(f"{'':>{len(label)}} 0{last:>{max(width - 1, len(last) + 1)}}", "dim")

    def _marked(self, width: int, end: float) -> str:
        """The letters of a line below; of two in one column the first that was named shows."""
        signs = [" "] * width
        for letter, places in self._marks.items():
            for place in places:
                column = min(int(place / end * width), width - 1)
                if place <= end and signs[column] == " ":
                    signs[column] = letter
        return "".join(signs)


def curve(
    at: np.ndarray, values: np.ndarray, unit: str, title: str, marks: Mapping[str, Sequence[float]]
) -> RenderableType:
    """A curve with a title above; see `Columns`."""
    shown: RenderableType = Columns(at, values, unit, marks) if len(at) else Text("the waveform has none")
    return Group(Text(title, "bold", overflow="fold"), shown)
