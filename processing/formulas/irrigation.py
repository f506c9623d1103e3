"""Irrigation: how much water a depth on a field is, how long a system runs for it, how evenly it falls, and what of rain counts.

Depths [mm], which are litres a square metre: 1 mm on a hectare is 10 m³.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive


class Application(NamedTuple):
    """What a net depth comes to, float64[n] each: with what is lost on the way [mm], on the field [m³], at the system's flow [h]."""

    gross_mm: Floats
    volume_m3: Floats
    hours: Floats


def application(net_mm: ArrayLike, efficiency: ArrayLike, area_ha: ArrayLike, flow_m3_h: ArrayLike) -> Application:
    """Of a net depth; efficiency : the share that reaches the root zone, 0 to 1."""
    gross = divide(net_mm, efficiency)
    volume = 10.0 * gross * floats(area_ha)
    return Application(gross, plain(volume), divide(volume, flow_m3_h))


def depth_mm(volume_m3: ArrayLike, area_ha: ArrayLike) -> Floats:
    """How deep a volume stands on a field."""
    return divide(volume_m3, 10.0 * floats(area_ha))


def emitter_flow_mm_h(emitter_l_h: ArrayLike, emitters_per_m2: ArrayLike) -> Floats:
    """What drip emitters of a flow give a field in an hour."""
    return plain(floats(emitter_l_h) * floats(emitters_per_m2))


def emitter_flow_ratio(pressure: ArrayLike, nominal: ArrayLike, exponent: ArrayLike) -> Floats:
    """What emitters give at a pressure over what they give at the nominal one, by q = k p^x; pressures of one unit.

    exponent : x, 0 of pressure-compensating emitters, whose flow is 1 at any pressure and without one; 0.5 of turbulent, 1 of laminar flow
    (J. Keller and D. Karmeli, Transactions of the ASAE 17 (1974) 678). NaN where a pressure is below 0, or the nominal one not above.
    """
    x = floats(exponent)
    ratio = divide(np.maximum(floats(pressure), 0.0), where_positive(nominal))
    return plain(np.where(x == 0.0, 1.0, np.where(floats(pressure) < 0.0, np.nan, ratio**x)))


def christiansen_uniformity(catch: ArrayLike) -> Floats:
    """How evenly water falls, by what cans caught: 1 − mean deviation / mean (J. Christiansen, University of California, 1942)."""
    caught = floats(catch)
    mean = caught.mean()
    return divide(mean - np.abs(caught - mean).mean(), mean)


def low_quarter_uniformity(catch: ArrayLike) -> Floats:
    """The mean of the quarter of cans that caught least, over the mean of all (USDA-NRCS, National Engineering Handbook 652)."""
    caught = np.sort(floats(catch))
    return divide(caught[: max(len(caught) // 4, 1)].mean(), caught.mean())


def effective_rain_of_month_mm(rain_mm: ArrayLike) -> Floats:
    """What of a month's rain counts for planning: 0.6 P − 10 up to 70 mm, 0.8 P − 24 above, not below 0 (FAO-AGLW, CROPWAT)."""
    rain = floats(rain_mm)
    return plain(np.maximum(np.where(rain <= 70.0, 0.6 * rain - 10.0, 0.8 * rain - 24.0), 0.0))
