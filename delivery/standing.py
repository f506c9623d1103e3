"""What stands in a sink that another log wrote: a log that begins later can't work it out, so it is left as it is.

A log that delivers to a sink for the first time, and whose sink was written to, is another one than before: the former was deleted or
another was named. What it emits of windows that the sink has figures of, and that began before it did, is made of its own few rows. The
sink leaves those of its rows; the name by which it knows them stays in the log's commits. A log from which retention has removed readings
is no new one: its commits were lost, its state was not, and its figures are right.
"""

from contextlib import suppress

import structlog

from delivery.sinks import Sink, Standing
from fieldline.clock import Clock
from fieldline.errors import Unavailable
from fieldline.log import Log, Stream
from fieldline.log.notes import deliver_note

_REMEDY = (
    "figures of windows that began before this log did stand as they are; put the former log back to go on with them, or have"
    " `fieldline deliver --again` write over them what this one has"
)


def let_stand(log: Log, sink: Sink, clock: Clock, *, is_again: bool) -> str:
    """Have a sink leave what this log can't work out; the name by which it knows that, "" for nothing.

    is_again : the log's rows are delivered once more, whatever stands, and from then on nothing does
    """
    if not isinstance(sink, Standing):
        return ""
    with suppress(Unavailable):  # a sink that is away for now has the name from the log's commits at the next start
        if is_again:
            sink.release()
            return ""
        commits = log.commits(Stream.METRICS, sink.group)
        began = None if commits else began_ns(log, clock)
        if began is not None:
            name = sink.let_stand(began)
            if name:
                logger = structlog.get_logger("delivery")
                logger.warning("written_from_another_log", target=sink.target, reason=_REMEDY)
            return name
        notes = [note for note in map(deliver_note, commits.values()) if note is not None]
        name = next((note.standing for note in notes if note.standing), "")
        sink.go_by(name)
        return name
    return ""


def began_ns(log: Log, clock: Clock) -> int | None:
    """When the first reading was appended to a log, now where there is none [ns UTC]; None: some were removed. Raises Unavailable."""
    began = clock.now_ns()
    for partition in range(log.partitions(Stream.READINGS)):
        first, end = log.bounds(Stream.READINGS, partition)
        if first > 0:
            return None
        record = next(iter(log.read(Stream.READINGS, partition, 0, 1)), None) if end else None
        began = min(began, record.appended_ns) if record is not None else began
    return began
