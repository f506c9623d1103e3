"""Messages taken one by one, and what is remembered of them: of each topic and of each tag a little.

Memory is bounded (`Bounds`); what is left out is counted. A topic's first messages are held until it is told how it is read
(`Ways`); once 50 have been read, every tenth is, and the others are only counted.
"""

from collections import Counter
from typing import NamedTuple

from analysis.discovery.behaviour import Behaviour
from analysis.discovery.times import time_key
from analysis.discovery.ways import UNTOLD, Way, Ways
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.capture import Captured
from ingest.codecs import Problem
from ingest.rows import Rows

_TEXT = "@text/"
_EXAMPLE = 200


class Bounds(NamedTuple):
    """What is remembered at most.

    held : payloads of messages that wait [bytes]; wholly : messages of a topic that are all read; every : of those behind, one in so many
    """

    topics: int = 20_000
    tags: int = 50_000
    samples: int = 5
    held: int = 32 << 20
    wholly: int = 50
    every: int = 10


class Letters:
    """Dead letters of one topic and reason: how many readings, and the first one's detail and payload (its first 200 bytes)."""

    __slots__ = ("count", "detail", "example")

    def __init__(self, detail: str, example: bytes) -> None:
        self.count, self.detail, self.example = 0, detail, example


class TopicSeen:
    """What came on one topic.

    way : None until it is told; read : messages that were decoded; rows : that they gave; first, last : reception [ns, UTC]
    keys : where the time was found, of a few; offsets : reception less time, of a few [ns]
    """

    __slots__ = (
        "candidates", "first", "held", "keys", "last", "letters", "messages", "offsets", "read", "retained", "rows", "shape",
        "size", "topic", "way",
    )  # fmt: skip

    def __init__(self, topic: str, candidates: list[Way], shape: str, received: int) -> None:
        self.topic = topic
        self.candidates = candidates
        self.shape = shape
        self.first = self.last = received
        self.messages = self.retained = self.read = self.rows = self.size = 0
        self.way: Way | None = None
        self.held: list[Captured] = []
        self.letters: dict[str, Letters] = {}
        self.keys: Counter[str] = Counter()
        self.offsets: list[int] = []

    @property
    def live(self) -> int:
        """Messages that the broker did not keep from before."""
        return self.messages - self.retained


class TagSeen:
    """What came under one tag. topic : that it was first seen on; rows : decoded."""

    __slots__ = ("asset", "behaviour", "is_event", "rows", "tag", "topic")

    def __init__(self, asset: str, tag: str, topic: TopicSeen, is_event: bool) -> None:
        self.asset, self.tag, self.topic, self.is_event = asset, tag, topic, is_event
        self.rows = 0
        self.behaviour = Behaviour()


class Survey:
    """Takes messages; call `finish` before looking at what was seen. One thread only.

    topics, tags : what was seen; topics_left_out : messages on topics beyond the bound; tags_left_out : readings of tags beyond theirs
    """

    def __init__(self, plant: Plant, settings: IngestSettings, bounds: Bounds | None = None) -> None:
        self.plant = plant
        self.topics: dict[bytes, TopicSeen] = {}
        self.tags: dict[tuple[str, str], TagSeen] = {}
        self.messages = self.size = self.topics_left_out = self.tags_left_out = self.unread = 0
        self.first = self.last = 0
        self.ways = Ways(plant, settings)
        self._bounds = bounds or Bounds()
        self._held = 0

    def take(self, message: Captured) -> None:
        """One more message."""
        self.messages += 1
        self.size += message.size
        self.first = self.first or message.received
        self.last = message.received
        seen = self.topics.get(message.topic)
        if seen is None:
            if len(self.topics) >= self._bounds.topics:
                self.topics_left_out += 1
                return
            topic = message.topic.decode("utf-8", "replace")
            seen = TopicSeen(topic, self.ways.candidates(topic), shape_of(message.payload), message.received)
            self.topics[message.topic] = seen
        seen.messages += 1
        seen.size += message.size
        seen.retained += message.is_retained
        seen.last = message.received
        if seen.way is None:
            self._hold(seen, message)
        elif seen.read < self._bounds.wholly or seen.messages % self._bounds.every == 0:
            self._read(seen, message)
        else:
            self.unread += 1

    def finish(self) -> None:
        """Tell how the topics are read of which only a few messages came."""
        for seen in self.topics.values():
            if seen.way is None:
                self._tell(seen)
        used = {way for seen in self.topics.values() if (way := seen.way) is not None and way.preset}
        for seen in self.topics.values():
            if seen.way == UNTOLD:
                seen.way = next((way for way in seen.candidates if way.is_ignored and _shown(way) in used), UNTOLD)
        self.tags = {key: tag for key, tag in self.tags.items() if not (tag.topic.way or UNTOLD).is_ignored}

    def _hold(self, seen: TopicSeen, message: Captured) -> None:
        is_first = not seen.held
        seen.held.append(message)
        self._held += len(message.payload)
        is_enough = len(seen.held) >= self._bounds.samples or self._held > self._bounds.held
        if is_enough or (is_first and self.ways.is_clear(seen.candidates, message)):
            self._tell(seen)

    def _tell(self, seen: TopicSeen) -> None:
        held, seen.held = seen.held, []
        self._held -= sum(len(message.payload) for message in held)
        seen.way = self.ways.best(seen.candidates, held)
        for message in held:
            self._read(seen, message)

    def _read(self, seen: TopicSeen, message: Captured) -> None:
        rows = self.ways.rows()
        problem = self.ways.decode(seen.way or UNTOLD, message, rows)
        seen.read += 1
        seen.rows += len(rows)
        if problem is not None:
            self._note(seen, message.payload, problem)
        if len(rows):
            self._note_rows(seen, rows)
            if not message.is_retained and len(seen.offsets) < self._bounds.wholly:
                self._note_time(seen, message, rows)

    def _note(self, seen: TopicSeen, payload: bytes, problem: Problem) -> None:
        letters = seen.letters.get(problem.reason)
        if letters is None:
            letters = seen.letters[problem.reason] = Letters(problem.detail[:_EXAMPLE], payload[:_EXAMPLE])
        letters.count += problem.readings

    def _note_rows(self, seen: TopicSeen, rows: Rows) -> None:
        at = 0
        for count, asset, _ in rows.runs:
            path = rows.assets.texts[asset]
            for row in range(at, at + count):
                self._note_row(seen, path, rows.tags.texts[rows.tag[row]], rows.value[row], rows.payload.get(row))
            at += count

    def _note_row(self, seen: TopicSeen, asset: str, full: str, value: float, payload: bytes | None) -> None:
        name = full.removeprefix(_TEXT)
        tag = self.tags.get((asset, name))
        if tag is None:
            if len(self.tags) >= self._bounds.tags:
                self.tags_left_out += 1
                return
            tag = self.tags[asset, name] = TagSeen(asset, name, seen, name.startswith("@"))
        tag.rows += 1
        if payload is None:
            tag.behaviour.take_number(value)
        elif not tag.is_event:
            tag.behaviour.take_text(payload)

    def _note_time(self, seen: TopicSeen, message: Captured, rows: Rows) -> None:
        seen.offsets.append(message.received - rows.time[0])
        if len(seen.offsets) <= self._bounds.samples:
            asset = rows.assets.texts[rows.runs[0][1]]
            seen.keys[time_key(message.payload, rows.time[0], message.received, self.plant.time_zone(asset))] += 1


def shape_of(payload: bytes) -> str:
    """What a payload looks like: object, list, bare (a number, a word, a text) or binary; empty where there is nothing."""
    first = payload.lstrip()[:1]
    if not payload:
        return "empty"
    if first in (b"{", b"["):
        return "object" if first == b"{" else "list"
    try:
        payload.decode()
    except UnicodeDecodeError:
        return "binary"
    return "binary" if any(sign < 32 and sign not in b"\t\r\n" for sign in payload[:_EXAMPLE]) else "bare"


def _shown(way: Way) -> Way:
    return way._replace(is_ignored=False)
