"""Whatever the order, the cuts, the orders and the crashes: machines come to the same bits."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from processing.operators import machine, telemetry
from tests.processing.engine_rig import EngineRig, Row, Table, differences, frames_of
from tests.processing.machine_sets import PLANT, machine_row_lists
from tests.processing.row_sets import arrivals

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "30"))
_ONE = np.ones(1).tobytes()
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def rig(**options: object) -> EngineRig:
    """With telemetry beside it: whatever changes in a row's state empties the row's tails."""
    return EngineRig(PLANT, operators=[telemetry.COMPONENT, machine.COMPONENT], **options)  # type: ignore[arg-type]


def standing(table: Table) -> Table:
    """The rows of a table that were not taken back."""
    return {key: fields for key, fields in table.items() if fields.get("retracted") != _ONE}


def in_order(rows: list[Row]) -> Table:
    return standing(rig().send(frames_of(rows, 50)).finish().table)


@_ANY
@given(data=st.data())
def test_any_order_duplicates_and_cuts_give_the_bits_of_rows_in_order(data: st.DataObject) -> None:
    rows = data.draw(machine_row_lists())
    arrival = data.draw(arrivals(rows))

    got = standing(arrival.play(rig()).table)

    assert differences(in_order(rows), got)[:3] == []


@_ANY
@given(data=st.data())
def test_crashes_and_restores_from_any_checkpoint_change_no_bit(data: st.DataObject, log: SqliteLog) -> None:
    rows = data.draw(machine_row_lists())
    arrival = data.draw(arrivals(rows, crashes=True))
    node_cache = data.draw(st.sampled_from([0, 1 << 14, 1 << 30]))

    under_test = rig(log=log, node_cache=node_cache, row_cache=1, slow=data.draw(st.integers(0, 3)))
    got = standing(arrival.play(under_test, steps_of=data.draw(st.integers(1, 4))).table)

    assert differences(in_order(rows), got)[:3] == []
