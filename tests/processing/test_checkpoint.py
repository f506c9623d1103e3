"""A checkpoint is taken up only by a worker for which it means the same."""

from pathlib import Path

import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from processing.checkpoint import Checkpoints
from tests.processing.engine_rig import T0, EngineRig, Row, frame_of


def plant(zone: str) -> Plant:
    return Plant(PlantFile(site=(SiteEntry(path="plant", time_zone=zone),)))


@pytest.mark.parametrize(("zone", "fits"), [("Europe/Berlin", True), ("Europe/Lisbon", False), ("UTC", False)])
def test_a_checkpoint_of_another_time_zone_is_not_taken_up(tmp_path: Path, zone: str, fits: bool) -> None:
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(plant("Europe/Berlin"), log=log).send(
        [frame_of([Row("plant/hall/line1/oven", "power_kw", T0, 1.0)])]
    )
    state, _ = rig.checkpoints.write(rig.engine, 1, "same", {}, b"{}", [])

    head = Checkpoints(log, 0, 2).restore(EngineRig(plant(zone)).engine, state, "same")
    log.close()

    assert (head is not None) == fits
