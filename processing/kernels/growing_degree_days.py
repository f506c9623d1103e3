"""Growing degree days of a day, from its lowest and highest temperature: what grows by warmth, plants and pests alike, counts in them.

A method is a shape of the day's temperature and what happens above the upper threshold. `sine` and `triangle` are the areas below a curve
through the two extremes; `average` takes the mean of them and knows no upper threshold; `modified` clips both extremes to the thresholds
before the mean, as for maize with 10 and 30 °C (86/50 °F). Above the upper threshold growth goes on as at the threshold (`horizontal`),
stops (`vertical`), or slows down as much as it would have grown (`intermediate`).

Sources: G. L. Baskerville and P. Emin, Ecology 50 (1969) 514, single sine; UC IPM, Degree-days and phenology models, cutoff methods and
single triangle; Purdue University, GDD 86/50.
"""

import math

import numpy as np

from processing.kernels.jit import FLOATS, NOTHING, inline, kernel

METHODS = (
    "average",
    "modified",
    *(f"{shape}_{cutoff}" for shape in ("sine", "triangle") for cutoff in ("horizontal", "vertical", "intermediate")),
)
"""By number."""

_MODIFIED, _TRIANGLE = 1, 5
_VERTICAL, _INTERMEDIATE = 1, 2


@inline
def beyond(lowest, highest, threshold, is_sine):
    """The mean excess over a threshold, and the share of the day above it, of a curve between two extremes."""
    mean, half = (lowest + highest) / 2.0, (highest - lowest) / 2.0
    if threshold <= lowest:
        return mean - threshold, 1.0
    if threshold >= highest:
        return 0.0, 0.0
    if is_sine:
        angle = math.asin((threshold - mean) / half)
        left = math.pi / 2.0 - angle
        return ((mean - threshold) * left + half * math.cos(angle)) / math.pi, left / math.pi
    share = (highest - threshold) / (highest - lowest)
    return share * (highest - threshold) / 2.0, share


@inline
def by_curve(lowest, highest, lower, upper, method):
    """By a sine or triangle; upper : NaN, none."""
    is_sine = method < _TRIANGLE
    found, _ = beyond(lowest, highest, lower, is_sine)
    if np.isnan(upper):
        return found
    excess, share = beyond(lowest, highest, upper, is_sine)
    cutoff = (method - 2) % 3
    if cutoff == _VERTICAL:
        return found - excess - (upper - lower) * share
    return max(found - excess * (2.0 if cutoff == _INTERMEDIATE else 1.0), 0.0)


@inline
def by_mean(lowest, highest, lower, upper, method):
    """By the mean of the extremes, clipped where the method says so."""
    if method == _MODIFIED:
        lowest, highest = max(lowest, lower), max(highest, lower)
        if not np.isnan(upper):
            lowest, highest = min(lowest, upper), min(highest, upper)
    return max((lowest + highest) / 2.0 - lower, 0.0)


@kernel(NOTHING, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS)
def growing_degree_days(lowest, highest, lower, upper, method, out):
    """Degree days of n days, 0 or more, in the unit of the temperatures.

    lowest, highest : float64[n], a day's extremes; NaN, or the lowest above the highest: the day has none. [degC, or any degree]
    lower, upper : float64[n], thresholds; lower NaN: none; upper NaN: growth has no upper threshold
    method : float64[n], places in `METHODS`; NaN: none. out : float64[n], output
    """
    for k in range(lowest.size):
        out[k] = np.nan
        if not (lowest[k] <= highest[k]) or np.isnan(lower[k]) or np.isnan(method[k]):
            continue
        number = int(method[k])
        if number <= _MODIFIED:
            out[k] = by_mean(lowest[k], highest[k], lower[k], upper[k], number)
        else:
            out[k] = by_curve(lowest[k], highest[k], lower[k], upper[k], number)
