"""A log of several lines' readings with what processing committed, and a store of what came of them and of their areas."""

import json
from collections.abc import Sequence
from pathlib import Path

from analysis.across.making import Across
from analysis.results import Results
from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink, Maker
from delivery.query import Source
from delivery.rows import read_rows
from delivery.sinks.local_store import LocalStoreSink
from fieldline.across import entries_across
from fieldline.clock import SystemClock
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.readable import metrics_in, turn_of
from fieldline.settings import DeliverSettings, ProcessSettings
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, Row, event, frames_of


class WorkedLines:
    """The log `plant.db` and the store `results.db` of a folder."""

    def __init__(self, folder: Path, plant: Plant, rows: Sequence[Row]) -> None:
        self.log, clock = SqliteLog(folder / "plant.db"), SystemClock()
        for frame in frames_of(rows, 50):
            value = encode_readings(frame)
            self.log.append(Stream.READINGS, 0, b"", value, {"rows": str(len(frame.time)).encode()}).result(10)
        reader = self.log.reader(Stream.READINGS, "process")
        reader.poll(0.0)
        settings = ProcessSettings(operators=("telemetry", "energy", "machine", "order"))
        partition = Partition(number=0, settings=settings, plant=plant, log=self.log, clock=clock, reader=reader)
        partition.open()
        partition.take(list(self.log.read(Stream.READINGS, 0, 0)))
        partition.engine.flush()
        partition.finish()
        reader.close()
        delivery = DeliverSettings(store=str(folder / "results.db"))
        self.store = LocalStoreSink(delivery, plant.levels, clock)
        of_lines = [
            read_rows(metrics_in(record)) for record in self.log.read(Stream.METRICS, 0, 0) if turn_of(record) is None
        ]
        makers: list[Maker] = [Areas(plant), Across(plant)] if entries_across(plant) else [Areas(plant)]
        for maker in makers:
            sink = DerivingSink(maker, folder / f"plant.{maker.name}.db", self.log, clock)
            sink.begin(1)
            sink.write(of_lines)
            sink.close()
        self.store.write([read_rows(metrics_in(record)) for record in self.log.read(Stream.METRICS, 0, 0)])
        self.results = Results(Source(str(folder / "results.db")))

    def close(self) -> None:
        self.store.close()
        self.log.close()


def worked_machine(asset: str, start: int, seconds: int, every_s: int) -> list[Row]:
    """A machine that runs but for five minutes in each half hour, and counts a good piece every so often."""
    said = [(at, "producing" if at % 1800 else "down") for at in range(0, seconds, 300) if at % 1800 in (0, 300)]
    rows = [event(asset, "@state", start + at * SECOND, json.dumps({"state": state}).encode()) for at, state in said]
    for count, at in enumerate(range(0, seconds, every_s)):
        rows += [Row(asset, tag, start + at * SECOND, float(count)) for tag in ("good_count", "total_count")]
    return sorted(rows, key=lambda row: row.time)
