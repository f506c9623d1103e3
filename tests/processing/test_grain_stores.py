"""Grain stores on the stream: a spot that warms by itself, and one that is only warm."""

import numpy as np
import pytest

from tests.processing.engine_rig import EngineRig, Row, frames_of
from tests.processing.farm_sets import BEGIN, DAY, HOUR, rig_of

SILO = "farm/north/silo"
TABLES = '[[asset]]\npath = "farm/north/silo"\nvalues = { hot_spot_k = 5.0 }\n'


def days_of(**sensors: list[float]) -> tuple[EngineRig, list[dict[str, float]]]:
    """Two readings of each day of sensors; NaN: none."""
    rows = [
        Row(SILO, tag, BEGIN + day * DAY + hour * HOUR, degc)
        for tag, values in sensors.items()
        for day, degc in enumerate(values)
        for hour in (6, 18)
        if not np.isnan(degc)
    ]
    rig = rig_of(TABLES, "grain_store", needs=("telemetry",))
    rig.send(frames_of(sorted(rows, key=lambda row: (row.time, row.tag)), 20)).finish()
    found = rig.values("grain_store", SILO, "day")
    return rig, [found[time] for time in sorted(found)]


def test_a_hot_spot_is_above_the_median_and_rises() -> None:
    # Day 2 is warm by 8 K and new; on day 3 it stays; on day 5, after one that was not heard, it rose by 2 K in two days.
    spot = [14.0, 22.0, 22.0, np.nan, 24.0]
    rig, days = days_of(grain_1_c=[14.0] * 5, grain_2_c=[13.0] * 5, grain_3_c=[14.0] * 5, grain_7_c=spot)

    assert [day["is_hot_spot"] for day in days] == pytest.approx([np.nan, 1.0, 0.0, 0.0, 1.0], nan_ok=True)
    assert [day["hottest_sensor"] for day in days] == [1, 7, 7, 1, 7]
    assert days[4]["rise_k_per_d"] == 1.0 and days[4]["excess_k"] == 10.0 and days[4]["median_degc"] == 14.0
    reasons = rig.texts("grain_store", SILO, "day")[BEGIN]
    assert reasons["null_reason"] == "no day of the week before to compare with"


def test_a_broken_sensor_is_no_hot_spot_and_two_have_no_median() -> None:
    rig, days = days_of(grain_1_c=[14.0, 14.0], grain_2_c=[14.0, 30.0], grain_3_c=[14.0, 850.0])

    assert days[0]["median_degc"] == 14.0 and days[1]["hottest_degc"] == 30.0 and days[1]["sensors"] == 2
    assert np.isnan(days[1]["is_hot_spot"])
    assert rig.texts("grain_store", SILO, "day")[BEGIN + DAY]["null_reason"] == "less than three sensors"
