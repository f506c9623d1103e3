"""Every field of every window equals the slow twins' on seeded plants, calendars with long and short days included."""

import math
from datetime import UTC, datetime

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of
from tests.processing.row_sets import PLANT, plant_rows
from tests.twins.energy import energy
from tests.twins.samples import samples_by_series
from tests.twins.telemetry import telemetry

BERLIN = Plant(PlantFile(site=(SiteEntry(path="berlin", time_zone="Europe/Berlin"),)))


def assert_near(want: dict[int, dict[str, float]], got: dict[int, dict[str, float]], where: tuple[str, ...]) -> None:
    assert want.keys() == got.keys(), where
    for start, fields in want.items():
        for name, value in fields.items():
            found = got[start][name]
            same = math.isnan(value) and math.isnan(found) or math.isclose(value, found, rel_tol=1e-9, abs_tol=1e-9)
            assert same, (*where, start, name, value, found)


def assert_equals_twins(
    plant: Plant, rows: list[Row], windows: tuple[str, ...] = ("1s", "1m", "15m", "1h", "day")
) -> int:
    """Run the rows and compare every window with the twins; the number of rows that were compared."""
    rig = EngineRig(plant, windows=windows).send(frames_of(rows, 97)).finish()
    samples, compared = samples_by_series(rows), 0
    for (asset, tag), mine in samples.items():
        info, zone = plant.tag_info(asset, tag), plant.time_zone(plant.line_of(asset))
        for window in set(windows) - {"day"}:
            want = telemetry(mine, window, info.max_gap_s, zone)
            assert_near(want, rig.values("telemetry", asset, window, tag), (asset, tag, window))
            compared += len(want)
    for asset in sorted({asset for asset, _ in samples}):
        zone = plant.time_zone(plant.line_of(asset))
        series = [(plant.tag_info(asset, tag), mine) for (owner, tag), mine in samples.items() if owner == asset]
        for window in set(windows) - {"1s"}:
            want = energy(series, window, zone)
            assert_near(want, rig.values("energy", asset, window), (asset, window))
            compared += len(want)
    assert compared == len(rig.table)
    return compared


@pytest.mark.parametrize("seed", range(3))
def test_a_plant_equals_the_twins_in_every_window(seed: int) -> None:
    rows = plant_rows(100 + seed, minutes=75)

    compared = assert_equals_twins(Plant(), rows)

    assert compared > 1000


@pytest.mark.parametrize("seed", range(2))
def test_declared_gaps_rollovers_and_pulses_equal_the_twins(seed: int) -> None:
    rows = [row._replace(asset="plant/hall/line3/mill") for row in plant_rows(200 + seed, minutes=90, assets=1)]
    counter = [Row("plant/hall/line3/mill", "pulses", T0 + k * 61 * SECOND, float(k % 4)) for k in range(60)] + [
        Row("plant/hall/line3/mill", "energy_kwh", T0 + k * 47 * SECOND, k * 97.3 % 1000) for k in range(90)
    ]
    rows = sorted([row for row in rows if row.tag != "energy_kwh"] + counter, key=lambda row: row.time)

    assert assert_equals_twins(PLANT, rows, ("1m", "15m", "1h", "day")) > 100


@pytest.mark.parametrize(("day", "hours"), [((2024, 3, 31), 23), ((2024, 10, 27), 25)])
def test_days_on_which_clocks_change_are_23_and_25_hours_long(day: tuple[int, int, int], hours: int) -> None:
    start = int(datetime(*day, tzinfo=UTC).timestamp()) - 4 * 3600
    rows = [
        Row("berlin/hall/line/oven", tag, (start + k * 200) * SECOND, 10.0 + k % 7)
        for k in range(34 * 18)
        for tag in ("power_kw", "reactive_power_kvar")
    ]

    assert_equals_twins(BERLIN, rows, ("15m", "1h", "day"))
    rig = EngineRig(BERLIN, windows=("day",)).send(frames_of(rows, 200)).finish()

    starts = sorted(rig.values("energy", "berlin/hall/line/oven", "day"))
    assert starts[2] - starts[1] == hours * 3600 * SECOND
    assert rig.values("energy", "berlin/hall/line/oven", "day")[starts[1]]["coverage"] == 1.0
