"""Rows that are run again in other portions than before a crash: what was emitted meanwhile does not stay."""

from pathlib import Path

from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of

_OVEN = "plant/hall/line1/oven"


def temperature(second: float, value: float) -> Row:
    return Row(_OVEN, "temp_c", T0 + round(second * SECOND), value)


def test_a_window_that_changed_and_changes_back_is_emitted_again_after_a_crash(tmp_path: Path) -> None:
    rows = [temperature(5, 0.0), temperature(130, 1.0), temperature(300, 2.0)]
    up, down = temperature(50, 5.0), temperature(55, 0.0)
    want = EngineRig().send([frame_of([*rows, up, down])]).finish()
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log).send([frame_of(rows)])
    rig.wait(2)
    rig.checkpoint()

    rig.send([frame_of([up])])
    rig.wait(2)
    rig.send([frame_of([down])])
    rig.crash(frames_a_step=2)
    rig.finish()
    log.close()

    assert differences(want.table, rig.table) == []
