"""Pieces that were made while no order was told: counted, left out of OEE, and said."""

from math import isnan

import pytest

from analysis.recount.effectiveness import effectiveness, machines_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry, ProductEntry
from processing.operators import machine
from tests.analysis.recount.worked_line import differences, history_of
from tests.processing.engine_rig import SECOND, Row, frames_of
from tests.processing.machine_sets import json_event
from tests.processing.test_machine_operator import CODES, HOUR_S, LINE, PRESS, TextRig, at, counter, modes
from tests.processing.test_pacemaker import HOUR_NS, START_NS

REASON = "pieces between orders: tell their order, or declare an ideal_cycle_s"


def plant(between: str = "leave_out", cycle: float | None = None) -> Plant:
    tags = {"mode": TagEntry(kind="state", codes=CODES, max_gap_s=90_000.0)}
    return Plant(
        PlantFile(
            asset=(AssetEntry(path=PRESS, tags=tags, ideal_cycle_s=cycle),),
            line=(LineEntry(path=LINE, between_orders=between),),  # type: ignore[arg-type]
            product=(ProductEntry(name="A", ideal_cycle_s=4.0),),
        )
    )


def order(second: float, phase: str, number: str = "1", product: str = "A") -> Row:
    return json_event(LINE, "@order", at(second), order=number, phase=phase, product=product)


# 500 pieces in the order, 12 after it, before the next; 6 min of the hour between orders.
ROWS = [
    *modes((0, 1), (3600, 1)),
    order(0.5, "start"),
    order(2400, "stop"),
    order(2760, "start", "2"),
    *counter("good_count", (0, 0), (2399, 300), (2500, 312), (3599, 512)),
    *counter("scrap_count", (0, 0), (3599, 0)),
]


def run(of: Plant, rows: list[Row]) -> TextRig:
    rig = TextRig(of, operators=[machine.COMPONENT])
    return rig.send(frames_of(sorted(rows, key=lambda row: row.time), 7)).finish()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("of", "performance", "count", "reason"),
    [
        (plant(), 500 * 4 / 3600, 12, None),
        (plant("unknown"), None, 12, REASON),
        (plant(cycle=3.0), (500 * 4 + 12 * 3) / 3600, 0, None),
    ],
)
def test_pieces_between_orders_have_no_part_in_oee_unless_asked(
    of: Plant, performance: float | None, count: int, reason: str | None
) -> None:
    rig = run(of, ROWS)

    for asset in (PRESS, LINE):
        found = rig.values("oee", asset, "1h")[START_NS]
        if performance is None:
            assert isnan(found["performance"]) and isnan(found["oee"])
        else:
            assert found["performance"] == found["oee"] == pytest.approx(performance, rel=1e-12)
        assert found["between_orders_count"] == count
        assert rig.texts["oee", asset, 3, START_NS].get("null_reason") == reason
        again = machines_of(history_of(of, ROWS), asset, START_NS, START_NS + HOUR_NS)
        assert differences(effectiveness(again, START_NS, START_NS + HOUR_NS), found) == []
    assert rig.values("quality", PRESS, "1h")[START_NS]["good_count"] == 512


def test_a_minute_in_which_all_pieces_were_made_between_orders_has_no_performance() -> None:
    rig = run(plant(), ROWS)

    minute = rig.values("oee", PRESS, "1m")[at(2460)]
    assert isnan(minute["performance"]) and minute["between_orders_count"] == 12
    assert rig.texts["oee", PRESS, 1, at(2460)]["null_reason"] == "no ideal cycle"


def test_a_product_whose_cycle_nobody_declared_still_makes_oee_unknown() -> None:
    rows = [row for row in ROWS if row.tag != "@order"] + [order(0.5, "start", product="B")]

    rig = run(plant(), rows)

    assert isnan(rig.values("oee", PRESS, "1h")[START_NS]["performance"])
    assert rig.texts["oee", PRESS, 3, START_NS]["null_reason"] == "no ideal cycle"


def test_an_order_that_is_told_late_takes_its_pieces_in() -> None:
    rig = run(plant(), ROWS)

    rig.send(frames_of([order(2400, "start", "3")], 1, received=rig.wall)).finish()

    found = rig.values("oee", PRESS, "1h")[START_NS]
    assert found["between_orders_count"] == 0
    assert found["performance"] == pytest.approx(512 * 4 / 3600, rel=1e-12)
    assert START_NS == HOUR_S * SECOND
