"""An asset has one source of energy at each moment, and its windows add up: whatever tells of the same energy again counts nothing."""

import random
from math import fsum, isnan

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of

ASSET = "plant/hall/line1/meter"
MINUTE = 60 * SECOND
DAY = T0 // (86_400 * SECOND) * 86_400 * SECOND


def samples(tag: str, every_s: int, values: "list[float]", start: int = DAY) -> list[Row]:
    """A tag's samples, evenly spaced."""
    return [Row(ASSET, tag, start + k * every_s * SECOND, value) for k, value in enumerate(values)]


def rows_of(rows: list[Row], plant: Plant | None = None) -> EngineRig:
    """An engine that has seen the rows, in order of time."""
    ordered = sorted(rows, key=lambda row: (row.time, row.tag))
    return EngineRig(plant, windows=("1m", "15m", "1h", "day")).send(frames_of(ordered, 50)).finish()


def day_of(rows: list[Row], plant: Plant | None = None) -> dict[str, float]:
    """The asset's row of the day."""
    (found,) = rows_of(rows, plant).values("energy", ASSET, "day").values()
    return found


TEN_MINUTES = [0.1 * k for k in range(6)]


@pytest.mark.parametrize(
    ("rows", "kwh"),
    [
        pytest.param(
            samples("total_power_import_kwh", 600, [13779.338 + x for x in TEN_MINUTES])
            + samples("total_power_import_t1_kwh", 600, [10830.511 + x for x in TEN_MINUTES])
            + samples("total_power_import_t2_kwh", 600, [2948.827] * 6),
            0.5,
            id="a total and its tariffs",
        ),
        pytest.param(
            samples("import_t1_kwh", 600, [10830.511 + x for x in TEN_MINUTES])
            + samples("import_t2_kwh", 600, [2948.827 + 2 * x for x in TEN_MINUTES]),
            1.5,
            id="tariffs alone",
        ),
        pytest.param(
            samples("energy_today_kwh", 600, [2 + 5 * x for x in TEN_MINUTES])
            + samples("energy_total_kwh", 600, [9000 + 5 * x for x in TEN_MINUTES])
            + samples("energy_yesterday_kwh", 600, [8.0] * 6),
            2.5,
            id="today's and the whole",
        ),
        pytest.param(
            samples("energy_import_kwh", 60, [100.0, 101.0, 102.0])
            + samples("energy_returned_kwh", 60, [50.0, 52.0, 54.0]),
            2.0,
            id="import and export",
        ),
        pytest.param(
            samples("power_kw", 120, [10.0] * 720) + samples("energy_kwh", 300, [500.0, 500.8333], DAY + 1430 * MINUTE),
            240.0 - 10 / 30,  # from the first sample to the last
            id="power all day, a register since 23:50",
        ),
        pytest.param(
            samples("power_l1_kw", 60, [1.0] * 61)
            + samples("power_l2_kw", 60, [2.0] * 61)
            + samples("power_l3_kw", 60, [3.0] * 61),
            6.0,
            id="phases alone",
        ),
        pytest.param(
            samples("power_kw", 60, [6.0] * 61)
            + samples("power_l1_kw", 60, [1.0] * 61)
            + samples("heater1_kwh", 60, [1.0] * 61),
            6.0,
            id="a total, a phase and a part",
        ),
        pytest.param(
            samples("pv_power_kw", 60, [9.0] * 61)
            + samples("battery_power_kw", 60, [4.0] * 61)
            + samples("load_power_kw", 60, [5.0] * 61)
            + samples("grid_power_kw", 60, [-4.0] * 61),
            5.0,
            id="an inverter's load",
        ),
    ],
)
def test_energy_that_is_told_twice_counts_once(rows: list[Row], kwh: float) -> None:
    assert day_of(rows)["active_energy_kwh"] == pytest.approx(kwh, abs=5e-4)


def test_what_is_fed_back_has_a_field_of_its_own() -> None:
    rows = (
        samples("energy_import_kwh", 60, [100.0, 101.0])
        + samples("export_kwh", 60, [50.0, 52.0])
        + samples("export_t1_kwh", 60, [9.0, 11.0])
    )

    day = day_of(rows)

    assert (day["active_energy_kwh"], day["exported_energy_kwh"]) == (1.0, 2.0)


def test_the_plant_file_names_the_tags_that_are_the_assets_energy() -> None:
    rows = (
        samples("energy_kwh", 60, [100.0, 101.0])
        + samples("heater1_kwh", 60, [5.0, 5.5])
        + samples("heater2_kwh", 60, [7.0, 7.25])
    )
    plant = Plant(PlantFile(asset=(AssetEntry(path=ASSET, energy_tags=("heater1_kwh", "heater2_kwh")),)))

    assert day_of(rows)["active_energy_kwh"] == 1.0
    assert day_of(rows, plant)["active_energy_kwh"] == 0.75


def test_a_row_says_where_its_energy_comes_from() -> None:
    rows = samples("power_kw", 60, [6.0] * 121) + samples(
        "energy_kwh", 60, [k / 10 for k in range(61)], DAY + 60 * MINUTE
    )

    rig = rows_of(rows)

    found = {start: said["energy_source"] for start, said in sorted(rig.texts("energy", ASSET, "1h").items())[:2]}
    assert found == {DAY: "power", DAY + 60 * MINUTE: "register"}
    assert rig.texts("energy", ASSET, "day")[DAY]["energy_source"] == "register, power"


def test_a_demand_exists_where_a_quarter_hour_was_observed() -> None:
    """Ten minutes at 6 kW are no quarter-hour at 4 kW."""
    short, whole = samples("power_kw", 60, [6.0] * 11), samples("power_kw", 60, [6.0] * 16)

    assert isnan(day_of(short)["peak_demand_kw"]) and isnan(day_of(short)["load_factor"])
    assert rows_of(short).texts("energy", ASSET, "day")[DAY]["null_reason"] == "no demand interval was observed"
    assert day_of(whole)["peak_demand_kw"] == pytest.approx(6.0)


@pytest.mark.parametrize("seed", range(3))
def test_sources_that_come_and_go_add_up_to_the_truth_in_every_order(seed: int) -> None:
    """One machine at a known load, told by a register, tariffs, phases and power, each with outages of its own."""
    draw = random.Random(seed)
    load = [draw.choice((0.0, 6.0, 12.0)) for _ in range(150)]  # kW, minute by minute
    kwh = [fsum(load[:k]) / 60 for k in range(151)]
    rows: list[Row] = []
    for tag, every, value_at in (
        ("energy_kwh", 5, lambda m: 800 + kwh[m]),
        ("energy_t1_kwh", 1, lambda m: 500 + kwh[m] / 4),
        ("energy_t2_kwh", 1, lambda m: 300 + kwh[m] * 3 / 4),
    ):
        gone = draw.randrange(20, 120)
        rows += [
            Row(ASSET, tag, DAY + m * MINUTE, value_at(m)) for m in range(0, 151, every) if not gone <= m < gone + 10
        ]

    in_order, shuffled = rows_of(rows), EngineRig(windows=("1m", "15m", "1h", "day"))
    draw.shuffle(rows)
    shuffled.send(frames_of(rows, 40)).finish()

    assert in_order.table == shuffled.table
    assert in_order.texts("energy", ASSET, "1m") == shuffled.texts("energy", ASSET, "1m")
    for window in ("1m", "15m", "1h", "day"):
        found = [row["active_energy_kwh"] for row in in_order.values("energy", ASSET, window).values()]
        assert fsum(found) == pytest.approx(kwh[150], abs=1e-9)
