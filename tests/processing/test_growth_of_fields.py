"""Degree days and chill on the stream: sums of a season, days that are missing, and sensors that can't be right."""

from math import isnan

import numpy as np
import pytest

from fieldline.plantfile.growth import METHODS
from processing.kernels.growing_degree_days import growing_degree_days
from tests.oracles.cases import cases
from tests.processing.engine_rig import frames_of
from tests.processing.farm_sets import BEGIN, BLOCK, DAY, at_hours, hourly, rig_of

GROWTH = '[asset.growth]\nlower_degc = 10.0\nupper_degc = 30.0\nseason_start = "{start}"\nstages_kd = [8, 20]\nchill_start = "04-30"'


def days(rig: object, field: str, count: int) -> list[float]:
    found = rig.values("growth", BLOCK, "day")  # type: ignore[attr-defined]
    return [found[BEGIN + day * DAY][field] for day in range(count)]


def course(lowest: float, highest: float) -> list[float]:
    """A day whose extremes are these."""
    return [lowest, *np.linspace(lowest, highest, 11), highest, *np.linspace(highest, lowest, 11)]


def degree_days(lowest: float, highest: float) -> float:
    out = np.empty(1)
    columns = (lowest, highest, 10.0, 30.0, METHODS.index("sine_horizontal"))
    growing_degree_days(*(np.array([value], float) for value in columns), out)
    return float(out[0])


def test_degree_days_of_days_add_up_to_stages_and_begin_anew_with_the_season() -> None:
    extremes = [(8.0, 22.0), (5.0, 35.0), (0.0, 9.0), (8.0, 22.0)]
    rows = hourly({"air_temperature_c": [value for pair in extremes for value in course(*pair)]})

    rig = rig_of(GROWTH.format(start="05-01"), "growth", "chill").send(frames_of(rows, 50)).finish()
    anew = rig_of(GROWTH.format(start="05-03"), "growth", "chill").send(frames_of(rows, 50)).finish()

    of_days = [degree_days(*pair) for pair in extremes]
    assert days(rig, "degree_days_kd", 4) == of_days
    assert days(rig, "degree_days_sum_kd", 4) == pytest.approx(np.cumsum(of_days))
    assert days(rig, "stage", 4) == [0, 1, 1, 2]
    assert days(rig, "next_stage_kd", 2) == pytest.approx([8 - of_days[0], 20 - sum(of_days[:2])])
    assert isnan(days(rig, "next_stage_kd", 4)[3])
    assert days(rig, "missing_days", 4) == [0, 0, 0, 0]
    assert days(anew, "degree_days_sum_kd", 4)[2:] == [0.0, of_days[3]]


def test_a_day_without_samples_or_with_one_stuck_value_has_none_and_is_counted() -> None:
    good = course(8.0, 22.0)
    rows = [*hourly({"air_temperature_c": good}), *hourly({"air_temperature_c": [*good, *[17.0] * 24]}, first=48)]

    rig = rig_of(GROWTH.format(start="05-01"), "growth", "chill").send(frames_of(rows, 50)).finish()

    found = rig.values("growth", BLOCK, "day")
    assert [found[BEGIN + day * DAY]["missing_days"] for day in (0, 2, 3)] == [0, 1, 2]
    assert isnan(found[BEGIN + 3 * DAY]["degree_days_kd"])
    assert found[BEGIN + 3 * DAY]["degree_days_sum_kd"] == found[BEGIN + 2 * DAY]["degree_days_sum_kd"]


@pytest.mark.parametrize("case", cases("farm_gdd_chill", "chill")[1:3], ids=lambda case: case["id"])
def test_the_published_chill_comes_of_its_hours(case: dict[str, dict[str, list[float]]]) -> None:
    hours = case["inputs"]["hourly_c"]

    rig = (
        rig_of(GROWTH.format(start="05-01"), "growth", "chill")
        .send(frames_of(hourly({"air_temperature_c": hours}), 50))
        .finish()
    )

    names = {
        "chill_hours": "chill_hours_0_7p2",
        "utah_units": "utah_units",
        "portions": "dynamic_portions",
        "growing_degree_hours_kh": "gdh_anderson",
    }
    for field, name in names.items():
        assert at_hours(rig, "chill", field, [len(hours) - 1]) == pytest.approx(
            [case["expected"][name]], rel=1e-6, abs=1e-6
        )


def test_an_hour_that_cannot_be_counts_no_chill() -> None:
    rows = hourly({"air_temperature_c": [5.0, -120.0, 5.0]})

    rig = rig_of(GROWTH.format(start="05-01"), "growth", "chill").send(frames_of(rows, 50)).finish()

    assert at_hours(rig, "chill", "chill_hours", range(3)) == [1, 1, 2]
    assert at_hours(rig, "chill", "hours", range(3)) == [1, 1, 2]
