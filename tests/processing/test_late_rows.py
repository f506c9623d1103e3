"""Many late rows, run at once or read back in the meantime: the same bits as if all had come in order."""

from concurrent.futures import Executor, Future
from random import Random
from typing import Any

import pytest

from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of

_OVEN = "plant/hall/line1/oven"


def powers(times_s: list[float]) -> list[Row]:
    return [Row(_OVEN, "power_kw", T0 + round(t * SECOND), t % 7) for t in times_s]


def test_late_rows_that_are_too_many_to_wait_see_the_slices_of_the_rows_that_came_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("processing.timeline.reprocessing._ROWS_AT_MOST", 5)
    before, late, after = powers([5, 31]), powers([11 + k for k in range(9)]), powers([200, 333])
    want = EngineRig().send(frames_of([*before[:1], *late, *before[1:], *after], 50)).finish()

    rig = EngineRig().send([frame_of(before), frame_of([*late, *after])]).finish()

    assert differences(want.table, rig.table)[:3] == []


def test_a_row_beyond_the_horizon_does_not_come_back_with_its_slice_from_the_log() -> None:
    def play(row_cache: int) -> EngineRig:
        rig = EngineRig(timing=Timing(horizon=600 * SECOND), row_cache=row_cache)
        crowd = [60 + k * 0.1 for k in range(5800)]
        rig.send([frame_of(powers([5, 50])), *frames_of(powers(crowd[:-100]), 2000), frame_of(powers([639.95]))])
        rig.send(frames_of(powers([10, 55]), 1))
        rig.wait(2)
        rig.send(frames_of(powers([t + 0.05 for t in crowd[:-100]]), 2000))
        rig.wait(2)
        rig.send([frame_of(powers([57]))])
        return rig.finish()

    kept, read_back = play(1 << 21), play(1)

    assert read_back.fetched > 0
    assert differences(kept.table, read_back.table)[:3] == []


class _Backwards(Executor):
    """Reads at once, but the last that was asked for is there first."""

    def __init__(self) -> None:
        self.asked: list[tuple[Future[Any], Any]] = []

    def submit(self, work: Any, /, *args: Any, **_: Any) -> "Future[Any]":
        self.asked.append((Future(), work(*args)))
        return self.asked[-1][0]

    def answer(self) -> None:
        future, result = self.asked.pop()
        future.set_result(result)


def test_slices_may_be_read_back_in_any_order() -> None:
    first, crowd, late = (
        powers([5, 40, 50, 65, 100, 110]),
        powers([120 + k * 0.05 for k in range(6000)]),
        powers([30, 31, 90, 91]),
    )
    want = EngineRig().send([frame_of(first), *frames_of(crowd, 2000), *frames_of(late, 2)]).finish()
    executor = _Backwards()
    rig = EngineRig(row_cache=1)
    rig.engine.reprocessing._read_back._executor = executor
    rig.send([frame_of(first), *frames_of(crowd, 2000)])

    for frame in frames_of(late, 2):
        rig.send([frame])
        rig.wait(2)
    while executor.asked:
        executor.answer()
        rig.wait(2)
    rig.finish()

    assert rig.fetched == 2
    assert differences(want.table, rig.table)[:3] == []


def test_a_row_beyond_the_horizon_stays_out_when_its_step_held_rows_of_its_slice_too() -> None:
    crowd = [1300 + k * 0.1 for k in range(4092)]
    frames = [
        *(frame_of(powers([t])) for t in (50, 65, 66)),
        *(frame_of(powers([t])) for t in (55, 56, 57)),
        *(frame_of(powers(times)) for times in ([70, *crowd], [80], [1750, 1800])),
    ]

    def play(row_cache: int) -> EngineRig:
        rig = EngineRig(timing=Timing(horizon=600 * SECOND), row_cache=row_cache)
        rig.frames = frames
        rig.crash(frames_a_step=3)
        return rig.finish()

    kept, read_back = play(1 << 21), play(1)

    assert read_back.fetched > 0
    assert read_back.counts["late"] == 1
    assert differences(kept.table, read_back.table)[:3] == []


def test_slices_of_many_lines_are_read_back_together() -> None:
    def of_lines(times_s: list[float]) -> list[Row]:
        return [
            Row(f"plant/hall/line{n}/oven", "power_kw", T0 + round(t * SECOND), t % 7)
            for t in times_s
            for n in range(20)
        ]

    first, late = of_lines([5, 58, 65, 118, 125, 178, 300, 301]), of_lines([59, 119])
    want = EngineRig().send([frame_of(first), frame_of(late)]).finish()

    rig = EngineRig(row_cache=1).send([frame_of(first), frame_of(late)])
    rig.wait(2)

    assert 0 < rig.fetched <= 6  # a minute of all 20 lines each
    assert differences(want.table, rig.finish().table)[:3] == []


def disordered_rows() -> tuple[list[Row], list[Row]]:
    """Half an hour of five series in order, and as it comes when a tenth of it is up to 100 s late."""
    random = Random(7)
    rows = [Row(_OVEN, f"power_{k}_kw", T0 + t * SECOND + k, float(t % 7)) for t in range(1800) for k in range(5)]
    arrival = {row: row.time + (random.randrange(2, 100) * SECOND if random.random() < 0.1 else 0) for row in rows}
    return rows, sorted(rows, key=arrival.__getitem__)


def test_rows_of_a_backlog_wait_for_those_that_come_as_late_as_others_did() -> None:
    rows, disordered = disordered_rows()
    want = EngineRig().send(frames_of(rows, 300)).finish()

    def play(wall: int) -> EngineRig:
        rig = EngineRig()
        rig.wall = wall
        rig.wait(0.01)
        return rig.send(frames_of(disordered, 300))

    live, backlog = play(T0), play(T0 + 86_400 * SECOND)

    assert live.engine.reprocessing.count > 500
    assert backlog.engine.reprocessing.count == 0  # nor of the first: their lateness is seen before any is run
    assert backlog.engine.watch()["waiting"] > 300
    assert differences(want.table, live.finish().table)[:3] == []
    assert differences(want.table, backlog.finish().table)[:3] == []


def test_late_rows_of_a_backlog_are_run_once_though_steps_take_long() -> None:
    rows, disordered = disordered_rows()
    want = EngineRig().send(frames_of(rows, 300)).finish()
    rig = EngineRig()
    rig.wall = T0 + 86_400 * SECOND
    rig.wait(0.01)

    for frame in frames_of(disordered, 300):  # a minute of rows each
        rig.send([frame])
        rig.wait(0.7)

    assert rig.engine.reprocessing.count == 0
    assert rig.engine.tables.windows["runs"].sum() == 0
    assert differences(want.table, rig.finish().table)[:3] == []


@pytest.mark.parametrize(("blocks", "few"), [(3, 40), (1, 10_000), (64, 0)])
def test_rows_that_wait_are_joined_and_looked_through_in_parts_and_each_is_run_once(
    blocks: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.timeline.held._BLOCKS", blocks)
    monkeypatch.setattr("processing.timeline.held._FEW_ROWS", few)
    monkeypatch.setattr("processing.timeline.engine._ROWS_AT_ONCE", 50)
    rows, disordered = disordered_rows()
    want = EngineRig().send(frames_of(rows, 300)).finish()
    rig = EngineRig()
    rig.wall = T0 + 86_400 * SECOND
    rig.wait(0.01)

    rig.send(frames_of(disordered, 25))

    assert rig.engine.reprocessing.count == 0
    assert rig.finish().counts == want.counts
    assert differences(want.table, rig.table)[:3] == []


def test_of_a_backlog_no_more_rows_wait_than_memory_is_for_them() -> None:
    rows, disordered = disordered_rows()
    want = EngineRig().send(frames_of(rows, 300)).finish()
    rig = EngineRig(row_cache=64 * 21)
    rig.wall = T0 + 86_400 * SECOND
    rig.wait(0.01)
    most = 0

    for frame in frames_of(disordered, 25):
        rig.send([frame])
        most = max(most, rig.engine.watch()["waiting"])

    assert 79 < most < 79 + 2 * 25  # 2 × 1344 bytes at 34 each, and what came with the last of them
    assert rig.finish().counts == want.counts
    assert differences(want.table, rig.table)[:3] == []


def test_a_line_is_not_silent_because_a_checkpoint_took_long() -> None:
    def waiting_after(is_told: bool) -> int:
        rig = EngineRig().send(frames_of(powers([float(t) for t in range(10)]), 5))
        rig.now += 3 * SECOND
        if is_told:
            rig.engine.paused(3 * SECOND)
        rig.wait(0.01)
        return rig.engine.watch()["waiting"]

    assert (waiting_after(True), waiting_after(False)) == (1, 0)


def test_a_line_is_not_silent_because_its_rows_took_long_to_run() -> None:
    def waiting_after(is_told: bool) -> int:
        rig = EngineRig().send(frames_of(powers([float(t) for t in range(10)]), 5))
        began, rig.now = rig.now, rig.now + 3 * SECOND
        if is_told:
            rig.engine.came_until(began, rig.now)
        rig.wait(0.01)
        return rig.engine.watch()["waiting"]

    assert (waiting_after(True), waiting_after(False)) == (1, 0)


def test_rows_that_are_ahead_of_their_line_wait_in_few_blocks_and_none_is_lost() -> None:
    ahead = [Row(_OVEN, "power_kw", T0 + (100_000 + t) * SECOND, 1.0) for t in range(300)]
    now = powers([float(t) for t in range(300)])
    want = EngineRig().send([frame_of(now), frame_of(ahead)]).finish()

    rig = EngineRig().send([frame_of([row, early], row.time) for row, early in zip(now, ahead, strict=True)])

    assert rig.engine.watch()["waiting"] >= 300
    assert differences(want.table, rig.finish().table)[:3] == []


def test_rows_of_a_backlog_wait_no_longer_than_a_second_and_for_rows_in_order_not_at_all() -> None:
    in_order, late = powers([float(t) for t in range(600)]), powers([505.5])
    rig = EngineRig()
    rig.wall = T0 + 86_400 * SECOND
    rig.wait(0.01)

    rig.send(frames_of(in_order[:590], 10))
    assert rig.engine.watch()["waiting"] == 1

    rig.send([frame_of(late), *frames_of(in_order[590:595], 1)])
    assert rig.engine.watch()["waiting"] >= 5
    rig.send(frames_of(in_order[595:], 1), pause_s=1.1)
    assert rig.engine.watch()["waiting"] <= 1
