"""Whether leaves are wet in an hour: what a sensor says where it is believed, else what rain and the dew point make likely.

A sensor that is dry while rain falls is not believed: it is dirty, unplugged or stands under a roof. Without one leaves get wet when the
dew point comes within 1.8 K of the temperature and are dry again when it is 2.2 K below (T. J. Gillespie, B. Srivastava and R. E. Pitblado,
J. Applied Meteorology 32 (1993) 1475; judged by P. C. Sentelhas et al., Agricultural and Forest Meteorology 148 (2008) 392). That is an
estimate: dew on a leaf is not the air of a station.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain

SOURCES = ("sensor", "rain, though the sensor is dry", "rain", "dew point")
"""What says whether leaves are wet, by number."""

WET_SHARE = 0.5
"""Of an hour or of the leaf, from which on a sensor says that it is wet."""
RAIN_MM = 0.2
"""One tip of the usual bucket: less in an hour is dew in the funnel."""
_WETS_K, _DRIES_K = 1.8, 2.2


class Wetness(NamedTuple):
    """is_wet : 1 or 0, NaN where nothing says it; source : a place in `SOURCES`, NaN then. float64[...] each."""

    is_wet: Floats
    source: Floats


def leaf_wetness(sensor: ArrayLike, rain_mm: ArrayLike, depression_k: ArrayLike, was_wet: ArrayLike) -> Wetness:
    """Whether leaves are wet in hours.

    sensor : float64[...], wet share of the hour or leaf, 0 to 1, NaN where there is none and where it is beyond [1]
    rain_mm : float64[...], of the hour, NaN as if none fell [mm]; depression_k : float64[...], temperature less dew point [K]
    was_wet : float64[...], whether leaves were wet in the hour before: between the two bounds they stay as they were
    """
    share, depression = floats(sensor), floats(depression_k)
    rains = floats(rain_mm) >= RAIN_MM
    has_sensor = (share >= 0.0) & (share <= 1.0)
    says_wet = share >= WET_SHARE
    by_air = np.where(depression <= _WETS_K, 1.0, np.where(depression >= _DRIES_K, 0.0, floats(was_wet) > 0.0))
    by_air = np.where(np.isnan(depression), np.nan, by_air)
    cases = [has_sensor & (says_wet | ~rains), has_sensor, rains, ~np.isnan(by_air)]
    source = np.select(cases, list(range(len(cases))), np.nan)
    return Wetness(plain(np.select(cases, [says_wet.astype(np.float64), 1.0, 1.0, by_air], np.nan)), plain(source))
