"""Which of the plant's own metrics (`[[metric]]`) are made of windows of several lines.

Lines lie in partitions of their own, so no line's timeline can have these: they are made behind it, of the rows that it emits
(`analysis/across`).
"""

from fieldline.expressions import Figure, inputs_of, remembered_in
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob, matches

WINDOWS = ("15m", "1h", "day", "week", "month", "shift")
"""What they, and rows of areas, are made over. Minutes would have to be kept of every line for as long as a row may be late; an order is
one line's."""


ROLLED_UP = frozenset({"losses", "oee", "quality", "production_order"})
"""The kinds of which areas, sites and groups have rows, made of their lines'."""


def is_across(plant: Plant, kind: str, asset: str) -> bool:
    """Whether a metric of an asset reads another line than the asset's, or an area's what its lines have together."""
    return any(_reads_beyond(plant, entry, asset) for entry in plant.metrics if entry.kind == kind)


def remembers(entry: MetricEntry) -> bool:
    """Whether an entry has functions that remember: these go through the windows of one line."""
    return any(remembered_in(field.tree) for field in entry.field.values())


def may_be_across(plant: Plant, entry: MetricEntry) -> bool:
    """Whether there may be an asset of which an entry is such a metric, or it is of an area, a site or a group."""
    if is_glob(entry.asset):
        return bool(entry.assets) and not remembers(entry)
    return is_surely_across(plant, entry)


def is_surely_across(plant: Plant, entry: MetricEntry) -> bool:
    """Whether an entry is such a metric of all assets that it may be of."""
    return is_beyond_one_line(plant, entry) and not remembers(entry)


def is_beyond_one_line(plant: Plant, entry: MetricEntry) -> bool:
    """Whether an entry needs the windows of other lines than those that its assets lie on, of which a glob may tell none."""
    if is_glob(entry.asset):
        return not all(_may_lie_on(entry.asset, plant.line_of(path)) for path in entry.assets.values())
    return _needs_others(plant, entry, entry.asset)


def entries_across(plant: Plant) -> tuple[MetricEntry, ...]:
    """All entries of the kinds of which one may be such a metric."""
    kinds = {entry.kind for entry in plant.metrics if may_be_across(plant, entry)}
    return tuple(entry for entry in plant.metrics if entry.kind in kinds)


def _may_lie_on(pattern: str, line: str) -> bool:
    """Whether a glob may match assets of a line, as far as what stands before its first sign tells."""
    start = pattern[: next(k for k, sign in enumerate(pattern) if is_glob(sign))]
    below = f"{line}/"
    return start.startswith(below) or below.startswith(start)


def _reads_beyond(plant: Plant, entry: MetricEntry, asset: str) -> bool:
    # What it remembers is asked last: that goes through all its expressions, of each asset once more.
    return matches(entry.asset, asset) and _needs_others(plant, entry, asset) and not remembers(entry)


def _needs_others(plant: Plant, entry: MetricEntry, asset: str) -> bool:
    """Whether it names what lies beyond an asset's line, or the asset is an area that an entry is of and reads what its lines have."""
    is_area = entry.asset == asset and plant.is_above_lines(asset)
    return _names_others(plant, entry, asset) or (is_area and _reads_lines_together(entry))


def _reads_lines_together(entry: MetricEntry) -> bool:
    """Whether an entry reads what an area or site has of its lines, beside what devices send for it."""
    read = (one for field in entry.field.values() for one in inputs_of(field.tree))
    return any(isinstance(one, Figure) and not one.scope and one.kind in ROLLED_UP for one in read)


def _names_others(plant: Plant, entry: MetricEntry, asset: str) -> bool:
    """Whether an entry names what lies beyond an asset's line; a group does, whatever its path."""
    line = plant.line_of(asset)
    return any(plant.line_of(path) != line or plant.is_above_lines(path) for path in entry.assets.values())
