"""What assets are tied to: each reads its own station, and a row of that which comes late changes those that are tied to it, and no other."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import HOUR, HOUR0, MINUTE, plant, rig
from tests.processing.engine_rig import EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

NORTH, SOUTH = "farm/north/weather", "farm/south/weather"
FIELDS = {"farm/north/field1": NORTH, "farm/north/field2": NORTH, "farm/south/field1": SOUTH}
FARM = """
[[site]]
path = "farm"
line_depth = 1

[[asset]]
path = "farm/*/*"
values = { share = 0.5 }

[[asset]]
path = "farm/north/field*"
ties = { station = "farm/north/weather" }

[[asset]]
path = "farm/south/field1"
ties = { station = "farm/south/weather" }

[[asset]]
path = "farm/north/weather"
values = { share = 0.25 }

[[asset]]
path = "farm/south/weather"

[[metric]]
kind = "use"
asset = "farm/*/field*"
windows = ["1h", "day"]
field.et_mm = { value = "asset.kc * station.demand.mm" }
field.sum_mm = { value = "rolling_sum(et_mm, 2)" }
field.warmest_degc = { value = "max(station.temp_degc)", unit = "degC" }
field.share = { value = "station.asset.share" }
field.since_s = { value = "window.start_s", unit = "s" }
field.seen = { value = "coverage(station.temp_degc)", unit = "1" }

[[metric]]
kind = "demand"
asset = "farm/*/weather"
windows = ["1h", "day"]
field.mm = { value = "0.1 * mean(temp_degc)" }

[[asset]]
path = "farm/*/field?"
values = { kc = 2.0 }
"""


def weather(random: Random, hours: int) -> list[Row]:
    """Two samples an hour of two stations and of three fields."""
    rows = []
    for k in range(2 * hours):
        time = HOUR0 + k * 30 * MINUTE + random.randrange(MINUTE)
        rows += [Row(station, "temp_degc", time, random.choice([4.0, 8.0, 20.0])) for station in (NORTH, SOUTH)]
        rows += [Row(field, "moisture_pct", time, 25.0) for field in FIELDS]
    return rows


def of_hours(got: EngineRig, asset: str, field: str) -> list[float]:
    return [row[field] for _, row in sorted(got.values("use", asset, "1h").items())]


def test_each_field_reads_the_station_that_it_is_tied_to() -> None:
    rows = weather(Random(4), 3)
    got = rig(FARM).send(frames_of(rows, 7)).finish()

    for field, station in FIELDS.items():
        told = [row for row in rows if row.asset == station]
        pairs = [(told[2 * hour].value, told[2 * hour + 1].value) for hour in range(3)]
        assert of_hours(got, field, "et_mm") == pytest.approx([0.1 * (a + b) for a, b in pairs])
        assert of_hours(got, field, "warmest_degc") == [max(pair) for pair in pairs]
        assert of_hours(got, field, "share") == [0.25 if station == NORTH else 0.5] * 3
        assert of_hours(got, field, "since_s") == [(HOUR0 + hour * HOUR) / 1e9 for hour in range(3)]
        assert all(0.0 < share < 1.0 for share in of_hours(got, field, "seen"))


def test_a_late_row_of_a_station_changes_the_fields_that_are_tied_to_it() -> None:
    rows = weather(Random(4), 4)
    late = Row(NORTH, "temp_degc", HOUR0 + 70 * MINUTE, 44.0)
    got = rig(FARM).send(frames_of(rows, 7)).finish()
    before = {field: of_hours(got, field, "sum_mm") for field in FIELDS}

    got.send([frame_of([late])]).finish()

    want = rig(FARM).send(frames_of(sorted([*rows, late], key=lambda row: row.time), 7)).finish()
    assert differences(want.table, got.table)[:3] == []
    for field, station in FIELDS.items():
        after = of_hours(got, field, "sum_mm")
        assert (after[1:3] != before[field][1:3]) == (station == NORTH)
        assert after[3] == before[field][3]  # a sum of two hours forgets


@given(data=st.data())
@fuzz(4)
def test_any_order_any_cut_and_any_crash_give_the_same_bits(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = weather(Random(data.draw(st.integers(0, 2**32 - 1))), data.draw(st.integers(1, 3)))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = rig(FARM).send([frame_of([row]) for row in sorted(rows, key=lambda row: row.time)]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        got = rig(FARM, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    assert differences(want.table, got.table)[:3] == []


def test_another_station_is_a_change_of_settings(tmp_path: Path) -> None:
    moved = plant(FARM.replace('field1"\nties = { station = "farm/south', 'field1"\nties = { station = "farm/north'))
    log = SqliteLog(tmp_path / "log.db")
    got = rig(FARM, log=log).send(frames_of(weather(Random(4), 3), 7)).finish()
    before = of_hours(got, "farm/south/field1", "warmest_degc")

    got.restart(plant=moved, operators=operators_for(None, moved)).finish()
    log.close()

    assert of_hours(got, "farm/south/field1", "warmest_degc") == of_hours(got, "farm/north/field1", "warmest_degc")
    assert of_hours(got, "farm/south/field1", "warmest_degc") != before
