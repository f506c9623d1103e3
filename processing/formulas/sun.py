"""Where the sun stands and what it sends, by the equations of FAO Irrigation and Drainage Paper 56 (1998), chapter 3.

Latitudes [rad], north positive; longitudes [°], east positive; days of the year from 1; radiation on a horizontal plane [MJ/m²] of a day
or of a shorter span. Beyond the polar circles the sunset hour angle is 0 where the sun does not rise and π where it does not set.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain

SOLAR_CONSTANT = 0.0820
"""[MJ/(m² min)]"""

_DAY_S = 86_400.0


class Moment(NamedTuple):
    """Float64[n] each: the day of the year, from 1, and the hour of the day, 0 to 24, by the sun's mean time at a place."""

    day: Floats
    hour: Floats


def mean_solar_moment(time_s: ArrayLike, longitude_deg: ArrayLike) -> Moment:
    """The mean solar time at a longitude of times [s since 1970 UTC]: no time zone is needed for where the sun stands."""
    local_s = floats(time_s) + floats(longitude_deg) / 360.0 * _DAY_S
    days = np.floor(local_s / _DAY_S)
    known = np.isfinite(days)
    dates = np.where(known, days, 0.0).astype("datetime64[D]")
    day = (dates - dates.astype("datetime64[Y]")).astype(np.float64) + 1.0
    return Moment(plain(np.where(known, day, np.nan)), plain((local_s - days * _DAY_S) / 3600.0))


def inverse_distance(day: ArrayLike) -> Floats:
    """The square of the mean distance of the sun over that of the day, d_r (equation 23)."""
    return plain(1.0 + 0.033 * np.cos(2.0 * np.pi / 365.0 * floats(day)))


def declination_rad(day: ArrayLike) -> Floats:
    """The sun's declination δ (equation 24)."""
    return plain(0.409 * np.sin(2.0 * np.pi / 365.0 * floats(day) - 1.39))


def sunset_rad(latitude_rad: ArrayLike, day: ArrayLike) -> Floats:
    """The hour angle of sunset ω_s (equation 25)."""
    return plain(np.arccos(np.clip(-np.tan(floats(latitude_rad)) * np.tan(declination_rad(day)), -1.0, 1.0)))


def daylight_h(latitude_rad: ArrayLike, day: ArrayLike) -> Floats:
    """How long the sun may shine, N [h] (equation 34)."""
    return plain(24.0 / np.pi * sunset_rad(latitude_rad, day))


def extraterrestrial_of_day(latitude_rad: ArrayLike, day: ArrayLike) -> Floats:
    """What the sun sends to the top of the atmosphere in a day, R_a (equation 21)."""
    rise, along = _parts(latitude_rad, day)
    sunset = sunset_rad(latitude_rad, day)
    sent = 1440.0 / np.pi * SOLAR_CONSTANT * inverse_distance(day)
    return plain(np.maximum(sent * (sunset * rise + along * np.sin(sunset)), 0.0))


def hour_angle_rad(moment: Moment) -> Floats:
    """The sun's hour angle ω at a moment, 0 at solar noon, −π to π (equations 31 to 33)."""
    b = 2.0 * np.pi * (moment.day - 81.0) / 364.0
    correction_h = 0.1645 * np.sin(2.0 * b) - 0.1255 * np.cos(b) - 0.025 * np.sin(b)
    angle = np.pi / 12.0 * (moment.hour + correction_h - 12.0)
    return plain((angle + np.pi) % (2.0 * np.pi) - np.pi)


def extraterrestrial_of_span(latitude_rad: ArrayLike, moment: Moment, length_h: ArrayLike = 1.0) -> Floats:
    """The same in a span of some hours around a moment, of which that before sunrise and after sunset counts nothing (equation 28)."""
    sunset, middle = sunset_rad(latitude_rad, moment.day), hour_angle_rad(moment)
    half = np.pi / 24.0 * floats(length_h)
    limit = np.where(sunset >= np.pi, np.inf, sunset)  # a sun that does not set shines on over midnight
    first, last = (np.clip(middle + side * half, -limit, limit) for side in (-1.0, 1.0))
    rise, along = _parts(latitude_rad, moment.day)
    sent = 720.0 / np.pi * SOLAR_CONSTANT * inverse_distance(moment.day)
    return plain(np.maximum(sent * ((last - first) * rise + along * (np.sin(last) - np.sin(first))), 0.0))


def elevation_rad(latitude_rad: ArrayLike, moment: Moment) -> Floats:
    """How high the sun stands above the horizon, negative below it (ASCE-EWRI 2005, equation D.6)."""
    rise, along = _parts(latitude_rad, moment.day)
    return plain(np.arcsin(np.clip(rise + along * np.cos(hour_angle_rad(moment)), -1.0, 1.0)))


def _parts(latitude_rad: ArrayLike, day: ArrayLike) -> tuple[Floats, Floats]:
    """sin φ sin δ and cos φ cos δ."""
    latitude, declination = floats(latitude_rad), declination_rad(day)
    return np.sin(latitude) * np.sin(declination), np.cos(latitude) * np.cos(declination)
