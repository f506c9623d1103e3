"""What is doubtful about metrics of areas, sites and groups: what these have only where devices send for their own paths."""

from analysis.across.needs import Need, needs_of, path_of
from analysis.rollup.together import KINDS
from fieldline.plant import Plant
from fieldline.plantfile.globs import is_glob


def not_rolled_up(plant: Plant) -> dict[tuple[str, str], list[str]]:
    """By metric and path the inputs that no row of lines together has."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in plant.metrics:
        for need in needs_of(entry):
            if need.one is not None and need.kind not in KINDS and (path := _above_lines(plant, need)):
                found.setdefault((entry.kind, path), []).append(str(need.one))
    return found


def _above_lines(plant: Plant, need: Need) -> str:
    """The area, site or group that an input is read of; empty where it is another's."""
    if need.scope not in need.entry.assets and is_glob(need.entry.asset):
        return ""
    path = path_of(plant, need.entry, need.scope, need.entry.asset)
    return path if plant.is_above_lines(path) else ""
