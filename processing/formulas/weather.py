"""Weather as reference evapotranspiration takes it: what is measured where it is believed, else what FAO-56 puts in its place.

Each quantity has a ladder (FAO-56, chapter 3, "missing climatic data"): the first rung that there is, and that may be, counts, and
the rung is told. So a figure never comes of a sensor that can't be right without saying so.

| quantity | rungs |
|---|---|
| temperature | measured |
| vapour pressure | of the dew point; of relative humidity; of a day: of its lowest temperature, as if that were the dew point |
| wind | measured; 2 m/s |
| radiation | measured; of the hours of sunshine (Ångström); of a day: of its swing of temperature (Hargreaves); at night: none |

A measured value is *impossible* outside what `LIMITS` says, where the dew point lies above the temperature, or where radiation is more than
a clear sky lets through. It is *stuck* where all of a day's samples, 24 or more, are one value; of humidity only below 99 %, and a wind
that stands still all day is stuck too. Radiation is also not believed where a whole day is darker than any cloud makes it.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from processing.formulas import evapotranspiration as et
from processing.formulas import humid_air, sun
from processing.formulas.division import Floats

Given = Mapping[str, Floats]
"""Columns, float64[n] each, NaN where nothing was measured: `mean`, `min`, `max`, `count` of what `MEASURED` names (`temperature_mean`)."""

MEASURED = ("temperature", "dew_point", "humidity", "wind", "irradiance", "sunshine")
"""[°C, °C, %, m/s, W/m², share of the time with sun]"""

LIMITS = {
    "temperature": (-60.0, 60.0),
    "dew_point": (-70.0, 40.0),
    "humidity": (1.0, 105.0),  # sensors say some percent too much in fog: above 100 % counts as 100
    "wind": (0.0, 60.0),
    "irradiance": (-15.0, 1800.0),  # at night a pyranometer that cools says some W/m² too little: below 0 counts as 0
    "sunshine": (0.0, 1.0),
}
"""Lowest and highest sample that may be."""

_STUCK_FROM = 24  # samples of a day
_SATURATED_PCT = 99.0
_MORE_THAN_CLEAR_DAY, _MORE_THAN_CLEAR_HOUR = 1.15, 1.1
# The edges of clouds, and half an hour's shift of a logger's clock while the sun rises or sets: of 4342 hours of an AgriMet station
# one exceeds these.
_HOUR_MARGIN_MJ, _NIGHT_MARGIN_MJ = 0.9, 0.25
_DARKEST = 0.03  # of what the sun sends to the top of the atmosphere


class Doubt(IntEnum):
    """Why a measured value does not count."""

    NONE = 0
    MISSING = 1
    IMPOSSIBLE = 2
    STUCK = 3
    DARK = 4


class Place(NamedTuple):
    """Where a station stands: float64[n] each. is_through_vapour : whether its clear sky goes by the air's vapour, too, 0 or 1."""

    latitude_rad: Floats
    longitude_deg: Floats
    altitude_m: Floats
    wind_height_m: Floats
    is_through_vapour: Floats


class Rung(NamedTuple):
    """Which rung of a ladder counts, from 0, and why none above it: int64[n], a `Doubt` of the first one."""

    number: np.ndarray
    doubt: np.ndarray


class Weather(NamedTuple):
    """What counts, float64[n] each, NaN where no rung is left.

    vapour_kpa : e_a; saturated_kpa : e_s; radiation, extraterrestrial, clear_sky : R_s, R_a and R_so of the window [MJ/m²]
    height_sine : of the sun's elevation in the middle of an hour, and what stands for a day
    """

    mean_c: Floats
    highest_c: Floats
    lowest_c: Floats
    vapour_kpa: Floats
    saturated_kpa: Floats
    wind_m_s: Floats
    radiation: Floats
    extraterrestrial: Floats
    clear_sky: Floats
    height_sine: Floats
    pressure_kpa: Floats
    temperature_doubt: np.ndarray
    vapour_rung: Rung
    wind_rung: Rung
    radiation_rung: Rung


def doubts(given: Given, what: str, is_day: np.ndarray) -> np.ndarray:
    """The `Doubt` of each measured value by itself, int64[n]."""
    low, high = LIMITS[what]
    least, most, count = (given[f"{what}_{statistic}"] for statistic in ("min", "max", "count"))
    is_one = is_day & (count >= _STUCK_FROM) & (least == most)
    if what in ("humidity", "irradiance", "sunshine"):
        is_one &= (most < _SATURATED_PCT) if what == "humidity" else (most > 0.0) & (most != 1.0)
    holds = [np.isnan(given[f"{what}_mean"]), (least < low) | (most > high), is_one]
    return np.select(holds, [Doubt.MISSING, Doubt.IMPOSSIBLE, Doubt.STUCK], Doubt.NONE).astype(np.int64)


def weather_of(given: Given, place: Place, middle_s: Floats, length_s: Floats) -> Weather:
    """The weather of hours and days; middle_s : the middle of each window [s since 1970 UTC]; length_s : of a day 23 to 25 h."""
    is_day = length_s > 20.0 * 3600.0
    moment = sun.mean_solar_moment(middle_s, place.longitude_deg)
    of_temperature = doubts(given, "temperature", is_day)
    known = of_temperature == Doubt.NONE
    highest, lowest, mean = (np.where(known, given[f"temperature_{name}"], np.nan) for name in ("max", "min", "mean"))
    mean = np.where(is_day, (highest + lowest) / 2.0, mean)
    saturated = np.where(is_day, humid_air.mean_saturation_kpa(highest, lowest), humid_air.saturation_kpa(mean))
    vapour, vapour_rung = _vapour(given, highest, lowest, mean, is_day)
    wind, wind_rung = _wind(given, place, is_day)
    extraterrestrial = np.where(
        is_day,
        sun.extraterrestrial_of_day(place.latitude_rad, moment.day),
        sun.extraterrestrial_of_span(place.latitude_rad, moment, length_s / 3600.0),
    )
    pressure = humid_air.pressure_kpa(place.altitude_m)
    height = np.where(
        is_day,
        et.day_height_sine(place.latitude_rad, moment.day),
        np.sin(sun.elevation_rad(place.latitude_rad, moment)),
    )
    through = et.clear_sky_through_vapour(extraterrestrial, height, np.where(np.isnan(vapour), 1.0, vapour), pressure)
    by_altitude = et.clear_sky(extraterrestrial, place.altitude_m)
    clear = np.where(place.is_through_vapour == 1.0, through, by_altitude)
    sky = _Sky(extraterrestrial, clear, sun.daylight_h(place.latitude_rad, moment.day), is_day, length_s)
    radiation, radiation_rung = _radiation(given, sky, highest, lowest)
    return Weather(
        mean, highest, lowest, np.minimum(vapour, saturated), saturated, wind, radiation, extraterrestrial, clear,
        height, pressure, of_temperature, vapour_rung, wind_rung, radiation_rung,
    )  # fmt: skip


def _vapour(given: Given, highest: Floats, lowest: Floats, mean: Floats, is_day: np.ndarray) -> tuple[Floats, Rung]:
    of_dew, of_humidity = doubts(given, "dew_point", is_day), doubts(given, "humidity", is_day)
    above = given["dew_point_mean"] > np.where(is_day, highest, mean) + 0.5
    of_dew = np.where((of_dew == Doubt.NONE) & above, Doubt.IMPOSSIBLE, of_dew)
    share_mean, share_max, share_min = (
        np.minimum(given[f"humidity_{name}"], 100.0) / 100.0 for name in ("mean", "max", "min")
    )
    by_humidity = np.where(
        is_day,
        humid_air.vapour_of_extremes_kpa(highest, lowest, share_max, share_min),
        humid_air.vapour_kpa(mean, share_mean),
    )
    rungs = [
        np.where(of_dew == Doubt.NONE, humid_air.saturation_kpa(given["dew_point_mean"]), np.nan),
        np.where(of_humidity == Doubt.NONE, by_humidity, np.nan),
        np.where(is_day, humid_air.saturation_kpa(lowest), np.nan),
    ]
    # Most stations have one of the two sensors: that the other is missing is no doubt.
    doubt = np.where((of_dew == Doubt.MISSING) | (of_humidity > of_dew), of_humidity, of_dew)
    return _first(rungs, doubt)


def _wind(given: Given, place: Place, is_day: np.ndarray) -> tuple[Floats, Rung]:
    doubt = doubts(given, "wind", is_day)
    measured = np.where(doubt == Doubt.NONE, et.wind_at_2m(given["wind_mean"], place.wind_height_m), np.nan)
    return _first([measured, np.full(len(measured), et.WIND_M_S)], doubt)


class _Sky(NamedTuple):
    extraterrestrial: Floats
    clear: Floats
    daylight_h: Floats
    is_day: np.ndarray
    length_s: Floats


def _radiation(given: Given, sky: _Sky, highest: Floats, lowest: Floats) -> tuple[Floats, Rung]:
    doubt, of_sunshine = (doubts(given, what, sky.is_day) for what in ("irradiance", "sunshine"))
    measured = np.maximum(given["irradiance_mean"], 0.0) * sky.length_s * 1e-6
    margin = np.where(sky.extraterrestrial > 0.0, _HOUR_MARGIN_MJ, _NIGHT_MARGIN_MJ)
    most = np.where(sky.is_day, _MORE_THAN_CLEAR_DAY * sky.clear, _MORE_THAN_CLEAR_HOUR * sky.clear + margin)
    is_dark = sky.is_day & (sky.extraterrestrial > 1.0) & (measured < _DARKEST * sky.extraterrestrial)
    is_whole = doubt == Doubt.NONE
    doubt = np.where(is_whole & (measured > most), Doubt.IMPOSSIBLE, np.where(is_whole & is_dark, Doubt.DARK, doubt))
    sunny_h = given["sunshine_mean"] * sky.length_s / 3600.0
    possible_h = np.where(sky.is_day, sky.daylight_h, sky.length_s / 3600.0)
    by_sun = et.radiation_of_sunshine(sunny_h, possible_h, sky.extraterrestrial)
    by_swing = et.radiation_of_temperature(highest, lowest, sky.extraterrestrial)
    rungs = [
        np.where(doubt == Doubt.NONE, measured, np.nan),
        np.where(of_sunshine == Doubt.NONE, by_sun, np.nan),
        np.where(sky.is_day, by_swing, np.nan),
        np.where(sky.extraterrestrial == 0.0, 0.0, np.nan),
    ]
    return _first(rungs, doubt)


def _first(rungs: list[Floats], doubt: np.ndarray) -> tuple[Floats, Rung]:
    """The first rung that exists, and its number; behind the last where none does."""
    number = np.select([~np.isnan(rung) for rung in rungs], list(range(len(rungs))), len(rungs)).astype(np.int64)
    values = np.select([number == k for k in range(len(rungs))], rungs, np.nan)
    return values, Rung(number, np.where(number == 0, Doubt.NONE, doubt).astype(np.int64))
