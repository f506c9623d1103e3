"""Yields and defects: what share of pieces was good, how many defects a piece carries, and which reasons matter most.

Counts are numbers or arrays[…], 0 or more, taken element by element; a ratio of no pieces is NaN.
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide

MILLION = 1e6
LONG_TERM_SHIFT = 1.5
"""How far a process mean is taken to wander in the long run [standard deviations]; M. Harry, The Nature of Six Sigma Quality, 1988."""


class ParetoRow(NamedTuple):
    """A reason, its pieces (or minutes, or cost), its share of all, and that of itself and all greater ones [1]."""

    name: str
    value: float
    share: float
    cumulative_share: float


def good_ratio(good_count: ArrayLike, total_count: ArrayLike) -> Floats:
    """Good pieces over all pieces. [1] The quality ratio of ISO 22400-2:2014."""
    return divide(amount(good_count), amount(total_count))


def scrap_ratio(scrap_count: ArrayLike, total_count: ArrayLike) -> Floats:
    """Scrapped pieces over all pieces. [1] ISO 22400-2:2014."""
    return divide(amount(scrap_count), amount(total_count))


def rework_ratio(rework_count: ArrayLike, total_count: ArrayLike) -> Floats:
    """Pieces sent to rework over all pieces. [1] ISO 22400-2:2014."""
    return divide(amount(rework_count), amount(total_count))


def first_pass_yield(total_count: ArrayLike, scrap_count: ArrayLike, rework_count: ArrayLike) -> Floats:
    """Pieces that were good without rework over all pieces. [1] NaN where scrap and rework exceed the pieces."""
    passed = amount(amount(total_count) - amount(scrap_count) - amount(rework_count))
    return divide(passed, amount(total_count))


def rolled_throughput_yield(step_yields: ArrayLike, axis: int = -1) -> Floats:
    """Chance that a piece passes every step without rework: the product of the steps' first-pass yields [1].

    step_yields : float64[…, steps, …]
        First-pass yields along `axis`, 0 to 1; outside it NaN. A step whose yield is unknown makes the product unknown, and so do no
        steps at all.

    Source: M. Harry and R. Schroeder, Six Sigma, Doubleday, 2000.
    """
    yields = np.atleast_1d(np.asarray(step_yields, np.float64))
    if yields.shape[axis] == 0:
        return np.full(np.delete(yields.shape, axis), np.nan)[()]
    return np.prod(np.where((yields >= 0.0) & (yields <= 1.0), yields, np.nan), axis=axis)


def defects_per_unit(defect_count: ArrayLike, unit_count: ArrayLike) -> Floats:
    """DPU: defects over pieces, of which one may carry several [1]."""
    return divide(amount(defect_count), amount(unit_count))


def defects_per_million_opportunities(
    defect_count: ArrayLike, unit_count: ArrayLike, opportunities: ArrayLike
) -> Floats:
    """DPMO: defects over pieces times the ways in which one can be defective, times a million [1e-6].

    opportunities : number or array[…]
        Of one piece, 1 or more.
    """
    return divide(amount(defect_count) * MILLION, amount(unit_count) * amount(opportunities))


def throughput_yield(defects_per_unit: ArrayLike) -> Floats:
    """Share of pieces without any defect where defects fall independently: exp(-DPU), the Poisson chance of none [1]."""
    return np.exp(-amount(defects_per_unit))


def sigma_level(dpmo: ArrayLike, shift: float = LONG_TERM_SHIFT) -> Floats:
    """How many standard deviations lie between a process and its limit, given its long-term defects [1].

    dpmo : number or array[…]
        Defects per million opportunities, more than 0 and less than a million. [1e-6] Outside NaN: that no defect was seen
        says how little was looked at, not how good the process is.
    shift : float
        Added to the normal quantile; 1.5 by convention, 0 for the long-term level.

    Source: M. Harry, The Nature of Six Sigma Quality, Motorola University Press, 1988: 3.4 DPMO are 6 σ.
    """
    chances = np.asarray(dpmo, np.float64) / MILLION
    levels = np.full(chances.shape, np.nan)
    exists = (chances > 0.0) & (chances < 1.0)
    # The quantile of the small tail, with its sign turned: 1 - p would lose its digits.
    levels[exists] = [shift - NormalDist().inv_cdf(chance) for chance in chances[exists].tolist()]
    return levels[()]


def pareto(counts: Mapping[str, float]) -> list[ParetoRow]:
    """Reasons by falling count, those of equal count by name, with shares and cumulative shares.

    counts : name → number
        Pieces, minutes or cost by reason, 0 or more. What is no amount (negative, NaN) stands last, without shares, and is in
        no total. All zero: no shares.

    Source: J. Juran, Quality Control Handbook, McGraw-Hill, 1951.
    """
    known = {name: float(amount(count)) for name, count in counts.items()}
    names = sorted(known, key=lambda name: (np.isnan(known[name]), -np.nan_to_num(known[name]), name))
    values = np.array([known[name] for name in names])
    summed = np.cumsum(np.nan_to_num(values))
    total = summed[-1] if names else 0.0
    shares = divide(values, total)
    cumulative = np.where(np.isnan(values), np.nan, divide(summed, total))
    return [ParetoRow(*row) for row in zip(names, values.tolist(), shares.tolist(), cumulative.tolist(), strict=True)]
