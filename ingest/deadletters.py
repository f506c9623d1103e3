"""Dead letters: payloads, or parts of them, that could not be read, as records of the stream `deadletter`.

The value is the payload as it came, the key its source, the reason and origin stand in headers (see
docs/architecture.md). Of a payload over the size limit only the beginning is kept, and `detail` says so.
A message that explains others, which were dead letters for want of it, is put beside them, so that they can be replayed.
"""

from typing import NamedTuple

from fieldline.log import Stream
from fieldline.moments import iso
from fieldline.partition import partition_of
from fieldline.plant import Plant
from ingest.codecs import Explanation, Problem
from ingest.topics import source_levels

REASONS = {
    "topic": "the topic can't be an asset's path",
    "size": "the payload, or one event or waveform in it, is too large",
    "depth": "arrays and objects nest too deeply",
    "values": "more values than a message may hold",
    "syntax": "not in the format that the codec reads, such as JSON",
    "time": "a time that can't be told, or none where one is needed",
    "clock": "a time that can't be right; see the clock policies",
    "birth": "a metric by an alias that no birth has explained; Sparkplug",
    "name": "a key that can't be a tag's name",
    "value": "not a finite number, text, event or waveform",
    "event": "an event that says nothing: it lacks what its kind needs, or has it in a form that can't be read",
    "quality": "a quality that is not known",
    "seq": "a sequence number that is none",
    "internal": "a fault of Fieldline's own; please report it",
}
"""The closed list of reasons that ingest gives, each with its meaning."""

EXPLAINS = "explains"
"""Header of a record that explains dead letters: an MQTT filter of their topics. They came from `since_ns` on until it came itself."""
_MAX_DETAIL = 500
_ROOM_FOR_HEADERS = 16_384


class Entry(NamedTuple):
    """A record that is to be appended. `readings` : how many are in it."""

    stream: Stream
    partition: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]
    readings: int


def dead_letter(
    topic: bytes, payload: bytes, received_ns: int, problem: Problem, plant: Plant, partitions: int, max_bytes: int
) -> Entry:
    """The record of a payload that was not, or not wholly, read. `max_bytes` : the largest record of the log."""
    name = source_levels(topic)
    source = plant.line_of(name)
    detail = problem.detail
    room = max(max_bytes - _ROOM_FOR_HEADERS - 2 * len(name.encode()), 0)
    if len(payload) > room:
        detail = f"only the first {room} bytes are kept; {detail}"
        payload = payload[:room]
    headers = {
        "reason": problem.reason.encode(),
        "detail": detail[:_MAX_DETAIL].encode("utf-8", "replace"),
        "topic": name.encode(),
        "received_ns": str(received_ns).encode(),
        "origin": b"ingest",
        "count": str(problem.readings).encode(),
    }
    partition = partition_of(source, partitions)
    return Entry(Stream.DEADLETTER, partition, source.encode(), payload, headers, problem.readings)


def explaining(explanation: Explanation, plant: Plant, partitions: int, max_bytes: int) -> Entry:
    """The record of a message that explains dead letters: no reading is lost in it."""
    topic = explanation.topic.encode("utf-8", "surrogateescape")
    since = iso(explanation.since_ns)
    problem = Problem("birth", f"explains what came since {since}: `fieldline dlq replay --reason birth` reads it", 0)
    entry = dead_letter(topic, explanation.payload, explanation.received_ns, problem, plant, partitions, max_bytes)
    told = {EXPLAINS: explanation.topics.encode(), "since_ns": str(explanation.since_ns).encode()}
    return entry._replace(headers=entry.headers | told)
