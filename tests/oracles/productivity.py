"""`productivity.json` by the project's own functions: each function of the topic, from its inputs to what is expected of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.productivity import composite, factors, frontier, growth, index_numbers, levels, malmquist

Case = dict[str, Any]


def _plain(values: Any) -> Any:
    """Numbers and lists of them, None for what does not exist."""
    if np.ndim(values):
        return [_plain(value) for value in values]
    return None if np.isnan(values) else float(values)


def _all(**values: Any) -> Case:
    return {name: _plain(value) for name, value in values.items()}


def _tfp_product(inputs: Case) -> Case:
    return _all(tfp=factors.product([inputs["E"], inputs["O"], inputs["I"]]))


def _partial(inputs: Case) -> Case:
    before = levels.partial_productivity(inputs["output0"], inputs["hours0"])
    after = levels.partial_productivity(inputs["output1"], inputs["hours1"])
    return _all(p0=before, p1=after, change=levels.relative_change(before, after))


def _multifactor(inputs: Case) -> Case:
    costs = [inputs[name] for name in ("labour", "material", "energy", "capital")]
    return _all(
        mfp=levels.multifactor_productivity(inputs["output_value"], costs),
        energy_productivity=levels.partial_productivity(inputs["output_value"], inputs["energy"]),
    )


def _composite(inputs: Case) -> Case:
    table, directions = inputs["data_rows_units_cols_indicators"], inputs["directions"]
    weights = inputs["weights"]
    stretched = composite.minmax(table, directions, 1.0, 100.0)
    scores = composite.zscore(table, directions)
    geometric = composite.aggregate(stretched, weights, composite.Aggregation.GEOMETRIC)
    return _all(
        minmax_01=composite.minmax(table, directions),
        zscore=scores,
        dist_to_target=composite.distance_to_target(table, inputs["targets"], directions),
        arith_minmax_1_100=composite.aggregate(stretched, weights, composite.Aggregation.ARITHMETIC),
        geom_minmax_1_100=geometric,
        harm_minmax_1_100=composite.aggregate(stretched, weights, composite.Aggregation.HARMONIC),
        arith_z=composite.aggregate(scores, weights, composite.Aggregation.ARITHMETIC),
    ) | {"rank_geom": [int(rank) for rank in composite.ranks(geometric)]}


def _minmax(inputs: Case) -> Case:
    values = composite.minmax(inputs["x"])
    return {"minmax": None if np.isnan(values).all() else _plain(values)}


def _quantity_indices(inputs: Case) -> Case:
    goods = [inputs[name] for name in ("p0", "q0", "p1", "q1")]
    quantity, price = index_numbers.quantity_indices(*goods), index_numbers.price_indices(*goods)
    return _all(
        laspeyres_q=quantity.laspeyres,
        paasche_q=quantity.paasche,
        fisher_q=quantity.fisher,
        tornqvist_q=quantity.tornqvist,
        laspeyres_p=price.laspeyres,
        paasche_p=price.paasche,
        fisher_p=price.fisher,
        value_ratio=index_numbers.value_ratio(*goods),
    )


def _tfp_index(inputs: Case) -> Case:
    ratios, shares = inputs["input_quantity_ratios"], inputs["input_avg_cost_shares"]
    used = index_numbers.tornqvist_index(np.ones(len(ratios)), ratios, shares)
    found = growth.growth_accounting(np.log(inputs["output_index"]), np.log(ratios), shares)
    return _all(input_index=used, tfp_index=np.exp(found.residual))


def _solow(inputs: Case) -> Case:
    found = growth.solow(inputs["g_y"], inputs["g_k"], inputs["g_l"], inputs["alpha"])
    return _all(g_a=found.residual, contrib_capital=found.capital, contrib_labour=found.labour)


def _solow_log(inputs: Case) -> Case:
    output, capital, labour = ((inputs[f"{name}0"], inputs[f"{name}1"]) for name in "YKL")
    return _all(dlog_a=growth.solow_of_levels(output, capital, labour, inputs["alpha"]).residual)


def _dea(inputs: Case) -> Case:
    return _all(efficiency=frontier.ccr(inputs["X"], inputs["Y"]).efficiency)


def _malmquist(inputs: Case) -> Case:
    found = malmquist.malmquist(inputs["x0"], inputs["y0"], inputs["x1"], inputs["y1"])
    columns = {name.replace("distance_", "d"): _plain(column) for name, column in found._asdict().items()}
    return {"units": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]}


def _malmquist_1x1(inputs: Case) -> Case:
    before, after = ([[[value] for value in inputs[f"{name}{period}"]] for name in "xy"] for period in (0, 1))
    found = malmquist.malmquist(*before, *after)
    # With one input and one output the frontier is a ray: all units see it move alike.
    return _all(
        malmquist=found.malmquist, efficiency_change=found.efficiency_change, technical_change=found.technical_change[0]
    )


FUNCTIONS: dict[str, Callable[[Case], Case]] = {
    "tfp_product": _tfp_product,
    "partial_productivity": _partial,
    "multifactor_productivity": _multifactor,
    "composite_indicator": _composite,
    "minmax": _minmax,
    "quantity_indices": _quantity_indices,
    "tfp_index": _tfp_index,
    "solow": _solow,
    "solow_log": _solow_log,
    "dea_ccr": _dea,
    "malmquist": _malmquist,
    "malmquist_1x1": _malmquist_1x1,
}
