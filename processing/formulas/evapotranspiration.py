"""Reference evapotranspiration: FAO Irrigation and Drainage Paper 56 (Allen et al. 1998) and ASCE-EWRI (2005), of days and of hours.

What a well-watered surface of 0.12 m grass (*short*) or 0.5 m alfalfa (*tall*) evaporates [mm] is worked out of weather that is measured
over such a surface: temperatures [°C], vapour pressures [kPa], wind at 2 m [m/s], radiation [MJ/m²] of the day or hour. NaN where an input
is missing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas import humid_air
from processing.formulas.division import Floats, divide, floats, plain

ALBEDO = 0.23
WIND_M_S = 2.0
"""Wind at 2 m where none is measured: the mean of some 2000 stations (FAO-56, chapter 4)."""

_STEFAN_BOLTZMANN = {"day": 4.903e-9, "hour": 2.043e-10}
"""[MJ/(m² K⁴)] of a day and of an hour."""

LEAST_CLEAR, MOST_CLEAR = 0.3, 1.0
"""Between these lies R_s / R_so in net long-wave radiation (ASCE-EWRI 2005)."""


class Surface(NamedTuple):
    """Of a reference surface and a length of time: numerator C_n, and denominator C_d by day and by night (ASCE-EWRI 2005, table 1).

    by_day, by_night : soil heat flux as a share of net radiation
    """

    cn: float
    cd_day: float
    cd_night: float
    by_day: float = 0.0
    by_night: float = 0.0


SHORT_DAY, TALL_DAY = Surface(900.0, 0.34, 0.34), Surface(1600.0, 0.38, 0.38)
SHORT_HOUR, TALL_HOUR = Surface(37.0, 0.24, 0.96, 0.1, 0.5), Surface(66.0, 0.25, 1.7, 0.04, 0.2)
FAO_HOUR = Surface(37.0, 0.34, 0.34, 0.1, 0.5)
"""Grass by the hour as FAO-56 has it (equation 53), with the daily resistance all day and night."""


class Air(NamedTuple):
    """Float64[n] each. mean_c : temperature; deficit_kpa : e_s − e_a; wind_m_s : at 2 m; pressure_kpa : of the air."""

    mean_c: Floats
    deficit_kpa: Floats
    wind_m_s: Floats
    pressure_kpa: Floats


def wind_at_2m(wind_m_s: ArrayLike, height_m: ArrayLike) -> Floats:
    """Wind measured at a height above grass, brought to 2 m by the logarithmic profile (equation 47). Heights above 0.1 m."""
    return plain(floats(wind_m_s) * 4.87 / np.log(67.8 * floats(height_m) - 5.42))


def radiation_of_sunshine(sunshine_h: ArrayLike, daylight_h: ArrayLike, extraterrestrial: ArrayLike) -> Floats:
    """Radiation of the hours with sun by Ångström, (0.25 + 0.5 n/N) R_a (equation 35); no daylight gives none."""
    share = np.where(floats(daylight_h) == 0.0, 0.0, np.minimum(divide(sunshine_h, daylight_h), 1.0))
    return plain((0.25 + 0.50 * share) * floats(extraterrestrial))


def radiation_of_temperature(
    highest_c: ArrayLike, lowest_c: ArrayLike, extraterrestrial: ArrayLike, coefficient: float = 0.16
) -> Floats:
    """Radiation of a day by how far temperature swung (equation 50); coefficient : 0.16 inland, 0.19 at coasts [°C^−½]."""
    swing = np.maximum(floats(highest_c) - floats(lowest_c), 0.0)
    return plain(coefficient * np.sqrt(swing) * floats(extraterrestrial))


def clear_sky(extraterrestrial: ArrayLike, altitude_m: ArrayLike) -> Floats:
    """Radiation under a clear sky R_so (equation 37)."""
    return plain((0.75 + 2e-5 * floats(altitude_m)) * floats(extraterrestrial))


def clear_sky_through_vapour(
    extraterrestrial: ArrayLike, height_sine: ArrayLike, vapour_kpa: ArrayLike, pressure_kpa: ArrayLike
) -> Floats:
    """Radiation under a clear sky through air of a vapour pressure, beam and diffuse (ASCE-EWRI 2005, appendix D).

    height_sine : of the sun's elevation; of a day see `day_height_sine`
    """
    sine, pressure = np.maximum(floats(height_sine), 0.01), floats(pressure_kpa)
    water_mm = 0.14 * floats(vapour_kpa) * pressure + 2.1
    beam = 0.98 * np.exp(-0.00146 * pressure / sine - 0.075 * (water_mm / sine) ** 0.4)
    diffuse = np.where(beam >= 0.15, 0.35 - 0.36 * beam, 0.18 + 0.82 * beam)
    return plain((beam + diffuse) * floats(extraterrestrial))


def day_height_sine(latitude_rad: ArrayLike, day: ArrayLike) -> Floats:
    """The sine of the sun's elevation that stands for a day, weighted by what the sun sends (ASCE-EWRI 2005, equation D.5)."""
    latitude = floats(latitude_rad)
    season = np.sin(2.0 * np.pi / 365.0 * floats(day) - 1.39)
    return plain(np.maximum(np.sin(0.85 + 0.3 * latitude * season - 0.42 * latitude**2), 0.1))


def clearness(radiation: ArrayLike, clear: ArrayLike) -> Floats:
    """R_s / R_so between `LEAST_CLEAR` and `MOST_CLEAR`; NaN where there is no sun."""
    return plain(np.clip(divide(radiation, clear), LEAST_CLEAR, MOST_CLEAR))


def net_long_wave_of_day(highest_c: ArrayLike, lowest_c: ArrayLike, vapour_kpa: ArrayLike, clear: ArrayLike) -> Floats:
    """Net long-wave radiation that leaves in a day, R_nl (equation 39); clear : R_s / R_so."""
    emitted = (_fourth_power(highest_c) + _fourth_power(lowest_c)) / 2.0
    return plain(_STEFAN_BOLTZMANN["day"] * emitted * _net_emissivity(vapour_kpa) * _cloudiness(clear))


def net_long_wave_of_hour(mean_c: ArrayLike, vapour_kpa: ArrayLike, clear: ArrayLike) -> Floats:
    """The same of an hour; clear : at night that of the hours before sunset."""
    emitted = _STEFAN_BOLTZMANN["hour"] * _fourth_power(mean_c)
    return plain(emitted * _net_emissivity(vapour_kpa) * _cloudiness(clear))


def net_radiation(radiation: ArrayLike, long_wave: ArrayLike) -> Floats:
    """What is kept of radiation, less what leaves: (1 − albedo) R_s − R_nl (equations 38, 40)."""
    return plain((1.0 - ALBEDO) * floats(radiation) - floats(long_wave))


def soil_heat_of_month(before_c: ArrayLike, after_c: ArrayLike) -> Floats:
    """What goes into the ground in a day of a month, by the mean temperatures of those before and after it [MJ/m²] (equation 43)."""
    return plain(0.07 * (floats(after_c) - floats(before_c)))


def soil_heat_of_hour(net: ArrayLike, surface: Surface) -> Floats:
    """What goes into the ground in an hour, by day and by night as a share of net radiation (equations 45, 46)."""
    net = floats(net)
    return plain(net * np.where(net > 0.0, surface.by_day, surface.by_night))


def penman_monteith(air: Air, net: ArrayLike, ground: ArrayLike, surface: Surface) -> Floats:
    """Evapotranspiration of a surface [mm] (FAO-56, equations 6 and 53; ASCE-EWRI 2005, equation 1); negative where dew falls.

    net : R_n; ground : G, soil heat flux [MJ/m²]. It is night where R_n is not positive.
    """
    slope, gamma = humid_air.saturation_slope_kpa_k(air.mean_c), humid_air.psychrometric_kpa_k(air.pressure_kpa)
    by_energy = 0.408 * slope * (floats(net) - floats(ground))
    by_wind = gamma * surface.cn / (air.mean_c + 273.0) * air.wind_m_s * air.deficit_kpa
    resistance = np.where(floats(net) > 0.0, surface.cd_day, surface.cd_night)
    return plain((by_energy + by_wind) / (slope + gamma * (1.0 + resistance * air.wind_m_s)))


def hargreaves(highest_c: ArrayLike, lowest_c: ArrayLike, extraterrestrial: ArrayLike) -> Floats:
    """Short evapotranspiration of a day by its temperatures alone (equation 52); some 15 % off over a week, more in a day."""
    highest, lowest = floats(highest_c), floats(lowest_c)
    swing, mean = np.maximum(highest - lowest, 0.0), (highest + lowest) / 2.0
    return plain(0.0023 * (mean + 17.8) * np.sqrt(swing) * 0.408 * floats(extraterrestrial))


def _fourth_power(temperature_c: ArrayLike) -> Floats:
    return plain((floats(temperature_c) + 273.16) ** 4)


def _net_emissivity(vapour_kpa: ArrayLike) -> Floats:
    return plain(0.34 - 0.14 * np.sqrt(np.maximum(floats(vapour_kpa), 0.0)))


def _cloudiness(clear: ArrayLike) -> Floats:
    return plain(1.35 * floats(clear) - 0.35)
