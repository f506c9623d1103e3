"""Payload codecs: one file each that ends in a `COMPONENT` constant, found by name (see `fieldline/components.py`).

| name | what it reads |
|---|---|
| `cbor` | CBOR, in the shapes of JSON |
| `csv` | lines of values under a header or declared columns |
| `json` | numbers, booleans, texts, samples, objects, arrays, events, waveforms as JSON |
| `line_protocol` | InfluxDB line protocol |
| `msgpack` | MessagePack, in the shapes of JSON |
| `senml` | SenML, as JSON or CBOR |
| `sparkplug` | Sparkplug B |

Other distributions add theirs by the entry point group `fieldline.codecs`. docs/adding.md has a worked example.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from fieldline import components
from ingest.rows import Rows
from ingest.topics import Route


class Limits(NamedTuple):
    """What a payload may hold; checked before it is parsed [bytes, levels of nesting, values]."""

    max_payload_bytes: int = 1 << 20
    max_depth: int = 16
    max_values: int = 20_000


class Problem(NamedTuple):
    """Why some values of a payload could not be read.

    reason : one of `ingest.deadletters.REASONS`; detail : for a person; readings : how many it cost
    """

    reason: str
    detail: str
    readings: int = 1


class Explanation(NamedTuple):
    """A message that tells how earlier ones are read, which were dead letters for want of it.

    topics : MQTT filter of what it explains; since_ns, received_ns : of what came in between, the latter when it came itself [ns, UTC]
    topic, payload : its own
    """

    topics: str
    since_ns: int
    received_ns: int
    topic: str
    payload: bytes


Decode = Callable[[bytes, Route, int, Rows, Limits], Problem | None]


class Reader:
    """What a format needs to remember of the messages before: one object for a stream of messages, used by one thread.

    missing : asset → messages that its own numbers show to be missing, more (or fewer, when they came after all) since it was last taken
    requests : (topic, payload) that a device is to be sent, since it was last taken; sent only where the settings allow it
    explanations : of what could not be read before, since they were last taken
    """

    def __init__(self) -> None:
        self.missing: dict[str, int] = {}
        self.requests: list[tuple[str, bytes]] = []
        self.explanations: list[Explanation] = []

    def decode(
        self, payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits
    ) -> Problem | None:  # pragma: no cover
        """See `Codec.decode`; the messages before may decide, too."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How payloads of one format are read.

    decode(payload, route, received_ns, rows, limits) : appends the payload's readings to `rows`. What could be read
    stays, and the Problem tells of the rest. `received_ns` is the time of a reading without one [ns, UTC]. What comes
    of a payload depends on these arguments alone. It raises PayloadError when nothing can be read, and nothing else;
    rows appended until then are the caller's to take back.
    reader : makes a Reader, in place of `decode`, for a format that needs the messages before
    samples : payloads as devices send them, each of which gives at least one row and no problem. The contract tests
    cut, change and repeat them, so give one of each shape.
    topic : which the samples come on
    options : what a `[[topic]]` of the plant file can tell the codec, as `options = {…}`: a struct with defaults, which the
    route has. None: nothing
    nested(levels) : a payload that nests so deep; None where the format cannot nest.
    """

    decode: Decode | None = None
    reader: Callable[[], Reader] | None = None
    samples: tuple[bytes, ...]
    topic: str = "site/area/line/press"
    options: type[msgspec.Struct] | None = None
    nested: Callable[[int], bytes] | None = None

    def __post_init__(self) -> None:
        if (self.decode is None) == (self.reader is None):
            raise TypeError("a Codec has either decode or reader")


def codecs() -> components.Components[Codec]:
    """Every codec that is installed, by name."""
    return components.found(__name__, Codec, group="fieldline.codecs")
