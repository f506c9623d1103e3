"""Lines of a plant file of which nobody says whose pieces and times make up their OEE."""

from fieldline.plant import Plant
from fieldline.plantfile.globs import is_glob
from fieldline.units import COUNT_ROLES


def undeclared_pacemakers(plant: Plant) -> dict[str, list[str]]:
    """By line the assets that count, of lines with several of them and neither a pacemaker nor an output; only what the file names.

    An asset counts whose entry names a tag that is a count, or an ideal cycle.
    """
    found: dict[str, list[str]] = {}
    for entry in plant.assets:
        if is_glob(entry.path):
            continue
        counts = any(plant.tag_info(entry.path, tag).role in COUNT_ROLES for tag in entry.tags)
        line = plant.line_of(entry.path)
        if entry.path != line and (counts or entry.ideal_cycle_s is not None):
            found.setdefault(line, []).append(entry.path)
    lines = {line: plant.line_entry(line) for line in found}
    return {
        line: assets
        for line, assets in found.items()
        if len(assets) > 1 and lines[line].pacemaker is None and lines[line].output is None
    }
