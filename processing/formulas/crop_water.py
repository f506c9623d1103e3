"""Water that a crop takes from its soil: crop coefficients and stress, by FAO Irrigation and Drainage Paper 56 (Allen et al. 1998).

Depths [mm], which are litres a square metre; water contents [m³/m³]; crop coefficients are shares of short reference evapotranspiration.
NaN where an input is missing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain

LEAST_P, MOST_P = 0.1, 0.8
"""Between these lies the share of available water that a crop takes without stress."""


class Stages(NamedTuple):
    """How long a crop's stages take, float64[n] each, in days or in degree days: initial, development, mid-season, late season."""

    initial: ArrayLike
    development: ArrayLike
    mid: ArrayLike
    late: ArrayLike


class Curve(NamedTuple):
    """A coefficient in the initial stage, in mid-season and at the end, float64[n] each."""

    initial: Floats | float
    mid: Floats | float
    end: Floats | float


def coefficient_at(progress: ArrayLike, stages: Stages, curve: Curve) -> Floats:
    """The crop coefficient after `progress` days or degree days, along straight lines between the stages (figure 34).

    After the last stage it stays what it is at its end; before the first it is that of the first.
    """
    bounds = np.cumsum(np.stack(np.broadcast_arrays(*(floats(one) for one in stages))), axis=0)
    done = floats(progress)
    growing = np.clip(divide(done - bounds[0], bounds[1] - bounds[0]), 0.0, 1.0)
    ripening = np.clip(divide(done - bounds[2], bounds[3] - bounds[2]), 0.0, 1.0)
    # A stage of no length is passed at once.
    growing = np.where(np.isnan(growing), done >= bounds[1], growing)
    ripening = np.where(np.isnan(ripening), done > bounds[3], ripening)
    first, mid, end = (floats(one) for one in curve)
    return plain(np.where(done <= bounds[2], first + (mid - first) * growing, mid + (end - mid) * ripening))


def adjusted_coefficient(
    tabled: ArrayLike, wind_m_s: ArrayLike, least_humidity: ArrayLike, height_m: ArrayLike
) -> Floats:
    """A tabled coefficient of mid-season or the end, for the place's wind and dryness (equations 62, 65, 70).

    wind_m_s : at 2 m, 1 to 6; least_humidity : 0.2 to 0.8; height_m : of the crop, 0.1 to 10. Beyond these they count as their ends.
    """
    return plain(floats(tabled) + _climate(wind_m_s, least_humidity) * (np.clip(height_m, 0.1, 10.0) / 3.0) ** 0.3)


def most_coefficient(basal: ArrayLike, wind_m_s: ArrayLike, least_humidity: ArrayLike, height_m: ArrayLike) -> Floats:
    """The most that crop and wet soil together evaporate, K_c max (equation 72)."""
    of_climate = 1.2 + _climate(wind_m_s, least_humidity) * (np.maximum(floats(height_m), 0.001) / 3.0) ** 0.3
    return plain(np.maximum(of_climate, floats(basal) + 0.05))


def cover(basal: ArrayLike, least: ArrayLike, most: ArrayLike, height_m: ArrayLike) -> Floats:
    """The share of the ground that the crop covers f_c, 0 to 0.99 (equation 76); least : K_cb of bare soil; most : K_c max."""
    grown = np.maximum(divide(floats(basal) - floats(least), floats(most) - floats(least)), 0.0)
    return plain(np.clip(grown ** (1.0 + 0.5 * floats(height_m)), 0.0, 0.99))


def total_evaporable_mm(field_capacity: ArrayLike, wilting_point: ArrayLike, depth_m: ArrayLike) -> Floats:
    """What can evaporate of a surface layer, TEW (equation 73)."""
    return plain(1000.0 * (floats(field_capacity) - 0.5 * floats(wilting_point)) * floats(depth_m))


def evaporation_reduction(depletion_mm: ArrayLike, total_mm: ArrayLike, readily_mm: ArrayLike) -> Floats:
    """How freely a surface layer still evaporates K_r, 0 to 1, by what is gone from it (equation 74)."""
    total = floats(total_mm)
    return plain(np.clip(divide(total - floats(depletion_mm), total - floats(readily_mm)), 0.0, 1.0))


def available_mm(field_capacity: ArrayLike, wilting_point: ArrayLike, root_m: ArrayLike) -> Floats:
    """Water between field capacity and wilting point in the root zone, TAW (equation 82)."""
    return plain(1000.0 * (floats(field_capacity) - floats(wilting_point)) * floats(root_m))


def depletion_mm(field_capacity: ArrayLike, water: ArrayLike, root_m: ArrayLike) -> Floats:
    """What a root zone of a water content lacks of field capacity, D_r; above that nothing (equation 87)."""
    return plain(np.maximum(1000.0 * (floats(field_capacity) - floats(water)) * floats(root_m), 0.0))


def free_share(tabled: ArrayLike, crop_mm: ArrayLike) -> Floats:
    """The share of available water that is taken without stress, p, for what the crop evaporates in a day (table 22)."""
    return plain(np.clip(floats(tabled) + 0.04 * (5.0 - floats(crop_mm)), LEAST_P, MOST_P))


def stress(depletion: ArrayLike, available: ArrayLike, readily: ArrayLike) -> Floats:
    """How freely the crop takes water K_s, 0 to 1: 1 up to the readily available depletion RAW, 0 at TAW (equation 84)."""
    total = floats(available)
    return plain(np.clip(divide(total - floats(depletion), total - floats(readily)), 0.0, 1.0))


class Balance(NamedTuple):
    """A root zone after a day, float64[n] each: what it lacks of field capacity D_r, and what drained below it DP [mm]."""

    depletion_mm: Floats
    percolation_mm: Floats


def balance(before_mm: ArrayLike, into_mm: ArrayLike, taken_mm: ArrayLike, available: ArrayLike) -> Balance:
    """The root zone's balance of a day (equations 85, 88); into : rain less run-off, and irrigation; taken : ET_c adj.

    What comes beyond field capacity drains on the same day; depletion stays between 0 and TAW.
    """
    after = floats(before_mm) - floats(into_mm) + floats(taken_mm)
    return Balance(plain(np.clip(after, 0.0, floats(available))), plain(np.maximum(-after, 0.0)))


def run_off_mm(rain_mm: ArrayLike, curve_number: ArrayLike) -> Floats:
    """What of a day's rain runs off the surface, by the curve number of the soil and its cover (USDA-SCS, NEH-4, 1972).

    curve_number : 0 to 100, of average wetness; NaN: nothing runs off
    """
    rain, storage = floats(rain_mm), 254.0 * (divide(100.0, curve_number) - 1.0)
    beyond = np.maximum(rain - 0.2 * storage, 0.0)
    found = divide(beyond**2, rain + 0.8 * storage)
    return plain(np.where(np.isnan(found), np.where(np.isnan(rain), np.nan, 0.0), found))


def _climate(wind_m_s: ArrayLike, least_humidity: ArrayLike) -> Floats:
    wind, humidity = np.clip(wind_m_s, 1.0, 6.0), 100.0 * np.clip(least_humidity, 0.2, 0.8)
    return plain(0.04 * (wind - 2.0) - 0.004 * (humidity - 45.0))
