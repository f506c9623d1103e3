"""A field's water day by day: the dual crop coefficient and the balance of FAO Irrigation and Drainage Paper 56 (1998), chapters 7 and 8.

A day is worked out of the state in which the one before it left the field. What the paper leaves open is done as in FAO's and the USDA's
own programs: rain and irrigation come at the start of the day, what the surface may still evaporate is told by its depletion before
them, and the rooted depth and the height grow with the basal coefficient and never shrink (annex 8).
"""

from typing import NamedTuple

import numpy as np

from processing.formulas import crop_water
from processing.formulas.division import Floats, divide

WETTING_RAIN_MM = 3.0
"""From here on rain wets the whole surface; less leaves it wet where it was."""

_LEAST_EXPOSED = 0.01


class Crop(NamedTuple):
    """Of a crop, float64[n] each.

    basal : K_cb by stage; height_m, root_m : in the initial stage and the most; free_share : p of table 22
    """

    basal: crop_water.Curve
    height_m: tuple[Floats, Floats]
    root_m: tuple[Floats, Floats]
    free_share: Floats


class Soil(NamedTuple):
    """Of a soil, float64[n] each. surface_m : Z_e; readily_mm : REW (table 19); curve_number : NaN where nothing runs off."""

    field_capacity: Floats
    wilting_point: Floats
    surface_m: Floats
    readily_mm: Floats
    curve_number: Floats


class Given(NamedTuple):
    """Of a day, float64[n] each.

    basal : K_cb of the day; et0_mm; wind_m_s : at 2 m; least_humidity : 0 to 1; rain_mm; irrigation_mm : net; wetted : the share of the
    surface that the irrigation wets
    """

    basal: Floats
    et0_mm: Floats
    wind_m_s: Floats
    least_humidity: Floats
    rain_mm: Floats
    irrigation_mm: Floats
    wetted: Floats


class Field(NamedTuple):
    """What a day leaves behind, float64[n] each: depletion of root zone and surface [mm], wetted share, height and rooted depth [m]."""

    root_depletion_mm: Floats
    surface_depletion_mm: Floats
    wetted: Floats
    height_m: Floats
    root_m: Floats


class Day(NamedTuple):
    """What came of a day, float64[n] each: depths [mm]; K_e, K_s and p, 0 to about 1.3; available : TAW; readily : RAW."""

    evaporation_mm: Floats
    transpiration_mm: Floats
    unstressed_mm: Floats
    run_off_mm: Floats
    percolation_mm: Floats
    evaporation_coefficient: Floats
    stress: Floats
    free_share: Floats
    available_mm: Floats
    readily_mm: Floats
    cover: Floats


def day_of(crop: Crop, soil: Soil, given: Given, before: Field) -> tuple[Day, Field]:
    """A day of fields; the field after it."""
    grown = divide(given.basal - crop.basal.initial, crop.basal.mid - crop.basal.initial)
    grown = np.where(np.isnan(grown), 1.0, grown)
    height, root = (
        np.maximum(first + (most - first) * grown, so_far)
        for (first, most), so_far in ((crop.height_m, before.height_m), (crop.root_m, before.root_m))
    )
    most = crop_water.most_coefficient(given.basal, given.wind_m_s, given.least_humidity, height)
    covered = crop_water.cover(given.basal, crop.basal.initial, most, height)
    wetted = np.where(
        given.irrigation_mm > 0.0, given.wetted, np.where(given.rain_mm >= WETTING_RAIN_MM, 1.0, before.wetted)
    )
    run_off = crop_water.run_off_mm(given.rain_mm, soil.curve_number)
    entering = given.rain_mm - run_off
    surface = _Surface(soil, most, np.maximum(np.minimum(1.0 - covered, wetted), _LEAST_EXPOSED), wetted)
    coefficient, surface_after = _evaporated(surface, given, entering, before.surface_depletion_mm)
    evaporation, unstressed = coefficient * given.et0_mm, (given.basal + coefficient) * given.et0_mm
    available = crop_water.available_mm(soil.field_capacity, soil.wilting_point, root)
    share = crop_water.free_share(crop.free_share, unstressed)
    stress = crop_water.stress(before.root_depletion_mm, available, share * available)
    transpiration = stress * given.basal * given.et0_mm
    after = crop_water.balance(
        before.root_depletion_mm, entering + given.irrigation_mm, evaporation + transpiration, available
    )
    day = Day(
        evaporation, transpiration, unstressed, run_off, after.percolation_mm, coefficient, stress, share,
        available, share * available, covered,
    )  # fmt: skip
    return day, Field(after.depletion_mm, surface_after, wetted, height, root)


class _Surface(NamedTuple):
    soil: Soil
    most: Floats
    exposed: Floats
    wetted: Floats


def _evaporated(surface: _Surface, given: Given, entering: Floats, before_mm: Floats) -> tuple[Floats, Floats]:
    """K_e (equation 71), and the depletion of the surface layer after the day (equation 77)."""
    soil, exposed = surface.soil, surface.exposed
    total = crop_water.total_evaporable_mm(soil.field_capacity, soil.wilting_point, soil.surface_m)
    freely = crop_water.evaporation_reduction(before_mm, total, soil.readily_mm)
    coefficient = np.minimum(freely * (surface.most - given.basal), exposed * surface.most)
    into = entering + divide(given.irrigation_mm, surface.wetted)
    drained = np.maximum(into - before_mm, 0.0)
    after = before_mm - into + coefficient * given.et0_mm / exposed + drained
    return coefficient, np.clip(after, 0.0, total)
