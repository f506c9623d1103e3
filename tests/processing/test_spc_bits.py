"""Points of control charts have the same bits in any order, with late orders, crashes, and windows that were let go."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from processing.kernels import layout as at
from processing.timeline.timing import Timing
from tests.processing.chart_sets import CHARTED, OPERATORS, plant_rows
from tests.processing.engine_rig import SECOND, EngineRig, Row, Table, differences, frames_of
from tests.processing.row_sets import arrivals, row_lists

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "100"))
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def standing(table: Table) -> Table:
    """What stands when rows that were taken back are left out."""
    kept = {}
    for key, fields in table.items():
        if np.frombuffer(fields.get("retracted", bytes(8)))[0] == 0.0:
            kept[key] = {name: bits for name, bits in fields.items() if name != "retracted"}
    return kept


def in_order(rows: list[Row]) -> Table:
    return standing(EngineRig(CHARTED, operators=OPERATORS).send(frames_of(rows, 50)).finish().table)


@_ANY
@given(data=st.data())
def test_any_order_duplicates_and_cuts_give_the_points_of_rows_in_order(data: st.DataObject) -> None:
    rows = data.draw(row_lists(80))
    arrival = data.draw(arrivals(rows))

    rig = arrival.play(EngineRig(CHARTED, operators=OPERATORS))

    assert differences(in_order(rows), standing(rig.table))[:3] == []


@_ANY
@given(data=st.data())
def test_crashes_and_restores_change_no_bit_of_a_point(data: st.DataObject, log: SqliteLog) -> None:
    rows = data.draw(row_lists(80))
    arrival = data.draw(arrivals(rows, crashes=True))
    node_cache = data.draw(st.sampled_from([0, 1 << 14, 1 << 30]))
    rig = EngineRig(CHARTED, operators=OPERATORS, log=log, node_cache=node_cache, row_cache=1)

    arrival.play(rig, steps_of=data.draw(st.integers(1, 4)))

    assert differences(in_order(rows), standing(rig.table))[:3] == []


@pytest.mark.parametrize("seed", range(3))
def test_orders_told_late_and_crashes_leave_the_points_of_rows_in_order(seed: int, log: SqliteLog) -> None:
    random, rows = Random(seed), plant_rows(seed, minutes=90)
    late = [
        row.time + (random.random() < (0.5 if row.tag == "@order" else 0.05)) * random.random() * 3e12 for row in rows
    ]
    arrival = [row for _, row in sorted(zip(late, rows, strict=True), key=lambda pair: pair[0])]
    rig = EngineRig(CHARTED, operators=OPERATORS, log=log, node_cache=0, row_cache=1)

    for frame in frames_of(arrival, 6):
        rig.send([frame])
        what = random.random()
        if what < 0.1:
            rig.checkpoint()
        elif what < 0.2:
            rig.wait(2.0)
        elif what < 0.25:
            rig.crash(random.choice([1, 5]))
    rig.finish()

    assert rig.restarts > 0
    assert differences(in_order(rows), standing(rig.table))[:3] == []


@pytest.mark.parametrize("seed", range(3))
def test_windows_that_are_let_go_leave_their_memory_to_those_after_them(seed: int, log: SqliteLog) -> None:
    random, rows = Random(seed), [row for row in plant_rows(seed, minutes=150) if row.tag != "@order"]
    late = sorted(rows, key=lambda row: row.time + (random.random() < 0.1) * random.random() * 1700e9)
    timing = Timing(horizon=1800 * SECOND)
    rig = EngineRig(CHARTED, operators=OPERATORS, timing=timing, log=log, node_cache=0)

    for frame in frames_of(late, 25):
        rig.send([frame])
        rig.wait(1.1)
        rig.checkpoint()
    rig.finish()

    oldest = rig.engine.tables.windows["start"][rig.engine.residency.of_level(at.SLICES)].min()
    assert oldest > rows[0].time + 3600 * SECOND
    assert rig.counts["late"] == 0
    assert differences(in_order(rows), standing(rig.table))[:3] == []


@_ANY
@given(data=st.data())
def test_of_conflicting_samples_the_smallest_makes_the_point_whatever_the_order(data: st.DataObject) -> None:
    rows = data.draw(row_lists(40))
    drawn = st.tuples(st.sampled_from(rows), st.sampled_from([-3.0, 0.0, 2.0, 500.0]), st.sampled_from([0, 1, 2]))
    rivals = [
        row._replace(value=value, quality=quality) for row, value, quality in data.draw(st.lists(drawn, max_size=10))
    ]
    rivals = [row for row in rivals if not row.tag.startswith("@")]
    arrival = data.draw(arrivals([*rows, *rivals]))

    rig = arrival.play(EngineRig(CHARTED, operators=OPERATORS))

    assert differences(in_order([*rows, *rivals]), standing(rig.table))[:3] == []
