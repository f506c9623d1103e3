"""Reference evapotranspiration worked out once more is the engine's: of hours and days, whatever sensors are missing or can't be right."""

from random import Random

import pytest

from analysis.recount.history import History
from analysis.recount.station import et0
from tests.processing.derived.test_plant_metrics import HOUR, plant, rig
from tests.processing.engine_rig import Row, frames_of
from tests.processing.test_fields_operators import DAY0, FARM, STATION, weather


def spoilt(random: Random, rows: list[Row]) -> list[Row]:
    """Rows of a station of which sensors are missing, stuck, impossible, or others than usual."""
    found = list(rows)
    for tag, values in (
        ("humidity_pct", (None, 55.0, 130.0)),
        ("wind_speed_m_s", (None, -1.0, 0.0)),
        ("irradiance_w_m2", (None, 2000.0, 0.0, 250.0)),
        ("air_temperature_c", (80.0, 20.0)),
    ):
        if random.random() < 0.4:
            value = random.choice(values)
            found = [row if row.tag != tag else row._replace(value=value) for row in found if row.tag != tag or value is not None]  # fmt: skip
    hours = [row.time for row in rows if row.tag == "rain_mm"]
    for tag, draw in (
        ("dew_point_c", lambda: random.choice([9.0, 11.0])),
        ("sunshine_ratio", lambda: random.choice([0.0, 0.7, 1.0])),
        ("reference_et_mm", lambda: 0.2),
    ):
        if random.random() < 0.3:
            found += [Row(STATION, tag, time, draw()) for time in hours]
    return sorted(found, key=lambda row: (row.time, row.tag))


@pytest.mark.parametrize("seed", range(8))
def test_hours_and_days_are_the_engines(seed: int) -> None:
    random = Random(seed)
    text = FARM.replace("altitude_m = 520", f'altitude_m = 520\nclear_sky = "{random.choice(["altitude", "vapour"])}"')
    rows = spoilt(random, [row for row in weather(2) if row.asset == STATION])
    of_station: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        of_station.setdefault((row.asset, row.tag), []).append((row.time, row.value))
    history = History(plant(text), "farm", of_station, {})

    got = rig(text).send(frames_of(rows, 200)).finish()

    compared = 0
    for window, length in (("1h", HOUR), ("day", 24 * HOUR)):
        for start, stored in got.values("et0", STATION, window).items():
            counted = et0(history, STATION, start, start + length)
            for field, value in counted.items():
                assert value == pytest.approx(stored[field], rel=1e-9, abs=1e-12, nan_ok=True), (window, start, field)
                compared += 1
    assert compared == 9 * 50 and DAY0 in got.values("et0", STATION, "day")
