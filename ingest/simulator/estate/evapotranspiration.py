"""A day's reference evapotranspiration on the estate, by the steps of FAO-56, box 11, one number after the other: the truth behind `et0`.

R. Allen, L. Pereira, D. Raes, M. Smith, Crop evapotranspiration, FAO Irrigation and Drainage Paper 56 (1998), chapter 4, example 18, to
which the tests hold it; of alfalfa with the constants of ASCE-EWRI (2005), table 1.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import acos, cos, exp, log, pi, radians, sin, sqrt, tan
from typing import NamedTuple


class Place(NamedTuple):
    """Where weather is measured: north [°], above the sea [m], and above the ground where wind is [m]."""

    latitude_deg: float
    altitude_m: float
    wind_height_m: float


class Measured(NamedTuple):
    """A day's weather. humidity in %; wind : mean, at its height [m/s]; sun : what came on the ground [MJ/m²]."""

    highest_c: float
    lowest_c: float
    most_humid: float
    least_humid: float
    wind_m_s: float
    sun_mj: float


def measured(samples: Sequence[dict[str, float]]) -> Measured:
    """The weather of a day, of samples that are spread evenly over it."""
    air, humidity, wind, light = (
        [sample[tag] for sample in samples]
        for tag in ("air_temperature_c", "humidity_pct", "wind_speed_m_s", "irradiance_w_m2")
    )
    sun_mj = sum(light) / len(light) * 0.0864
    return Measured(max(air), min(air), max(humidity), min(humidity), sum(wind) / len(wind), sun_mj)


def evaporated(place: Place, day: int, weather: Measured) -> dict[str, float]:
    """The figures of `et0` of a day (UTC days since 1970) [mm, kPa, m/s, MJ/m²]."""
    mean_c = (weather.highest_c + weather.lowest_c) / 2
    wind = weather.wind_m_s * 4.87 / log(67.8 * place.wind_height_m - 5.42)
    saturated = (_saturation(weather.highest_c) + _saturation(weather.lowest_c)) / 2
    vapour = _saturation(weather.lowest_c) * weather.most_humid + _saturation(weather.highest_c) * weather.least_humid
    vapour /= 200
    net = 0.77 * weather.sun_mj - _long_wave(place, day, weather, vapour)
    slope = 4098 * _saturation(mean_c) / (mean_c + 237.3) ** 2
    gamma = 0.665e-3 * 101.3 * ((293 - 0.0065 * place.altitude_m) / 293) ** 5.26
    short, tall = (
        (0.408 * slope * net + gamma * cn / (mean_c + 273) * wind * (saturated - vapour))
        / (slope + gamma * (1 + cd * wind))
        for cn, cd in ((900, 0.34), (1600, 0.38))
    )
    return {
        "et0_short_mm": short,
        "et0_tall_mm": tall,
        "vpd_kpa": saturated - vapour,
        "wind_2m_m_s": wind,
        "solar_radiation_mj_m2": weather.sun_mj,
        "net_radiation_mj_m2": net,
        "humidity_min_ratio": weather.least_humid / 100,
    }


def _saturation(celsius: float) -> float:
    return 0.6108 * exp(17.27 * celsius / (celsius + 237.3))


def _long_wave(place: Place, day: int, weather: Measured, vapour: float) -> float:
    """Equation 39, of a day on which the sun rises and sets."""
    clear = (0.75 + 2e-5 * place.altitude_m) * _above_the_air(place.latitude_deg, day)
    hot, cold = weather.highest_c + 273.16, weather.lowest_c + 273.16
    cloudless = 1.35 * min(max(weather.sun_mj / clear, 0.3), 1.0) - 0.35
    return 4.903e-9 * (hot**4 + cold**4) / 2 * (0.34 - 0.14 * sqrt(vapour)) * cloudless


def _above_the_air(latitude_deg: float, day: int) -> float:
    """Equations 21 to 25 [MJ/m²]."""
    of_year = datetime.fromtimestamp(day * 86_400, UTC).timetuple().tm_yday
    latitude, season = radians(latitude_deg), 2 * pi * of_year / 365
    distance, declination = 1 + 0.033 * cos(season), 0.409 * sin(season - 1.39)
    sunset = acos(-tan(latitude) * tan(declination))
    height = sunset * sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * sin(sunset)
    return 24 * 60 / pi * 0.0820 * distance * height
