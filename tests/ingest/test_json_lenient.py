"""What is nearly JSON: read as it was meant, refused where that could be two things, and never at more cost than JSON."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from ingest.codecs import Limits
from ingest.json_lenient import BareText, read_leniently
from ingest.json_values import Unreadable

LIMITS = Limits()


def read(payload: bytes, decimal: str = ".", limits: Limits = LIMITS) -> list[Any]:
    found, faults = read_leniently(payload, limits, decimal)
    assert faults == []
    return [_shown(document) for document in found]


def _shown(value: Any) -> Any:
    """The value with `"!"` for each that could not be read."""
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    return "!" if isinstance(value, Unreadable) else value


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"a": 12., "b": .5, "c": +3, "d": 007.5, "e": -0, "f": 1.e3}', {"a": 12.0, "b": 0.5, "c": 3, "d": 7.5, "e": 0, "f": 1000.0}),
        (b'{"a": nan, "b": -nan, "c": inf, "d": -Infinity, "e": 1.#QNAN, "f": -1.#IND, "g": 1.#INF, "h": 1}', dict.fromkeys("abcdefg", "!") | {"h": 1}),
        (b'{"a": 1e999, "b": %s, "c": 3}' % (b"9" * 5000), {"a": "!", "b": "!", "c": 3}),
        (b'{"a":,"b":2,"c":}', {"a": "!", "b": 2, "c": "!"}),
        (b'{"ts": 1795875753123456789, "a": 1,}', {"ts": 1795875753123456789, "a": 1}),
        (b'{"a": [1, 2, ], "b": {"c": 3, }, }', {"a": [1, 2], "b": {"c": 3}}),
        (b"{'a': 'it\\'s', \"b\": True, 'c': None, 'd': 'say \"x\"'}", {"a": "it's", "b": True, "c": None, "d": 'say "x"'}),
        (b"{a: 1, b_2: ON, c: 2026-11-28T14:22:33Z}", {"a": 1, "b_2": "ON", "c": "2026-11-28T14:22:33Z"}),
        (b'{"path": "C:\\Program\\q", "a": "\\u00b0\\n"}', {"path": "C:\\Program\\q", "a": "°\n"}),
        (b'{"text": "two\nlines\there"}', {"text": "two\nlines\there"}),
        (b'{"temp": 21.5}\0\0\0', {"temp": 21.5}),
        (b'{"unit": "\xb0C", "name": "M\xfcller"}', {"unit": "°C", "name": "Müller"}),
        (b'{"a": "\\ud800", "b": 1}', {"a": "\ud800", "b": 1}),
        (b"007.5", "007.5"),
        (b"Online", "Online"),
        (b" ON\r\n\0", "ON"),
        (b"42.5 kW", "42.5 kW"),
        (b"42,5", "42,5"),
        (b"1.307,2 kW", "1.307,2 kW"),
        (b"Door open, please close", "Door open, please close"),
        (b"2026-11-28 14:22:33", "2026-11-28 14:22:33"),
        ("Ofen Müller läuft".encode(), "Ofen Müller läuft"),
        (b"qg==", "qg=="),
    ],
)  # fmt: skip
def test_what_firmware_prints_is_read_as_it_was_meant(payload: bytes, expected: Any) -> None:
    assert read(payload) == [expected]


def test_a_text_without_quotes_is_told_from_one_with_quotes() -> None:
    assert [type(document) for document in read_leniently(b"ON", LIMITS).found] == [BareText]
    assert [type(document) for document in read_leniently(b'"ON"', LIMITS).found] == [str]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"a":1}{"a":2}', [{"a": 1}, {"a": 2}]),
        (b'{"a":1}\n{"a":2}\r\n\r\n{"a":3}\n', [{"a": 1}, {"a": 2}, {"a": 3}]),
        (b'\x1e{"a":1}\n\x1e{"a":2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a":1}\0{"a":2}\0', [{"a": 1}, {"a": 2}]),
        (b"[1,2] [3]", [[1, 2], [3]]),
        (b"1\n2.\n3", [1, 2.0, 3]),
        (b'{"a":nan}\n{"a":2,}', [{"a": "!"}, {"a": 2}]),
    ],
)
def test_documents_that_a_sender_ran_together_are_each_read(payload: bytes, expected: list[Any]) -> None:
    assert read(payload) == expected


def test_of_lines_one_that_can_not_be_read_costs_only_itself() -> None:
    found, faults = read_leniently(b'{"a":1}\n{"a":\n{"a":3}\n{"a" 4}\n', LIMITS)

    assert found == [{"a": 1}, {"a": 3}]
    assert [fault[:8] for fault in faults] == ["line 2: ", "line 4: "]


def test_numbers_with_a_decimal_comma_are_read_where_it_is_declared() -> None:
    assert read(b'{"a": 42,5, "b": -0,25, "c": 7, "d": "1,5"}', ",") == [{"a": 42.5, "b": -0.25, "c": 7, "d": "1,5"}]
    with pytest.raises(PayloadError, match="expected JSON"):
        read(b'{"a": 42,5, "b": 1}')


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        b"{",
        b'{"a":1',
        b'{"a":1]',
        b'{"a":1}}',
        b'{"a" 1}',
        b'{"a": 1 2}',
        b'"open',
        b"[,]",
        b"1 2",
        b"1,2,3",
        b"1;2",
        b"1764339753,42.5,1307.2",
        b"2026-11-28T14:22:33Z,42.5,1307.2",
        b"200,c8y_Temperature,T,25",
        b"press;running;7",
        b"temp=21.5,hum=40",
        b"cpu,host=a usage=1.2 1795875753",
        b"<a>1</a>",
        b"ON\x07",
        b"ON\nOFF",
        b"\xff\xfe\x00",
        b"x" * 300,
    ],
)
def test_what_could_be_two_things_or_another_format_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError) as refused:
        read(payload)

    assert refused.value.reason == "syntax"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{'a':" * 30 + b"1" + b"}" * 30, "depth"),
        (b"{'\"': " + b"[" * 100_000 + b", '\"':1}", "depth"),
        (b"{'\"': [" + b"1," * 30_000 + b"1], '\"': 1}", "values"),
        (b'{"a":1}' * 1001, "values"),
        (b'"\\"' * 300_000, "syntax"),
        (b"{" + b"a " * 300_000, "syntax"),
        (b"'" * 300_001, "syntax"),
    ],
)
def test_a_hostile_payload_costs_no_more_than_its_size(payload: bytes, reason: str) -> None:
    began = time.process_time()

    with pytest.raises(PayloadError) as refused:
        read(payload)

    assert refused.value.reason == reason
    assert time.process_time() - began < 2.0  # what grows with the square of the size takes minutes


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), json_values, max_size=4) | st.lists(json_values, max_size=4),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_what_is_json_is_read_as_json(documents: list[Any], is_ascii: bool) -> None:
    payload = b"\n".join(
        json.dumps(document, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass") for document in documents
    )

    assert read(payload) == [json.loads(json.dumps(document)) for document in documents]
