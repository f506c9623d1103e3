"""Who looks at the log from outside sees that windows are computed anew, from the moment that a changed setting is taken up."""

from pathlib import Path

import pytest

from analysis.audit.lag import is_drained, measure
from fieldline.clock import ManualClock
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.settings import ProcessSettings
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, Row, frame_of

START = 1_767_225_600 * SECOND
SETTINGS = ProcessSettings(checkpoint_s=0.3, settle_s=0.02)


@pytest.mark.parametrize(("gap_s", "is_due"), [(60.0, True), (300.0, False)], ids=["another gap", "the same gap"])
def test_a_change_that_is_being_worked_off_is_not_drained(tmp_path: Path, gap_s: float, is_due: bool) -> None:
    log, clock = SqliteLog(tmp_path / "log.db"), ManualClock(START + 900 * SECOND)
    rows = [Row("plant/hall/line1/oven", "power_kw", START + s * SECOND, 5.0) for s in range(0, 900, 10)]
    log.append(Stream.READINGS, 0, b"plant/hall/line1", encode_readings(frame_of(rows))).result(10.0)
    reader = log.reader(Stream.READINGS, "process")
    reader.poll(0.0)

    def opened(gap_s: float) -> Partition:
        tags = {"power_kw": TagEntry(max_gap_s=gap_s)}
        plant = Plant(PlantFile(asset=(AssetEntry(path="plant/hall/line1/oven", tags=tags),)))
        made = Partition(number=0, settings=SETTINGS, plant=plant, log=log, clock=clock, reader=reader)
        made.open()
        return made

    def of_process() -> bool:
        return is_drained([lag for lag in measure(log) if lag.stage == "process"])

    def work(partition: Partition) -> None:
        for _ in range(80):
            clock.advance(0.1)
            partition.tick()

    first = opened(300.0)
    first.take(list(log.read(Stream.READINGS, 0, 0)))
    work(first)
    first.finish()
    before = of_process()

    second = opened(gap_s)
    while_open = of_process()
    work(second)

    assert (before, while_open, of_process()) == (True, not is_due, True)
    reader.close()
    log.close()
