"""SenML packs, MessagePack and CBOR documents, as readings."""

import json
from typing import Any

import cbor2
import msgspec
import pytest

from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.codecs import Problem
from ingest.decoder import Decoder
from ingest.rows import Rows

T_S = 1_767_225_600
NOW_NS = (T_S + 100) * 10**9
_LABELS = {
    "bver": -1,
    "bn": -2,
    "bt": -3,
    "bu": -4,
    "bv": -5,
    "bs": -6,
    "n": 0,
    "u": 1,
    "v": 2,
    "vs": 3,
    "vb": 4,
    "s": 5,
    "t": 6,
    "ut": 7,
    "vd": 8,
}


def read(codec: str, payload: bytes, **keys: Any) -> tuple[dict[str, tuple[Any, float]], Problem | None]:
    """Number or text, and seconds after T, by `asset: tag`."""
    topic = Topic(pattern="p/{name}", asset="p/{name}", codec=codec, **keys)
    rows = Rows()
    problem = Decoder(Plant(PlantFile(topic=(topic,))), IngestSettings()).decode(b"p/a", payload, NOW_NS, rows)
    found = {
        f"{rows.assets.texts[row.asset]}: {rows.tags.texts[row.tag]}": (
            row.value if row.payload is None else row.payload.decode(), row.time / 1e9 - T_S
        )
        for row in rows.take(0)
    }  # fmt: skip
    return found, problem


PACK = [
    {"bn": "urn:dev:ow:10e2:", "bt": T_S, "n": "temp", "u": "Cel", "v": 23.1},
    {"n": "open", "vb": False},
    {"n": "label", "vs": "Room"},
    {"n": "photo", "vd": "aGkgCg"},
    {"bn": "2001:db8::1/", "n": "humidity", "u": "%RH", "v": 67, "t": 2},
    {"bn": "urn:dev:ow:10e3", "u": "lon", "v": 24.3},
    {"bn": "", "n": "power", "u": "W", "v": 5, "s": 70},
]
READ = {
    "p/a/urn:dev:ow:10e2: temp_degc": (23.1, 0),
    "p/a/urn:dev:ow:10e2: open": (0, 0),
    "p/a/urn:dev:ow:10e2: @text/label": ("Room", 0),
    "p/a/urn:dev:ow:10e2: @text/photo": ("aGkgCg", 0),
    "p/a/2001:db8::1: humidity_pct": (67, 2),
    "p/a/urn:dev:ow:10e3: value_lon": (24.3, 0),
    "p/a: power_w": (5, 0),
    "p/a: power_sum": (70, 0),
}


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(PACK).encode(),
        cbor2.dumps(PACK),
        cbor2.dumps([{_LABELS[key]: value for key, value in record.items()} for record in PACK]),
    ],
    ids=["JSON", "CBOR with texts", "CBOR with numbers"],
)
def test_a_pack_is_read_as_json_and_as_cbor(payload: bytes) -> None:
    assert read("senml", payload) == (READ, None)


def test_relative_times_count_from_reception() -> None:
    found, _ = read("senml", b'[{"n":"x","v":1,"t":-5},{"n":"y","v":2}]')

    assert found == {"p/a: x": (1, 95), "p/a: y": (2, 100)}


def test_a_wrong_record_costs_itself_alone() -> None:
    found, problem = read("senml", b'[{"n":"x","v":1},{"n":"-y","v":2},{"n":"z"},{"n":"w","v":1e308,"bv":1e308}]')

    assert found == {"p/a: x": (1, 100)}
    assert problem is not None and (problem.reason, problem.readings) == ("value", 3)


@pytest.mark.parametrize(
    "payload",
    [b'[{"n":"x","v":1,"y_":2}]', b'[{"bver":99,"n":"x","v":1}]', b'{"n":"x","v":1}', b"[]", b"\x81", b"\x80\x80"],
)
def test_a_pack_that_must_not_be_read_is_refused(payload: bytes) -> None:
    found, problem = read("senml", payload)

    assert found == {} and problem is not None and problem.reason == "syntax"


DOCUMENT = {"ts": T_S, "power_kw": 3.5, "on": True, "mode": "auto", "oven": {"temp": [1, 2]}, "none": None}
DOCUMENT_READ = {
    "p/a: power_kw": (3.5, 0), "p/a: on": (1, 0), "p/a: @text/mode": ("auto", 0), "p/a: oven/temp/0": (1, 0), "p/a: oven/temp/1": (2, 0)
}  # fmt: skip


@pytest.mark.parametrize(("codec", "pack"), [("msgpack", msgspec.msgpack.encode), ("cbor", cbor2.dumps)])
def test_a_packed_document_is_read_as_the_same_json_is(codec: str, pack: Any) -> None:
    assert read(codec, pack(DOCUMENT)) == read("json", json.dumps(DOCUMENT).encode()) == (DOCUMENT_READ, None)
    assert read(codec, pack({"a": {"b": DOCUMENT}, "t": T_S}), values="a.b", time="t") == (DOCUMENT_READ, None)


@pytest.mark.parametrize(("codec", "pack"), [("msgpack", msgspec.msgpack.encode), ("cbor", cbor2.dumps)])
def test_what_json_has_no_word_for(codec: str, pack: Any) -> None:
    found, problem = read(codec, pack({"ts": T_S, "nan": float("nan"), "bytes": b"abc", "blob": b"\xff\xfe", 7: 1}))

    assert found == {"p/a: @text/bytes": ("abc", 0), "p/a: 7": (1, 0)}
    assert problem is not None and (problem.reason, problem.readings) == ("value", 2)


def test_a_cycle_and_a_bomb_of_cbor_end_at_the_limits() -> None:
    assert (read("cbor", b"\xd8\x1c\x81\xd8\x1d\x00")[1] or Problem("", "")).reason == "depth"
    shared = b"\xd8\x1c\x98\x64" + b"\x01" * 100
    bomb = b"\xa1\x61a\x99\x01\x2c" + shared + b"\xd8\x1d\x00" * 299  # 300 times the same list of 100
    assert (read("cbor", bomb)[1] or Problem("", "")).reason == "values"
