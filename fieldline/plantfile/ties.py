"""Ties of assets (`[[asset]] ties`): which asset is this one's station, pump or tank, for metrics that read it by that name.

    [[asset]]
    path = "farm/north/field3"
    ties = { station = "farm/north/weather" }

A derived metric of the field reads `mean(station.air_temperature_c)` or `station.et0.et0_short_mm`, and each asset has its own. An asset
and what it is tied to share a line, since what is worked out of their windows goes with the readings of one line.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from fieldline.expressions import is_writable
from fieldline.expressions.parse import RESERVED
from fieldline.plantfile.depths import Depths
from fieldline.plantfile.globs import is_glob, matches
from fieldline.plantfile.values import name_fault, path_fault
from fieldline.tables import nearest


class Tied(Protocol):
    """An entry of assets that says ties."""

    @property
    def path(self) -> str:
        """A path, or a glob."""

    @property
    def ties(self) -> Mapping[str, str]:
        """Paths by name."""


def fault_of_ties(ties: Mapping[str, str]) -> list[str]:
    """What is wrong with the ties of one entry by themselves."""
    faults = []
    for name, path in ties.items():
        faults += [name_fault("ties", name), path_fault(path, f"ties.{name}")]
        means_else = name in RESERVED or not is_writable(name)
        faults += [f"ties: {name!r} means something else in expressions"] * means_else
        faults += [f"ties.{name}: expected one path, got {path!r}"] * is_glob(path)
    return faults


def tie_faults(entries: Sequence[Tied], depths: Depths) -> list[str]:
    """What does not go together in a plant file's ties: assets that it does not name or of another line, and circles."""
    named = [entry.path for entry in entries if not is_glob(entry.path)]
    faults = []
    for entry in entries:
        for name, path in entry.ties.items():
            place = f"asset: {entry.path!r}: ties.{name}"
            if path not in named:
                faults.append(f"{place}: expected the path of an [[asset]], got {path!r}{nearest(path, named)}")
            elif path == entry.path:
                faults.append(f"{place}: {path!r} is the asset itself")
            elif beyond := _beyond_line(entry.path, path, named, depths):
                faults.append(
                    f"{place}: {path!r} lies on the line {depths.line_of(path)!r}, and {beyond} on {depths.line_of(beyond)!r}: "
                    "expected one line for both; line_depth of their [[site]] says how many levels make one"
                )
    return faults + _circles(entries, named)


def tied(entries: Iterable[Tied]) -> dict[str, str]:
    """The ties of an asset, by name; entries : those that match it, of which a later one counts before an earlier."""
    return {name: path for entry in entries for name, path in entry.ties.items()}


def _beyond_line(pattern: str, path: str, named: Sequence[str], depths: Depths) -> str:
    """Of the assets that a path or glob means, one that lies on another line than `path`; "" where none is known to."""
    if not is_glob(depths.line_of(pattern)):
        return "" if depths.line_of(pattern) == depths.line_of(path) else pattern
    others = (one for one in named if matches(pattern, one) and depths.line_of(one) != depths.line_of(path))
    return next(others, "")


def _circles(entries: Sequence[Tied], named: Sequence[str]) -> list[str]:
    graph = {
        one: {path for path in tied(entry for entry in entries if matches(entry.path, one)).values() if path != one}
        for one in named
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"asset: ties go in a circle: {' → '.join(reversed(error.args[1]))}"]
    return []
