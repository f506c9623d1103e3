"""What the timeline does with time: horizon, silence, backfills, far futures, rows that wait in a checkpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldline.log.sqlite import SqliteLog
from processing.timeline.store import RowStore
from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of, frames_of

OVEN = "plant/hall/line1/oven"
DAY = 86_400


def power(*seconds: float, value: float = 6.0, asset: str = OVEN) -> list[Row]:
    return [Row(asset, "power_kw", T0 + round(second * SECOND), value) for second in seconds]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_row_beyond_the_horizon_counts_late_however_the_stream_is_cut(size: int) -> None:
    rows = power(0, 3 * DAY, DAY, 3 * DAY + 1, 3 * DAY + 1 - 90_000)  # the horizon is 25 h = 90,000 s

    rig = EngineRig().send(frames_of(rows, size)).finish()

    assert rig.counts == {"stored": 4, "duplicate": 0, "conflict": 0, "late": 1, "waiting": 0}


def test_a_short_horizon_counts_what_is_older_and_leaves_metrics_alone() -> None:
    timing = Timing(horizon=600 * SECOND)
    rows = power(*range(0, 3600, 10))

    rig = EngineRig(timing=timing).send(frames_of(rows, 20)).send([frame_of(power(5, 15, 25))]).finish()

    assert differences(EngineRig().send(frames_of(rows, 20)).finish().table, rig.table) == []
    assert rig.counts["late"] == 3


def test_times_that_no_calendar_holds_count_late() -> None:
    rows = [Row(OVEN, "power_kw", -5, 1.0), Row(OVEN, "power_kw", 2**62, 1.0), *power(1)]

    rig = EngineRig().send([frame_of(rows, T0)]).finish()

    assert (rig.counts["late"], rig.counts["stored"]) == (2, 1)


def test_a_clock_far_ahead_does_not_drive_its_line() -> None:
    rig = EngineRig().send([frame_of([*power(0), *power(2 * DAY, asset=OVEN + "2")], T0)])

    rig.send(frames_of(power(*range(1, 100)), 10)).finish()

    assert rig.counts["late"] == 0
    assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0]["count"] == 60


def test_a_silent_live_line_closes_its_last_window() -> None:
    rig = EngineRig().send(frames_of(power(*range(50)), 10))

    rig.wait(70)

    assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0] == pytest.approx(
        {"count": 50, "min": 6, "max": 6, "mean": 6, "time_weighted_mean": 6, "last": 6, "coverage": 1}, rel=1e-12
    )


def test_a_backfill_that_falls_silent_and_goes_on_equals_one_without_a_break() -> None:
    rows = power(*range(0, 5000, 7))
    now = T0 + 3 * DAY * SECOND

    rig = EngineRig()
    for frame in frames_of(rows, 40, now):
        rig.send([frame])
        rig.wait(3.0)
    rig.finish()

    assert differences(EngineRig().send(frames_of(rows, 40)).finish().table, rig.table) == []
    assert rig.counts["late"] == 0


def test_the_last_of_a_backfill_shows_once_it_is_silent() -> None:
    now = T0 + 3 * DAY * SECOND

    rig = EngineRig().send(frames_of(power(*range(0, 500, 10)), 10, now))
    rig.wait(2.5, turns=3)

    assert not rig.engine.unemitted
    assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0 + 480 * SECOND]["count"] == 2


def test_rows_that_wait_in_a_checkpoint_run_when_the_line_stays_silent(log: SqliteLog) -> None:
    rig = EngineRig(log=log, timing=Timing(settle=60 * SECOND)).send([frame_of(power(0, 1, 2))])
    rig.checkpoint()

    rig.crash()
    assert rig.counts["waiting"] == 3
    rig.finish()

    assert rig.counts["stored"] == 3
    assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0]["count"] == 3


def test_a_day_late_row_on_the_log_only_corrects_its_windows(log: SqliteLog) -> None:
    rows = power(*range(0, DAY, 300))
    want = EngineRig().send(frames_of(sorted([*rows, *power(1000, value=60.0)]), 50)).finish()
    rig = EngineRig(log=log, row_cache=1, node_cache=0)
    for frame in frames_of(rows, 50):
        rig.send([frame])
        rig.checkpoint()

    rig.send([frame_of(power(1000, value=60.0))], pause_s=1.0).finish()

    assert rig.fetched > 0
    assert differences(want.table, rig.table) == []


def test_the_last_revision_counts_how_often_a_closed_window_changed() -> None:
    rig = EngineRig().send(frames_of(power(*range(0, 300, 10)), 10))
    rig.send([frame_of(power(5))], pause_s=2.0).finish()

    key = ("telemetry", OVEN, "power_kw", "1m", str(T0))
    assert rig.revisions[key] == 1.0
    assert rig.revisions[(*key[:4], str(T0 + 60 * SECOND))] == 0.0


def test_events_are_stored_and_counted_but_have_no_statistics() -> None:
    rows = [event(OVEN, "@state", T0 + k * SECOND, b'{"state":"on"}') for k in (0, 1, 1)]

    rig = EngineRig(raw=("*",)).send([frame_of(rows)]).finish()

    assert (rig.counts["stored"], rig.counts["duplicate"], rig.counts["conflict"]) == (2, 1, 0)
    assert rig.table == {}


def test_bad_rows_are_stored_and_counted_but_used_by_no_metric() -> None:
    rows = [row._replace(quality=2) for row in power(0, 10)] + power(20)

    rig = EngineRig().send([frame_of(rows)]).finish()

    assert rig.counts["stored"] == 3
    assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0]["count"] == 1


def test_a_good_row_counts_over_a_bad_one_of_the_same_time_whatever_its_value() -> None:
    good, bad = power(0, value=9.0)[0], power(0, value=1.0)[0]._replace(quality=2)

    for order in ([good, bad], [bad, good]):
        rig = EngineRig().send(frames_of(order, 1)).finish()

        assert rig.values("telemetry", OVEN, "1m", "power_kw")[T0]["last"] == 9.0
        assert (rig.counts["stored"], rig.counts["conflict"]) == (1, 1)


def test_minus_zero_counts_over_zero_in_any_order() -> None:
    rows = power(0, value=0.0) + power(0, value=-0.0)

    tables = [EngineRig(raw=("*",)).send(frames_of(order, 1)).finish().table for order in (rows, rows[::-1])]

    assert differences(*tables) == []


def test_raw_gives_each_row_once_at_its_own_time() -> None:
    rows = power(0, 1, 1, 0.5)

    rig = EngineRig(raw=("plant/*/power_kw",)).send(frames_of(rows, 1)).finish()

    assert {time - T0 for time in rig.values("reading", OVEN, tag="power_kw")} == {0, SECOND // 2, SECOND}
    assert EngineRig(raw=("other/*",)).send(frames_of(rows, 1)).finish().values("reading", OVEN, tag="power_kw") == {}


def test_a_step_larger_than_the_row_store_makes_it_grow() -> None:
    rows = [row for k in range(300) for row in power(k / 100, asset=f"{OVEN}{k % 7}")]

    rig = EngineRig(row_cache=1).send([frame_of(rows)]).send([frame_of(power(2.5, asset=OVEN + "1"))]).finish()

    assert (
        differences(EngineRig().send(frames_of(rows + power(2.5, asset=OVEN + "1"), 10)).finish().table, rig.table)
        == []
    )


def test_the_row_store_forgets_the_oldest_and_says_so() -> None:
    store = RowStore(64 * 21)
    block = frame_of(power(*range(40)))
    columns = (block.time, block.asset, block.value, block.quality)

    first, second = store.add(*columns), store.add(*columns)

    assert first < store.oldest <= second
    assert store.time[second % store.size] == T0
