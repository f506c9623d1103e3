"""A correction published as an event, and what was published."""

from typing import Any, NamedTuple

from cli.answers.heard import check_heard
from cli.broker import publisher_of
from cli.report import Data, Note, Report
from fieldline.errors import SettingsError
from fieldline.moments import Moment, iso
from fieldline.settings import Settings
from ingest.send import check_asset, send_event


class Event(NamedTuple):
    """What is published. attributes : None where one is not given."""

    asset: str
    time: Moment
    kind: str
    attributes: dict[str, Any]


def publish(event: Event, now_ns: int, settings: Settings) -> Report:
    """Send one event and wait until the broker has acknowledged it. Raises SettingsError, Unavailable."""
    flag = f"correct: {'--line' if event.kind in ('order', 'price') else '--asset'}"
    check_asset(event.asset, flag)
    time_ns, latest_ns = event.time.time_ns, now_ns + round(settings.ingest.max_future_s * 1e9)
    if time_ns > latest_ns:
        raise SettingsError(f"correct: {iso(time_ns)} is too far ahead: ingest takes nothing after {iso(latest_ns)}")
    check_heard(event.asset, flag, settings)
    attributes = {name: value for name, value in event.attributes.items() if value is not None}
    attributes["recorded"] = iso(now_ns // 1_000_000 * 1_000_000)
    with publisher_of(settings) as publisher:
        body = send_event(publisher, event.asset, time_ns, event.kind, attributes)
    listed = ", ".join(f"{name} {value}" for name, value in attributes.items())
    sentence = Note("{} of {} at {} acknowledged: {}", (event.kind, event.asset, event.time, listed))
    document = {"topic": event.asset, **body}
    return Report([*(Data(name, value) for name, value in document.items()), sentence])
