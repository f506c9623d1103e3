"""What late rows take is bounded by what they touch."""

import sys
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from processing.kernels import layout as at
from processing.operators import chosen
from processing.timeline import reprocessing, windows
from processing.timeline.tables import grown
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of, frames_of

LINE = "plant/hall/line1"


def test_a_late_row_on_a_line_of_nine_thousand_tags_takes_no_more_than_its_slices() -> None:
    rig = EngineRig(operators=chosen(("telemetry", "energy", "machine")), windows=("1m", "1h"))
    rows = [event(f"{LINE}/press", "@state", T0, b'{"state":"producing"}')]  # it holds for 25 hours: 1500 slices
    rows += [Row(f"{LINE}/press", f"t{k}", T0 + m * 60 * SECOND + k, 1.0) for m in range(3) for k in range(9000)]
    rig.send(frames_of(rows, 10_000))
    pool = rig.engine.tables.slices
    before = pool.used_bytes

    rig.send([frame_of([Row(f"{LINE}/press", "t5", T0 + 90 * SECOND, 2.0)])])
    rig.wait(2.0)

    assert rig.counts["stored"] == len(rows) + 1
    block = 16_384 * pool.row_bytes
    assert pool.used_bytes - before <= block  # the slice of the minute that begins meanwhile
    assert len(pool.dirty) * pool.row_bytes <= 8 * block


def test_rows_of_one_step_reach_over_less_time_the_wider_lines_are() -> None:
    rig = EngineRig(operators=chosen(("telemetry", "energy", "machine")), windows=("1m",))
    assert rig.engine.span_at_once == at.QUARTER  # nobody knows yet how wide they are

    rig.send([frame_of([Row(f"{LINE}/press", "t0", T0, 1.0)])])
    assert rig.engine.span_at_once == at.HOUR

    rig.send([frame_of([Row(f"{LINE}/press", f"t{k}", T0 + k, 1.0) for k in range(250)])])
    minutes = rig.engine.span_at_once // at.MINUTE
    assert 15 < minutes < 60
    assert minutes * 256 * rig.engine.tables.slices.row_bytes <= 8 << 20

    rig.send([frame_of([Row(f"{LINE}/press", f"t{k}", T0 + k, 1.0) for k in range(9000)])])
    assert rig.engine.span_at_once == at.QUARTER


@pytest.mark.skipif(sys.platform != "linux", reason="what is resident is read from /proc")
def test_what_is_never_written_of_an_array_that_grew_takes_no_memory() -> None:
    del (heap := [np.ones(3 << 20, np.uint8) for _ in range(8)])[:]  # the heap has pages that are free
    before = resident_bytes()

    wide = grown(np.zeros(1, np.int64), 1 << 21)
    untouched = resident_bytes() - before
    wide[: 1 << 20] = 1

    assert not heap
    assert untouched < 4 << 20
    assert resident_bytes() - before > 6 << 20
    assert wide[1 << 20 :].sum() == 0


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_late_rows_of_many_minutes_run_in_portions_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprocessing, "_PORTION_BYTES", 1)
    random = Random(5)
    rows = [
        Row(f"{LINE}/m{a}", "power_kw", T0 + 7 * k * SECOND + a, float(random.randrange(9)))
        for k in range(300)
        for a in range(3)
    ]
    late = [row for row in rows if random.random() < 0.1]
    seen = {id(row) for row in late}
    want = EngineRig().send(frames_of(rows, 50)).finish().table

    rig = EngineRig().send(frames_of([row for row in rows if id(row) not in seen], 50))
    rig.send(frames_of(late, 50))
    waiting = rig.engine.reprocessing.count
    rig.wait(1.1)

    assert 0 < rig.engine.reprocessing.count < waiting
    rig.wait(60.0, turns=60)
    assert differences(want, rig.finish().table) == []


def test_windows_of_all_levels_are_folded_in_portions_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(7)
    rows = [
        Row(f"{LINE}/m{a}", "power_kw", T0 + 50 * k * SECOND + a, float(random.randrange(9)))
        for k in range(300)
        for a in range(3)
    ]
    want = EngineRig().send(frames_of(rows, 50)).finish().table
    monkeypatch.setattr(windows, "_ROWS_AT_ONCE", 1)

    got = EngineRig().send(frames_of(rows, 50)).finish().table

    assert {key[3] for key in want} >= {"15m", "1h", "day", "week", "month"}
    assert differences(want, got) == []


def test_a_wide_line_that_falls_silent_as_a_backfill_makes_its_slices_in_portions(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "plant.db")
    rig = EngineRig(operators=chosen(("telemetry", "energy", "machine")), windows=("1m", "1h"), log=log, node_cache=0)
    rows = [Row(f"{LINE}/press", f"t{k}", T0 + k, 1.0) for k in range(2000)]
    rows.append(
        event(f"{LINE}/press", "@state", T0 + SECOND, b'{"state":"producing"}')
    )  # it holds for 25 hours: 1500 slices
    rig.send([frame_of(rows, received=T0 + 40 * 86_400 * SECOND)])
    pool = rig.engine.tables.slices

    rig.wait(2.5)
    used = [pool.used_bytes]
    while rig.engine.unemitted and len(used) < 1500:
        rig.checkpoint()
        rig.wait(0.02)
        used.append(pool.used_bytes)

    assert int(rig.engine.tables.heap["windows"][0]) > 1500
    assert max(used) < 200 << 20
    log.close()


@pytest.mark.parametrize(("slices_kept", "is_read_back"), [(12, False), (1, True)])
def test_what_an_open_hour_is_folded_from_stays_in_memory_while_there_is_room(
    tmp_path: Path, slices_kept: int, is_read_back: bool
) -> None:
    rows = [Row(f"{LINE}/press", f"t{k}", T0 + s * SECOND + k, s % 7.0) for s in range(0, 10_000, 20) for k in range(8)]
    minutes = [frame_of(rows[k : k + 24]) for k in range(0, len(rows), 24)]
    want = EngineRig(windows=("1m", "15m", "1h")).send(minutes).finish()
    with closing(SqliteLog(tmp_path / "checkpoints.db")) as log:
        rig = EngineRig(windows=("1m", "15m", "1h"), log=log)
        rig._node_cache = slices_kept * 8 * rig.engine.tables.slices.row_bytes
        offsets: list[int] = []
        load_page = rig.checkpoints.load_page
        rig.checkpoints.load_page = lambda offset: offsets.append(offset) or load_page(offset)  # type: ignore[method-assign, func-returns-value]
        for minute in minutes:
            rig.send([minute])
            rig.checkpoint()
        resident = rig.engine.tables.used_bytes
        rig.finish()

    assert bool(offsets) == is_read_back
    assert resident <= 4 * rig._node_cache + 16 * 8 * rig.engine.tables.longer.row_bytes
    assert differences(want.table, rig.table)[:3] == []
