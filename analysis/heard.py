"""What a log has of one tag around a moment: whether it was ever heard of, and which readings a correction is about."""

from pathlib import Path
from typing import NamedTuple

from analysis.evidence import FOREVER, Sought, read_evidence
from analysis.logs import existing, sqlite_path
from fieldline.plant import Plant


class Heard(NamedTuple):
    """value : of the reading at the moment, None without one; before, after : times of those next to it, None without [ns UTC]."""

    value: float | None
    before: int | None
    after: int | None

    @property
    def is_anything(self) -> bool:
        """Whether there is any reading at all."""
        return (self.value, self.before, self.after) != (None, None, None)


def can_be_read(url: str) -> bool:
    """Whether the log is one to look into from here: a Kafka, or a file that is there."""
    path = sqlite_path(url)
    return path is None or Path(path).exists()


def heard(url: str, plant: Plant, asset: str, tag: str, at: int) -> Heard:
    """Look for a tag's readings. Reads all that is retained of its line. Raises SettingsError, Unavailable."""

    def choose(one: str, its: str) -> tuple[int, int] | None:
        return (FOREVER // 2, FOREVER // 2) if (one, its) == (asset, tag) else None

    with existing(url) as log:
        (evidence,) = read_evidence(log, [Sought(plant.line_of(asset), choose, at, at + 1)])
    found = evidence.series.get((asset, tag))
    if found is None:
        return Heard(None, None, None)
    times = found.time.tolist()
    here = times.index(at) if at in times else None
    return Heard(
        float(found.value[here]) if here is not None else None,
        max((time for time in times if time < at), default=None),
        min((time for time in times if time > at), default=None),
    )
