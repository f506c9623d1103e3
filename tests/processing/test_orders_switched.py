"""A line's machines take orders each for itself from a restart on, or no longer: a change of settings, which revises what is there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from processing import checkpoint
from processing.kernels import layout as at
from processing.operators import spc
from processing.timeline.page import by_columns
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frames_of
from tests.processing.test_orders_by_machine import (
    BUSY,
    LINE,
    ONE,
    OPERATORS,
    TWO,
    made,
    orders_of,
    plant,
    standing,
    told,
)


def _time(row: Row) -> int:
    return row.time


ROWS = sorted(
    [
        *BUSY,
        told(ONE, 600.25, "1", product="A"),
        told(TWO, 900, "2", product="B"),
        told(LINE, 300, "9", product="A"),
        told(ONE, 1800, "1", "pause"),
        made(TWO, "A", 2000.5),
        told(TWO, 3000, "2", "stop"),
    ],
    key=_time,
)
ALL = (*OPERATORS, spc.COMPONENT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def rig_of(orders: str, **options: object) -> EngineRig:
    return EngineRig(plant(orders), operators=ALL, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("was", "now"), [("line", "machine"), ("machine", "line")])
@pytest.mark.parametrize("cut", [0.4, 1.0])
def test_what_the_log_still_holds_is_as_if_the_switch_had_always_stood_so(
    log: SqliteLog, was: str, now: str, cut: float
) -> None:
    frames = frames_of(ROWS, 97)
    at = round(cut * len(frames))
    want = standing(rig_of(now).send(frames).finish().table)

    rig = rig_of(was, log=log, node_cache=0).send(frames[:at])
    rig.restart(plant=plant(now)).send(frames[at:]).finish()

    assert [each.why for each in rig.adapted] == [("line.orders",)]
    assert differences(want, standing(rig.table))[:3] == []


def test_an_order_of_which_part_is_gone_stands_as_it_is(log: SqliteLog) -> None:
    more = [row._replace(time=row.time + k * 3600 * SECOND) for k in range(1, 8) for row in BUSY if row.asset == ONE]
    later = [told(ONE, 14_400, "5", product="B"), told(ONE, 27_000, "6", product="A")]
    rows = sorted([*ROWS, *more, *later], key=lambda row: row.time)
    frames = frames_of(rows, 97)
    gone = next(k for k, frame in enumerate(frames) if frame.time[0] > T0 + 20_000 * SECOND)
    rig = rig_of("line", log=log).send(frames).finish().prune(gone)
    before = orders_of(rig, TWO)

    rig.restart(plant=plant("machine")).finish()

    assert [(each.since > T0 + 14_400 * SECOND, each.why) for each in rig.adapted] == [(True, ("line.orders",))]
    assert (27_000, "A") in before
    left = {key: value for key, value in before.items() if key[0] < 27_000}
    assert orders_of(rig, TWO) == pytest.approx(left, abs=0.0, rel=0.0, nan_ok=True)
    assert (27_000, "A") in orders_of(rig, ONE)


def test_a_machine_that_reports_nothing_itself_may_take_orders_and_then_no_longer(log: SqliteLog) -> None:
    motor = f"{LINE}/mixer/motor"
    rows = sorted(
        [*(row._replace(asset=motor) for row in BUSY if row.asset == TWO), told(motor, 600, "7"), *ROWS], key=_time
    )
    frames = frames_of(rows, 97)
    want = standing(rig_of("line").send(frames).finish().table)
    rig = rig_of("line", log=log, node_cache=0).send(frames)

    for orders in ("machine", "machine", "line"):
        rig.restart(plant=plant(orders))
    rig.finish()

    assert differences(want, standing(rig.table))[:3] == []


def test_a_checkpoint_of_before_machines_took_orders_of_their_own_is_taken_up(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = standing(rig_of("line").send(frames_of(ROWS, 97)).finish().table)
    rig = rig_of("line", log=log, node_cache=0).send(frames_of(ROWS, 97))
    monkeypatch.setattr(checkpoint, "by_columns", _without_machine)
    rig.checkpoint()
    monkeypatch.undo()

    rig.crash()
    rig.finish()

    assert differences(want, standing(rig.table))[:3] == []


def _without_machine(array: np.ndarray) -> np.ndarray:
    """The words of records, column by column; WINDOW as it was then."""
    found = by_columns(array)
    return found[:-1] if array.dtype == at.WINDOW else found
