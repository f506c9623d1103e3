"""What a real worker emits of a small plant, with late rows, crashes and orders that move, is the same in the local store and in InfluxDB."""

from pathlib import Path
from random import Random

import polars as pl
import pytest

from delivery.influx_sink import InfluxSink
from delivery.query import Only, query
from delivery.rows import MetricRows, read_rows
from delivery.sinks import Sink
from delivery.sinks.local_store import LocalStoreSink
from deploy.native.server import Server
from fieldline.catalogue import kinds
from fieldline.clock import SystemClock
from fieldline.frames import decode_batch
from fieldline.log import Stream, open_log
from fieldline.plant import Plant
from fieldline.settings import DeliverSettings
from tests.bits.__main__ import played
from tests.bits.arrivals import HOUR, Input, delayed, in_steps
from tests.bits.events import events
from tests.bits.plants import plant_text
from tests.bits.readings import readings

START = 1_774_713_600 * 10**9
PLANT = plant_text("Europe/Berlin", "Asia/Kolkata", "", "2026-03-28T17:10", "2026-03-28T17:12")
SECONDS = 1200.0


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> list[MetricRows]:
    """What stands on the stream of metrics in the end, record by record."""
    folder = tmp_path_factory.mktemp("plant") / "late"
    random = Random(7)
    rows = delayed(random, [*readings(random, START, SECONDS), *events(random, START, SECONDS)])
    rows = [row for row in rows if -HOUR < row.received - row.time < 24 * HOUR]
    windows = ("1m", "15m", "1h", "day", "week", "month", "shift", "order")
    process = {"windows": windows, "raw": (), "checkpoint_s": 300.0, "row_cache_mb": 1}
    played(Input("late", PLANT, process, in_steps(Random(2), rows, (40,), 8)), folder)
    (path,) = folder.glob("*.db")
    log = open_log(f"sqlite:{path}")
    found = [read_rows(decode_batch(record.value or b"")) for record in log.read(Stream.METRICS, 0, 0)]
    log.close()
    return found


def _deliver(make: object, frames: list[MetricRows], random: Random) -> None:
    """In writes of any size, by processes that end after some of them."""
    sink: Sink = make()  # type: ignore[operator]
    at = 0
    while at < len(frames):
        size = random.choice((1, 3, 20, 60))
        outcome = sink.write(frames[at : at + size])
        assert not outcome.rejected
        at += size
        if random.random() < 0.05:
            sink.close()
            sink = make()  # type: ignore[operator]
    sink.close()


def test_a_store_and_influxdb_hold_the_same_rows(influxdb: Server, emitted: list[MetricRows], tmp_path: Path) -> None:
    url, path = f"{influxdb.url}/revisions?api=v1", str(tmp_path / "r.db")
    levels = Plant().levels

    _deliver(lambda: LocalStoreSink(DeliverSettings(store=path), levels, SystemClock()), emitted, Random(1))
    _deliver(lambda: InfluxSink(DeliverSettings(influx=url), levels, SystemClock()), emitted, Random(2))

    compared = retracted = 0
    for kind in kinds():
        wanted, held = (query(kind, source=source, only=Only(retracted=True)) for source in (path, url))
        columns = [name for name in wanted.columns if wanted[name].is_not_null().any()]
        assert {name for name in held.columns if held[name].is_not_null().any()} == set(columns), kind
        assert held.select(columns).equals(wanted.select(columns)), _first_difference(
            held.select(columns), wanted.select(columns)
        )
        compared += wanted.height
        retracted += (wanted["retracted"] == 1.0).sum() if "retracted" in wanted.columns else 0
    assert compared > 1000
    # What makes the comparison worth something: rows that were retracted, and values that came and went.
    assert retracted > 0 and _vanished(emitted) > 100


def _vanished(emitted: list[MetricRows]) -> int:
    """How often a value became null in a later row."""
    had: dict[tuple[object, ...], set[str]] = {}
    count = 0
    for rows in emitted:
        columns = {name: column.is_valid().to_pylist() for name, column in rows.fields.items()}
        for at, time in enumerate(rows.time.to_pylist()):
            labels = tuple(
                column.names[column.codes[at]] if column.codes[at] >= 0 else "" for column in rows.labels.values()
            )
            names = tuple(
                column.names[column.codes[at]] for column in (rows.asset, rows.tag, rows.window) if column is not None
            )
            held = had.setdefault((rows.kind, time, names, tuple(rows.labels), labels), set())
            here = {name for name, is_valid in columns.items() if is_valid[at]}
            count += len((held & columns.keys()) - here)
            held.clear()
            held |= here
    return count


def _first_difference(held: pl.DataFrame, wanted: pl.DataFrame) -> str:
    if held.height != wanted.height:
        return f"{held.height} rows, expected {wanted.height}"
    for number, (a, b) in enumerate(zip(held.to_dicts(), wanted.to_dicts(), strict=True)):
        if a != b:
            return f"row {number}: { ({name: (a[name], b[name]) for name in a if a[name] != b[name]}) } of {b}"
    return "none"
