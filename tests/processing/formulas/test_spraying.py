import numpy as np
import pytest

from processing.formulas.spraying import CLASSES, REASONS, spray_hour


@pytest.mark.parametrize(
    ("wind", "rain", "delta_t", "degc", "quality", "reason"),
    [
        (2.5, 0.0, 5.0, 20.0, "suitable", ""),
        (2.5, np.nan, 5.0, 20.0, "suitable", ""),
        (0.5, 0.4, 5.0, 20.0, "unsuitable", "rain"),
        (0.8, 0.0, 5.0, 20.0, "unsuitable", "wind below 3 km/h"),
        (5.0, 0.0, 5.0, 20.0, "marginal", "wind above 15 km/h"),
        (5.6, 0.0, 5.0, 20.0, "unsuitable", "wind above 20 km/h"),
        (2.5, 0.0, 1.9, 20.0, "unsuitable", "delta-T below 2 K"),
        (2.5, 0.0, 9.0, 20.0, "marginal", "delta-T above 8 K"),
        (2.5, 0.0, 5.0, 29.0, "marginal", "above 28 °C"),
    ],
)
def test_what_speaks_most_against_an_hour_is_told(
    wind: float, rain: float, delta_t: float, degc: float, quality: str, reason: str
) -> None:
    found = spray_hour(wind, rain, delta_t, degc)

    assert CLASSES[int(found.quality)] == quality
    assert ("" if np.isnan(found.reason) else REASONS[int(found.reason)]) == reason


def test_without_wind_or_humidity_nobody_says_that_it_suits() -> None:
    found = spray_hour([np.nan, -1.0, 2.5], 0.0, [5.0, 5.0, np.nan], 20.0)

    assert np.isnan(found.quality).all() and np.isnan(found.reason).all()
