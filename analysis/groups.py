"""What is doubtful about the groups of a plant file: those of no line, and those whose path is a line's of its own."""

from collections.abc import Collection

from fieldline.plant import Plant


def groups_of_nothing(plant: Plant, heard: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """By the path of a group what its `lines` say, of those that match no line that the plant file names or that was heard.

    heard : assets
    """
    lines = {*plant.named_lines, *map(plant.line_of, heard)}
    used = {path for line in lines for path in plant.above(line)}
    return {path: said for path, said in plant.groups.items() if path not in used}


def groups_that_are_lines(plant: Plant, heard: Collection[str]) -> list[str]:
    """Paths of groups that are a line of its own, too: devices send for them, or for assets below. The assets that were heard decide."""
    lines = set(map(plant.line_of, heard))
    return [path for path in plant.groups if path in lines]
