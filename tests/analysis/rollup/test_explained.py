"""Figures of areas are worked out once more from the readings of each of their lines."""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from analysis.explain.rolled_up import explain_rolled_up, lines_below
from analysis.explain.taken_apart import Asked
from analysis.no_such_window import NoSuchWindow
from analysis.results import Results
from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink
from delivery.query import Source
from delivery.rows import read_rows
from delivery.sinks.local_store import LocalStoreSink
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.readable import metrics_in, turn_of
from fieldline.settings import DeliverSettings, ProcessSettings
from processing.partition import Partition
from tests.analysis.rollup.test_rolled_up_lines import rows_of_lines
from tests.processing.engine_rig import T0, frames_of
from tests.processing.machine_sets import PLANT

HOUR = 3600 * 10**9
HALL1 = "plant/hall1"


class Worked:
    """A log of three lines' readings, and a store of what came of them and of their areas."""

    def __init__(self, folder: Path) -> None:
        self.log, clock = SqliteLog(folder / "plant.db"), SystemClock()
        for frame in frames_of(rows_of_lines(Random(3)), 50):
            value = encode_readings(frame)
            self.log.append(Stream.READINGS, 0, b"", value, {"rows": str(len(frame.time)).encode()}).result(10)
        reader = self.log.reader(Stream.READINGS, "process")
        reader.poll(0.0)
        settings = ProcessSettings(operators=("telemetry", "energy", "machine", "order"))
        partition = Partition(number=0, settings=settings, plant=PLANT, log=self.log, clock=clock, reader=reader)
        partition.open()
        partition.take(list(self.log.read(Stream.READINGS, 0, 0)))
        partition.engine.flush()
        partition.finish()
        reader.close()
        delivery = DeliverSettings(store=str(folder / "results.db"))
        self.store = LocalStoreSink(delivery, PLANT.levels, clock)
        sink = DerivingSink(Areas(PLANT), folder / "plant.rollup.db", self.log, clock)
        sink.begin(1)
        sink.write(
            [read_rows(metrics_in(record)) for record in self.log.read(Stream.METRICS, 0, 0) if turn_of(record) is None]
        )
        sink.close()
        self.store.write([read_rows(metrics_in(record)) for record in self.log.read(Stream.METRICS, 0, 0)])
        self.results = Results(Source(str(folder / "results.db")))

    def close(self) -> None:
        self.store.close()
        self.log.close()

    def explained(self, kind: str, path: str, at: int, **changed: float) -> Any:
        def rows(*asked: Any) -> list[dict[str, Any]]:
            found = self.results.rows(*asked)
            return [row | changed if row["asset"] == path else row for row in found]

        lines = lines_below(self.log, PLANT, path)
        return explain_rolled_up(
            self.log, PLANT, rows, lines, Asked(kind, path, "", at, "1h"), time.time_ns(), lambda _: None
        )


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    worked = Worked(tmp_path_factory.mktemp("worked"))
    yield worked
    worked.close()


@pytest.mark.parametrize("kind", ["losses", "oee", "quality", "production_order"])
@pytest.mark.parametrize("path", ["plant", HALL1])
def test_every_figure_of_an_area_agrees_with_the_recount_of_its_lines(worked: Worked, kind: str, path: str) -> None:
    compared = 0
    for row in worked.results.rows(kind, path, "1h", 0, 1 << 62):
        found = worked.explained(kind, path, row["time"])
        if not found.doubt:
            assert found.differing() == [], row
            compared += len(found.lines[kind]) > 1

    assert compared > 2


def test_a_figure_that_is_not_the_sum_of_its_lines_is_named(worked: Worked) -> None:
    row = worked.results.rows("oee", HALL1, "1h", 0, 1 << 62)[0]

    found = worked.explained("oee", HALL1, row["time"], planned_busy_time_s=row["planned_busy_time_s"] + 1.0)

    assert found.differing() == ["planned_busy_time_s"]


def test_lines_and_what_lies_below_them_are_not_rolled_up(worked: Worked) -> None:
    below = {
        path: lines_below(worked.log, PLANT, path)
        for path in ("plant/hall2", "plant/hall1/line1", "plant/hall1/line1/press")
    }

    assert below == {"plant/hall2": ["plant/hall2/line1"], "plant/hall1/line1": [], "plant/hall1/line1/press": []}


def test_what_is_not_rolled_up_says_so(worked: Worked) -> None:
    with pytest.raises(
        SettingsError, match="areas and sites have losses, oee, quality and production_order; got 'energy'"
    ):
        worked.explained("energy", HALL1, T0)
    with pytest.raises(NoSuchWindow):
        worked.explained("oee", HALL1, T0 - 100 * HOUR)
