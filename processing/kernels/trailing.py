"""What is behind a machine: means, slopes and spreads of its channels over the last rows, and over its first ones; causal, row by row.

Each channel of each machine has one record of state, so that a table and a stream that come window by window give the same bits: both are
the same steps. Sums are taken anew from the ring at each row, newest first, so that no rounding gathers over a life.
"""

import math
from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOATS2, INTS, NOTHING, context, inline, kernel, record, records

LONGEST = 100
"""Rows that a channel remembers; no span is longer."""

CHANNEL = record(("count", "i8"), ("first_sum", "f8"), ("last", "f8"), ("ring", "f8", LONGEST))
"""Of one channel of one machine: rows seen, the sum of its first ones, its last value, and its last rows; row r lies at r % LONGEST."""


class Spans(NamedTuple):
    """Over how many rows; each ascending, 1 to LONGEST, int64.

    means : of means; trends : of slopes and standard deviations
    first : one number, the first rows whose mean is what the machine began with
    gap : one number, the last rows whose mean less what it began with is given
    """

    means: np.ndarray
    trends: np.ndarray
    first: np.ndarray
    gap: np.ndarray


_SPANS = context(Spans, INTS, INTS, INTS, INTS)


def width(spans: Spans) -> int:
    """Columns that one channel gives: means, slopes, standard deviations, the mean of its first rows, the gap to that."""
    return len(spans.means) + 2 * len(spans.trends) + 2


@inline
def _taken(value, channel):
    """Put a value into the channel's ring. A missing one is taken to be as the one before, or 0 where there was none."""
    if math.isnan(value):
        value = channel.last
    channel.ring[channel.count % LONGEST] = value
    channel.last = value
    channel.count += 1


@inline
def _slope(k, total, weighted):
    """The slope of least squares over the rows at ages 0 to k - 1 [per row]; total : of values; weighted : of age times value."""
    if k < 2:
        return 0.0
    ages = k * (k - 1) / 2.0
    squares = (k - 1) * k * (2 * k - 1) / 6.0
    return (ages * total - k * weighted) / (k * squares - ages * ages)


@kernel(NOTHING, FLOATS2, INTS, records(CHANNEL), _SPANS, FLOATS2)
def trail(values, owner, state, spans, out):
    """Go on through rows, those of one machine in order of time.

    values : float64[n, channels]; owner : int64[n], the machine of each row
    state : CHANNEL[machines * channels], changed; zeros where nothing was seen
    out : float64[n, 1 + channels * width], output: rows seen of the machine, then the columns of each channel, see `width`.
        At the beginning spans are as long as what there is; a slope and a deviation of one row are 0.
    """
    channels = values.shape[1]
    means, trends = len(spans.means), len(spans.trends)
    columns = means + 2 * trends + 2
    for i in range(values.shape[0]):
        for c in range(channels):
            channel = state[owner[i] * channels + c]
            _taken(values[i, c], channel)
            if channel.count <= spans.first[0]:
                channel.first_sum += channel.last
            at = 1 + c * columns
            there = min(channel.count, LONGEST)
            total = weighted = squares = 0.0
            near = channel.last  # the mean over the gap's rows
            mean, trend = 0, 0
            for age in range(there):
                value = channel.ring[(channel.count - 1 - age) % LONGEST]
                total += value
                weighted += age * value
                squares += value * value
                k = age + 1
                is_last = k == there
                if k == spans.gap[0] or (is_last and k < spans.gap[0]):
                    near = total / k
                while mean < means and (spans.means[mean] == k or is_last):
                    out[i, at + mean] = total / k
                    mean += 1
                while trend < trends and (spans.trends[trend] == k or is_last):
                    out[i, at + means + trend] = _slope(k, total, weighted)
                    variance = squares / k - (total / k) * (total / k)
                    out[i, at + means + trends + trend] = math.sqrt(max(variance, 0.0))
                    trend += 1
                if mean == means and trend == trends and k >= spans.gap[0]:
                    break
            first = channel.first_sum / min(channel.count, spans.first[0])
            out[i, at + columns - 2] = first
            out[i, at + columns - 1] = near - first
            out[i, 0] = channel.count
