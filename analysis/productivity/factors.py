"""A figure that is a product of factors (OEE, output per hour, efficiency · organisation · intensity), and what each did to its change.

Logarithms turn the product into a sum, so that each factor's part is its own and none is left over, whatever the order.

Source of the split in the figure's own unit: B. W. Ang, The LMDI approach to decomposition analysis, Energy Policy 33, 2005.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide

_CANCELLED = 1e-13


def product(factors: ArrayLike) -> Floats:
    """The figure: the product of its factors along the last axis. float64[…, factors] → float64[…]; none: NaN."""
    given = amount(factors)
    if given.ndim == 0 or given.shape[-1] == 0:
        return np.full(given.shape[:-1], np.nan)[()]
    return np.prod(given, axis=-1)


def log_contributions(before: ArrayLike, after: ArrayLike) -> Floats:
    """What each factor adds to the logarithm of the product's ratio: ln(after / before) [1].

    before, after : float64[…, factors]
        Factors of two periods, above 0. A factor of 0 has no logarithm: its part is NaN.
    """
    ratio = divide(amount(after), amount(before))
    return np.log(np.where(ratio > 0.0, ratio, np.nan))


def shares_of_change(before: ArrayLike, after: ArrayLike) -> Floats:
    """Share of each factor in the product's relative change; they add up to 1 [1].

    A share is negative, and others above 1, where factors moved against each other. NaN where the product did not change.
    """
    logs = log_contributions(before, after)
    total = logs.sum(-1, keepdims=True)
    # What is left when factors cancel is a rounding error, not a change to have shares in.
    changed = np.abs(total) > _CANCELLED * np.abs(logs).sum(-1, keepdims=True)
    return divide(logs, np.where(changed, total, np.nan))


def attributed_change(before: ArrayLike, after: ArrayLike) -> Floats:
    """The product's change split among its factors, in the product's unit: L(after, before) · ln(factor ratio).

    L is the logarithmic mean, (b - a) / ln(b / a), or a where both are equal; the parts add up to the change.
    """
    first, second = product(before), product(after)
    relative = divide(second - first, np.where((first > 0.0) & (second > 0.0), first, np.nan))
    # log1p keeps the digits of a ratio near 1, where the logarithmic mean is 0/0.
    mean = np.where(relative == 0.0, first, divide(second - first, np.log1p(relative)))
    return np.expand_dims(mean, -1) * log_contributions(before, after)
