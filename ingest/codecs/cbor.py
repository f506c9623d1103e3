"""CBOR (RFC 8949): the same shapes as JSON, in fewer bytes.

    A2 62 74 73 1A 69 55 B9 00 61 61 FB 40 09 1E B8 51 EB 85 1F    {"ts": 1767225600, "a": 3.14}

What is read of JSON is read of CBOR, see the codec `json`, with the paths of the plant file too. Keys that are numbers become texts;
bytes are texts where they are UTF-8; times (tags 0 and 1) are times.

    [[topic]]
    pattern = "probes/{device}"
    asset = "farm/field1/{device}"
    codec = "cbor"
"""

from ingest.codecs import Codec, Limits, Problem
from ingest.codecs.json import read_document
from ingest.documents import check_size, parse_cbor, plain_document
from ingest.rows import Rows
from ingest.topics import Route


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    check_size(payload, limits)
    document = plain_document(parse_cbor(payload, limits), limits)
    return read_document(document, route, received_ns, rows, limits)


def _nested(levels: int) -> bytes:
    return b"\xa1\x61a" * levels + b"\x01"


_SAMPLES = (
    bytes.fromhex("a26274731a6955b9006161fb40091eb851eb851f"),
    bytes.fromhex("a3627473c11a6955b900646d6f6465646175746f6373657107"),
    bytes.fromhex("82a26274731a6955b9006576616c756501a26274731a6955b9016576616c756502"),
)
COMPONENT = Codec(decode=decode, samples=_SAMPLES, nested=_nested)
