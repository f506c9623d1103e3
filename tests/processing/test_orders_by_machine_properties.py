"""Orders of machines side by side: whatever the order of arrival, the cuts and the crashes, the same bits as of rows in order."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry, ProductEntry
from fieldline.plantfile.spc import SpcEntry, SpcLimits
from processing.operators import energy, machine, spc
from processing.operators import order as order_operator
from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, frames_of
from tests.processing.machine_sets import json_event
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_orders_by_machine import LINE, MODES, ONE, PACKER, TWO, standing

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "25"))
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

MOTOR = f"{ONE}/motor"
_LIMITS = tuple(SpcLimits(product=product, center=center, sigma=1.0) for product, center in (("A", 5.0), ("B", 6.0)))
_CHART = SpcEntry(every="15m", center=5.5, sigma=2.0, limits=_LIMITS)
PLANT = Plant(
    PlantFile(
        asset=(
            AssetEntry(
                path=f"{LINE}/*",
                state_max_gap_s=1000.0,
                tags={"mode": MODES, "temp_c": TagEntry(spc=_CHART), "good_count": TagEntry(starts_over="order")},
            ),
        ),
        line=(LineEntry(path=LINE, orders="machine"),),
        product=(ProductEntry(name="A", ideal_cycle_s=2.0), ProductEntry(name="B", ideal_cycle_s=4.0)),
    )
)
OPERATORS = (energy.COMPONENT, machine.COMPONENT, order_operator.COMPONENT, spc.COMPONENT)
NUMBERS = [(asset, tag) for asset in (ONE, TWO, MOTOR, LINE) for tag in ("power_kw", "good_count", "temp_c", "mode")]
TOLD = [(asset, tag) for asset in (ONE, TWO, LINE, f"{ONE}/panel") for tag in ("@order", "@order", "@product")]
_STEPS_S = [0.0, 0.001, 0.25, 1.0, 7.0, 20.0, 44.0, 59.999999999, 60.0, 100.0, 299.0, 900.0, 3601.0]
_NEAR_S = [0.0, 0.25, 1.0, 7.0, 20.0, 31.5]


def said(random: Random, asset: str, tag: str, time: int) -> Row:
    """What an event says of orders or products."""
    if tag == "@product":
        return json_event(asset, tag, time, **random.choice([{"product": "A"}, {"product": "B"}, {"phase": "stop"}]))
    phase = random.choice(["start", "start", "start", "pause", "stop", "void"])
    product = random.choice([{}, {"product": "A"}, {"product": "B"}])
    return json_event(asset, tag, time, order=random.choice("123"), phase=phase, **product)


def rows_of(random: Random, count: int, steps_s: list[float]) -> list[Row]:
    """Rows in time order, a third of them of orders and products; no two of a series and time."""
    rows: dict[tuple[str, str, int], Row] = {}
    time = T0 + random.choice([0, 1, 30 * SECOND, 59_999_999_999])
    for _ in range(count):
        time += round(random.choice(steps_s) * SECOND)
        asset, tag = random.choice(TOLD if random.random() < 0.3 else NUMBERS)
        value = random.choice([0.0, 1.0, 2.0, 5.0, 7.5, 40.0])
        rows[asset, tag, time] = said(random, asset, tag, time) if tag[0] == "@" else Row(asset, tag, time, value)
    return list(rows.values())


@st.composite
def row_lists(draw: st.DrawFn) -> list[Row]:
    steps_s = draw(st.sampled_from([_STEPS_S, _NEAR_S]))
    return rows_of(Random(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, 45)), steps_s)


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def rig_of(**options: object) -> EngineRig:
    return EngineRig(PLANT, operators=OPERATORS, **options)  # type: ignore[arg-type]


def in_order(rows: list[Row]) -> Table:
    rows = sorted(rows, key=lambda row: (row.time, row.asset, row.tag))
    return standing(rig_of().send(frames_of(rows, 50)).finish().table)


@_ANY
@given(data=st.data())
def test_any_order_and_cuts_give_the_bits_of_rows_in_order(data: st.DataObject) -> None:
    rows = data.draw(row_lists())
    arrival: Arrival = data.draw(arrivals(rows))

    rig = arrival.play(rig_of())

    assert differences(in_order(rows), standing(rig.table))[:3] == []


@_ANY
@given(data=st.data())
def test_crashes_and_restores_from_any_checkpoint_change_no_bit(data: st.DataObject, log: SqliteLog) -> None:
    rows = data.draw(row_lists())
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    cache = data.draw(st.sampled_from([0, 1 << 14, 1 << 30]))
    rig = rig_of(log=log, node_cache=cache, row_cache=1, slow=data.draw(st.integers(0, 3)))

    arrival.play(rig, steps_of=data.draw(st.integers(1, 4)))

    assert differences(in_order(rows), standing(rig.table))[:3] == []


@pytest.mark.parametrize("seed", range(4))
def test_a_plant_in_disorder_with_crashes_and_nothing_at_hand_gives_the_same_bits(seed: int, log: SqliteLog) -> None:
    random = Random(seed)
    rows = rows_of(random, 400, _NEAR_S)
    late = sorted(rows, key=lambda row: row.time + (random.random() < 0.1) * random.random() * 900e9)
    rig = rig_of(log=log, node_cache=0, row_cache=1, slow=seed % 2)

    for number, frame in enumerate(frames_of(late, 20)):
        rig.send([frame])
        if number % 7 == 6:
            rig.crash(random.choice([1, 5]))
        elif random.random() < 0.3:
            rig.wait(1.1)
            rig.checkpoint()
    rig.finish()

    assert rig.restarts > 0
    assert differences(in_order(rows), standing(rig.table))[:3] == []


def test_orders_that_were_told_by_the_thousand_are_let_go_and_change_no_bit(log: SqliteLog) -> None:
    random, rows = Random(1), list[Row]()
    for second in range(0, 1500 * 10, 10):
        time = T0 + second * SECOND
        rows += [Row(asset, "power_kw", time, random.random() * 50.0) for asset in (ONE, TWO, PACKER)]
        asset = random.choice([ONE, TWO, LINE])
        rows.append(
            said(random, asset, random.choice(["@order", "@order", "@product"]), time + random.randrange(9) * SECOND)
        )
    timing = Timing(horizon=1800 * SECOND)
    rig = rig_of(log=log, timing=timing)

    for frame in frames_of(sorted(rows, key=lambda row: row.time), 300):
        rig.send([frame]).checkpoint()
    rig.finish()

    kept = len(rig.engine.context.names()["orders"])  # type: ignore[arg-type]
    want = rig_of(timing=timing).send(frames_of(sorted(rows, key=lambda row: row.time), 300)).finish()
    assert kept < 1500
    assert differences(standing(want.table), standing(rig.table))[:3] == []
