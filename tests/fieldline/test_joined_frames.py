"""Frames of readings joined into one: rows keep their order, names get one list, and a frame that is wrong in any way is a FrameError."""

from random import Random

import numpy as np
import pyarrow as pa
import pytest

from fieldline.errors import FrameError
from fieldline.frames import (
    READING_SCHEMAS,
    Readings,
    decode_frame,
    decode_readings,
    encode_batch,
    encode_readings,
    join_readings,
)


def readings(assets: list[str], tags: list[str], n: int, first: int = 0, **more: object) -> Readings:
    """n rows, one a nanosecond, whose codes go round the names."""
    k = np.arange(n)
    asset, tag = (k % max(len(assets), 1)).astype(np.int32), (k % max(len(tags), 1)).astype(np.int32)
    rows = Readings(k + first, k + first + 5, asset, tag, k * 1.5, (k % 4).astype(np.uint8), assets, tags)
    return rows._replace(**more)


def told(rows: Readings) -> list[tuple[object, ...]]:
    """Each row with its names."""
    n = len(rows.time)
    names = [(rows.assets[a], rows.tags[t]) for a, t in zip(rows.asset, rows.tag, strict=True)]
    seq = rows.seq.tolist() if rows.seq is not None else [-1] * n
    columns = (rows.time, rows.received, names, rows.value, rows.quality, seq, rows.payload or [None] * n)
    return list(zip(*(column if isinstance(column, list) else column.tolist() for column in columns), strict=True))


def batch_with(**columns: pa.Array) -> pa.RecordBatch:
    """A frame of three rows with some columns replaced."""
    batch = decode_frame(encode_readings(readings(["a", "b"], ["t"], 3)))
    arrays = [columns.get(name, batch.column(name)) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


MIXED = [
    readings(["a", "b"], ["t", "u"], 7),
    readings([], [], 0),
    readings(["b", "c"], ["@state", "u"], 4, 10, payload=[b"x", None, b"", None]),
    readings(["c"], ["t"], 3, 20, seq=np.array([4, -1, 6])),
    readings(["d", "a"], ["u"], 2, 30, seq=np.array([1, 2]), payload=[None, b"y"]),
]


def test_rows_of_joined_frames_are_those_of_each_one_after_the_other_whatever_columns_they_have() -> None:
    joined = join_readings([decode_frame(encode_readings(rows)) for rows in MIXED])

    assert told(joined) == [row for rows in MIXED for row in told(decode_readings(encode_readings(rows)))]
    assert told(joined) == [row for rows in MIXED for row in told(rows)]
    assert sorted(joined.assets) == ["a", "b", "c", "d"]
    assert sorted(joined.tags) == ["@state", "t", "u"]


def test_frames_without_payloads_and_sequence_numbers_are_joined_to_rows_without() -> None:
    joined = join_readings([decode_frame(encode_readings(MIXED[0]))] * 2)

    assert joined.payload is None
    assert joined.seq is None


def coded(codes: list[int | None], names: list[str | None]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names, pa.string()), safe=False)


@pytest.mark.parametrize(
    "columns",
    [
        {"asset": coded([0, 2, 0], ["a", "b"])},
        {"asset": coded([0, -1, 0], ["a", "b"])},
        {"tag": coded([0, 2**31 - 1, 0], ["t"])},
        {"tag": coded([0, None, 0], ["t"])},
        {"asset": coded([0, 1, 0], ["a", None])},
        {"value": pa.array([1.0, None, 2.0])},
        {"quality": pa.array([0, None, 0], pa.uint8())},
        {"time": pa.array([1, None, 2], pa.timestamp("ns", "UTC"))},
    ],
)
def test_a_code_without_a_name_and_a_value_that_is_absent_are_refused_alone_and_among_others(
    columns: dict[str, pa.Array],
) -> None:
    wrong = encode_batch(batch_with(**columns))
    good = decode_frame(encode_readings(MIXED[0]))

    with pytest.raises(FrameError):
        decode_readings(wrong)
    with pytest.raises(FrameError):
        join_readings([good, decode_frame(wrong), good])


@pytest.mark.parametrize("column", ["time", "asset", "quality"])
def test_a_frame_without_a_column_or_with_one_of_another_type_is_refused_by_its_columns(column: str) -> None:
    batch = batch_with()
    position = batch.schema.names.index(column)
    text = pa.array(["x"] * 3)

    for other in (batch.drop_columns([column]), batch.set_column(position, column, text)):
        with pytest.raises(FrameError, match="lacks a column or has a wrong type"):
            decode_frame(encode_batch(other.replace_schema_metadata(READING_SCHEMAS[0].metadata)))


@pytest.mark.parametrize("version", [b"2", b"\xff", b""])
def test_a_frame_of_another_version_is_refused_by_it(version: bytes) -> None:
    other = batch_with().replace_schema_metadata({b"fieldline": version, b"kind": b"readings"})

    with pytest.raises(FrameError, match="expected frame version 1"):
        decode_frame(encode_batch(other))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_give_rows_or_a_frame_error_and_nothing_else(seed: int) -> None:
    random = Random(seed)
    values = [encode_readings(rows) for rows in MIXED]
    good = decode_frame(values[0])

    refused = 0
    for _ in range(1500):
        damaged = bytearray(random.choice(values))
        for _ in range(random.choice((1, 1, 3))):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        cut = random.choice((len(damaged), len(damaged), random.randrange(len(damaged))))
        try:
            rows = join_readings([good, decode_frame(bytes(damaged[:cut]))])
        except FrameError:
            refused += 1
            continue
        assert all(0 <= code < len(rows.assets) for code in rows.asset.tolist())
        assert all(isinstance(name, str) for name in rows.assets + rows.tags)

    assert refused > 300
