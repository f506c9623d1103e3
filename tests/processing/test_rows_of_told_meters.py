"""Which rows of meters stand of which hardly more is known than what events say: the same ones in whatever order it came."""

import json
from random import Random

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry
from processing.operators import energy, machine
from processing.operators import order as order_operator
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, event, frame_of, frames_of
from tests.processing.machine_sets import json_event
from tests.processing.test_registers import standing

SHARED, SPLIT = "plant/hall/line1", "plant/hall/line2"
METERS = (f"{SHARED}/meter1", f"{SHARED}/meter2", f"{SPLIT}/meter1", f"{SPLIT}/meter2")
PLANT = Plant(
    PlantFile(
        asset=(
            AssetEntry(
                path="plant/hall/*/*", tags={"e": TagEntry(unit="kWh", kind="register", register_max_gap_s=1000.0)}
            ),
        ),
        line=(LineEntry(path=SPLIT, orders="machine"),),
    )
)
"""On one line all make the line's order, on the other each machine its own."""
OPERATORS = (energy.COMPONENT, machine.COMPONENT, order_operator.COMPONENT)
_STEPS_S = [0.0, 1.0, 7.0, 44.0, 60.0, 91.0, 299.0, 700.0]


def at(second: float) -> int:
    return T0 + round(second * SECOND)


def told(meter: str, second: float, **said: object) -> Row:
    return event(meter, "@meter", at(second), json.dumps({"tag": "e", **said}).encode())


def ordered(asset: str, second: float, order: str, phase: str) -> Row:
    return json_event(asset, "@order", at(second), order=order, phase=phase, product="AB"[int(order) - 1])


def rig_of(**options: object) -> EngineRig:
    return EngineRig(PLANT, operators=OPERATORS, **options)  # type: ignore[arg-type]


def in_order(rows: list[Row]) -> Table:
    return standing(rig_of().send(frames_of(sorted(rows, key=lambda row: row.time), 50)).finish().table)


@pytest.mark.parametrize("line", [SHARED, SPLIT])
def test_the_row_of_an_order_that_is_told_late_stands_where_no_meter_was_read(line: str) -> None:
    meter = f"{line}/meter1"
    rows = [
        told(meter, 314.5, new=0.0),
        told(meter, 1306.5, new=0.0),
        ordered(line, 437.0, "2", "start"),
        ordered(line, 811.5, "2", "stop"),
    ]
    rig = rig_of()

    for row in rows:
        rig.send([frame_of([row])]).wait(70.0)
    rig.finish()

    of_order = rig.values("energy", meter, "order")[at(437.0)]
    assert (of_order["active_energy_kwh"], of_order["coverage"], of_order["retracted"]) == (0.0, 1.0, 0.0)
    assert differences(in_order(rows), standing(rig.table)) == []


def test_an_amount_that_is_told_last_reaches_where_the_line_had_no_slices_yet() -> None:
    meter = METERS[0]
    rows = [
        ordered(SHARED, 1552.5, "2", "void"),
        ordered(SHARED, 44.5, "1", "start"),
        told(meter, 0.5, amount=0.0, until=at(3000.5) / SECOND),
    ]
    rig = rig_of()

    for row in rows:
        rig.send([frame_of([row])]).wait(70.0)
    rig.finish()

    assert differences(in_order(rows), standing(rig.table)) == []
    assert len(rig.values("energy", meter, "1m")) > 45


def rows_of(random: Random, count: int) -> list[Row]:
    """Rows in time order, of which most are events of meters and of orders; no two of a series and time."""
    rows: dict[tuple[str, str, int], Row] = {}
    second = random.choice([0.0, 0.5, 30.0])
    for _ in range(count):
        second += random.choice(_STEPS_S)
        row = random_row(random, second)
        rows[row.asset, row.tag, row.time] = row
    return sorted(rows.values(), key=lambda row: row.time)


def random_row(random: Random, second: float) -> Row:
    """What is told of a meter or an order at a time, or now and then what a meter shows."""
    meter, entered = random.choice(METERS), at(random.choice([0, 20_000])) // SECOND
    match random.choice(["exchanged", "amount", "amount", "void", "order", "order", "order", "reading"]):
        case "exchanged":
            old, new = random.choice([3.0, 500.0]), random.choice([0.0, 7.0])
            return told(meter, second, old=old, new=new, recorded=entered)
        case "amount":
            until = at(second + random.choice([70, 200, 3000])) / SECOND
            return told(meter, second, amount=random.choice([0.0, 2.0]), until=until, recorded=entered)
        case "void":
            return told(meter, second, phase="void", recorded=entered)
        case "order":
            asset, phase = (
                random.choice([SHARED, SPLIT, SPLIT, METERS[2]]),
                random.choice(["start", "start", "stop", "void"]),
            )
            return ordered(asset, second, random.choice("12"), phase)
    return Row(meter, "e", at(second), random.choice([0.0, 5.0, 80.0]), random.choice([0, 0, 0, 2]))


@pytest.mark.parametrize("seed", [25, *range(30, 36)])
def test_the_rows_that_stand_do_not_go_by_when_it_was_told(seed: int) -> None:
    random = Random(seed)
    rows = rows_of(random, 16)
    rig = rig_of()

    for row in random.sample(rows, len(rows)):
        rig.send([frame_of([row])]).wait(random.choice([1.0, 70.0]))
    rig.finish()

    assert differences(in_order(rows), standing(rig.table))[:3] == []
