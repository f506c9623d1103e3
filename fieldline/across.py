"""Which of the plant's own metrics (`[[metric]]`) are made of windows of several lines.

Lines lie in partitions of their own, so no line's timeline can have these: they are made behind it, of the rows that it emits
(`analysis/across`).
"""

from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob, matches

WINDOWS = ("15m", "1h", "day", "week", "month", "shift")
"""What they are made over. Minutes would have to be kept of every line for as long as a row may be late; an order is one line's."""


def is_across(plant: Plant, kind: str, asset: str) -> bool:
    """Whether a metric of an asset reads another line than the asset's."""
    return any(_reads_beyond(plant, entry, asset) for entry in plant.metrics if entry.kind == kind)


def is_of_lines(plant: Plant, kind: str, path: str) -> bool:
    """Whether a path is an area, a site or a group that has the metric, of rows that its lines have together."""
    return is_above_lines(plant, path) and any(entry.asset == path for entry in plant.metrics if entry.kind == kind)


def may_be_across(plant: Plant, entry: MetricEntry) -> bool:
    """Whether there may be an asset of which an entry is such a metric, or it is of an area, a site or a group."""
    if is_glob(entry.asset):
        return bool(entry.assets)
    return is_above_lines(plant, entry.asset) or _reads_beyond(plant, entry, entry.asset)


def is_surely_across(plant: Plant, entry: MetricEntry) -> bool:
    """Whether an entry is of one path, and such a metric."""
    return not is_glob(entry.asset) and may_be_across(plant, entry)


def entries_across(plant: Plant) -> tuple[MetricEntry, ...]:
    """All entries of the kinds of which one may be such a metric."""
    kinds = {entry.kind for entry in plant.metrics if may_be_across(plant, entry)}
    return tuple(entry for entry in plant.metrics if entry.kind in kinds)


def is_above_lines(plant: Plant, path: str) -> bool:
    """Whether a path is a group's, or has fewer levels than a line."""
    return path.count("/") + 1 < plant.line_depth or plant.levels(path).get("level") == "group"


def _reads_beyond(plant: Plant, entry: MetricEntry, asset: str) -> bool:
    if not matches(entry.asset, asset):
        return False
    return any(plant.line_of(path) != plant.line_of(asset) for path in entry.assets.values())
