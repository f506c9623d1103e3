"""MessagePack: the same shapes as JSON, in fewer bytes.

    82 A2 74 73 CE 69 55 B9 00 A1 61 CB 40 09 1E B8 51 EB 85 1F    {"ts": 1767225600, "a": 3.14}

What is read of JSON is read of MessagePack, see the codec `json`, with the paths of the plant file too. Keys that are numbers become
texts; binary values are texts where they are UTF-8; the timestamp extension is a time.

    [[topic]]
    pattern = "probes/{device}"
    asset = "farm/field1/{device}"
    codec = "msgpack"
"""

import msgspec

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Limits, Problem
from ingest.codecs.json import read_document
from ingest.documents import check_size, plain_document
from ingest.rows import Rows
from ingest.topics import Route

_decode = msgspec.msgpack.Decoder().decode


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    check_size(payload, limits)
    try:
        document = _decode(payload)
    except RecursionError as error:
        raise PayloadError("depth", f"expected at most {limits.max_depth} levels of nesting") from error
    except (msgspec.MsgspecError, ValueError, TypeError) as error:  # TypeError: a key that Python can't hash
        raise PayloadError("syntax", f"expected MessagePack: {error}") from error
    return read_document(plain_document(document, limits), route, received_ns, rows, limits)


def _nested(levels: int) -> bytes:
    return b"\x81\xa1a" * levels + b"\x01"


_SAMPLES = (
    bytes.fromhex("82a27473ce6955b900a161cb40091eb851eb851f"),
    bytes.fromhex("83a27473ce6955b900a46d6f6465a46175746fa373657107"),
    bytes.fromhex("9282a27473ce6955b900a576616c75650182a27473ce6955b901a576616c756502"),
)
COMPONENT = Codec(decode=decode, samples=_SAMPLES, nested=_nested)
