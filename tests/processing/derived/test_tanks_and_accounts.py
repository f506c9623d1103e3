"""The page's tank, account and limits, by readings of a few days."""

from pathlib import Path

import numpy as np
import pytest

from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

HOUR = 3600 * SECOND
BEGIN = 19_844 * 24 * HOUR
PAGE = Path("docs/own-metrics.md").read_text("utf-8")
EXAMPLE = PAGE.partition("## Tanks, accounts and limits")[2].partition("```toml")[2].partition("```")[0]


def test_a_tank_an_account_and_limits_are_what_the_page_says() -> None:
    readings = {
        ("farm/north/tank", "level_m"): [3.0 - 0.1 * day for day in range(9)],
        ("farm/north/pump", "water_m3"): [100.0 + 84.0 * day for day in range(9)],
        ("farm/north/field1", "harvest_kg"): [2000.0] * 9,
        ("farm/north/air", "pm10_ug_m3"): [49.0, 51.0] * 4 + [60.0],
    }
    rows = [
        Row(*one, BEGIN + (24 * day + 9) * HOUR, value)
        for one, row in readings.items()
        for day, value in enumerate(row)
    ]
    rows += [Row("farm/north/air", "ozone_ug_m3", BEGIN + h * HOUR + SECOND, 100.0 + 10.0 * h) for h in range(9)]
    farm = plant(EXAMPLE)
    rig = EngineRig(farm, operators=operators_for(None, farm), windows=("1h", "day"))
    rig.send(frames_of(sorted(rows, key=lambda row: row.time), 10)).finish()

    def at(kind: str, asset: str, field: str, window: str) -> list[float]:
        found = rig.values(kind, f"farm/north/{asset}", window)
        return [found[time][field] for time in sorted(found)]

    # 12 m² hold 1.2 m³ a decimetre; 2.2 m are left on the last day, a week of whose takings is known by then.
    assert at("tank", "tank", "left_d", "day")[-1] == pytest.approx(22.0)
    assert at("tank", "tank", "level_ratio", "day")[0] == 1.0
    assert at("account", "field1", "water_mm", "day")[1:] == pytest.approx([2.0] * 8)
    assert at("account", "field1", "water_l_kg", "day")[1:] == pytest.approx([42.0] * 8)
    assert (
        at("dust", "air", "over", "day") == [0, 1] * 4 + [1] and np.isnan(at("dust", "air", "over_90_d", "day")).all()
    )
    # Of the hours 0 to 7 the mean is 135; before there are eight hours there is none.
    assert at("air", "air", "ozone_8h", "1h")[:9] == pytest.approx([np.nan] * 7 + [135.0, 145.0], nan_ok=True)
    assert at("air", "air", "ozone_over", "1h")[7] == 1
