"""Listening at a broker as a guest, for a while and within bounds."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from fieldline.errors import SettingsError, Unavailable
from fieldline.settings import IngestSettings
from fieldline.topic_filters import without_covered
from ingest.arrivals import Arrivals
from ingest.capture import Captured, captured
from ingest.guest import Guest
from ingest.stage import endpoint_of

_ROUND_S = 0.25
_GATHER_S, _FEW = 0.01, 500
"""Few messages at once are gathered so long: a read for each costs more than all else, and a guest is to cost others nothing [s]."""


class Stay(NamedTuple):
    """How long and how much. seconds : of listening; messages, size : at most [bytes]."""

    seconds: float
    messages: int
    size: int


class Heard(NamedTuple):
    """What came. ended : why before its time; nothing where it was not."""

    seconds: float
    messages: int
    size: int
    ended: str


def guest_of(settings: IngestSettings) -> Guest:
    """A guest at the broker of the settings, subscribed to their topics.

    Raises Unavailable where the broker can't be reached, and SettingsError where it refuses the credentials.
    """
    if settings.share is not None:
        raise SettingsError("share: a guest shares no subscription, for it would take messages from those who do")
    return Guest(endpoint_of(settings), without_covered(settings.subscribe))


def listen(guest: Guest, stay: Stay, take: Callable[[Captured], None], stop: threading.Event) -> Heard:
    """Give `take` each message until the time is over, there is enough, or a signal."""
    arrivals, count, size, ended = Arrivals(), 0, 0, ""
    began = time.monotonic()
    while not ended and (left := began + stay.seconds - time.monotonic()) > 0:
        try:
            messages = guest.poll(min(left, _ROUND_S))
        except Unavailable as error:
            ended = str(error)
            break
        for message in captured(messages, time.time_ns(), arrivals):
            take(message)
            count += 1
            size += len(message.payload)
            if count >= stay.messages or size >= stay.size:
                ended = f"{count} messages, {size} bytes: that is as much as was asked for"
                break
        if stop.is_set() or (len(messages) < _FEW and stop.wait(min(left, _GATHER_S))):
            ended = ended or "stopped"
    return Heard(time.monotonic() - began, count, size, ended)
