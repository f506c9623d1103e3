"""Which weather counts: every rung of the ladders of FAO-56, and what can't be."""

import numpy as np
import pytest

from processing.formulas.weather import MEASURED, Doubt, Place, Weather, weather_of

NOON_S = 1_752_580_800.0  # 2025-07-15T12:00:00Z
PLACE = Place(*(np.array([value]) for value in (np.radians(48.1), 11.6, 520.0, 2.0, 0.0)))
GOOD = {
    "temperature": (20.0, 12.0, 28.0),
    "humidity": (60.0, 35.0, 90.0),
    "wind": (2.5, 0.4, 6.0),
    "irradiance": (270.0, 0.0, 900.0),
}
"""Of a summer's day the mean, the lowest and the highest sample."""


def of_day(length_s: float = 86_400.0, **told: tuple[float, float, float] | None) -> Weather:
    """The weather of a day, good but for what is told."""
    given = {}
    for what in MEASURED:
        values = (GOOD | told).get(what)
        for place, name in enumerate(("mean", "min", "max")):
            given[f"{what}_{name}"] = np.array([np.nan if values is None else values[place]])
        given[f"{what}_count"] = np.array([np.nan if values is None else 144.0])
    return weather_of(given, PLACE, np.array([NOON_S]), np.array([length_s]))


def test_what_is_measured_counts() -> None:
    found = of_day()

    for rung, number in ((found.radiation_rung, 0), (found.vapour_rung, 1), (found.wind_rung, 0)):
        assert (rung.number[0], rung.doubt[0]) == (number, Doubt.NONE)
    assert found.radiation[0] == pytest.approx(270.0 * 0.0864)


@pytest.mark.parametrize(
    ("told", "ladder", "rung", "doubt"),
    [
        ({"wind": None}, "wind", 1, Doubt.MISSING),
        ({"wind": (2.0, -1.0, 6.0)}, "wind", 1, Doubt.IMPOSSIBLE),
        ({"wind": (0.0, 0.0, 0.0)}, "wind", 1, Doubt.STUCK),
        ({"irradiance": None}, "radiation", 2, Doubt.MISSING),
        ({"irradiance": None, "sunshine": (0.4, 0.0, 1.0)}, "radiation", 1, Doubt.MISSING),
        ({"irradiance": (460.0, 0.0, 1500.0)}, "radiation", 2, Doubt.IMPOSSIBLE),
        ({"irradiance": (200.0, 200.0, 200.0)}, "radiation", 2, Doubt.STUCK),
        ({"irradiance": (1.0, 0.0, 5.0)}, "radiation", 2, Doubt.DARK),
        ({"humidity": None}, "vapour", 2, Doubt.MISSING),
        ({"humidity": (70.0, 40.0, 130.0)}, "vapour", 2, Doubt.IMPOSSIBLE),
        ({"humidity": (55.0, 55.0, 55.0)}, "vapour", 2, Doubt.STUCK),
        ({"humidity": (100.0, 100.0, 100.0)}, "vapour", 1, Doubt.NONE),  # fog
        ({"dew_point": (13.0, 11.0, 15.0)}, "vapour", 0, Doubt.NONE),
        ({"dew_point": (33.0, 31.0, 35.0)}, "vapour", 1, Doubt.IMPOSSIBLE),
    ],
)
def test_what_is_missing_or_cannot_be_has_another_in_its_place(
    told: dict[str, tuple[float, float, float] | None], ladder: str, rung: int, doubt: Doubt
) -> None:
    found = getattr(of_day(**told), f"{ladder}_rung")

    assert (found.number[0], found.doubt[0]) == (rung, doubt)


@pytest.mark.parametrize("told", [None, (20.0, 12.0, 95.0), (20.0, 20.0, 20.0)])
def test_without_a_temperature_nothing_counts(told: tuple[float, float, float] | None) -> None:
    found = of_day(temperature=told)

    assert found.temperature_doubt[0] != Doubt.NONE
    assert np.isnan(found.mean_c[0]) and np.isnan(found.vapour_kpa[0])


def test_an_hour_has_no_radiation_of_its_temperatures() -> None:
    assert np.isnan(of_day(3600.0, irradiance=None).radiation[0])
