"""Radiation frost: how cold a clear and calm night gets, by what its air was like two hours after sunset.

R. L. Snyder and J. P. de Melo-Abreu, *Frost Protection: fundamentals, practice and economics*, volume 1, FAO Environment and Natural
Resources Series 10, Rome 2005, chapter 5: the lowest temperature is a linear function of temperature and dew point then, with
coefficients of the place, and until sunrise the air cools with the square root of time.

It holds of nights with less than 2 m/s of wind, without clouds, fog and rain; under clouds or in wind the air cools less.
"""

from math import erf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas import sun
from processing.formulas.division import Floats, divide, floats, plain, where_valid


class Coefficients(NamedTuple):
    """T_min = b0 + b1 T + b2 T_dew; error_k : the standard deviation of what comes less that [K]. float64[...] each."""

    b0: ArrayLike
    b1: ArrayLike
    b2: ArrayLike
    error_k: ArrayLike


EXAMPLE = Coefficients(-5.822, 0.5028, 0.0265, 0.75)
"""By the ten nights of the book's example: a regression on temperature, then one of its residuals on the dew point.

The error is that of the same ten nights, with 7 degrees of freedom; at another place it is larger.
"""
EXAMPLE_DEGC, EXAMPLE_DEW_DEGC = (0.2, 5.6), (-8.8, 2.6)
"""Between these lie temperature and dew point of those nights."""

CALM_M_S = 2.0
"""With more wind the night is no radiation night."""


class Night(NamedTuple):
    """Float64[n] each: since_h : since sunset [h], NaN by day; length_h : from sunset to sunrise, 0 to 24 [h]."""

    since_h: Floats
    length_h: Floats


def night_at(latitude_rad: ArrayLike, moment: sun.Moment) -> Night:
    """Where in the night a moment lies; latitude_rad : float64[n], north positive."""
    angle, sunset = sun.hour_angle_rad(moment), sun.sunset_rad(latitude_rad, moment.day)
    after = np.where(angle >= 0.0, angle, angle + 2.0 * np.pi) - sunset
    return Night(
        where_valid(np.abs(angle) >= sunset, after * 12.0 / np.pi),
        plain(24.0 - sun.daylight_h(latitude_rad, moment.day)),
    )


def lowest_of_night_c(temperature_c: ArrayLike, dew_point_c: ArrayLike, by: Coefficients = EXAMPLE) -> Floats:
    """The lowest temperature of a night [°C], by those two hours after its sunset; NaN where that is no fall.

    Coefficients of nights of frost say of evenings that are much colder that it gets warmer: there they do not hold.
    """
    evening = floats(temperature_c)
    found = floats(by.b0) + floats(by.b1) * evening + floats(by.b2) * floats(dew_point_c)
    return where_valid(found < evening, found)


def cooling_c(evening_c: ArrayLike, lowest_c: ArrayLike, share: ArrayLike) -> Floats:
    """The temperature on the way from two hours after sunset to the lowest at sunrise; share : of that time, 0 to 1."""
    evening = floats(evening_c)
    return plain(evening + (floats(lowest_c) - evening) * np.sqrt(np.clip(floats(share), 0.0, 1.0)))


def share_until(evening_c: ArrayLike, lowest_c: ArrayLike, limit_c: ArrayLike) -> Floats:
    """After which share of that time the limit is reached, 0 to 1; 0 where it was before, NaN where it never is."""
    evening, lowest, limit = floats(evening_c), floats(lowest_c), floats(limit_c)
    root = np.maximum(divide(evening - limit, evening - lowest), 0.0)
    return where_valid(lowest <= limit, root * root)


def probability_below(limit_c: ArrayLike, lowest_c: ArrayLike, error_k: ArrayLike) -> Floats:
    """How likely the night gets as cold as the limit, where errors are normally distributed [1]; float64[...]."""
    score = divide(floats(limit_c) - floats(lowest_c), error_k)
    return plain(0.5 * (1.0 + np.vectorize(erf, otypes=[float])(score / sqrt(2.0))))
