"""A file published, as samples or as events, and what came of it."""

from cli.report import Data, Note, Report
from fieldline.errors import SettingsError
from fieldline.event_kinds import EVENT_KINDS, Odd, odd_parts
from fieldline.moments import Moment
from ingest.send import EventColumns, SendReport, parse_attribute


def events_of(
    kind: str | None, attributes: list[str], recorded: int | None, now_ns: int, *, is_as_it_is: bool = False
) -> EventColumns | None:
    """What the rows are as events; None when they are samples. is_as_it_is : also what nothing reads. Raises SettingsError.

    now_ns : when they are sent [ns UTC]
    """
    if kind is None:
        if attributes or recorded is not None:
            raise SettingsError("send: --attribute and --recorded are of events: say which with --event KIND")
        return None
    parsed = [parse_attribute(text) for text in attributes]
    if not is_as_it_is:
        for odd in odd_parts(kind, dict.fromkeys(each.name for each in parsed)):
            raise SettingsError(_refusal(kind, odd))
    return EventColumns(kind, parsed, recorded, now_ns=now_ns)


def _refusal(kind: str, odd: Odd) -> str:
    anyway = "--as-it-is sends it all the same; it is kept on the log"
    if odd.what == "event kind":
        return f"send: --event {kind}: nothing reads events of that kind{odd.hint} (known: {', '.join(EVENT_KINDS)}); {anyway}"
    name, known = odd.word.partition(".")[2], ", ".join(EVENT_KINDS[kind].attributes)
    return f"send: --attribute {name}: nothing reads it of {kind} events{odd.hint} (known: {known}); {anyway}"


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
