"""A backfill that goes on after its windows were over: what was closed is open again, also for the next checkpoint."""

from pathlib import Path

import pytest

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of
from tests.processing.test_registers import standing

_OVEN = "plant/hall/line1/oven"
_TEN_DAYS_LATER = T0 + 10 * 86_400 * SECOND


@pytest.mark.parametrize("crashes", [False, True])
def test_a_minute_that_nothing_held_closes_again_after_a_restart(tmp_path: Path, crashes: bool) -> None:
    before = Row(_OVEN, "power_kw", T0 - 3000 * SECOND, 1.0)
    started, after = event(_OVEN, "@state", T0 + 5 * SECOND, b"1"), Row(_OVEN, "power_kw", T0 + 10 * SECOND, 1.0)
    want = EngineRig().send([frame_of([before, started, after], _TEN_DAYS_LATER)]).finish()
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log).send([frame_of([before, started], _TEN_DAYS_LATER)])
    rig.wait(5)
    rig.checkpoint()

    rig.send([frame_of([after], _TEN_DAYS_LATER)])
    rig.checkpoint()
    if crashes:
        rig.crash()
    rig.finish()
    log.close()

    assert differences(want.table, rig.table)[:3] == []


@pytest.mark.parametrize("crashes", [False, True])
def test_minutes_that_a_silence_closed_and_that_come_to_nothing_have_no_row_any_more(
    tmp_path: Path, crashes: bool
) -> None:
    counted = PlantFile(asset=(AssetEntry(path=_OVEN, tags={"e": TagEntry(unit="kWh", kind="register")}),))

    def amount(minute: int, kwh: float, until: int) -> Row:
        payload = f'{{"tag":"e","amount":{kwh},"until":{T0 // SECOND + 60 * until}}}'.encode()
        return Row(_OVEN, "@meter", T0 + 60 * minute * SECOND, event_value(payload), 0, payload)

    first, second = amount(0, 39.0, 41), amount(19, 5.0, 25)
    want = EngineRig(Plant(counted)).send([frame_of([first, second], _TEN_DAYS_LATER)]).finish()
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(Plant(counted), log=log).send([frame_of([first], _TEN_DAYS_LATER)])
    rig.wait(5)

    assert rig.values("energy", _OVEN, "1m")[T0 + 30 * 60 * SECOND]["active_energy_kwh"] == pytest.approx(39 / 41)
    rig.send([frame_of([second], _TEN_DAYS_LATER)])
    rig.checkpoint()
    if crashes:
        rig.crash()
    rig.finish()
    log.close()

    assert differences(standing(want.table), standing(rig.table))[:3] == []
