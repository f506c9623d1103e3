"""Limits of reference evapotranspiration and of the sun's course; the published values are the oracle topic `farm_et`."""

import numpy as np
import pytest

from processing.formulas import evapotranspiration as et
from processing.formulas import humid_air, sun


def test_saturated_still_air_evaporates_by_radiation_alone() -> None:
    air = et.Air(*(np.array([value]) for value in (20.0, 0.0, 0.0, 101.3)))

    found = et.penman_monteith(air, 10.0, 0.0, et.SHORT_DAY)

    # Equation 6 without its second term: 0.408 Δ R_n / (Δ + γ).
    slope, gamma = humid_air.saturation_slope_kpa_k(20.0), 0.665e-3 * 101.3
    assert found[0] == pytest.approx(0.408 * slope * 10.0 / (slope + gamma))


@pytest.mark.parametrize(("latitude_deg", "day", "hours"), [(75.0, 172, 24.0), (75.0, 355, 0.0), (0.0, 80, 12.0)])
def test_the_sun_of_polar_days_and_nights(latitude_deg: float, day: int, hours: float) -> None:
    assert sun.daylight_h(np.radians(latitude_deg), day) == pytest.approx(hours, abs=0.01)
    assert (sun.extraterrestrial_of_day(np.radians(latitude_deg), day) > 0.0) == (hours > 0.0)


def test_hours_of_a_day_add_up_to_the_day() -> None:
    hours = np.arange(24) + 0.5

    for latitude in np.radians([-60.0, 0.0, 48.0, 70.0]):
        parts = sun.extraterrestrial_of_span(latitude, sun.Moment(np.full(24, 172.0), hours))
        assert parts.sum() == pytest.approx(sun.extraterrestrial_of_day(latitude, 172.0), rel=1e-9)


def test_the_sun_stands_highest_at_noon_by_its_own_clock_wherever_it_is() -> None:
    # The equation of time is near 0 on 15 April 2026: noon UTC at Greenwich, four minutes a degree earlier in the east.
    noon_s = (np.datetime64("2026-04-15T12:00") - np.datetime64("1970-01-01T00:00")) / np.timedelta64(1, "s")

    for longitude in (-118.8, 0.0, 11.6, 174.8):
        moment = sun.mean_solar_moment(noon_s - longitude * 240.0, longitude)
        assert sun.hour_angle_rad(moment) == pytest.approx(0.0, abs=0.01)
        assert moment.day == 105.0


def test_what_is_missing_stays_missing() -> None:
    assert np.isnan(et.hargreaves(np.nan, 10.0, 30.0))
    assert np.isnan(humid_air.dew_point_c(0.0))
    assert np.isnan(sun.mean_solar_moment(np.nan, 11.6).day)


def test_dew_point_and_wet_bulb_lie_where_the_air_says() -> None:
    saturated = humid_air.saturation_kpa(15.0)

    assert humid_air.dew_point_c(saturated) == pytest.approx(15.0, abs=0.02)
    assert humid_air.dew_point_c(0.5 * saturated) < humid_air.wet_bulb_c(15.0, 0.5) < 15.0
