"""Index numbers: how quantities (or prices) of many goods changed between two periods, as one ratio.

The four differ in the basket that weighs the goods: Laspeyres takes the first period's, Paasche the second's, Fisher the geometric mean of
both, Törnqvist the mean of the value shares. Fisher's price and quantity indices multiply to the ratio of values.

Sources: ILO/IMF/OECD/Eurostat/UN/World Bank, Consumer Price Index Manual: Theory and Practice, 2004, chapters 15 and 16; I. Fisher, The
Making of Index Numbers, 1922; L. Törnqvist, Bank of Finland Monthly Bulletin 10, 1936; W. E. Diewert, Journal of
Econometrics 4, 1976 (why Fisher and Törnqvist are superlative).

Arguments are float64[…, goods], goods along the last axis, 0 or more; results have the axes before it. [1]
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


class Indices(NamedTuple):
    """One comparison by four formulas; 1 is no change [1]."""

    laspeyres: Floats
    paasche: Floats
    fisher: Floats
    tornqvist: Floats


def quantity_indices(price_0: ArrayLike, quantity_0: ArrayLike, price_1: ArrayLike, quantity_1: ArrayLike) -> Indices:
    """How much quantities grew from period 0 to period 1, at weights that prices give.

    price_0, price_1 : float64[…, goods]
        Price of one. [currency/unit] One unknown makes every index NaN.
    quantity_0, quantity_1 : float64[…, goods]
        Amounts. [unit of the good] A good of 0 in both periods has no part, whatever its price. One that appears or goes has no
        ratio: Törnqvist is NaN then, the other three exist.
    """
    p0, q0, p1, q1 = _present(price_0, quantity_0, price_1, quantity_1)
    return _indices(p0, q0, p1, q1)


def price_indices(price_0: ArrayLike, quantity_0: ArrayLike, price_1: ArrayLike, quantity_1: ArrayLike) -> Indices:
    """How much prices grew from period 0 to period 1, at weights that quantities give; arguments as `quantity_indices`."""
    p0, q0, p1, q1 = _present(price_0, quantity_0, price_1, quantity_1)
    return _indices(q0, p0, q1, p1)


def value_ratio(price_0: ArrayLike, quantity_0: ArrayLike, price_1: ArrayLike, quantity_1: ArrayLike) -> Floats:
    """Value of period 1 over value of period 0, each at its own prices [1]."""
    p0, q0, p1, q1 = _present(price_0, quantity_0, price_1, quantity_1)
    return divide((p1 * q1).sum(-1), (p0 * q0).sum(-1))


def value_shares(values: ArrayLike) -> Floats:
    """Share of each good in the value of all. [1] float64[…, goods]; NaN where all is worth nothing."""
    worth = amount(values)
    return divide(worth, worth.sum(-1, keepdims=True))


def mean_value_shares(values_0: ArrayLike, values_1: ArrayLike) -> Floats:
    """The mean of a good's shares in two periods, Törnqvist's weights: float64[…, goods] [1]."""
    return (value_shares(values_0) + value_shares(values_1)) / 2.0


def tornqvist_index(amounts_0: ArrayLike, amounts_1: ArrayLike, shares: ArrayLike) -> Floats:
    """Törnqvist's index: the product of ratios, each to the power of its share.

    amounts_0, amounts_1 : float64[…, goods]
        Quantities or prices of two periods. A good of both amounts and share 0 is in no period and has no part.
    shares : float64[…, goods]
        Weights that add up to 1, see `mean_value_shares`. No goods at all have no index: NaN.
    """
    if np.shape(shares)[-1] == 0:
        return np.full(np.shape(shares)[:-1], np.nan)[()]
    return np.exp(log_contributions(amounts_0, amounts_1, shares).sum(-1))


def log_contributions(amounts_0: ArrayLike, amounts_1: ArrayLike, shares: ArrayLike) -> Floats:
    """What each good adds to the logarithm of Törnqvist's index: share · ln(ratio); float64[…, goods] [1]."""
    before, after, weights = amount(amounts_0), amount(amounts_1), np.asarray(shares, np.float64)
    ratio = divide(after, before)
    logs = np.log(np.where(ratio > 0.0, ratio, np.nan))
    absent = (before == 0.0) & (after == 0.0) & (weights == 0.0)
    return np.where(absent, 0.0, weights * logs)


def chained(links: ArrayLike, base: int = 0) -> Floats:
    """An index over many periods from its links, 1 in the period `base`.

    links : float64[…, periods - 1]
        Index from each period to the next. An unknown link leaves the periods beyond it, seen from the base, unknown.

    Returns float64[…, periods]. Raises ValueError for a base that is no period.
    """
    steps = np.log(np.where(np.asarray(links, np.float64) > 0.0, links, np.nan))
    return np.exp(accumulated(steps, base))


def accumulated(steps: ArrayLike, base: int = 0, axis: int = -1) -> Floats:
    """Steps from period to period, added up forwards and backwards from 0 in the period `base`; as `chained`, along `axis`."""
    moved = np.moveaxis(np.asarray(steps, np.float64), axis, -1)
    periods = moved.shape[-1] + 1
    if not 0 <= base < periods:
        raise ValueError(f"base: expected a period of 0 to {periods - 1}, got {base}")
    zero = np.zeros((*moved.shape[:-1], 1))
    forward = np.cumsum(moved[..., base:], axis=-1)
    backward = -np.cumsum(moved[..., :base][..., ::-1], axis=-1)[..., ::-1]
    return np.moveaxis(np.concatenate((backward, zero, forward), axis=-1), -1, axis)


def _present(*goods: ArrayLike) -> tuple[Floats, ...]:
    """Prices and quantities p0, q0, p1, q1, with a price of 0 for goods that no period has."""
    p0, q0, p1, q1 = np.broadcast_arrays(*(amount(given) for given in goods))
    absent = (q0 == 0.0) & (q1 == 0.0)
    return np.where(absent, 0.0, p0), q0, np.where(absent, 0.0, p1), q1


def _indices(weight_0: Floats, amount_0: Floats, weight_1: Floats, amount_1: Floats) -> Indices:
    """The four indices of amounts; values are weight times amount."""
    laspeyres = divide((weight_0 * amount_1).sum(-1), (weight_0 * amount_0).sum(-1))
    paasche = divide((weight_1 * amount_1).sum(-1), (weight_1 * amount_0).sum(-1))
    shares = mean_value_shares(weight_0 * amount_0, weight_1 * amount_1)
    tornqvist = tornqvist_index(amount_0, amount_1, shares)
    return Indices(laspeyres, paasche, np.sqrt(laspeyres * paasche), tornqvist)
