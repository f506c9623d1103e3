"""Demand as utilities bill it, from samples of mean power at equal distance, and what an interval will come to before it closes.

Three ways to average, as power meters document them: block (clock-aligned intervals side by side), rolling block (the interval moves
on by a sub-interval, usually 15 minutes by 5) and sliding (it moves on by every sample).
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, where_positive, where_valid

_S_PER_HOUR = 3600.0


def block_demand(power_kw: ArrayLike, interval_samples: int, first_sample: int = 0) -> Floats:
    """Mean power of each clock-aligned interval [kW].

    power_kw : float64[n], mean powers of equal spans of time, NaN where one is missing. [kW]
    interval_samples : samples in an interval, 1 or more
    first_sample : where in its interval the first sample lies, 0 .. interval_samples - 1; 10:07 is 7 of 15 minutes

    Returns float64[ceil((first_sample + n)/interval_samples)]; an interval with a missing sample, as the first and last often
    are, is NaN. Raises ValueError for counts out of range.
    """
    power = _samples(power_kw)
    _require_samples("interval_samples", interval_samples)
    if not 0 <= first_sample < interval_samples:
        raise ValueError(f"first_sample: expected 0 to {interval_samples - 1}, got {first_sample}")
    blocks = -(-(first_sample + power.size) // interval_samples)
    padded = np.full(blocks * interval_samples, np.nan)
    padded[first_sample : first_sample + power.size] = power
    return padded.reshape(blocks, interval_samples).mean(axis=1)


def rolling_block_demand(power_kw: ArrayLike, interval_samples: int, step_samples: int) -> Floats:
    """Mean power of the interval that ends with each sub-interval [kW].

    power_kw : float64[n], as `block_demand`; the first sample begins a sub-interval. [kW]
    interval_samples : samples in an interval, a multiple of `step_samples`
    step_samples : samples in a sub-interval, 1 or more

    Returns float64[k], from the first whole interval on, empty when there is none; NaN where a sample of the interval is
    missing. Raises ValueError for counts out of range.
    """
    power = _samples(power_kw)
    _require_samples("step_samples", step_samples)
    if interval_samples < step_samples or interval_samples % step_samples:
        raise ValueError(
            f"interval_samples: expected a multiple of step_samples {step_samples}, got {interval_samples}"
        )
    if power.size < interval_samples:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(power, interval_samples)[::step_samples]
    # Each window is summed by itself: a running sum would carry one missing sample, and rounding, to the end.
    return windows.mean(axis=1)


def sliding_demand(power_kw: ArrayLike, interval_samples: int) -> Floats:
    """Mean power of the interval that ends with each sample. [kW] As `rolling_block_demand` with steps of one sample."""
    return rolling_block_demand(power_kw, interval_samples, 1)


def peak_demand(demand_kw: ArrayLike) -> float:
    """The highest demand of float64[n]. [kW] Intervals without a value are left out; NaN where none has one."""
    known = _samples(demand_kw)
    known = known[~np.isnan(known)]
    return float(known.max()) if known.size else float("nan")


def load_factor(energy_kwh: ArrayLike, peak_power_kw: ArrayLike, hours: ArrayLike) -> Floats:
    """Mean power over peak power, W/(peak·hours). [1] NaN where peak or time is not above zero.

    Above 1 the peak is not that of the energy; it is shown, not cut. (IEC 60050-691:1973, load factor)
    """
    return divide(energy_kwh, where_positive(peak_power_kw) * where_positive(hours))


def forecast_demand(
    energy_so_far_kwh: ArrayLike, power_kw: ArrayLike, elapsed_s: ArrayLike, interval_s: ArrayLike
) -> Floats:
    """Demand that a running interval comes to if the present power stays: (W + P·rest)/length [kW].

    energy_so_far_kwh : float64[...], drawn since the interval began. [kWh]
    power_kw : float64[...], now. [kW]
    elapsed_s, interval_s : float64[...], time since the interval began, and its length. [s]

    NaN where the elapsed time is not within the interval. At its end it is the demand itself, whatever the power.
    """
    elapsed, length = floats(elapsed_s), floats(interval_s)
    rest_kwh = floats(power_kw) * (length - elapsed) / _S_PER_HOUR
    energy_kwh = floats(energy_so_far_kwh) + np.where(elapsed == length, 0.0, rest_kwh)
    is_within = (elapsed >= 0.0) & (elapsed <= length)
    return divide(energy_kwh * _S_PER_HOUR, where_valid(is_within, length))


def power_within_limit(
    energy_so_far_kwh: ArrayLike, limit_kw: ArrayLike, elapsed_s: ArrayLike, interval_s: ArrayLike
) -> Floats:
    """Power that may be drawn for the rest of an interval so that its demand ends at the limit: (limit·length - W)/rest [kW].

    Arguments as `forecast_demand`. Negative: the limit is passed already, and only feeding in would mend it. NaN where no
    time is left or the elapsed time is not within the interval.
    """
    elapsed, length = floats(elapsed_s), floats(interval_s)
    left_kwh = floats(limit_kw) * length / _S_PER_HOUR - floats(energy_so_far_kwh)
    is_within = (elapsed >= 0.0) & (elapsed < length)
    return divide(left_kwh * _S_PER_HOUR, where_valid(is_within, length - elapsed))


def _samples(values: ArrayLike) -> Floats:
    samples = floats(values)
    if samples.ndim != 1:
        raise ValueError(f"samples: expected one dimension, got shape {samples.shape}")
    return samples


def _require_samples(name: str, count: int) -> None:
    if count < 1:
        raise ValueError(f"{name}: expected 1 or more, got {count}")
