"""Control charts on the stream: points, limits by product, what late samples change, and the same bits in any order."""

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
from fieldline.plant import Plant
from fieldline.plantfile import RULES, AssetEntry, PlantFile, SiteEntry, SpcEntry, SpcLimits, TagEntry
from processing.operators import energy, spc, telemetry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, event, frames_of
from tests.processing.row_sets import arrivals, row_lists

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "100"))
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

OPERATORS = (telemetry.COMPONENT, energy.COMPONENT, spc.COMPONENT)
BY_PRODUCT = (
    SpcLimits(product="A", version=1, center=2.0, sigma=1.5),
    SpcLimits(product="A", version=2, center=3.0, sigma=2.0),
)
CHARTED = Plant(
    PlantFile(
        site=(SiteEntry(path="berlin", time_zone="Europe/Berlin"),),
        asset=(
            AssetEntry(
                path="plant/hall/line1/press",
                tags={
                    "power_kw": TagEntry(
                        spc=SpcEntry(center=5.0, sigma=4.0, lsl=-10.0, usl=20.0, limits=BY_PRODUCT, rules=RULES)
                    ),
                    "reactive_power_kvar": TagEntry(spc=SpcEntry(chart="xbar_s", n=2, limits=BY_PRODUCT)),
                },
            ),
            AssetEntry(
                path="plant/hall/line1/oven",
                tags={"power_kw": TagEntry(spc=SpcEntry(chart="xbar_r", every="15m", n=3, center=2.0, sigma=1.0))},
            ),
            AssetEntry(
                path="berlin/hall/line2/saw",
                tags={"power_kw": TagEntry(spc=SpcEntry(every="1h", n=2, limits=BY_PRODUCT))},
            ),
            AssetEntry(
                path="plant/hall/line3/mill",
                tags={
                    "power_kw": TagEntry(spc=SpcEntry(every="1h", center=0.0, sigma=10.0)),
                    "energy_kwh": TagEntry(spc=SpcEntry()),
                },
            ),
        ),
    )
)
"""Charts of every kind and cell, with and without limits, some by product."""


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


PRESS, LINE = "plant/hall/line1/press", "plant/hall/line1"


def order(second: float, payload: str) -> Row:
    return event(LINE, "@order", T0 + round(second * SECOND), payload.encode())


def start(product: str) -> str:
    return f'{{"order":"{product}7","phase":"start","product":"{product}"}}'


def plant_rows(seed: int, minutes: float) -> list[Row]:
    """A line's charted tags with silences, and orders that begin within minutes, some void."""
    random, rows, second = Random(seed), {}, 0.0
    tags = [(PRESS, "power_kw"), (PRESS, "reactive_power_kvar"), ("plant/hall/line1/oven", "power_kw")]
    while second < minutes * 60:
        second += random.choice([0.5, 3, 11, 24, 70, 0.25]) if random.random() > 0.01 else random.choice([900, 4000])
        asset, tag = random.choice(tags)
        row = Row(asset, tag, T0 + round(second * SECOND), random.gauss(3, 2), 2 if random.random() < 0.02 else 0)
        if random.random() < 0.03:
            row = order(second, random.choice([start("A"), start("B"), '{"order":"A7","phase":"stop"}']))
        rows[row.asset, row.tag, row.time] = row
    return list(rows.values())


@pytest.mark.parametrize("seed", range(6))
def test_orders_told_late_and_crashes_leave_the_points_of_rows_in_order(seed: int, log: SqliteLog) -> None:
    random, rows = Random(seed), plant_rows(seed, minutes=90)
    late = [row.time + (random.random() < (0.5 if row.tag == "@order" else 0.05)) * random.random() * 3e12 for row in rows]
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
