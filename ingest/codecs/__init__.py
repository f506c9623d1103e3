"""Payload codecs: one file each that ends in a `COMPONENT` constant, found by name.

| kind | what it reads |
|---|---|
| `json` | numbers, booleans, texts, samples, objects, arrays, events, waveforms as JSON |
"""

from typing import NamedTuple, Protocol

from fieldline.errors import SettingsError
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


class Codec(Protocol):
    """Reads payloads of one format."""

    kind: str

    def decode(self, payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
        """Append the payload's readings to `rows`; what could be read stays, and the Problem tells of the rest.

        received_ns : the time of a reading without one [ns, UTC].
        Raises PayloadError when nothing can be read; rows appended until then are the caller's to take back.
        """


def find_codec(kind: str) -> Codec:
    """The codec of this name. Raises SettingsError."""
    from importlib import import_module

    if kind.isidentifier():
        try:
            module = import_module(f"{__name__}.{kind}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{kind}":
                raise
        else:
            if hasattr(module, "COMPONENT"):
                codec: Codec = module.COMPONENT
                return codec
    raise SettingsError(f"codec: expected one of json, got {kind!r}")
