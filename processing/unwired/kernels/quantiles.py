"""Quantiles of a stream without its values: P² for one quantile in 16 numbers, a t-digest for all of them that can be merged.

P² is the cheapest thing that follows a quantile, but two of them cannot be merged, so it serves a live edge only. A t-digest is
for windows: hours are merged from minutes. Its accuracy is one of *rank*, best at both ends, so it does not depend on the unit.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.ordered import insert

# columns of P²'s state
MARKERS = 5
P2_COUNT = 0
P2_HEIGHT = 1  # .. + 4: marker heights, the values themselves while there are less than five
P2_POSITION = P2_HEIGHT + MARKERS  # .. + 4: marker positions, from 1
P2_DESIRED = P2_POSITION + MARKERS  # .. + 4: where they should be
P2 = P2_DESIRED + MARKERS
"""Columns of a row. A new row is all zeros."""

COMPRESSION = 200
CENTROIDS = COMPRESSION + 2  # two neighbours span more than 1 of COMPRESSION / 2 on the scale, so there are never more
BUFFER = 256  # no less than CENTROIDS, for the scratch array has room for either

# columns of a digest
T_COUNT = 0  # values, those in the buffer included
T_MIN = 1
T_MAX = 2
T_CENTROIDS = 3
T_BUFFERED = 4
T_MEAN = 5  # .. + CENTROIDS - 1, ascending
T_WEIGHT = T_MEAN + CENTROIDS  # .. + CENTROIDS - 1
T_BUFFER = T_WEIGHT + CENTROIDS  # .. + BUFFER - 1
DIGEST = T_BUFFER + BUFFER
"""Columns of a row. A new row is all zeros."""

# rows of the scratch array, float64[3, BUFFER]
_MEANS = 0
_WEIGHTS = 1
_ONES = 2
SCRATCH = 3


@inline
def _share(i, probability):
    """The quantile that marker i follows."""
    if i == 0:
        return 0.0
    if i == 4:
        return 1.0
    return 0.5 * probability * i if i < 3 else 0.5 * (1.0 + probability)


@inline
def _moved_height(state, k, first, m, direction):
    """Height of marker m one position on: on the parabola through its neighbours, or on the line if that is out of order."""
    i, p = first + m, first + MARKERS + m
    q, n, before, after = state[k, i], state[k, p], state[k, p - 1], state[k, p + 1]
    rising = (state[k, i + 1] - q) / (after - n)
    falling = (q - state[k, i - 1]) / (n - before)
    parabola = q + direction / (after - before) * (
        (n - before + direction) * rising + (after - n - direction) * falling
    )
    if state[k, i - 1] < parabola < state[k, i + 1]:
        return parabola
    return q + (rising if direction > 0.0 else -falling)


@inline
def _set_marker(state, k, c0, count, value, probability):
    """Take one of the first five values: it is a marker, among those before it in ascending order."""
    i = c0 + P2_HEIGHT + count
    state[k, i + MARKERS] = count + 1.0
    state[k, i + 2 * MARKERS] = 1.0 + 4.0 * _share(count, probability)
    while i > c0 + P2_HEIGHT and state[k, i - 1] > value:
        state[k, i] = state[k, i - 1]
        i -= 1
    state[k, i] = value


@inline
def _count_value(state, k, first, value, probability):
    """Stretch the outer markers to hold the value, and move the positions that are above it and all that are desired."""
    last = first + MARKERS - 1
    state[k, first] = min(state[k, first], value)
    state[k, last] = max(state[k, last], value)
    for m in range(1, MARKERS - 1):
        state[k, first + m + MARKERS] += 1.0 if value < state[k, first + m] else 0.0
        state[k, first + m + 2 * MARKERS] += _share(m, probability)
    state[k, last + MARKERS] += 1.0
    state[k, last + 2 * MARKERS] += 1.0


@inline
def p2_step(state, k, c0, value, probability):
    """Take one value into row k; see `update_p2`."""
    if np.isnan(value):
        return
    # Columns are reached one by one: a view of them costs more than the algorithm.
    first, count = c0 + P2_HEIGHT, state[k, c0 + P2_COUNT]
    state[k, c0 + P2_COUNT] = count + 1.0
    if count < MARKERS:
        _set_marker(state, k, c0, np.int64(count), value, probability)
        return
    _count_value(state, k, first, value, probability)
    for m in range(1, MARKERS - 1):  # each middle marker moves by one towards where it should be, if there is room
        p = first + MARKERS + m
        distance = state[k, p + MARKERS] - state[k, p]
        if distance >= 1.0 and state[k, p + 1] - state[k, p] > 1.0:
            state[k, first + m] = _moved_height(state, k, first, m, 1.0)
            state[k, p] += 1.0
        elif distance <= -1.0 and state[k, p - 1] - state[k, p] < -1.0:
            state[k, first + m] = _moved_height(state, k, first, m, -1.0)
            state[k, p] -= 1.0


@inline
def p2_estimate(state, k, c0, probability):
    """The quantile: the middle marker; of less than five values the exact one, linear between two (R. Hyndman, Y. Fan, 1996, type 7)."""
    count, first = state[k, c0 + P2_COUNT], c0 + P2_HEIGHT
    if count >= MARKERS:
        return state[k, first + 2]
    if count == 0.0:
        return np.nan
    place = probability * (count - 1.0)
    low = np.int64(place)
    high = min(low + 1, np.int64(count) - 1)
    below = state[k, first + low]
    return below + (place - low) * (state[k, first + high] - below)


@kernel("void(int64[::1], float64[::1], float64, float64[:,::1], float64[::1])")
def update_p2(row, value, probability, state, estimate):
    """Follow one quantile by the P² algorithm.

    row : int64[n], row of each value; value : float64[n]; NaN is passed over. probability : of the quantile, above 0, below 1.
    state : float64[rows, P2], changed; a new row is all zeros. estimate : float64[n], output, after each value.
    The error is the algorithm's own and has no bound: about 0.5 % of the value on smooth distributions, more where the density has gaps.
    Source: R. Jain, I. Chlamtac, "The P² algorithm for dynamic calculation of quantiles and histograms without storing
    observations", Communications of the ACM 28 (1985) 1076.
    """
    for i in range(value.size):
        p2_step(state, row[i], 0, value[i], probability)
        estimate[i] = p2_estimate(state, row[i], 0, probability)


@inline
def _limit(done, total):
    """Up to which weight a centroid may reach that begins after `done` of `total`: one further on the arc sine scale k1."""
    scale = np.arcsin(2.0 * done / total - 1.0) + 2.0 * np.pi / COMPRESSION
    return total if scale >= 0.5 * np.pi else 0.5 * total * (np.sin(scale) + 1.0)


@inline
def _cluster(mean_a, weight_a, n_a, mean_b, weight_b, n_b, total, scratch):
    """Merge two ascending runs of centroids into as few as the scale allows, in `scratch`; returns their number."""
    n, a, b = -1, 0, 0
    done, limit = 0.0, -1.0
    while a < n_a or b < n_b:
        if b >= n_b or (a < n_a and mean_a[a] <= mean_b[b]):
            mean, weight = mean_a[a], weight_a[a]
            a += 1
        else:
            mean, weight = mean_b[b], weight_b[b]
            b += 1
        if n >= 0 and (done + scratch[_WEIGHTS, n] + weight <= limit or n == CENTROIDS - 1):
            scratch[_WEIGHTS, n] += weight
            scratch[_MEANS, n] += (mean - scratch[_MEANS, n]) * weight / scratch[_WEIGHTS, n]
            continue
        if n >= 0:
            done += scratch[_WEIGHTS, n]
        n += 1
        limit = _limit(done, total)
        scratch[_MEANS, n] = mean
        scratch[_WEIGHTS, n] = weight
    return n + 1


@inline
def _replace_centroids(state, k, c0, mean_b, weight_b, n_b, total, scratch):
    """Merge a run of centroids into those of row k."""
    means = state[k, c0 + T_MEAN : c0 + T_MEAN + CENTROIDS]
    weights = state[k, c0 + T_WEIGHT : c0 + T_WEIGHT + CENTROIDS]
    n = _cluster(means, weights, np.int64(state[k, c0 + T_CENTROIDS]), mean_b, weight_b, n_b, total, scratch)
    for i in range(n):
        means[i] = scratch[_MEANS, i]
        weights[i] = scratch[_WEIGHTS, i]
    state[k, c0 + T_CENTROIDS] = n


@inline
def flush_digest(state, k, c0, scratch):
    """Merge the buffer of row k into its centroids."""
    n = np.int64(state[k, c0 + T_BUFFERED])
    if n == 0:
        return
    for i in range(n):
        scratch[_ONES, i] = 1.0
    buffer = state[k, c0 + T_BUFFER : c0 + T_BUFFER + n]
    for i in range(1, n):
        insert(buffer, i, buffer[i])
    _replace_centroids(state, k, c0, buffer, scratch[_ONES], n, state[k, c0 + T_COUNT], scratch)
    state[k, c0 + T_BUFFERED] = 0.0


@inline
def digest_step(state, k, c0, value, scratch):
    """Take one value into the digest of row k; the buffer is merged when it is full, wherever a block ends."""
    if np.isnan(value):
        return
    count, n = state[k, c0 + T_COUNT], np.int64(state[k, c0 + T_BUFFERED])
    state[k, c0 + T_MIN] = min(state[k, c0 + T_MIN], value) if count > 0.0 else value
    state[k, c0 + T_MAX] = max(state[k, c0 + T_MAX], value) if count > 0.0 else value
    state[k, c0 + T_COUNT] = count + 1.0
    state[k, c0 + T_BUFFER + n] = value
    state[k, c0 + T_BUFFERED] = n + 1
    if n + 1 == BUFFER:
        flush_digest(state, k, c0, scratch)


@kernel("void(int64[::1], float64[::1], float64[:,::1], float64[:,::1])")
def update_digest(row, value, state, scratch):
    """Take a block of values into digests.

    row : int64[n], row of each value; value : float64[n]; NaN is passed over, infinities are not allowed.
    state : float64[rows, DIGEST], changed; a new row is all zeros. scratch : float64[SCRATCH, BUFFER], its content does not matter.
    Source: T. Dunning, O. Ertl, "Computing extremely accurate quantiles using t-digests" (2019), the merging digest with scale
    function k1 and compression 200. A centroid spans 0.031 sqrt(q (1 - q)) of all ranks; the error of rank is about half of that at most.
    """
    for i in range(value.size):
        digest_step(state, row[i], 0, value[i], scratch)


@inline
def merge_digest_row(state, k, c0, other, j, d0, scratch):
    """Take row j of `other`, columns from d0 on, into row k of the state, columns from c0 on; `other` is not changed."""
    count, more = state[k, c0 + T_COUNT], other[j, d0 + T_COUNT]
    if more == 0.0:
        return
    least, most = other[j, d0 + T_MIN], other[j, d0 + T_MAX]
    state[k, c0 + T_MIN] = min(state[k, c0 + T_MIN], least) if count > 0.0 else least
    state[k, c0 + T_MAX] = max(state[k, c0 + T_MAX], most) if count > 0.0 else most
    buffered = np.int64(other[j, d0 + T_BUFFERED])
    state[k, c0 + T_COUNT] = count + more - buffered
    total = state[k, c0 + T_COUNT] - state[k, c0 + T_BUFFERED]
    means = other[j, d0 + T_MEAN : d0 + T_MEAN + CENTROIDS]
    weights = other[j, d0 + T_WEIGHT : d0 + T_WEIGHT + CENTROIDS]
    _replace_centroids(state, k, c0, means, weights, np.int64(other[j, d0 + T_CENTROIDS]), total, scratch)
    for i in range(buffered):
        digest_step(state, k, c0, other[j, d0 + T_BUFFER + i], scratch)


@kernel("void(int64[::1], float64[:,::1], float64[:,::1], float64[:,::1])")
def merge_digests(row, other, state, scratch):
    """Take the digests `other` : float64[n, DIGEST], in their order, into the rows `row` : int64[n] of the state, changed."""
    for j in range(row.size):
        merge_digest_row(state, row[j], 0, other, j, 0, scratch)


@inline
def digest_quantile(state, k, c0, probability):
    """Quantile of a digest whose buffer is merged: linear between the middles of the centroids; NaN of no values.

    A centroid of weight w stands for the ranks of its w values, the first of all is the minimum and the last one the
    maximum; so a digest of single values gives the quantile that numpy gives.
    """
    total = state[k, c0 + T_COUNT]
    if total == 0.0:
        return np.nan
    at = probability * (total - 1.0)
    rank, value, done = 0.0, state[k, c0 + T_MIN], 0.0
    for i in range(np.int64(state[k, c0 + T_CENTROIDS])):
        weight = state[k, c0 + T_WEIGHT + i]
        middle, mean = done + 0.5 * (weight - 1.0), state[k, c0 + T_MEAN + i]
        if at < middle:
            return value + (mean - value) * (at - rank) / (middle - rank)
        rank, value, done = middle, mean, done + weight
    last = total - 1.0
    if rank >= last:
        return state[k, c0 + T_MAX]
    return value + (state[k, c0 + T_MAX] - value) * (at - rank) / (last - rank)


@kernel("void(float64[:,::1], float64[::1], float64[:,::1], float64[:,::1], float64[:,::1])")
def read_digests(state, probability, work, scratch, quantile):
    """Quantiles of each digest; the state is not changed, so reading does not alter what comes later.

    probability : float64[m], 0 to 1. work : float64[1, DIGEST] and scratch : float64[SCRATCH, BUFFER], content does not matter.
    quantile : float64[rows, m], output, NaN for a digest without values.
    """
    for k in range(state.shape[0]):
        for c in range(state.shape[1]):
            work[0, c] = state[k, c]
        flush_digest(work, 0, 0, scratch)
        for i in range(probability.size):
            quantile[k, i] = digest_quantile(work, 0, 0, probability[i])
