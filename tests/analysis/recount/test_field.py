"""Rain, irrigation and a field's water worked out once more are the engine's, with silent days, odd sensors, meters and a probe."""

from random import Random

import pytest

from analysis.recount.field import KINDS
from analysis.recount.given_water import days_until
from analysis.recount.history import History
from tests.analysis.recount.test_station import spoilt
from tests.processing.derived.test_plant_metrics import HOUR, plant, rig
from tests.processing.engine_rig import Row, frames_of
from tests.processing.test_fields_operators import DAY0, FARM, FIELD, STATION, VALVE, weather

PROBE = "farm/north/probe1"
TIED = FARM.replace("water = ", f'probe = "{PROBE}", water = ') + f'[[asset]]\npath = "{PROBE}"\n'
BY_WARMTH = TIED.replace(
    "stage_days = [20, 35, 40, 30]", "stage_degree_days = [20, 40, 60, 50]\nbase_degc = 8\nupper_degc = 24"
)
DRY = "wilting_point = 0.12\ncurve_number = 80\n"


def season(random: Random) -> list[Row]:
    """Five days, of which some are silent, with a valve's flow beside its counter, told irrigations and a probe."""
    rows = spoilt(random, [row for row in weather(5) if random.random() < 0.97 or row.asset != STATION])
    for hour in range(0, 120, 2):
        time = DAY0 + hour * HOUR + 5
        rows += [Row(PROBE, "moisture_pct", time, random.choice([22.0, 24.0]))] * (hour // 24 != 2)
        rows += [Row(VALVE, "flow_m3_h", time, random.choice([0.0, 30.0]))] * (hour // 24 in (1, 3))
    rows += [Row(FIELD, "irrigation_mm", DAY0 + 50 * HOUR, 12.0), Row(FIELD, "wetted_ratio", DAY0 + 50 * HOUR, 0.5)]
    silent = {day for day in range(1, 5) if random.random() < 0.2}
    kept = [row for row in rows if (row.time - DAY0) // (24 * HOUR) not in silent]
    return sorted({(row.asset, row.tag, row.time): row for row in kept}.values(), key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(4))
def test_every_day_is_the_engines(seed: int) -> None:
    random = Random(seed)
    text = random.choice([TIED, BY_WARMTH]).replace(
        "wilting_point = 0.12\n", random.choice([DRY, "wilting_point = 0.12\n"])
    )
    rows = season(random)
    series: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        series.setdefault((row.asset, row.tag), []).append((row.time, row.value))
    history = History(plant(text), "farm", series, {})

    got = rig(text).send(frames_of(rows, 200)).finish()

    compared = 0
    for kind, asset in (("rain", STATION), ("irrigation", FIELD), ("soil_water", FIELD)):
        for start, stored in got.values(kind, asset, "day").items():
            counted = KINDS[kind](days_until(history, "day", start + 1), asset)
            for field, value in counted.items():
                assert value == pytest.approx(stored[field], rel=1e-9, abs=1e-9, nan_ok=True), (kind, start, field)
                compared += 1
    assert compared > 60
