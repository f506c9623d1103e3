"""Whether an hour suits spraying: by rain, wind, delta-T and heat.

Delta-T is by how much the wet bulb lies below the temperature: how fast droplets dry. Below 2 K they hang in the air and drift, above 10 K
they are gone before they land. Wind under 3 km/h goes with an inversion, in which fine droplets float for kilometres.
(GRDC, Spray Drift and Weather for Pesticide Application, GrowNotes 2017; Australian Bureau of Meteorology, Delta T)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain

CLASSES = ("suitable", "marginal", "unsuitable")
REASONS = (
    "rain",
    "wind below 3 km/h",
    "wind above 20 km/h",
    "delta-T below 2 K",
    "delta-T above 10 K",
    "wind above 15 km/h",
    "delta-T above 8 K",
    "above 28 °C",
)
"""What speaks against it, by number; the first that holds is told."""

_UNSUITABLE = 5  # reasons from here on make an hour marginal only
_RAIN_MM = 0.2
_KM_H = 3.6


class SprayHour(NamedTuple):
    """quality : a place in `CLASSES`; reason : one in `REASONS`, NaN where nothing speaks against it. NaN both where an input is none."""

    quality: Floats
    reason: Floats


def spray_hour(wind_m_s: ArrayLike, rain_mm: ArrayLike, delta_t_k: ArrayLike, temperature_c: ArrayLike) -> SprayHour:
    """How hours suit spraying; float64[...] each. A rain that is unknown counts as none: few stations lack a gauge and tell of rain."""
    wind, delta_t, degc = floats(wind_m_s) * _KM_H, floats(delta_t_k), floats(temperature_c)
    holds = [
        floats(rain_mm) >= _RAIN_MM,
        wind < 3.0,
        wind > 20.0,
        delta_t < 2.0,
        delta_t > 10.0,
        wind > 15.0,
        delta_t > 8.0,
        degc > 28.0,
    ]
    is_known = ~(np.isnan(wind) | np.isnan(delta_t) | np.isnan(degc)) & (wind >= 0.0)
    reason = np.where(is_known, np.select(holds, list(range(len(holds))), np.nan), np.nan)
    quality = np.select([np.isnan(reason), reason < _UNSUITABLE], [0.0, 2.0], 1.0)
    return SprayHour(plain(np.where(is_known, quality, np.nan)), plain(reason))
