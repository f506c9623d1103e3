"""A backfill that goes on after its windows were over: what was closed is open again, also for the next checkpoint."""

from pathlib import Path

import pytest

from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of

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
