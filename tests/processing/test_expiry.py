"""What leaves memory for good is out of reach of every row, those that wait to be run included."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import EngineRig, Row, differences, frame_of

_DAY_NS = 86_400_000_000_000
_QUARTER_NS = _DAY_NS // 96
_FIRST_NS = 1_514_764_800_000_000_000  # 2018-01-01
_METER = "plant/gwangyang/mill1/meter"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def quarters(first: int, last: int) -> list[Row]:
    """Rows of quarter-hours first to last of the meter, counted from the first day's midnight."""
    return [
        Row(_METER, "interval_energy_kwh", _FIRST_NS + k * _QUARTER_NS, float(k % 7), 0, None)
        for k in range(first, last + 1)
    ]


def test_slices_stay_while_a_late_row_that_needs_them_waits_and_its_line_hurries_on(log: SqliteLog) -> None:
    day, midnight, later_days = quarters(1, 95), quarters(0, 0), quarters(96, 500)
    want = EngineRig().send([frame_of([*midnight, *day]), frame_of(later_days)]).finish()
    rig = EngineRig(log=log).send([frame_of(day)])
    rig.checkpoint()

    # The row of midnight comes last and is not run at once; four days later in the line's time it still waits.
    rig.send([frame_of(midnight), frame_of(later_days)], pause_s=0.001)
    rig.checkpoint()
    rig.finish()

    assert differences(want.table, rig.table)[:3] == []
    assert rig.counts["stored"] == 501
