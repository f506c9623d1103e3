"""By whose clock lines together are shown: their own where they share one."""

from typing import NamedTuple

from fieldline.plant import Plant
from fieldline.plantfile.globs import is_glob


class Clock(NamedTuple):
    """path : whose time zone and shift calendar hold; others : the lines that go by another zone or calendar."""

    path: str
    others: tuple[str, ...] = ()


def lines_of(plant: Plant, path: str) -> list[str]:
    """The lines that the plant file names of an area, a site or a group."""
    named = {*plant.named_lines, *plant.groups.get(path, ())} - {path}
    return sorted(line for line in named if not is_glob(line) and path in plant.above(line))


def clock_of(plant: Plant, path: str) -> Clock:
    """Whose zone and calendar an area, a site or a group is shown by: those that most of its lines have, of equals the first line's.

    A line's are its own, and so are those of a path of which the plant file names no line.
    """
    lines = lines_of(plant, path)
    if not lines:
        return Clock(plant.line_of(path))
    # Calendars are kept by what they are made of: lines that share one have the same.
    clocks = {line: (plant.time_zone(line), id(plant.calendar(line))) for line in lines}
    each = [*clocks.values()]
    chosen = max(lines, key=lambda line: each.count(clocks[line]))
    return Clock(chosen, tuple(line for line in lines if clocks[line] != clocks[chosen]))
