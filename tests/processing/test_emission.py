"""What a partition appends to the stream of metrics: names of its frames' own, labels and texts where they hold."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from delivery.rows import Names, read_rows
from fieldline.clock import SystemClock
from fieldline.frames import decode_batch, encode_readings
from fieldline.log import Reader, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.metric_rows import MetricRows, Named
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, T0, Row, event, frame_of

LINE = "plant/hall/line1"
ASSETS = [f"{LINE}/m{k}" for k in range(5)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "plant.db")
    yield opened
    opened.close()


def appended(log: SqliteLog, rows: MetricRows) -> list[dict[str, object]]:
    """The rows as they are read from the stream; `rows.asset` are places in `ASSETS`."""
    reader = log.reader(Stream.READINGS, "process")
    partition = partition_of_log(log, reader)
    partition.engine.step([(0, frame_of([Row(asset, "t", T0, 1.0) for asset in ASSETS]))], 0)
    partition.engine.outbox.clear()
    numbers = np.array([partition.engine.registry.assets.index(asset) for asset in ASSETS])
    partition.engine.outbox.append(rows._replace(asset=numbers[rows.asset]))
    partition.emission.emit(partition.engine)
    for future in partition.emission._pending:
        future.result(10)
    reader.close()
    batches = [decode_batch(record.value or b"") for record in log.read(Stream.METRICS, 0, 0)]
    return [row for batch in batches for row in _named(batch)]


def partition_of_log(log: SqliteLog, reader: Reader) -> Partition:
    return Partition(number=0, settings=ProcessSettings(), plant=Plant(), log=log, clock=SystemClock(), reader=reader)


def _named(batch: object) -> list[dict[str, object]]:
    rows = read_rows(batch)
    columns: dict[str, Names] = {"asset": rows.asset, **rows.labels, **rows.texts}
    used = {name: sorted(set(column.codes[column.codes >= 0].tolist())) for name, column in columns.items()}
    assert used == {name: list(range(len(column.names))) for name, column in columns.items()}
    return [
        {name: column.names[column.codes[k]] if column.codes[k] >= 0 else None for name, column in columns.items()}
        for k in range(rows.size)
    ]


def test_labels_and_texts_are_appended_with_the_names_that_occur(log: SqliteLog) -> None:
    shift = Named(np.array([2, -1, 0], np.int32), ["early", "late", "night"])
    order = Named(np.array([-1, 3, 3], np.int32), ["", "1", "2", "3"])
    asset = np.array([4, 1, 4], np.int64)
    rows = MetricRows(
        "oee", np.full(3, T0), asset, None, np.full(3, 7, np.int32), {"oee": np.ones(3)}, {"shift": shift}, {"order_id": order}
    )  # fmt: skip

    found = appended(log, rows)

    assert found == [
        {"asset": ASSETS[4], "shift": "night", "order_id": None},
        {"asset": ASSETS[1], "shift": None, "order_id": "3"},
        {"asset": ASSETS[4], "shift": "early", "order_id": "3"},
    ]


def test_events_of_one_frame_that_lie_hours_apart_say_what_they_say(log: SqliteLog) -> None:
    said = [b'{"order":"%d"}' % number for number in range(3)]
    hours = [event(LINE, "@order", T0 + hour * 3600 * SECOND, payload) for hour, payload in enumerate(said)]
    minutes = [Row(ASSETS[0], "t", T0 + minute * 60 * SECOND, 1.0) for minute in range(2500)]
    log.append(Stream.READINGS, 0, b"", encode_readings(frame_of([*minutes, *hours])), {"rows": b"2503"}).result(10)
    reader = log.reader(Stream.READINGS, "process")
    partition = partition_of_log(log, reader)
    partition.open()

    partition.take(reader.poll(1.0).records)

    known = dict(partition.engine.context.events.names())
    reader.close()
    assert list(known.values()) == said


def test_a_label_that_holds_nowhere_is_appended_as_none(log: SqliteLog) -> None:
    nothing = Named(np.full(2, -1, np.int32), ["early"])
    rows = MetricRows(
        "oee", np.full(2, T0), np.array([0, 0]), None, np.full(2, 7, np.int32), {"oee": np.ones(2)}, {"shift": nothing}
    )  # fmt: skip

    assert appended(log, rows) == [{"asset": ASSETS[0], "shift": None}] * 2


def test_labels_are_cut_with_their_rows_where_there_are_more_than_a_frame_holds(log: SqliteLog) -> None:
    count = 20_003
    shift = Named((np.arange(count) % 3 - 1).astype(np.int32), ["early", "late"])
    rows = MetricRows(
        "oee", T0 + np.arange(count), np.full(count, 0), None, np.full(count, 7, np.int32), {"oee": np.ones(count)}, {"shift": shift}
    )  # fmt: skip

    found = appended(log, rows)

    assert [row["shift"] for row in found[-4:]] == ["early", "late", None, "early"] and len(found) == count
