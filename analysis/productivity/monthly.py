"""Productivity of a plant over a table of periods: every measure of this folder against one base period.

Output is compared at constant prices, so that dearer products are not taken for more of them. A plant of several units is the sum of their
amounts and costs; the units themselves are compared by their frontier.
"""

from typing import NamedTuple

import numpy as np

from analysis.productivity.frontier import ccr
from analysis.productivity.growth import Growth
from analysis.productivity.index_numbers import (
    Indices,
    accumulated,
    log_contributions,
    mean_value_shares,
    quantity_indices,
)
from analysis.productivity.levels import multifactor_productivity, partial_productivity
from analysis.productivity.malmquist import malmquist
from analysis.productivity.monthly_table import WHOLE, MonthlyTable
from processing.formulas.division import Floats, divide


class Report(NamedTuple):
    """One unit, or the whole, period by period; NaN where a cell that is needed is empty.

    output_index, input_index : Indices of float64[periods]
        Quantities of each period against the base. [1]
    partial : name → float64[periods]
        Output for each unit of an input, of `hours` and of `energy_kwh`: pieces where there is one output, else its value at prices of the
        base. [unit of output / unit of input]
    multifactor : float64[periods]
        Output's value over the cost of all inputs, each at prices of its period. [1]
    growth : Growth of float64[periods], contributions float64[periods, inputs]
        Logarithmic growth since the base, chained: output, what each input contributed, and what remains. [1] Without
        inputs nothing follows from what remains: NaN.
    total_factor : float64[periods]
        Chained Törnqvist index of total factor productivity, 1 in the base: the exponential of what remains. [1]
    """

    output_index: Indices
    input_index: Indices
    partial: dict[str, Floats]
    multifactor: Floats
    growth: Growth
    total_factor: Floats


class Frontier(NamedTuple):
    """Units against each other: float64[periods, units] [1].

    efficiency : share of inputs that the best units would have needed (CCR)
    efficiency_change, technical_change, malmquist : against the period before; NaN in the first period
    """

    efficiency: Floats
    efficiency_change: Floats
    technical_change: Floats
    malmquist: Floats


def whole_of(table: MonthlyTable) -> MonthlyTable:
    """All units as one: amounts and costs are added; a price is the mean of the units' prices, weighed by amounts.

    What is unknown of one unit is unknown of the whole.
    """
    quantity = table.quantity.sum(0, keepdims=True)
    mean_price = table.price.mean(0, keepdims=True)
    weighed = divide(_value(table.quantity, table.price).sum(0, keepdims=True), quantity)
    return table._replace(
        units=(WHOLE,),
        quantity=quantity,
        price=np.where(quantity == 0.0, mean_price, weighed),
        used=table.used.sum(0, keepdims=True),
        cost=table.cost.sum(0, keepdims=True),
        extra={name: values.sum(0, keepdims=True) for name, values in table.extra.items()},
        indicators={},  # of unlike units: there is no sum of them
    )


def report(table: MonthlyTable, base: int = 0, unit: int = 0) -> Report:
    """Every measure of one unit against the period `base`. Raises ValueError for a base or a unit that is not there."""
    if not 0 <= base < len(table.periods):
        raise ValueError(f"base: expected a period of 0 to {len(table.periods) - 1}, got {base}")
    if not 0 <= unit < len(table.units):
        raise ValueError(f"unit: expected one of 0 to {len(table.units) - 1}, got {unit}")
    quantity, price = table.quantity[unit], table.price[unit]
    used, cost = table.used[unit], table.cost[unit]
    value = _value(quantity, price)
    found = _growth(quantity, value, used, cost, base)
    return Report(
        output_index=_against(price, quantity, base),
        input_index=_against(divide(cost, used), used, base),
        partial=_partial(table, unit, base),
        multifactor=multifactor_productivity(value.sum(-1), cost),
        growth=found,
        total_factor=np.exp(found.residual),
    )


def frontier(table: MonthlyTable) -> Frontier:
    """Efficiency of each unit in each period, and how it changed from the period before.

    Raises ValueError for a table without inputs.
    """
    if not table.input_names:
        raise ValueError("frontier: expected a table with inputs, got one without")
    shape = (len(table.periods), len(table.units))
    result = Frontier(*(np.full(shape, np.nan) for _ in Frontier._fields))
    for period in range(len(table.periods)):
        now = table.used[:, period], table.quantity[:, period]
        result.efficiency[period] = ccr(*now).efficiency
        if period:
            before = table.used[:, period - 1], table.quantity[:, period - 1]
            change = malmquist(*before, *now)
            result.efficiency_change[period] = change.efficiency_change
            result.technical_change[period] = change.technical_change
            result.malmquist[period] = change.malmquist
    return result


def _value(quantity: Floats, price: Floats) -> Floats:
    """Amount times price; what was not made is worth nothing, whatever its price."""
    return np.where(quantity == 0.0, 0.0, quantity * price)


def _against(price: Floats, quantity: Floats, base: int) -> Indices:
    return quantity_indices(price[base], quantity[base], price, quantity)


def _partial(table: MonthlyTable, unit: int, base: int) -> dict[str, Floats]:
    quantity = table.quantity[unit]
    # Of one output, pieces: they need no price.
    output = quantity[:, 0] if len(table.output_names) == 1 else _value(quantity, table.price[unit, base]).sum(-1)
    amounts = {name: table.used[unit, :, at] for at, name in enumerate(table.input_names)}
    amounts |= {name: values[unit] for name, values in table.extra.items()}
    return {name: partial_productivity(output, used) for name, used in amounts.items()}


def _growth(quantity: Floats, value: Floats, used: Floats, cost: Floats, base: int) -> Growth:
    """Growth since the base, added up over links from period to period, each at the mean shares of its two periods."""
    made = log_contributions(quantity[:-1], quantity[1:], mean_value_shares(value[:-1], value[1:])).sum(-1)
    parts = log_contributions(used[:-1], used[1:], mean_value_shares(cost[:-1], cost[1:]))
    left = made - parts.sum(-1) if parts.shape[-1] else np.full_like(made, np.nan)
    return Growth(accumulated(made, base), accumulated(parts, base, axis=0), accumulated(left, base))
