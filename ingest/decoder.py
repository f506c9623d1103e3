"""From a message to rows: topic, codec and clock policy in one, so that nothing a device sends raises."""

from typing import NamedTuple

import structlog

from fieldline.errors import PayloadError, SettingsError
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.choice import Choice
from ingest.clocks import ClockPolicies
from ingest.codecs import Decode, Limits, Problem
from ingest.columns import to_readings
from ingest.presets import expanded
from ingest.renaming import Renaming
from ingest.repeats import Repeats
from ingest.rows import Rows
from ingest.site_prices import SitePrices
from ingest.topics import Route, TopicMap

_logger = structlog.get_logger("ingest.decoder")


class Decoded(NamedTuple):
    """What a message gave: its readings, and what of it could not be read (None: all was)."""

    readings: Readings
    problem: Problem | None


class Decoder:
    """Reads messages into rows. Remembers topics and clocks, so keep one for a stream of messages. One thread only.

    readers : of codecs that remember messages

    Raises SettingsError when the settings or the plant file name a codec or a preset that is not there.
    """

    def __init__(self, plant: Plant, settings: IngestSettings) -> None:
        wrong: list[str] = []
        topics = expanded(plant.topics, wrong)
        self._choice = Choice(topics, settings.codec, wrong)
        if wrong:
            raise SettingsError("\n".join(wrong))
        self._topics = TopicMap(plant, settings.clock, topics)
        self.readers = self._choice.readers
        self._ignored = 0
        self._repeats = Repeats()
        self._clocks = ClockPolicies(settings.max_future_s, settings.max_age_s)
        self._site_prices = SitePrices(plant)
        self._limits = Limits(settings.max_payload_bytes, settings.max_depth, settings.max_values)

    def decode(
        self, topic: bytes, payload: bytes, received_ns: int, rows: Rows, size: int | None = None
    ) -> Problem | None:
        """Append the message's rows; the Problem tells what could not be read.

        size : of the payload as it was sent, where only its beginning was kept [bytes]. Never raises for what a
        device sent.
        """
        start = len(rows)
        try:
            route = self._topics.route(topic)
            if size is not None and size > len(payload):
                raise PayloadError("size", f"expected at most {self._limits.max_payload_bytes} bytes, got {size}")
            problem = (route.decode or self._prepared(route))(payload, route, received_ns, rows, self._limits)
            if route.is_changed and len(rows) > start:
                self._change(rows, start, route, received_ns)
            late = self._clocks.check(rows, start, route, received_ns)
            if rows.payload:
                self._site_prices.deal(rows, start)
        except PayloadError as error:
            rows.restore(start)
            return Problem(error.reason, error.detail)
        except Exception as error:  # a fault of ours must cost one message, not the stream
            _logger.exception("decoder fault", topic=topic[:200])
            rows.restore(start)
            return Problem("internal", f"{type(error).__name__}: {error}"[:300])
        if problem is None or late is None:
            return problem or late
        return Problem(problem.reason, f"{problem.detail}; {late.detail}", problem.readings + late.readings)

    def _prepared(self, route: Route) -> Decode:
        declared = route.declared
        if declared is not None and declared.ignore:
            route.decode = self._ignore
            return self._ignore
        decode, route.options = self._choice.of(declared)
        route.decode = decode
        if declared is not None:
            route.renaming = Renaming(declared) if declared.renames else None
            route.is_changed = declared.renames or declared.once
        return decode

    def _ignore(self, payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
        self._ignored += 1
        return None

    def _change(self, rows: Rows, start: int, route: Route, received_ns: int) -> None:
        """What the plant file wants of rows that a codec gave."""
        if route.renaming is not None:
            route.renaming.apply(rows, start)
        if route.declared is not None and route.declared.once and len(rows) > start:
            self._repeats.take(rows, start, received_ns)

    def take_ignored(self) -> int:
        """Messages on topics that are declared so, since this was last asked."""
        count, self._ignored = self._ignored, 0
        return count

    def forget(self) -> None:
        """Drop what is remembered of topics; due when the rows' names begin anew."""
        self._topics.forget()


def decode_message(
    topic: str, payload: bytes, received_ns: int, plant: Plant | None = None, settings: IngestSettings | None = None
) -> Decoded:
    """The readings of one message. For tools and tests; a stream of messages is read by one `Decoder`."""
    rows = Rows()
    decoder = Decoder(plant or Plant(), settings or IngestSettings())
    problem = decoder.decode(topic.encode("utf-8", "surrogateescape"), payload, received_ns, rows)
    return Decoded(to_readings(rows), problem)
