"""Constants of control charts: what ranges and deviations of normal samples are on average, and how much they vary.

They are kept as numbers, since a stream must not integrate anything; a test derives them anew from the normal distribution.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_RANGE = 25
"""Largest subgroup whose range is judged; above it, a range wastes most of what the readings say and X̄-S is the chart."""

# Rows are subgroup sizes 0, 1, 2, ... 25; 20 digits were agreed on by two Gauss-Legendre orders at 28 digits.
# fmt: off
_D2 = np.array(
    [
        np.nan, np.nan, 1.1283791670955126, 1.692568750643269, 2.058750746007928,
        2.325928947281039, 2.534412721222943, 2.7043567512138087, 2.8472006120905555, 2.970026324418474,
        3.077505461670346, 3.1728727038160005, 3.258455279743826, 3.335980354098255, 3.406763108199953,
        3.4718268898820748, 3.531982786109576, 3.5878839617653817, 3.6400637579374444, 3.6889630232076493,
        3.734950119596641, 3.778335829842621, 3.8193846433628327, 3.858323423285007, 3.8953481484513564,
        3.930629219507113,
    ]
)
_D3 = np.array(
    [
        np.nan, np.nan, 0.8525024664274218, 0.8883680040452043, 0.8798082028249833,
        0.8640819410995041, 0.8480396861174953, 0.8332053356222937, 0.819831489791944, 0.8078342745533225,
        0.7970506735194113, 0.7873146205503282, 0.7784783412033843, 0.7704162020637548, 0.7630230956247903,
        0.756211429727944, 0.7499080894099159, 0.7440517839607315, 0.7385908533781779, 0.7334814955188684,
        0.7286863457073053, 0.7241733407174991, 0.7199148084342234, 0.7158867354918145, 0.7120681751479372,
        0.708440765888655,
    ]
)
_C4 = np.array(
    [
        np.nan, np.nan, 0.7978845608028654, 0.886226925452758, 0.9213177319235613,
        0.9399856029866251, 0.9515328619481446, 0.959368788699833, 0.9650304561473719, 0.9693106997139541,
        0.9726592741215883, 0.9753500771452293, 0.9775593518547722, 0.9794056043142177, 0.9809714367555162,
        0.9823161771626505, 0.9834835316158412, 0.9845064054718315, 0.985410043808079, 0.9862141368601935,
        0.9869342675246553, 0.9875829288261564, 0.988170253315831, 0.9887045452339992, 0.9891926749585047,
        0.9896403755857031,
    ]
)
# fmt: on

# Gamma((m + 1) / 2) / Gamma(m / 2) / sqrt(m / 2) by powers of 1 / m, m = n - 1.
_C4_SERIES = (1.0, -1 / 4, 1 / 32, 5 / 128, -21 / 2048, -399 / 8192, 869 / 65536, 39325 / 262144)


class Constants(NamedTuple):
    """All constants of one subgroup size, by the names that ISO 7870-2 and Montgomery give them.

    a, a2, a3 : limits of the mean from sigma, R̄, s̄; b3 … b6 : limits of s from s̄ (3, 4) and sigma (5, 6);
    capital_d1 … capital_d4 : limits of R from sigma (1, 2) and R̄ (3, 4); e2, e3 : limits of single values from R̄ and s̄.
    """

    n: int
    d2: float
    d3: float
    c4: float
    a: float
    a2: float
    a3: float
    b3: float
    b4: float
    b5: float
    b6: float
    capital_d1: float
    capital_d2: float
    capital_d3: float
    capital_d4: float
    e2: float
    e3: float


def range_mean(n: ArrayLike) -> NDArray[np.float64]:
    """d2: mean of the range of `n` standard normal values, that is E(R) / sigma.

    n : [...]
        Values in a subgroup, whole, 2 to 25; anything else gives NaN.

    Source: L. H. C. Tippett, On the extreme individuals and the range of samples, Biometrika 17 (1925).
    """
    return _look_up(_D2, n)


def range_deviation(n: ArrayLike) -> NDArray[np.float64]:
    """d3: standard deviation of the range of `n` standard normal values; `n` and source as `range_mean`."""
    return _look_up(_D3, n)


def deviation_mean(n: ArrayLike) -> NDArray[np.float64]:
    """c4: mean of the sample standard deviation (n - 1 in its denominator) of `n` normal values over sigma.

    n : [...]
        Values in a subgroup, whole, 2 or more; anything else gives NaN. Beyond 25 by a series in 1 / (n - 1), exact to 1e-12.

    Source: sqrt(2 / (n - 1)) Gamma(n / 2) / Gamma((n - 1) / 2), e.g. Montgomery, Introduction to Statistical Quality Control, 6.3;
    the series is F. Tricomi and A. Erdélyi, Pacific J. Math. 1 (1951), 133.
    """
    sizes = np.asarray(n, np.float64)
    large = (sizes > LARGEST_RANGE) & (sizes == np.floor(sizes)) & np.isfinite(sizes)
    inverse = 1.0 / np.where(large, sizes - 1.0, np.inf)
    series = np.polynomial.polynomial.polyval(inverse, _C4_SERIES)
    return np.where(large, series, _look_up(_C4, sizes))[()]


def constants(n: int) -> Constants:
    """Every constant of subgroups of `n` values, 2 to 25, three-sigma limits; lower limits of R and s end at 0.

    Raises
    ------
    ValueError
        `n` is outside 2 to 25.
    """
    if not 2 <= n <= LARGEST_RANGE:
        raise ValueError(f"constants: expected a subgroup size n from 2 to {LARGEST_RANGE}, got {n}")
    d2, d3, c4 = float(_D2[n]), float(_D3[n]), float(_C4[n])
    mean_reach, range_reach = 3.0 / n**0.5, 3.0 * d3
    reach = 3.0 * (1.0 - c4 * c4) ** 0.5
    return Constants(
        n=n, d2=d2, d3=d3, c4=c4, a=mean_reach, a2=mean_reach / d2, a3=mean_reach / c4,
        b3=max(0.0, 1.0 - reach / c4), b4=1.0 + reach / c4, b5=max(0.0, c4 - reach), b6=c4 + reach,
        capital_d1=max(0.0, d2 - range_reach), capital_d2=d2 + range_reach,
        capital_d3=max(0.0, 1.0 - range_reach / d2), capital_d4=1.0 + range_reach / d2, e2=3.0 / d2, e3=3.0 / c4,
    )  # fmt: skip


def _look_up(table: NDArray[np.float64], n: ArrayLike) -> NDArray[np.float64]:
    sizes = np.asarray(n, np.float64)
    known = (sizes >= 2.0) & (sizes <= LARGEST_RANGE) & (sizes == np.floor(sizes))
    return table[np.where(known, sizes, 0.0).astype(np.int64)]
