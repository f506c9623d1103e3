"""Output over input: productivity of one input, its change against a base period, and productivity of all inputs in money.

Sources: OECD, Measuring Productivity, OECD Publishing, 2001, chapter 2 (single-factor and multifactor measures); D. Sumanth,
Productivity Engineering and Management, McGraw-Hill, 1984 (partial and total productivity of a firm).
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


def partial_productivity(output: ArrayLike, used: ArrayLike) -> Floats:
    """Output for each unit of one input: pieces an hour, value a kWh [unit of output / unit of input].

    output, used : float64[…]
        Amounts of one period, 0 or more. NaN where nothing was used.
    """
    return divide(amount(output), amount(used))


def relative_change(before: ArrayLike, after: ArrayLike) -> Floats:
    """Change against the base, after / before - 1. [1] NaN where the base is 0 or less."""
    base = np.asarray(before, np.float64)
    return divide(after, np.where(base > 0.0, base, np.nan)) - 1.0


def multifactor_productivity(output_value: ArrayLike, input_costs: ArrayLike, axis: int = -1) -> Floats:
    """Value of output for each unit of money spent on all inputs together [1].

    output_value : float64[…]
        What the output is worth. [currency]
    input_costs : float64[…, inputs, …]
        Cost of labour, material, energy, capital, … along `axis`, in the same currency. A cost that is unknown makes the result
        unknown.

    In prices of its own period it moves with prices, too; total factor productivity (`monthly.Report.total_factor`) takes them out.
    """
    return divide(amount(output_value), np.sum(amount(input_costs), axis=axis))
