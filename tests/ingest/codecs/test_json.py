"""The JSON codec: each shape of docs/devices.md, what is refused, and that nothing makes it fall over."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.frames import Quality, event_value, payload_digest
from fieldline.plant import Plant
from ingest.codecs import Limits, Problem
from ingest.codecs.json import COMPONENT
from ingest.deadletters import REASONS
from ingest.decoder import decode_message
from ingest.rows import Rows
from ingest.topics import TopicMap

NOW = 1_767_225_700_000_000_000
T_MS = 1_767_225_600_123
T_NS = T_MS * 1_000_000
LIMITS = Limits()


def decode(payload: bytes, limits: Limits = LIMITS) -> tuple[list[tuple[str, str, int, float]], Problem | None, Rows]:
    rows = Rows()
    problem = COMPONENT.decode(payload, TopicMap(Plant()).route(b"site/area/line/press"), NOW, rows, limits)
    return seen(rows), problem, rows


def seen(rows: Rows) -> list[tuple[str, str, int, float]]:
    assets = [asset for count, asset, _ in rows.runs for _ in range(count)]
    names = zip(assets, rows.tag, rows.time, rows.value, strict=True)
    return [(rows.assets.texts[asset], rows.tags.texts[tag], time, float(value)) for asset, tag, time, value in names]


WHOLE, PARENT = "site/area/line/press", "site/area/line"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"21.5", [(PARENT, "press", NOW, 21.5)]),
        (b"true", [(PARENT, "press", NOW, 1.0)]),
        (b" -0 ", [(PARENT, "press", NOW, 0.0)]),
        (b"null", []),
        (b"[]", []),
        (b"{}", []),
        (b"18446744073709551616", [(PARENT, "press", NOW, 18446744073709551616.0)]),
        (b"\xef\xbb\xbf7", [(PARENT, "press", NOW, 7.0)]),
        (b'{"value":false}', [(PARENT, "press", NOW, 0.0)]),
        (b'{"ts":%d,"value":21.5}' % T_MS, [(PARENT, "press", T_NS, 21.5)]),
        (b'{"ts":%d,"value":null}' % T_MS, []),
        (b'{"timestamp":%d,"value":1}' % T_MS, [(PARENT, "press", T_NS, 1.0)]),
        (b'{"ts":%d,"value":1}' % T_NS, [(PARENT, "press", T_NS, 1.0)]),
        (b'{"ts":"2026-01-01T00:00:00.123Z","value":1}', [(PARENT, "press", T_NS, 1.0)]),
        (b'{"ts":%d,"a_kw":1,"b":true}' % T_MS, [(WHOLE, "a_kw", T_NS, 1.0), (WHOLE, "b", T_NS, 1.0)]),
        (b'{"ts":%d,"values":{"a_kw":1,"c":null}}' % T_MS, [(WHOLE, "a_kw", T_NS, 1.0)]),
        (b'{"ts":%d,"o":{"i":{"t":4}},"l":[5,6]}' % T_MS, [(WHOLE, "o/i/t", T_NS, 4.0), (WHOLE, "l/0", T_NS, 5.0), (WHOLE, "l/1", T_NS, 6.0)]),
        (b'{"a":1,"a":2}', [(WHOLE, "a", NOW, 2.0)]),
        (b'{"value":1,"other":2}', [(WHOLE, "value", NOW, 1.0), (WHOLE, "other", NOW, 2.0)]),
        (b'{"value":1,"max":2}', [(PARENT, "press", NOW, 1.0), (PARENT, "press/max", NOW, 2.0)]),
        (b'{"ts":%d,"Values":{"a":1}}' % T_MS, [(WHOLE, "a", T_NS, 1.0)]),
        (b"[1,2]", [(PARENT, "press/0", NOW, 1.0), (PARENT, "press/1", NOW, 2.0)]),
        (b'"1"', [(PARENT, "press", NOW, 1.0)]),
        (b'[{"ts":%d,"value":1},{"ts":%d,"value":2}]' % (T_MS, T_MS + 1), [(PARENT, "press", T_NS, 1.0), (PARENT, "press", T_NS + 10**6, 2.0)]),
        (b'[{"ts":%d,"a":1},{"ts":%d,"value":2}]' % (T_MS, T_MS), [(WHOLE, "a", T_NS, 1.0), (PARENT, "press", T_NS, 2.0)]),
        (b"[3]", [(PARENT, "press", NOW, 3.0)]),
    ],
)  # fmt: skip
def test_shapes_that_devices_send_become_rows(payload: bytes, expected: list[Any]) -> None:
    found, problem, _ = decode(payload)

    assert found == expected
    assert problem is None


@pytest.mark.parametrize(
    ("payload", "kept", "reason", "told", "count"),
    [
        (b'{"ts":%d,"a":NaN,"b":1}' % T_MS, ["b"], "value", "a: expected a finite number, got NaN", 1),
        (b'{"ts":%d,"a":1e400,"b":-Infinity,"c":3}' % T_MS, ["c"], "value", "a: expected", 2),
        (b'{"o":{"x":Infinity},"b":1}', ["b"], "value", "o/x", 1),
        (b'{"a":1' + b"0" * 400 + b',"b":1}', ["b"], "value", "a:", 1),
        (b'{"":1,"@x":2,"c\\n":3,"ok":4}', ["ok"], "name", "begin with '@'", 3),
        (b'[{"ts":%d,"value":1},{"ts":12345678901,"value":2}]' % T_MS, ["press"], "time", "[1]: 12345678901", 1),
        (b'{"ts":12345678901,"a":1,"b":2}', [], "time", "12345678901", 2),
        (b'{"ts":true,"a":1}', [], "time", "bool", 1),
        (b'{"value":1,"quality":"fine"}', ["press"], "quality", "'fine'", 1),
        (b'{"a":1,"b":2,"seq":-1}', ["a", "b"], "seq", "-1", 1),
        (b'{"event":7,"a":1}', ["a"], "value", "event", 1),
        (b'{"a":"\\ud800","b":1}', ["b"], "value", "UTF-8", 1),
        (b'{"a":%s,"b":1}' % (b"9" * 5000), ["b"], "value", "a: expected", 1),
        (b"[" + b"1," * 64 + b"1]", [], "time", "need a time each", 65),
        (b'[{"value":1},{"value":2}]', [], "time", "press: 2 samples need a time each", 2),
        (b'[{"a":1,"b":1},{"a":2}]', ["b"], "time", "a: 2 samples", 2),
        (b'{"event":"x","a":NaN}', [], "value", "attribute", 1),
        (b'{"waveform":[1]}', [], "value", "rate_hz", 1),
        (b'{"rate_hz":10,"waveform":[]}', [], "value", "at least one sample", 1),
        (b'{"rate_hz":10,"waveform":"AAA="}', [], "value", "float32", 1),
        (b'{"rate_hz":10,"waveform":[1e39]}', [], "value", "finite", 1),
    ],
)  # fmt: skip
def test_bad_values_are_named_and_the_good_ones_beside_them_stay(
    payload: bytes, kept: list[str], reason: str, told: str, count: int
) -> None:
    found, problem, _ = decode(payload)

    assert [tag for _, tag, _, _ in found] == kept
    assert problem is not None
    assert (problem.reason, problem.readings) == (reason, count)
    assert told in problem.detail


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"event": "order", "order": "x", "phase": "foo"}, "or void; got 'foo'"),
        ({"event": "order", "order": "x", "phase": "foo"}, "(begin, resume, resumed, start, started), a pause (held, hold, pause, paused, suspend, suspended), a stop ("),
        ({"event": "order", "order": "x", "phase": 1}, "got 1"),
        ({"event": "product", "product": "A", "phase": "foo"}, "event product: phase"),
        ({"event": "correction", "until": T_MS}, "good, rework, scrap, as a number; got only until"),
        ({"event": "correction", "state": 7, "until": T_MS}, "got state 7"),
        ({"event": "correction", "good": "3"}, "got good '3'"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_meant_is_refused_with_what_was_expected(said: dict[str, Any], told: str) -> None:
    decoded = decode_message("site/area/line", json.dumps({"ts": T_MS} | said).encode(), NOW)

    assert decoded.problem is not None
    assert (decoded.problem.reason, decoded.problem.readings) == ("event", 1)
    assert told in decoded.problem.detail
    assert len(decoded.readings.time) == 0


@pytest.mark.parametrize(
    "said",
    [
        {"event": "order", "order": "x"},
        {"event": "order", "order": "x", "phase": None},
        {"event": "order", "order": "x", "phase": ""},
        {"event": "order", "order": "x", "phase": "Completed"},
        {"event": "order", "order": "x", "phase": "void"},
        {"event": "irrigation", "phase": "foo"},
        {"event": "state", "state": "no such state"},
        {"event": "correction", "state": "no such state", "until": T_MS},
        {"event": "correction", "scrap": 2},
    ],
)
def test_an_event_without_a_phase_or_with_an_unknown_state_is_taken(said: dict[str, Any]) -> None:
    found, problem, _ = decode(json.dumps({"ts": T_MS} | said).encode())

    assert problem is None
    assert [tag for _, tag, _, _ in found] == [f"@{said['event']}"]


def test_orders_beside_one_of_an_unknown_phase_are_taken() -> None:
    events = [
        {"ts": T_MS + k, "event": "order", "order": "x", "phase": phase} for k, phase in enumerate(("start", "foo"))
    ]

    found, problem, _ = decode(json.dumps(events).encode())

    assert [time for _, _, time, _ in found] == [T_NS]
    assert problem is not None and problem.detail.startswith("[1]: event order: phase")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "syntax"),
        (b"\xff\x00\x01", "syntax"),
        (b"\xff\x00", "syntax"),
        (b'{"a":1', "syntax"),
        (b"1 2", "syntax"),
        (b"O\x07N", "syntax"),
        (b"[" * 100_000, "depth"),
        (b"[" * 17 + b"]" * 17, "depth"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "depth"),
        (b"[" + b"1," * 20_000 + b"1]", "values"),
        (b'"' + b"x" * (1 << 20) + b'"', "size"),
    ],
)
def test_what_is_no_document_within_the_limits_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(PayloadError) as refused:
        decode(payload)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("payload", "tag", "value"),
    [(b"1", "press", 1.0), (b"true", "press", 1.0), (b"9223372036854775809", "press", 2.0**63), (b'"1"', "press", 1.0), (b'"a"', "@text/press", payload_digest(b"a"))],
)  # fmt: skip
def test_a_series_has_one_type_whatever_its_device_sends(payload: bytes, tag: str, value: float) -> None:
    """Every value is a float64, so no database ever sees a field change its type; a text that is no number is a series of its own."""
    found, problem, _ = decode(payload)

    assert [(found_tag, found_value) for _, found_tag, _, found_value in found] == [(tag, value)]
    assert problem is None


def test_brackets_and_commas_within_texts_do_not_count_towards_limits() -> None:
    text = '[{"' * 50 + "," * 30_000

    found, problem, _ = decode(json.dumps(text).encode())

    assert [(tag, value) for _, tag, _, value in found] == [("@text/press", payload_digest(text.encode()))]
    assert problem is None


def test_a_waveform_may_have_many_samples_but_lets_no_values_pass_beside_it() -> None:
    limits = Limits(max_values=3)
    wave = b'{"rate_hz": 10, "waveform": [1, 2, 3, 4, 5]}'

    alone, problem, _ = decode(wave, limits)
    with pytest.raises(PayloadError) as refused:
        decode(b'[%s, {"a": 1, "b": 2, "c": 3}]' % wave, limits)

    assert len(alone) == 1 and problem is None
    assert refused.value.reason == "values"


def test_nesting_is_allowed_up_to_the_limit() -> None:
    deep = b'{"a":' * 16 + b"1" + b"}" * 16

    found, _, _ = decode(b"[" * 0 + deep)

    assert [tag for _, tag, _, _ in found] == ["/".join("a" * 16)]


def test_of_an_event_the_number_tells_when_it_was_entered_and_of_a_text_it_does_not() -> None:
    said = b'{"ts":%d,"event":"state","state":"down","recorded":%d}' % (T_MS, T_MS)
    text = '"recorded" {"recorded":1767225600}'

    (event,), _, rows = decode(said)
    ((_, tag, _, digest),), _, _ = decode(json.dumps(text).encode())

    assert rows.payload[0] == b'{"recorded":%d,"state":"down"}' % T_MS
    assert event[3] == event_value(rows.payload[0]) < 0
    assert tag.startswith("@text/") and digest == payload_digest(text.encode())


def test_events_keep_their_attributes_with_sorted_keys() -> None:
    _, problem, rows = decode(b'{"ts":%d,"event":"order","product":"A","order":"4711","n":[2,1]}' % T_MS)

    assert problem is None
    assert seen(rows)[0][:3] == (WHOLE, "@order", T_NS)
    assert rows.payload == {0: b'{"n":[2,1],"order":"4711","product":"A"}'}


@pytest.mark.parametrize("as_text", [True, False])
def test_waveforms_are_the_rate_and_little_endian_floats(as_text: bool) -> None:
    samples = struct.pack("<3f", 0.5, -1.25, 3.0)
    block = base64.b64encode(samples).decode() if as_text else [0.5, -1.25, 3]

    _, problem, rows = decode(json.dumps({"ts": T_MS, "rate_hz": 25600, "waveform": block}).encode())

    assert problem is None
    assert rows.payload == {0: struct.pack("<d", 25600.0) + samples}


def test_a_waveform_may_have_more_samples_than_a_message_may_have_values() -> None:
    payload = json.dumps({"ts": T_MS, "rate_hz": 25600, "waveform": [0.5] * 25_600}).encode()

    _, problem, rows = decode(payload)

    assert problem is None
    assert len(rows.payload[0]) == 8 + 4 * 25_600


@pytest.mark.parametrize(
    ("given_quality", "expected"),
    [(b'"Bad"', Quality.BAD), (b'"stale"', Quality.STALE), (b"192", Quality.GOOD), (b"68", Quality.UNCERTAIN)],
)
def test_quality_and_sequence_number_are_kept_with_each_row(given_quality: bytes, expected: Quality) -> None:
    _, problem, rows = decode(b'{"ts":%d,"a":1,"b":2,"seq":7,"quality":%s}' % (T_MS, given_quality))

    assert problem is None
    assert rows.seq == {0: 7, 1: 7}
    assert [rows.quality.get(row, Quality.GOOD) for row in range(2)] == [expected, expected]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text() | st.sampled_from(["ts", "value", "event", "waveform", "rate_hz", "values", "seq", "quality"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40))
def test_every_message_gives_readings_or_a_reason_and_never_an_error(payload: bytes, topic: bytes) -> None:
    for name in ("site/area/line/press", topic.decode("utf-8", "surrogateescape")):
        decoded = decode_message(name, payload, NOW)

        columns = decoded.readings
        assert len({len(c) for c in (columns.time, columns.received, columns.asset, columns.tag, columns.value)}) == 1
        assert (abs(columns.value) < float("inf")).all()
        if decoded.problem is not None:
            assert decoded.problem.reason in set(REASONS) - {"internal"}, decoded.problem
            assert decoded.problem.readings >= 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(T_MS, T_MS + 10**6), st.floats(allow_nan=False, allow_infinity=False) | st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_an_array_gives_the_same_rows_as_its_samples_one_by_one(samples: list[tuple[int, float]]) -> None:
    objects = [{"ts": time, "value": value} for time, value in samples]

    together, _, _ = decode(json.dumps(objects).encode())

    assert together == [row for each in objects for row in decode(json.dumps(each).encode())[0]]
