"""Payload codecs: one file each that ends in a `COMPONENT` constant, found by name (see `fieldline/components.py`).

| name | what it reads |
|---|---|
| `json` | numbers, booleans, texts, samples, objects, arrays, events, waveforms as JSON |

Other distributions add theirs by the entry point group `fieldline.codecs`. docs/adding.md has a worked example.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How payloads of one format are read.

    decode(payload, route, received_ns, rows, limits) : appends the payload's readings to `rows`. What could be read
    stays, and the Problem tells of the rest. `received_ns` is the time of a reading without one [ns, UTC]. What comes
    of a payload depends on these arguments alone. It raises PayloadError when nothing can be read, and nothing else;
    rows appended until then are the caller's to take back.
    samples : payloads as devices send them, each of which gives at least one row and no problem. The contract tests
    cut, change and repeat them, so give one of each shape.
    nested(levels) : a payload that nests so deep; None where the format cannot nest.
    """

    decode: Callable[[bytes, Route, int, Rows, Limits], Problem | None]
    samples: tuple[bytes, ...]
    nested: Callable[[int], bytes] | None = None


def codecs() -> components.Components[Codec]:
    """Every codec that is installed, by name."""
    return components.found(__name__, Codec, group="fieldline.codecs")
