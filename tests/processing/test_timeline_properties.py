"""Whatever the order, the cuts and the crashes: counters that add up. That bits are the same is each operator's contract as well."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import EngineRig, Row, Table, differences, frames_of
from tests.processing.row_sets import PLANT, arrivals, plant_rows, row_lists

# Runs in a slower mode of the kernels ask for fewer examples.
_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "25"))
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def in_order(rows: list[Row], **options: object) -> Table:
    """What the rows give when they come in order and once."""
    return EngineRig(PLANT, **options).send(frames_of(rows, 50)).finish().table  # type: ignore[arg-type]


def assert_same(rig: EngineRig, want: Table, sent: int, stored: int) -> None:
    assert differences(want, rig.table)[:3] == []
    counts = rig.counts
    assert counts["stored"] == stored
    assert counts["stored"] + counts["duplicate"] + counts["late"] == sent
    assert counts["conflict"] <= counts["duplicate"]


@_ANY
@given(data=st.data())
def test_any_order_duplicates_and_cuts_give_the_bits_of_rows_in_order(data: st.DataObject) -> None:
    rows = data.draw(row_lists())
    arrival = data.draw(arrivals(rows))

    rig = arrival.play(EngineRig(PLANT))

    assert_same(rig, in_order(rows), len(arrival.rows), len(rows))


@_ANY
@given(data=st.data())
def test_crashes_and_restores_from_any_checkpoint_change_no_bit(data: st.DataObject, log: SqliteLog) -> None:
    rows = data.draw(row_lists())
    arrival = data.draw(arrivals(rows, crashes=True))
    rig = EngineRig(
        PLANT,
        log=log,
        node_cache=data.draw(st.sampled_from([0, 1 << 14, 1 << 30])),
        row_cache=1,
        slow=data.draw(st.integers(0, 3)),
    )

    arrival.play(rig, steps_of=data.draw(st.integers(1, 4)))

    assert_same(rig, in_order(rows), len(arrival.rows), len(rows))


@_ANY
@given(data=st.data())
def test_of_conflicting_values_the_smallest_counts_whatever_the_order(data: st.DataObject) -> None:
    rows = data.draw(row_lists(30))
    others = data.draw(
        st.lists(st.tuples(st.sampled_from(rows), st.sampled_from([-3.0, -0.0, 0.0, 2.0, 500.0])), max_size=10)
    )
    rivals = [row._replace(value=value) for row, value in others if not row.tag.startswith("@")]
    quality = data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=len(rivals), max_size=len(rivals)))
    rivals = [row._replace(quality=mark) for row, mark in zip(rivals, quality, strict=True)]
    want = in_order([*rows, *rivals][:: data.draw(st.sampled_from([1, -1]))])
    arrival = data.draw(arrivals([*rows, *rivals]))

    rig = arrival.play(EngineRig(PLANT))

    assert_same(rig, want, len(arrival.rows), len(rows))


@pytest.mark.parametrize("seed", range(2))
def test_a_plant_in_disorder_gives_the_bits_of_rows_in_order(seed: int) -> None:
    random, rows = Random(seed), plant_rows(seed, minutes=8)
    want = in_order(rows, raw=("*temp_c",))
    orders = {
        "shuffled": (random.sample(rows, len(rows)), 400),
        "jitter": (sorted(rows, key=lambda row: row.time + random.random() * 1e9), 1),
        "late": (sorted(rows, key=lambda row: row.time + (random.random() < 0.05) * random.random() * 120e9), 7),
        "twice": (
            sorted(rows + rows, key=lambda row: row.time + (random.random() < 0.2) * random.random() * 300e9),
            50,
        ),
    }

    for order, size in orders.values():
        rig = EngineRig(PLANT, raw=("*temp_c",)).send(frames_of(order, size)).finish()

        assert_same(rig, want, len(order), len({(row.asset, row.tag, row.time) for row in rows}))


@pytest.mark.parametrize("seed", range(2))
def test_a_plant_with_crashes_and_nothing_kept_at_hand_gives_the_same_bits(seed: int, log: SqliteLog) -> None:
    random, rows = Random(seed), plant_rows(seed, minutes=40)
    late = sorted(rows, key=lambda row: row.time + (random.random() < 0.05) * random.random() * 900e9)
    rig = EngineRig(PLANT, log=log, node_cache=0, row_cache=1, slow=seed)

    for number, frame in enumerate(frames_of(late, 40)):
        rig.send([frame])
        if random.random() < 0.2:
            rig.checkpoint()
        elif number % 7 == 6:
            rig.crash(random.choice([1, 5]))
    rig.finish()

    assert rig.fetched > 0 and rig.restarts > 0
    assert_same(rig, in_order(rows), len(rows), len({(row.asset, row.tag, row.time) for row in rows}))
