"""A file published, as samples or as events, and what came of it."""

from cli.report import Data, Note, Report
from cli.terminal import say
from fieldline.errors import SettingsError
from fieldline.event_kinds import EVENT_KINDS
from fieldline.moments import Moment
from ingest.send import EventColumns, SendReport, parse_attribute


def events_of(kind: str | None, attributes: list[str], recorded: int | None) -> EventColumns | None:
    """What the rows are as events; None when they are samples."""
    if kind is None:
        if attributes or recorded is not None:
            raise SettingsError("send: --attribute and --recorded are of events: say which with --event KIND")
        return None
    if kind not in EVENT_KINDS:
        say(f"events of kind {kind!r} are kept, but change no metric; those that do are {', '.join(EVENT_KINDS)}")
    return EventColumns(kind, [parse_attribute(text) for text in attributes], recorded)


def report(sent: SendReport, what: str) -> Report:
    """What was sent. what : `samples` or `events`."""
    first, last = Moment(sent.first_ns), Moment(sent.last_ns)
    values = {**sent._asdict(), "first": first, "last": last}
    notes = [
        Note(
            f"{'stopped early: ' if sent.stopped else ''}{sent.samples} {what} of {sent.rows} rows in "
            f"{sent.messages} messages acknowledged in {sent.seconds:.1f} s; {{}} to {{}}",
            (first, last),
        )
    ]
    if sent.empty_rows:
        notes.append(Note(f"{sent.empty_rows} rows had no {what.removesuffix('s')}"))
    return Report([*(Data(name, value) for name, value in values.items()), *notes])
