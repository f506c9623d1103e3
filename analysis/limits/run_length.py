"""How long a chart runs before it signals, on average: Shewhart, CUSUM and EWMA charts.

In control, the average run length (ARL) is what a false alarm costs to wait for; out of control, how soon a shift is found. All for
independent normal points with known mean and sigma: estimated limits, drift, heavy tails and correlation change it, most often for
the worse. ARL counts points, the signalling one included.

CUSUM and EWMA solve the integral equation of the run length by Nyström's method on Gauss-Legendre nodes, enough of them that the result
is exact to about 1e-9. Sources: E. S. Page, Biometrika 41 (1954), 100; D. Brook and D. A. Evans, Biometrika 59 (1972), 539;
S. V. Crowder, Technometrics 29 (1987), 401.
"""

import math

import numpy as np
from numpy.typing import NDArray

_NODES_A_SIGMA = 8.0  # per standard deviation of the equation's kernel; 6 already give 1e-9
_FEWEST_NODES = 32
_MOST_NODES = 2000


def shewhart_arl(width: float = 3.0, shift: float = 0.0) -> float:
    """ARL of a Shewhart chart: 1 / P(a point lies beyond center ± width).

    width, shift
        Of the limits and of the mean, in standard deviations of a point: of means of n, a shift of δ sigma is δ sqrt(n).

    Raises
    ------
    ValueError
        `width` is not positive or `shift` not a number.
    """
    from scipy.special import ndtr

    _check("shewhart_arl", shift, width=width)
    return float(1.0 / (ndtr(-width - shift) + ndtr(-width + shift)))


def cusum_arl(slack: float, limit: float, shift: float = 0.0, head_start: float = 0.0) -> float:
    """ARL of a two-sided tabular CUSUM.

    slack, limit, head_start
        k, h and the sums' value at the beginning, 0 <= head_start <= h. [standard deviations of a point]
    shift
        Mean minus target. [standard deviations]

    The two sides are put together by J. M. Lucas and R. B. Crosier, Technometrics 24 (1982), 199, which is exact while both cannot run at
    once; with a head start over what k allows (head_start > h / 2 + k), it is an approximation.

    Raises
    ------
    ValueError
        `slack` is negative, `limit` not positive, `head_start` outside 0 to `limit`, or one is not finite.
    """
    _check("cusum_arl", shift, limit=limit)
    if not 0.0 <= slack < math.inf:
        raise ValueError(f"cusum_arl: expected a slack of 0 or more, got {slack}")
    if not 0.0 <= head_start <= limit:
        raise ValueError(f"cusum_arl: expected a head start from 0 to the limit {limit}, got {head_start}")
    high, high_begun = _one_sided_cusum(slack, limit, shift, head_start)
    low, low_begun = _one_sided_cusum(slack, limit, -shift, head_start)
    return (high_begun * low + low_begun * high - high * low) / (high + low)


def ewma_arl(smoothing: float, width: float, shift: float = 0.0, start: float = 0.0) -> float:
    """ARL of a two-sided EWMA with steady limits ± width sqrt(λ / (2 - λ)).

    smoothing
        λ, over 0 and at most 1; 1 is the Shewhart chart.
    width
        L, distance of the limits. [standard deviations of the average]
    shift, start
        Mean of the points, and where the average begins, both minus target. [standard deviations of a point]

    Raises
    ------
    ValueError
        `smoothing` is outside (0, 1], `width` not positive, `start` beyond the limits, or λ so small that the equation takes more than
        2000 nodes.
    """
    _check("ewma_arl", shift, width=width)
    if not 0.0 < smoothing <= 1.0:
        raise ValueError(f"ewma_arl: expected a smoothing over 0 and at most 1, got {smoothing}")
    if smoothing == 1.0:
        return shewhart_arl(width, shift)
    reach = width * math.sqrt(smoothing / (2.0 - smoothing))
    if not abs(start) <= reach:
        raise ValueError(f"ewma_arl: expected a start within the limits ± {reach:g}, got {start}")
    nodes, weights = _nodes(-reach, reach, smoothing, "ewma_arl")

    def step(before: NDArray[np.float64]) -> NDArray[np.float64]:
        return _normal_density((nodes - (1.0 - smoothing) * before) / smoothing - shift) * weights / smoothing

    lengths = np.linalg.solve(np.eye(nodes.size) - step(nodes[:, None]), np.ones(nodes.size))
    return float(1.0 + step(np.array([[start]]))[0] @ lengths)


def _one_sided_cusum(slack: float, limit: float, shift: float, head_start: float) -> tuple[float, float]:
    """ARL of the upper sum from 0 and from the head start."""
    from scipy.special import ndtr

    nodes, weights = _nodes(0.0, limit, 1.0, "cusum_arl")

    def step(before: NDArray[np.float64]) -> NDArray[np.float64]:
        # The sum rests at 0 with a probability of its own, everywhere else it has a density.
        to_zero = ndtr(slack - before - shift)
        return np.hstack([to_zero, _normal_density(nodes + slack - before - shift) * weights])

    places = np.concatenate([[0.0], nodes])[:, None]
    lengths = np.linalg.solve(np.eye(places.size) - step(places), np.ones(places.size))
    return float(lengths[0]), float(1.0 + step(np.array([[head_start]]))[0] @ lengths)


def _nodes(low: float, high: float, sigma: float, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights on low .. high for a kernel of this standard deviation."""
    count = max(_FEWEST_NODES, math.ceil(_NODES_A_SIGMA * (high - low) / sigma))
    if count > _MOST_NODES:
        raise ValueError(
            f"{where}: expected limits at most {_MOST_NODES / _NODES_A_SIGMA:g} steps' sigma apart, got {(high - low) / sigma:g}"
        )
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1.0) * (high - low) / 2.0 + low, weights * (high - low) / 2.0


def _normal_density(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _check(where: str, shift: float, **positive: float) -> None:
    if not math.isfinite(shift):
        raise ValueError(f"{where}: expected a finite shift, got {shift}")
    for name, value in positive.items():
        if not 0.0 < value < math.inf:
            raise ValueError(f"{where}: expected a {name} over 0, got {value}")
