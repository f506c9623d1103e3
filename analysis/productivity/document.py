"""All figures of a monthly table as one document."""

from typing import Any

from analysis.productivity.levels import relative_change
from analysis.productivity.monthly import Frontier, frontier, report, whole_of
from analysis.productivity.monthly_table import WHOLE, MonthlyTable
from processing.formulas.division import Floats

FORMULAS = ("laspeyres", "paasche", "fisher", "tornqvist")


def document(table: MonthlyTable, base: int) -> dict[str, Any]:
    """All figures: ratios and indices with 1 for the base period, growth as logarithms; what is undefined is NaN."""
    found = {
        "base": table.periods[base],
        "periods": list(table.periods),
        "outputs": list(table.output_names),
        "inputs": list(table.input_names),
        "units": [_of_unit(name, part, at, base) for name, part, at in _parts(table)],
    }
    if has_frontier(table):
        found["frontier"] = _of_frontier(table, frontier(table))
    return found


def has_frontier(table: MonthlyTable) -> bool:
    """Whether units can be compared with each other."""
    return len(table.units) > 1 and bool(table.input_names)


def _parts(table: MonthlyTable) -> list[tuple[str, MonthlyTable, int]]:
    """The whole, then each unit where there are several: name, table and place in it."""
    several = [(name, table, at) for at, name in enumerate(table.units)] if len(table.units) > 1 else []
    return [(WHOLE, whole_of(table), 0), *several]


def _of_unit(name: str, table: MonthlyTable, at: int, base: int) -> dict[str, Any]:
    found = report(table, base, at)
    indices = {key: against_base(values, base) for key, values in found.partial.items()}
    rows = []
    for period, label in enumerate(table.periods):
        contributions = dict(zip(table.input_names, found.growth.contributions[period].tolist(), strict=True))
        rows.append(
            {
                "period": label,
                "partial_productivity": {key: values[period] for key, values in found.partial.items()},
                "partial_productivity_index": {key: values[period] for key, values in indices.items()},
                "multifactor_productivity": found.multifactor[period],
                "output_index": _named(found.output_index, period),
                "input_index": _named(found.input_index, period),
                "total_factor_productivity": found.total_factor[period],
                "growth": {
                    "output": found.growth.output[period],
                    "inputs": contributions,
                    "total_factor_productivity": found.growth.residual[period],
                },
            }
        )
    return {"unit": name, "periods": rows}


def _named(indices: Any, period: int) -> dict[str, float]:
    return {formula: getattr(indices, formula)[period] for formula in FORMULAS}


def _of_frontier(table: MonthlyTable, found: Frontier) -> list[dict[str, Any]]:
    return [
        {"period": label, "unit": unit} | {field: getattr(found, field)[period, at] for field in Frontier._fields}
        for period, label in enumerate(table.periods)
        for at, unit in enumerate(table.units)
    ]


def against_base(values: Floats, base: int) -> Floats:
    """Values with 1 for the base period."""
    return 1.0 + relative_change(values[base], values)
