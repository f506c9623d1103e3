"""Lines of a state whose levels the plant file counts otherwise now, so that their readings come to another partition than before.

A line's readings lie in the partition that its path tells. With another `line_depth` they come to lie in another one, beside what was
made of those before: two workers would each make rows of half a line. So that is refused where there is more than one partition; where
there is one, the partition is opened anew (`processing/opening.py`), and figures that stand are left as they are.

So it is where the plant file says another `slice` of a line. Its readings lie where they did, so that is refused only where a state is to
be moved as it is.
"""

import time
from collections.abc import Iterator, Mapping

from fieldline.account import Account, read_account
from fieldline.errors import FrameError, SettingsError
from fieldline.localtime import MINUTE_NS
from fieldline.log import Log, Stream
from fieldline.log.notes import process_note
from fieldline.plant import Plant

_TRIES, _PAUSE_S = 5, 0.05


def check_lines(log: Log, plant: Plant) -> None:
    """Refuse a plant file by which readings of lines that were processed would come to other partitions.

    Raises SettingsError, Unavailable.
    """
    count = log.partitions(Stream.READINGS)
    if count > 1 and (other := other_lines(log, plant)):
        raise SettingsError(
            f"plant file: line_depth: of {_listed(other)} readings were processed, which lie in partitions by these lines, of {count}:"
            " with more than one partition the depth of a site that has sent can't change; keep it, or take a log of its own"
        )


def check_none_other(log: Log, plant: Plant) -> None:
    """Refuse a plant file with lines of other levels or slices than the state was made with. Raises SettingsError, Unavailable."""
    for account in _accounts(log):
        slices = {line: account.slices.get(line, MINUTE_NS) for line in account.depths}
        cut = sorted(line for line, was in slices.items() if plant.slice_ns(line) != was)
        if cut:
            some = ", ".join(cut[:3]) + (f" and {len(cut) - 3} more" if len(cut) > 3 else "")
            raise SettingsError(f"plant file: slice: that of lines {some} is another: start with the plant file first")
    if other := other_lines(log, plant):
        raise SettingsError(
            f"plant file: line_depth: the state is of {_listed(other)}: start with the plant file first"
        )


def other_lines(log: Log, plant: Plant) -> dict[str, tuple[int, int]]:
    """Lines that were processed and are none any more, or not with all that lay in them: their depth then and now. Raises Unavailable."""
    found: dict[str, tuple[int, int]] = {}
    for account in _accounts(log):
        found |= changed(account.depths, plant)
    return found


def changed(depths: Mapping[str, int], plant: Plant) -> dict[str, tuple[int, int]]:
    """Of lines with the depths that they were made with those of which readings are another line's now: the depth then and now."""
    found = {}
    for line, was in depths.items():
        now, levels = plant.line_depth(line), line.count("/") + 1
        # A line with fewer levels than its depth is an area's or a site's own readings: nothing lies below it.
        if now != was and (levels > now or levels == was):
            found[line] = (was, now)
    return found


def _listed(other: Mapping[str, tuple[int, int]]) -> str:
    some = [f"{line} ({was} levels, {now} now)" for line, (was, now) in sorted(other.items())[:3]]
    return "lines " + ", ".join(some) + (f" and {len(other) - 3} more" if len(other) > 3 else "")


def _accounts(log: Log) -> Iterator[Account]:
    for partition in range(log.partitions(Stream.READINGS)):
        account = _account(log, partition)
        if account is not None:
            yield account


def _account(log: Log, partition: int) -> Account | None:
    """What the newest commit says; None where there is none, or it can't be read: its state is built anew then, which says so.

    A running stage writes its next record a moment before it commits, in the place of the one before: it is looked for anew.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_S)
        note = process_note(log.commits(Stream.READINGS, "process").get(partition))
        if note is None:
            return None
        record = next(log.read(Stream.CHECKPOINTS, partition, note.counters, note.counters + 1), None)
        if record is not None:
            try:
                return read_account(record.content())
            except (FrameError, ValueError):
                return None
    return None
