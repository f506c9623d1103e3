"""Snyder and de Melo-Abreu, Frost Protection, FAO 2005, volume 1, chapter 5: its ten nights, and its trend of one night."""

import numpy as np
import pytest

from processing.formulas.frost import (
    EXAMPLE,
    EXAMPLE_DEGC,
    EXAMPLE_DEW_DEGC,
    cooling_c,
    lowest_of_night_c,
    night_at,
    probability_below,
    share_until,
)
from processing.formulas.sun import Moment, daylight_h

DEGC = np.array([3.2, 0.8, 0.2, 2.6, 4.4, 5.2, 2.7, 1.2, 4.5, 5.6])
DEW = np.array([-4.2, -8.8, -6.5, -6.2, -6.1, 2.6, -0.7, -1.7, -1.2, 0.1])
LOWEST = np.array([-3.1, -5.0, -6.3, -5.4, -4.0, -2.5, -4.8, -5.0, -4.4, -3.3])


def test_the_examples_coefficients_are_those_of_its_ten_nights() -> None:
    b1, b0 = np.polyfit(DEGC, LOWEST, 1)
    b2, more = np.polyfit(DEW, LOWEST - (b0 + b1 * DEGC), 1)
    left = LOWEST - (b0 + more + b1 * DEGC + b2 * DEW)

    fitted = (b0 + more, b1, b2, np.sqrt(left @ left / 7))
    assert fitted == pytest.approx(EXAMPLE, abs=0.005)
    assert (DEGC.min(), DEGC.max(), DEW.min(), DEW.max()) == (*EXAMPLE_DEGC, *EXAMPLE_DEW_DEGC)
    # What the R package `frost` 0.0.4 gives for 10 °C and a dew point of 2 °C by these nights.
    assert lowest_of_night_c(10.0, 2.0) == pytest.approx(-0.7409, abs=0.002)


def test_a_night_of_fifteen_hours_cools_as_printed_and_the_limit_is_reached_on_the_way() -> None:
    # °F, from 33.7 two hours after sunset to 22.2 at sunrise, 13 h later.
    hours = np.array([0.0, 1.0, 2.0, 6.0, 13.0])

    assert cooling_c(33.7, 22.2, hours / 13.0) == pytest.approx([33.7, 30.51047, 29.18933, 25.88729, 22.2], abs=6e-6)
    assert share_until(33.7, 22.2, [30.51047, 22.2, 22.1, 40.0]) * 13.0 == pytest.approx(
        [1.0, 13.0, np.nan, 0.0], abs=1e-5, nan_ok=True
    )


def test_no_night_is_foretold_that_gets_warmer() -> None:
    assert np.isnan(lowest_of_night_c([-20.0, np.nan, 5.0], [-25.0, 0.0, np.nan])).all()
    assert probability_below(0.0, [0.0, -0.75, np.nan], 0.75) == pytest.approx([0.5, 0.8413447, np.nan], nan_ok=True)


def test_night_is_from_sunset_to_sunrise_on_both_hemispheres() -> None:
    for latitude in np.radians([48.0, -30.0]):
        moments = Moment(np.full(2400, 300.0), np.arange(2400) / 100.0)

        night = night_at(latitude, moments)

        dark_h = np.count_nonzero(~np.isnan(night.since_h)) / 100.0
        assert dark_h == pytest.approx(24.0 - daylight_h(latitude, 300.0), abs=0.02)
        assert np.nanmax(night.since_h) == pytest.approx(night.length_h[0], abs=0.02)
        assert np.nanmin(night.since_h) == pytest.approx(0.0, abs=0.02)
