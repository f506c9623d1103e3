"""Corrections of meters and readings, checked against the plant file and the log before they are published."""

from analysis.heard import can_be_read, heard
from cli.answers.correct import Event, publish
from cli.report import Note, Report
from cli.wiring import plant_of
from fieldline.errors import SettingsError
from fieldline.moments import iso
from fieldline.settings import Settings


def publish_of_meter(event: Event, tag: str, now_ns: int, settings: Settings) -> Report:
    """Publish what is said of a register or counter. Raises SettingsError for a tag that is none, or was never heard of."""
    if not plant_of(settings).tag_info(event.asset, tag).is_meter:
        raise SettingsError(
            f"correct: --tag {tag} is no register or counter by its name; if it is one, say so in the plant file (kind), and "
            "name that with --plant"
        )
    return publish_of_reading(event, tag, now_ns, settings)


def publish_of_reading(event: Event, tag: str, now_ns: int, settings: Settings) -> Report:
    """Publish what is said of a reading. Raises SettingsError for a tag that was never heard of."""
    notes = _heard(event, tag, settings)
    report = publish(event, now_ns, settings)
    return Report([*report.pieces, *notes])


def _heard(event: Event, tag: str, settings: Settings) -> list[Note]:
    """What the log knows of the tag. Raises SettingsError where that is nothing."""
    if not can_be_read(settings.log):
        unknown = "whether {} of {} was ever heard of is not known: there is no log {}"
        return [Note(unknown, (tag, event.asset, settings.log))]
    found = heard(settings.log, plant_of(settings), event.asset, tag, event.time.time_ns)
    if not found.is_anything:
        raise SettingsError(
            f"correct: {event.asset} has no reading of --tag {tag} on the log {settings.log}; `fieldline query telemetry --asset "
            f"{event.asset}` has its tags"
        )
    if event.kind != "reading":
        return []
    if found.value is not None:
        return [Note("the reading was {}", (found.value,))]
    # To the nanosecond and in UTC: to be copied, for what is said is about the reading of exactly that moment.
    beside = [iso(time) for time in (found.before, found.after) if time is not None]
    return [Note(f"there is no reading of exactly that moment yet; next to it: {' and '.join(beside)}")]
