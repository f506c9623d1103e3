"""Where a path stands: its levels, and what a line is rolled up to."""

from collections.abc import Mapping

from fieldline.plantfile.depths import first_levels
from fieldline.plantfile.globs import matches

Groups = Mapping[str, tuple[str, ...]]
"""Lines, or globs of them, by the path of the group that they are in."""


def levels(path: str, line_depth: int, groups: Groups) -> dict[str, str]:
    """See `Plant.levels`."""
    names = path.split("/")
    if not path:
        return {}
    if path in groups:
        return {"level": "group", "name": names[-1]}
    found = {"site": names[0]} if line_depth > 1 else {}
    if line_depth > 2 and len(names) > 1:
        found["area"] = first_levels(path, line_depth - 1)
    if len(names) >= line_depth:
        found["line"] = first_levels(path, line_depth)
    level = "machine" if len(names) > line_depth else [*found][-1]
    return {"level": level, **found, "name": names[-1]}


def above(line: str, line_depth: int, groups: Groups) -> tuple[str, ...]:
    """See `Plant.above`."""
    is_whole = line.count("/") + 1 == line_depth > 1
    paths = {first_levels(line, line_depth - 1), first_levels(line, 1)} if is_whole else set[str]()
    mine = [path for path, lines in groups.items() if any(matches(one, line) for one in lines)]
    return (*sorted(paths, key=len, reverse=True), *mine)
