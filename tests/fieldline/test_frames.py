"""Frames: the number that stands for an event, and the columns of metric rows beside identity and numbers."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from fieldline.errors import FrameError
from fieldline.frames import (
    FRAME_VERSION,
    READING_SCHEMAS,
    ROW_COLUMNS,
    ColumnRole,
    decode_batch,
    decode_frame,
    decode_metrics,
    encode_batch,
    encode_metrics,
    event_value,
    payload_digest,
    role_of,
)
from fieldline.recorded import recorded_s

NOON_S = 1_790_769_600  # 2026-09-30T12:00:00Z


def payload(**attributes: object) -> bytes:
    return json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_an_event_that_does_not_say_when_it_was_entered_has_the_digest_of_its_payload() -> None:
    said = payload(state="down")

    assert event_value(said) == payload_digest(said) >= 0


@pytest.mark.parametrize(
    "recorded",
    [NOON_S, NOON_S + 0.75, NOON_S * 10**3, NOON_S * 10**6 + 1, NOON_S * 10**9, "2026-09-30T12:00:00Z", "2026-09-30T14:00:00.9+02:00"],
)  # fmt: skip
def test_the_moment_of_entry_is_read_in_every_way_that_a_time_is_sent(recorded: object) -> None:
    assert recorded_s(payload(state="down", recorded=recorded)) == NOON_S


@pytest.mark.parametrize(
    "recorded",
    [None, True, "camera 4", "2026-09-30T12:00:00", 17, -1, 10**400, 1.5e300, [NOON_S], "", "1989-12-31T23:59:59Z"],
)
def test_what_is_no_time_of_entry_leaves_the_event_as_one_that_has_none(recorded: object) -> None:
    said = payload(state="down", recorded=recorded)

    assert recorded_s(said) is None
    assert event_value(said) == payload_digest(said)


@pytest.mark.parametrize("said", [b'"recorded"', b'["recorded"]', b'{"recorded":', b'{"x":{"recorded":1790769600}}'])
def test_a_payload_that_is_no_object_with_the_attribute_was_never_entered(said: bytes) -> None:
    assert recorded_s(said) is None


def test_of_two_events_the_one_entered_later_has_the_smaller_number_whatever_they_say() -> None:
    entered = [0, 1, 60, 86_400, 40 * 365 * 86_400]  # from 1990 to 2030: 631152000 is 1990-01-01T00:00:00Z

    values = [[event_value(payload(order=order, recorded=631_152_000 + s)) for order in range(20)] for s in entered]

    for earlier, later in zip(values, values[1:], strict=False):
        assert max(later) < min(earlier) <= 0
    assert max(values[0]) <= 0 <= event_value(payload(order=1))


def test_events_entered_in_one_second_are_told_apart_and_always_alike() -> None:
    values = [event_value(payload(order=order, recorded=NOON_S)) for order in range(200)]

    assert len(set(values)) == 200
    assert values == [event_value(payload(order=order, recorded=NOON_S)) for order in range(200)]
    assert all(math.isfinite(value) for value in values)


def test_labels_and_texts_come_back_as_what_they_are_and_null_where_a_row_has_none() -> None:
    two = np.zeros(2, np.int32), ["a"]
    early = np.array([0, -1], np.int32), ["früh"]

    batch = decode_batch(
        encode_metrics("oee", np.arange(2), two, None, two, {"oee": np.ones(2)}, {"shift": early}, {"order_id": early})
    )

    roles = {field.name: role_of(field) for field in batch.schema}
    assert roles == dict.fromkeys(("time", "asset", "window", "oee")) | {
        "shift": ColumnRole.LABEL,
        "order_id": ColumnRole.TEXT,
    }
    assert batch.column("shift").to_pylist() == batch.column("order_id").to_pylist() == ["früh", None]
    assert batch.schema.metadata == {b"fieldline": b"1", b"kind": b"oee"}


@pytest.mark.parametrize("name", ["asset", "oee"])
def test_a_label_with_the_name_of_another_column_is_refused(name: str) -> None:
    one = np.zeros(1, np.int32), ["a"]

    with pytest.raises(ValueError, match=f"expected one column '{name}'"):
        encode_metrics("oee", np.arange(1), one, None, None, {"oee": np.ones(1)}, {name: one})


def test_a_column_of_a_role_that_is_not_known_is_refused_by_name() -> None:
    one = np.zeros(1, np.int32), ["a"]
    batch = decode_batch(encode_metrics("oee", np.arange(1), one, None, None, {}, {"shift": one}))

    field = batch.schema.field("shift").with_metadata({b"role": b"colour"})

    with pytest.raises(FrameError, match="shift: expected the role label or text"):
        role_of(field)


@pytest.mark.parametrize("name", [b"\xd6\xff\xfe", b"tag"])
def test_metrics_whose_column_has_no_name_or_another_one_s_are_refused(name: bytes) -> None:
    one = np.zeros(1, np.int32), ["a"]
    frame = encode_metrics("oee", np.arange(1), one, None, None, {"xyz": np.ones(1)})

    with pytest.raises(FrameError):
        decode_metrics(frame.replace(b"xyz", name))


@pytest.mark.parametrize("column", ["time", "asset"])
def test_metrics_without_what_says_which_rows_they_are_are_refused(column: str) -> None:
    one = np.zeros(1, np.int32), ["a"]
    batch = decode_metrics(encode_metrics("oee", np.arange(1), one, None, None, {"oee": np.ones(1)}))

    with pytest.raises(FrameError, match=f"lacks the column {column}"):
        decode_metrics(encode_batch(batch.drop_columns([column])))


def test_a_schema_that_was_right_once_makes_no_other_right() -> None:
    def frame(kind: pa.DataType, is_legacy: bool) -> bytes:
        names = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array(["a"], pa.string()))
        time = pa.array([1], pa.int64()).view(READING_SCHEMAS[0].field("time").type)
        columns = [time, time, names, names, pa.array([1], kind), pa.array([0], pa.uint8())]
        types = [pa.field(name, column.type) for name, column in zip(ROW_COLUMNS, columns, strict=True)]
        schema = pa.schema(types, {"fieldline": FRAME_VERSION, "kind": "readings"})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(use_legacy_format=is_legacy)) as writer:
            writer.write_batch(pa.record_batch(columns, schema=schema))
        return sink.getvalue().to_pybytes()

    for is_legacy in (False, True):
        assert [decode_frame(frame(pa.float64(), is_legacy)).num_rows for _ in range(2)] == [1, 1]
        for other in (pa.int64(), pa.float32()):
            with pytest.raises(FrameError, match="wrong type"):
                decode_frame(frame(other, is_legacy))
