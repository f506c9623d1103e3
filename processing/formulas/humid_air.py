"""Humid air: vapour pressures, dew point and wet bulb, by the equations of FAO Irrigation and Drainage Paper 56 (1998), chapter 3.

Temperatures [°C] between −60 and 60, pressures [kPa]; NaN where an input is missing.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive

ASPIRATED = 0.000662
"""Coefficient of a psychrometer with a fan, some 5 m/s [1/°C]; 0.000800 with natural ventilation, 0.001200 without any."""


def pressure_kpa(altitude_m: ArrayLike) -> Floats:
    """Mean atmospheric pressure at an altitude [m] (equation 7)."""
    return plain(101.3 * ((293.0 - 0.0065 * floats(altitude_m)) / 293.0) ** 5.26)


def psychrometric_kpa_k(pressure: ArrayLike) -> Floats:
    """The psychrometric constant γ at a pressure [kPa/°C] (equation 8)."""
    return plain(0.665e-3 * floats(pressure))


def saturation_kpa(temperature_c: ArrayLike) -> Floats:
    """The vapour pressure of saturated air e°(T) (equation 11)."""
    t = floats(temperature_c)
    return plain(0.6108 * np.exp(17.27 * t / (t + 237.3)))


def saturation_slope_kpa_k(temperature_c: ArrayLike) -> Floats:
    """The slope Δ of e°(T) [kPa/°C] (equation 13)."""
    t = floats(temperature_c)
    return plain(4098.0 * saturation_kpa(t) / (t + 237.3) ** 2)


def mean_saturation_kpa(highest_c: ArrayLike, lowest_c: ArrayLike) -> Floats:
    """The saturation pressure of a day by its extremes: e° is no straight line, so that of the mean is too low (equation 12)."""
    return plain((saturation_kpa(highest_c) + saturation_kpa(lowest_c)) / 2.0)


def vapour_kpa(temperature_c: ArrayLike, humidity: ArrayLike) -> Floats:
    """The vapour pressure ea of air of a relative humidity, 0 to 1 (equation 54)."""
    return plain(saturation_kpa(temperature_c) * floats(humidity))


def vapour_of_extremes_kpa(
    highest_c: ArrayLike, lowest_c: ArrayLike, most_humid: ArrayLike, least_humid: ArrayLike
) -> Floats:
    """That of a day by its extremes: the air is most humid where it is coldest (equation 17). Humidities 0 to 1."""
    return plain((vapour_kpa(lowest_c, most_humid) + vapour_kpa(highest_c, least_humid)) / 2.0)


def vapour_of_psychrometer_kpa(
    wet_c: ArrayLike, dry_c: ArrayLike, pressure: ArrayLike, coefficient: float = ASPIRATED
) -> Floats:
    """That of a wet and a dry bulb's temperatures (equations 15, 16)."""
    depression = floats(dry_c) - floats(wet_c)
    return plain(saturation_kpa(wet_c) - coefficient * floats(pressure) * depression)


def dew_point_c(vapour: ArrayLike) -> Floats:
    """The temperature at which air of a vapour pressure is saturated, e° solved for T (ASCE-EWRI 2005); NaN where that is not positive."""
    logarithm = np.log(where_positive(vapour))
    return divide(116.91 + 237.3 * logarithm, 16.78 - logarithm)


def wet_bulb_c(temperature_c: ArrayLike, humidity: ArrayLike) -> Floats:
    """The wet bulb's temperature at sea level, to some 0.3 °C between 5 and 99 % and −20 and 50 °C; humidity 0 to 1.

    R. Stull, J. Applied Meteorology and Climatology 50 (2011) 2267. Outside of these it is NaN.
    """
    t, rh = floats(temperature_c), 100.0 * floats(humidity)
    with np.errstate(invalid="ignore"):
        found = t * np.arctan(0.151977 * np.sqrt(rh + 8.313659)) + np.arctan(t + rh) - np.arctan(rh - 1.676331)
        found += 0.00391838 * rh**1.5 * np.arctan(0.023101 * rh) - 4.686035
    return plain(np.where((rh >= 5.0) & (rh <= 99.0) & (t >= -20.0) & (t <= 50.0), found, np.nan))


def absolute_humidity_g_m3(temperature_c: ArrayLike, vapour: ArrayLike) -> Floats:
    """The mass of water in a volume of air, ea / (R_v T) with R_v = 461.5 J/(kg K), ideal gas [g/m³]."""
    return plain(1e6 * floats(vapour) / (461.5 * (floats(temperature_c) + 273.15)))
