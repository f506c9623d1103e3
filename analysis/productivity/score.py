"""Units in one score: their indicators made comparable, weighed and put together, and their places.

Indicators are what each unit makes for each unit of an input (partial productivity, more is better), and the columns `more:NAME` and
`less:NAME` of the table. They are made comparable over all units and periods together, so that a score that rises has got better.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from analysis.productivity.composite import Aggregation, Normalisation, aggregate, normalise, normalised_weights, ranks
from analysis.productivity.monthly import report
from analysis.productivity.monthly_table import MonthlyTable
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from processing.formulas.division import Floats

_LOW, _HIGH = 1.0, 100.0
"""Bounds of min-max: the geometric and the harmonic mean need values above 0."""


class Wanted(NamedTuple):
    """How units are scored. weights, targets : by indicator; what no weight is told of weighs 1."""

    mean: Aggregation
    scale: Normalisation
    weights: Mapping[str, float]
    targets: Mapping[str, float]


class Scores(NamedTuple):
    """Scores of units, float64[periods, units], and their places among the units of a period; NaN: none.

    shares : weight of each indicator, of sum 1
    indicators : float64[periods, units, indicators], made comparable
    """

    shares: dict[str, float]
    indicators: Floats
    score: Floats
    rank: Floats


def scores_of(table: MonthlyTable, base: int, wanted: Wanted) -> Scores:
    """The scores of a table's units. Raises SettingsError for what can't be scored so."""
    if len(table.units) < 2:
        raise SettingsError(
            "productivity: --score compares units: expected a table with a column 'unit' and several of them"
        )
    columns = _indicators(table, base)
    _check(wanted, list(columns))
    values = np.stack([column for _, column in columns.values()], axis=-1)  # [units, periods, indicators]
    signs = [sign for sign, _ in columns.values()]
    targets = [wanted.targets[name] for name in columns] if wanted.targets else None
    scaled = normalise(values.reshape(-1, len(columns)), wanted.scale, signs, targets, _LOW, _HIGH).reshape(
        values.shape
    )
    weights = [wanted.weights.get(name, 1.0) for name in columns]
    try:
        score = aggregate(scaled, weights, wanted.mean).T
        shares = normalised_weights(weights)
    except ValueError as error:
        raise SettingsError(f"productivity: --weight: {error}") from error
    places = np.array([ranks(row) for row in score])
    return Scores(dict(zip(columns, shares.tolist(), strict=True)), scaled.swapaxes(0, 1), score, places)


def _indicators(table: MonthlyTable, base: int) -> dict[str, tuple[int, Floats]]:
    """By name whether more (1) or less (-1) is better, and float64[units, periods]."""
    of_units = [report(table, base, unit).partial for unit in range(len(table.units))]
    found = {name: (1, np.array([one[name] for one in of_units])) for name in of_units[0]}
    for name, indicator in table.indicators.items():
        if name in found:
            raise SettingsError(f"productivity: the indicator {name!r} has the name of an input; give it another one")
        found[name] = indicator
    return found


def _check(wanted: Wanted, names: list[str]) -> None:
    for flag, told in (("--weight", wanted.weights), ("--target", wanted.targets)):
        if odd := [name for name in told if name not in names]:
            near = nearest(odd[0], names)
            raise SettingsError(
                f"productivity: {flag}: unknown indicator {odd[0]!r}{near}; the table has {', '.join(names)}"
            )
    is_to_target = wanted.scale is Normalisation.DISTANCE_TO_TARGET
    if is_to_target and set(wanted.targets) != set(names):
        raise SettingsError(f"productivity: --scale {wanted.scale}: expected a --target for each of {', '.join(names)}")
    if wanted.targets and not is_to_target:
        raise SettingsError(f"productivity: --target belongs to --scale {Normalisation.DISTANCE_TO_TARGET}")
    if wanted.mean is not Aggregation.ARITHMETIC and wanted.scale is not Normalisation.MINMAX:
        raise SettingsError(
            f"productivity: --score {wanted.mean} needs values above 0, which --scale {wanted.scale} has not; use minmax"
        )
