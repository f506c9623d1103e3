"""Values kept in ascending order in a few places: where one belongs, one in, one out, and the median and MAD that follow.

Windows of tags hold some tens of values. At that size counting all that are smaller (which the compiler turns into vector
instructions) and moving what lies between beats every tree and every search that branches.
"""

import numpy as np

from processing.kernels.jit import inline


@inline
def place_of(ascending, n, value):
    """How many of the first n values are below `value`."""
    below = 0
    for i in range(n):
        below += ascending[i] < value
    return below


@inline
def insert(ascending, n, value):
    """Insert into n values; there must be room for one more."""
    place = place_of(ascending, n, value)
    for i in range(n, place, -1):
        ascending[i] = ascending[i - 1]
    ascending[place] = value


@inline
def remove(ascending, n, value):
    """Remove one value, which must be there, from n."""
    for i in range(place_of(ascending, n, value), n - 1):
        ascending[i] = ascending[i + 1]


@inline
def replace(ascending, n, old, value):
    """Remove `old`, which must be there, from n values and insert `value`; only what lies between the two is moved."""
    leaves, enters = place_of(ascending, n, old), place_of(ascending, n, value)
    if enters > leaves:
        for i in range(leaves, enters - 1):
            ascending[i] = ascending[i + 1]
        ascending[enters - 1] = value
    else:
        for i in range(leaves, enters, -1):
            ascending[i] = ascending[i - 1]
        ascending[enters] = value


@inline
def median_of(ascending, n):
    """Median of n values; NaN of none."""
    if n == 0:
        return np.nan
    return 0.5 * (ascending[(n - 1) // 2] + ascending[n // 2])


@inline
def nearest_within(ascending, n, centre, count):
    """How far from `centre` the `count`-th nearest of n values is: the nearest ones are neighbours, found by bisection."""
    low, high = 0, n - count
    while low < high:
        middle = (low + high) // 2
        if ascending[middle + count] - centre < centre - ascending[middle]:
            low = middle + 1
        else:
            high = middle
    return max(centre - ascending[low], ascending[low + count - 1] - centre)


@inline
def mad_of(ascending, n, median):
    """Median of the absolute deviations of n values from their median; NaN of none."""
    if n == 0:
        return np.nan
    upper = nearest_within(ascending, n, median, n // 2 + 1)
    return upper if n % 2 == 1 else 0.5 * (upper + nearest_within(ascending, n, median, n // 2))
