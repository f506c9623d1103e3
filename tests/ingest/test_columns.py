"""Frames: each row in its partition, names sorted, no record larger than the log takes."""

import numpy as np
import pytest

from fieldline.frames import decode_readings
from fieldline.log import Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant
from ingest.columns import FrameBuilder, TooLarge, fitting, halves
from ingest.deadletters import Entry
from ingest.rows import Rows

T0 = 1_767_225_600 * 10**9


def filled(builder: FrameBuilder, count: int, lines: int = 5) -> Rows:
    rows = Rows(builder.assets, builder.tags)
    for at in range(count):
        asset = rows.assets.number(f"s/a/line{(at * 7) % lines}/m{at % 11}")
        rows.add(T0 + at, T0, asset, rows.tags.number(f"tag{at % 3}"), float(at))
    return rows


def content(entries: list[Entry]) -> list[tuple[str, str, int, float]]:
    found = []
    for entry in entries:
        frame = decode_readings(entry.value)
        pairs = zip(frame.asset, frame.tag, frame.time, frame.value, strict=True)
        found += [(frame.assets[a], frame.tags[t], int(time), float(value)) for a, t, time, value in pairs]
    return sorted(found)


def test_rows_go_to_the_partition_of_their_line_and_none_is_lost() -> None:
    plant, builder = Plant(), FrameBuilder(Plant(), 4, 1 << 20)

    entries = list(builder.records(filled(builder, 1000)))

    assert [value for *_, value in sorted(content(entries), key=lambda row: row[3])] == [
        float(at) for at in range(1000)
    ]
    for entry in entries:
        frame = decode_readings(entry.value)
        assert {partition_of(plant.line_of(asset), 4) for asset in frame.assets} == {entry.partition}
        assert entry.headers["rows"] == str(len(frame.time)).encode()
        assert frame.assets == sorted(frame.assets) and frame.tags == sorted(frame.tags)


def test_records_fit_the_log() -> None:
    builder = FrameBuilder(Plant(), 1, 20_000)

    entries = list(builder.records(filled(builder, 5000)))

    assert max(len(entry.value) + len(entry.key) for entry in entries) < 20_000
    assert len(content(entries)) == 5000


def test_the_key_is_the_line_when_all_rows_share_one() -> None:
    builder = FrameBuilder(Plant(), 1, 1 << 20)

    (one,) = builder.records(filled(builder, 10, lines=1))
    (several,) = builder.records(filled(builder, 10, lines=2))

    assert (one.key, several.key) == (b"s/a/line0", b"")


def test_a_payload_that_no_record_can_hold_is_given_back() -> None:
    builder = FrameBuilder(Plant(), 1, 20_000)
    rows = filled(builder, 10)
    rows.add_payload(T0, T0, 0, rows.tags.number("@waveform"), b"x" * 30_000)

    made = list(builder.records(rows))

    assert [(each.tag, len(each.payload)) for each in made if isinstance(each, TooLarge)] == [("@waveform", 30_000)]
    assert len(content([each for each in made if isinstance(each, Entry)])) == 10


def test_equal_names_give_equal_dictionaries_in_every_batch() -> None:
    builder = FrameBuilder(Plant(), 1, 1 << 20)
    (first,) = builder.records(filled(builder, 110))
    (second,) = builder.records(filled(builder, 120))

    assert decode_readings(first.value).assets == decode_readings(second.value).assets


def test_rows_are_counted_by_line() -> None:
    builder = FrameBuilder(Plant(), 3, 1 << 20)

    counts = builder.count_by_line(filled(builder, 100))

    assert counts == {f"s/a/line{line}": 20 for line in range(5)}


def test_a_record_that_the_log_refuses_as_too_large_is_halved_down_to_a_dead_letter() -> None:
    builder = FrameBuilder(Plant(), 1, 1 << 20)
    rows = filled(builder, 3)
    rows.add_payload(T0, T0, 0, rows.tags.number("@waveform"), b"w" * 100)
    pieces = list(builder.records(rows))

    while any(piece.stream is Stream.READINGS and piece.readings > 1 for piece in pieces):
        pieces = [part for piece in pieces for part in (halves(piece) if piece.readings > 1 else [piece])]

    assert len(content(pieces)) == 4
    (letter,) = halves(pieces[-1])
    assert (letter.stream, letter.value, letter.headers["reason"]) == (Stream.DEADLETTER, b"w" * 100, b"size")


def test_a_record_that_the_log_refuses_is_split_at_once_to_the_limit_it_told() -> None:
    builder = FrameBuilder(Plant(), 1, 1 << 20)
    rows = filled(builder, 2000)
    rows.add_payload(T0, T0, 0, rows.tags.number("@waveform"), b"w" * 50_000)
    (whole,) = builder.records(rows)

    parts = fitting(whole, 20_000)

    assert max(len(part.value) for part in parts) <= 20_000
    readings = [part for part in parts if part.stream is Stream.READINGS]
    assert sum(part.readings for part in readings) == 2000 and len(content(readings)) == 2000
    (letter,) = (part for part in parts if part.stream is Stream.DEADLETTER)
    assert letter.headers["reason"] == b"size" and b"w" * 1000 in letter.value


def test_quality_sequence_and_payload_stay_with_their_row_across_partitions() -> None:
    builder = FrameBuilder(Plant(), 4, 1 << 20)
    rows = filled(builder, 100)
    rows.seq = {at: at for at in range(100)}
    rows.quality = dict.fromkeys(range(0, 100, 2), 2)  # type: ignore[assignment]
    rows.payload = {7: b"seven"}

    for entry in builder.records(rows):
        frame = decode_readings(entry.value)
        assert frame.seq is not None and (frame.seq == frame.value).all()
        assert ((frame.quality == 2) == (frame.value % 2 == 0)).all()
        held = [value for value, payload in zip(frame.value, frame.payload or [], strict=False) if payload]
        assert held == ([7.0] if 7.0 in np.asarray(frame.value) else [])


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_what_a_fault_left_half_done_is_taken_back(keep: int) -> None:
    rows = Rows()
    for at in range(keep):
        rows.add(T0 + at, T0, 0, 0, 1.0)
    rows.time += [1, 2]
    rows.value += [1.0]
    rows.runs.append((5, 0, T0))
    rows.seq[keep] = 3

    rows.restore(keep)

    assert (len(rows.time), len(rows.value), len(rows.runs), rows.seq) == (keep, keep, keep, {})
