"""Blocks of samples: their moments, lines against the median of their neighbours, and sums over the harmonics of orders."""

import math

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS, INT, NOTHING, inline, kernel, record, records

NEAR = 0.025
"""What is near an end of the range, as a share of it."""

MOMENTS = record(
    ("mean", "f8"),
    ("rms", "f8"),
    ("peak", "f8"),
    ("low", "f8"),
    ("high", "f8"),
    ("variance", "f8"),
    ("third", "f8"),
    ("fourth", "f8"),
    ("mean_size", "f8"),
    ("mean_root", "f8"),
    ("at_low", "f8"),
    ("at_high", "f8"),
    ("near_low", "f8"),
    ("near_high", "f8"),
)
"""Of a block: mean and RMS; the largest size; the range; population central moments; mean of |x| and of its square root; how many
samples lie at each end of the range, and how many others near it (`NEAR`)."""


@kernel(NOTHING, FLOATS, records(MOMENTS))
def measure(x, out):
    """Measure a block. x : float64[n], n > 0, finite; out : MOMENTS[1], output."""
    one, n = out[0], x.size
    total = 0.0
    low, high = x[0], x[0]
    for i in range(n):
        total += x[i]
        low, high = min(low, x[i]), max(high, x[i])
    mean = total / n
    square = size = root = second = third = fourth = 0.0
    at_low = at_high = near_low = near_high = 0
    below, above = low + NEAR * (high - low), high - NEAR * (high - low)
    for i in range(n):
        value, apart, length = x[i], x[i] - mean, abs(x[i])
        square += value * value
        size += length
        root += np.sqrt(length)
        power = apart * apart
        second += power
        third += power * apart
        fourth += power * power
        if value <= below:
            at_low += value == low
            near_low += value != low
        if value >= above:
            at_high += value == high
            near_high += value != high
    one.mean, one.rms, one.low, one.high = mean, np.sqrt(square / n), low, high
    one.peak = max(abs(low), abs(high))
    one.variance, one.third, one.fourth = second / n, third / n, fourth / n
    one.mean_size, one.mean_root = size / n, root / n
    one.at_low, one.at_high, one.near_low, one.near_high = at_low, at_high, near_low, near_high


@inline
def _put(ordered, filled, value):
    """Put a value among ascending ones; how many there are then."""
    k = filled
    while k > 0 and ordered[k - 1] > value:
        ordered[k] = ordered[k - 1]
        k -= 1
    ordered[k] = value
    return filled + 1


@inline
def _take(ordered, filled, value):
    """Take a value, which is there, out of ascending ones; how many there are then."""
    k = 0
    while ordered[k] != value:
        k += 1
    for j in range(k, filled - 1):
        ordered[j] = ordered[j + 1]
    return filled - 1


@kernel(NOTHING, FLOATS, INT, FLOATS, FLOATS)
def divide_by_median(lines, reach, ordered, out):
    """Each line as log10 of it over the median of its neighbours, itself among them.

    lines : float64[n], positive; reach : neighbours to each side, fewer at the ends; ordered : float64[2 reach + 1], scratch;
    out : float64[n], output
    """
    n, filled = lines.size, 0
    for k in range(min(reach, n)):
        filled = _put(ordered, filled, lines[k])
    for k in range(n):
        if k - reach - 1 >= 0:  # first: the scratch has no room for one more
            filled = _take(ordered, filled, lines[k - reach - 1])
        if k + reach < n:
            filled = _put(ordered, filled, lines[k + reach])
        middle = filled // 2
        median = ordered[middle] if filled % 2 == 1 else 0.5 * (ordered[middle - 1] + ordered[middle])
        out[k] = math.log10(lines[k] / median)


@kernel(NOTHING, FLOATS, FLOAT, FLOATS, FLOAT, INT, FLOAT, FLOATS)
def add_harmonics(ratio, lines_per_order, orders, sideband, harmonics, slip, out):
    """Of each order the mean, over its harmonics, of the highest line within the slip, with its sidebands at half weight.

    ratio : float64[n], of `divide_by_median`; orders : float64[m]; sideband : how many orders beside a harmonic they lie, 0: there are
    none; slip : share of the frequency that the line may lie beside; out : float64[m], output; NaN where no harmonic lies within the lines
    """
    for j in range(orders.size):
        total = weight = 0.0
        for harmonic in range(1, harmonics + 1):
            for side in range(-1, 2):
                if side != 0 and sideband == 0.0:
                    continue
                middle = (harmonic * orders[j] + side * sideband) * lines_per_order
                reach = max(middle * slip, 0.5)
                first, last = int(np.ceil(middle - reach)), int(np.floor(middle + reach))
                if first < 1 or last >= ratio.size:
                    continue
                best = ratio[first]
                for k in range(first + 1, last + 1):
                    best = max(best, ratio[k])
                share = 1.0 if side == 0 else 0.5
                total += share * best
                weight += share
        out[j] = total / weight if weight > 0.0 else np.nan
