"""Growth accounting: the growth of output split into what each input explains and a residual, the growth of productivity.

Sources: R. Solow, Technical Change and the Aggregate Production Function, Review of Economics and Statistics 39, 1957; OECD,
Measuring Productivity, 2001, chapter 7. The shares stand for output elasticities: right under constant returns and competitive
markets, and a convention elsewhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


class Growth(NamedTuple):
    """Growth of output = the sum of contributions + residual; all rates of one kind (discrete or logarithmic) [1]."""

    output: Floats
    contributions: Floats
    residual: Floats


class Solow(NamedTuple):
    """Growth of productivity, and what capital and labour contributed to output [1]."""

    residual: Floats
    capital: Floats
    labour: Floats


def growth_accounting(output_growth: ArrayLike, input_growth: ArrayLike, shares: ArrayLike) -> Growth:
    """Contributions and residual for any number of inputs.

    output_growth : float64[…]
        Growth of output. [1]
    input_growth : float64[…, inputs]
        Growth of each input, as a rate of the same kind. [1]
    shares : float64[…, inputs]
        Weight of each input; its share in cost, or for logarithmic rates the mean of the shares of both periods. [1]
    """
    growth = np.asarray(output_growth, np.float64)[()]
    contributions = np.asarray(shares, np.float64) * np.asarray(input_growth, np.float64)
    return Growth(growth, contributions, growth - contributions.sum(-1))


def solow(output_growth: ArrayLike, capital_growth: ArrayLike, labour_growth: ArrayLike, alpha: ArrayLike) -> Solow:
    """Solow's residual from growth rates: g_A = g_Y - α g_K - (1 - α) g_L.

    output_growth, capital_growth, labour_growth : float64[…]
        Rates of one kind: discrete (0.03 is 3 %) or logarithmic. [1]
    alpha : float64[…]
        Capital's share in income. [1]

    Raises ValueError for a share outside 0 to 1.
    """
    capital, labour = _capital_labour(alpha)
    rates = np.stack(
        np.broadcast_arrays(*(np.asarray(rate, np.float64) for rate in (capital_growth, labour_growth))), -1
    )
    found = growth_accounting(output_growth, rates, np.stack((capital, labour), -1))
    return Solow(found.residual, found.contributions[..., 0][()], found.contributions[..., 1][()])


def solow_of_levels(
    output: tuple[ArrayLike, ArrayLike],
    capital: tuple[ArrayLike, ArrayLike],
    labour: tuple[ArrayLike, ArrayLike],
    alpha: ArrayLike,
) -> Solow:
    """Solow's residual from levels: ln A1/A0 = ln Y1/Y0 - α ln K1/K0 - (1 - α) ln L1/L0. Logarithmic rates [1].

    output, capital, labour : (float64[…], float64[…])
        Levels of the first and the second period, in constant prices or quantities, above 0; else NaN.
    alpha : float64[…]
        As in `solow`.
    """
    return solow(log_growth(*output), log_growth(*capital), log_growth(*labour), alpha)


def log_growth(before: ArrayLike, after: ArrayLike) -> Floats:
    """Logarithmic growth rate, ln(after / before). [1] NaN unless both are above 0."""
    ratio = divide(amount(after), amount(before))
    return np.log(np.where(ratio > 0.0, ratio, np.nan))


def _capital_labour(alpha: ArrayLike) -> tuple[Floats, Floats]:
    share = np.asarray(alpha, np.float64)
    if np.any((share < 0.0) | (share > 1.0)):
        raise ValueError(f"alpha: expected capital's share in income, 0 to 1, got {share.tolist()}")
    return share, 1.0 - share
