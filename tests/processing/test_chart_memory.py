"""The memory of control charts outlives the windows that it came from."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from processing.kernels import layout as at
from processing.timeline.timing import Timing
from tests.processing.chart_sets import CHARTED, OPERATORS, plant_rows
from tests.processing.engine_rig import SECOND, EngineRig, Row, Table, differences, frames_of


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

    windows = rig.engine.tables.windows[rig.engine.residency.flagged(0)]
    oldest = windows["start"][windows["level"] == at.SLICES].min()
    assert oldest > rows[0].time + 3600 * SECOND
    assert rig.counts["late"] == 0
    assert differences(in_order(rows), standing(rig.table))[:3] == []
