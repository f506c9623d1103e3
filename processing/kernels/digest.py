"""Quantiles of values that are not kept: a t-digest, a fixed number of centroids that can be merged.

A *centroid* stands for some values by their mean and number; centroids ascend. Where one more has no room, two neighbours become one:
those that span the least on the scale k1, on which a span of ranks counts for more the nearer it lies to either end. Where there are no
more values than centroids, each is its own, and quantiles are exact. Of more, the two that are merged span some
2π / (centroids - 1) · sqrt(q (1 - q)) of all ranks at most, since each centroid lies in two pairs and the scale is π long; a quantile
between two of them is off by half of that. Accuracy is one of rank, so it does not depend on the unit.

Of a run of equal values, such as a converter gives, the inner ones are merged first, which loses nothing: those that are left at
both ends keep its bounds.

Source: T. Dunning, O. Ertl, "Computing extremely accurate quantiles using t-digests" (2019), arXiv:1902.04023, sections 2 and 3.
"""

import numpy as np

from processing.kernels.jit import inline


def centroid_fields(most: int) -> tuple[tuple[str, str] | tuple[str, str, int], ...]:
    """The fields of a record that is a digest of at most so many centroids; an empty one is all zeros."""
    return (
        ("count", "f8"),  # values taken
        ("min", "f8"),
        ("max", "f8"),
        ("centroids", "i8"),
        ("mean", "f8", most),  # ascending
        ("weight", "f8", most),  # how many values each stands for
    )


@inline
def clear(digest):
    """No value yet; what is not used is zero, so that equal digests have equal bits."""
    digest.count = digest.min = digest.max = 0.0
    digest.centroids = 0
    for k in range(digest.mean.size):
        digest.mean[k] = digest.weight[k] = 0.0


@inline
def between(low, high, share):
    """What lies at a share of the way, 0 to 1, from one value to a higher one, and never beyond either, however it is rounded."""
    value = low * (1.0 - share) + high * share
    if value < low:
        return low
    return high if value > high else value


@inline
def nearest_pair(digest):
    """The first of the two neighbours that are to become one."""
    n, best, least, done = digest.centroids, 0, np.inf, 0.0
    for k in range(n - 1):
        if 0 < k < n - 2 and digest.mean[k - 1] == digest.mean[k + 2]:
            return k
        weight = digest.weight[k] + digest.weight[k + 1]
        middle = done + 0.5 * weight
        # The square of what they span on k1, whose slope is 1 / sqrt(q (1 - q)), but for a factor that all have.
        span = weight * weight / (middle * (digest.count - middle))
        if span < least:
            best, least = k, span
        done += digest.weight[k]
    return best


@inline
def make_room(digest):
    """Merge two neighbours."""
    k, n = nearest_pair(digest), digest.centroids
    weight = digest.weight[k] + digest.weight[k + 1]
    digest.mean[k] = between(digest.mean[k], digest.mean[k + 1], digest.weight[k + 1] / weight)
    digest.weight[k] = weight
    for i in range(k + 1, n - 1):
        digest.mean[i] = digest.mean[i + 1]
        digest.weight[i] = digest.weight[i + 1]
    digest.mean[n - 1] = digest.weight[n - 1] = 0.0
    digest.centroids = n - 1


@inline
def add_centroid(digest, mean, weight):
    """Take a centroid; extremes are not looked at.

    Among those that equal it a single value goes last, and what stands for several behind the first, so that single ones stay at the ends.
    """
    if digest.centroids == digest.mean.size:
        make_room(digest)
    k = digest.centroids
    while k > 0 and (digest.mean[k - 1] > mean or (weight > 1.0 and k > 1 and digest.mean[k - 2] == mean)):
        digest.mean[k] = digest.mean[k - 1]
        digest.weight[k] = digest.weight[k - 1]
        k -= 1
    digest.mean[k] = mean
    digest.weight[k] = weight
    digest.centroids += 1
    digest.count += weight


@inline
def widen(digest, low, high):
    """Have a digest reach from `low` to `high` at least."""
    if digest.count == 0.0 or low < digest.min:
        digest.min = low
    if digest.count == 0.0 or high > digest.max:
        digest.max = high


@inline
def add_value(digest, value):
    """Take one value, which is finite."""
    widen(digest, value, value)
    add_centroid(digest, value, 1.0)


@inline
def add_digest(digest, other):
    """Take all that another digest has; the order in which several are taken tells the bits."""
    if other.count == 0.0:
        return
    widen(digest, other.min, other.max)
    for k in range(other.centroids):
        add_centroid(digest, other.mean[k], other.weight[k])


@inline
def quantile_of(digest, probability):
    """A quantile: linear between the middles of centroids; NaN of no values.

    A centroid of weight w stands for the ranks of its w values, the first of all is the minimum and the last one the maximum; so a
    digest of single values gives rank (n - 1) p interpolated, type 7 of R. Hyndman, Y. Fan, The American Statistician 50 (1996) 361.
    """
    if digest.count == 0.0:
        return np.nan
    last = digest.count - 1.0
    at, rank, value, done = probability * last, 0.0, digest.min, 0.0
    for k in range(digest.centroids):
        middle = done + 0.5 * (digest.weight[k] - 1.0)
        if at < middle:
            return between(value, digest.mean[k], (at - rank) / (middle - rank))
        rank, value = middle, digest.mean[k]
        done += digest.weight[k]
    return between(value, digest.max, (at - rank) / (last - rank)) if rank < last else digest.max
