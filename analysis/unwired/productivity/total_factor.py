"""Total factor productivity: how much more output came than the growth of all inputs explains, as an index.

Sources: D. Jorgenson and Z. Griliches, The Explanation of Productivity Change, Review of Economic Studies 34, 1967;
D. Caves, L. Christensen and W. E. Diewert, The Economic Theory of Index Numbers and the Measurement of Input, Output, and
Productivity, Econometrica 50, 1982 (Törnqvist's output index over his input index).
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.productivity.index_numbers import tornqvist_index
from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


def input_index(quantity_ratios: ArrayLike, mean_cost_shares: ArrayLike) -> Floats:
    """Törnqvist's index of inputs from their ratios [1].

    quantity_ratios : float64[…, inputs]
        Amount used over the amount used in the base period, above 0; else NaN.
    mean_cost_shares : float64[…, inputs]
        Mean of the cost shares of both periods; brought to the sum 1.
    """
    shares = amount(mean_cost_shares)
    shares = divide(shares, shares.sum(-1, keepdims=True))
    ratios = amount(quantity_ratios)
    return tornqvist_index(np.ones_like(ratios), ratios, shares)


def total_factor_productivity(output_index: ArrayLike, input_index: ArrayLike) -> Floats:
    """Index of total factor productivity: output index over input index. [1] Above 1: more for the same."""
    return divide(amount(output_index), amount(input_index))
