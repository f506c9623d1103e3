"""Many late rows, run at once or read back in the meantime: the same bits as if all had come in order."""

import pytest

from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of

_OVEN = "plant/hall/line1/oven"


def powers(times_s: list[float]) -> list[Row]:
    return [Row(_OVEN, "power_kw", T0 + round(t * SECOND), t % 7) for t in times_s]


def test_late_rows_that_are_too_many_to_wait_see_the_slices_of_the_rows_that_came_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("processing.timeline.rewind._ROWS_AT_MOST", 5)
    before, late, after = powers([5, 31]), powers([11 + k for k in range(9)]), powers([200, 333])
    want = EngineRig().send(frames_of([*before[:1], *late, *before[1:], *after], 50)).finish()

    rig = EngineRig().send([frame_of(before), frame_of([*late, *after])]).finish()

    assert differences(want.table, rig.table)[:3] == []
