"""Which assets and tags a log has heard of: those of the newest checkpoints, and of what came since."""

from contextlib import suppress

from fieldline.errors import FrameError
from fieldline.log import Log, Stream
from fieldline.log.notes import process_note
from fieldline.readable import count_tags
from processing.checkpoint import Checkpoints
from processing.timeline.events import is_about_others

_RECORDS = 5000


def known_assets(log: Log) -> set[str]:
    """The assets of which anything came but events that are about others. Raises as `known_tags`."""
    return {asset for asset, tags in known_tags(log).items() if not all(map(is_about_others, tags))}


def known_tags(log: Log) -> dict[str, set[str]]:
    """The tags by asset. Raises Unavailable, LogCorrupt.

    Of what came since a partition's checkpoint the newest 5,000 records are read.
    """
    found: dict[str, set[str]] = {}
    commits = log.commits(Stream.READINGS, "process")
    for partition in range(log.partitions(Stream.READINGS)):
        commit = commits.get(partition)
        note = process_note(commit)
        if note is not None:
            names = Checkpoints(log, partition, 0).names(note.state)
            for a, t in names["series"]:
                found.setdefault(names["assets"][a], set()).add(names["tags"][t])
        first, end = log.bounds(Stream.READINGS, partition)
        since = max(first, end - _RECORDS, commit.offset if commit is not None else 0)
        for record in log.read(Stream.READINGS, partition, since, end):
            with suppress(FrameError):
                for asset, tag in count_tags(record):
                    found.setdefault(asset, set()).add(tag)
    return found
