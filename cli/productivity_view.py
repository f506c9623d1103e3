"""What `fieldline productivity` shows: the report of a monthly table, as tables for a terminal and as one JSON document."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import typer

from analysis.productivity.frontier import units_needed
from analysis.productivity.levels import relative_change
from analysis.productivity.monthly import Frontier, Report, frontier, report, whole_of
from analysis.productivity.monthly_table import WHOLE, MonthlyTable
from cli.output import print_table, printable, shown
from processing.formulas.division import Floats

_FORMULAS = ("laspeyres", "paasche", "fisher", "tornqvist")


def document(table: MonthlyTable, base: int) -> dict[str, Any]:
    """All figures: ratios and indices with 1 for the base period, growth as logarithms; what is undefined is NaN."""
    told = {
        "base": table.periods[base],
        "periods": list(table.periods),
        "outputs": list(table.output_names),
        "inputs": list(table.input_names),
        "units": [_of_unit(name, part, at, base) for name, part, at in _parts(table)],
    }
    if _has_frontier(table):
        told["frontier"] = _of_frontier(table, frontier(table))
    return told


def show(table: MonthlyTable, base: int) -> None:
    """Print the tables: the whole plant, then unit against unit where there are several."""
    whole = whole_of(table)
    found = report(whole, base)
    _line(f"{_span(table.periods)}; {_units(table)}{_goods(table)}")
    _line(f"Indices: {table.periods[base]} = 100.")
    _show_partial(whole, found, base)
    if table.input_names:
        _show_indices(whole, found)
        _show_growth(whole, found)
    if _has_frontier(table):
        _show_units(table, base)
        _show_frontier(table, frontier(table))


def _span(periods: Sequence[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{len(periods)} periods, {periods[0]} to {periods[-1]}"


def _units(table: MonthlyTable) -> str:
    return f"units: {', '.join(table.units)}; " if len(table.units) > 1 else ""


def _goods(table: MonthlyTable) -> str:
    return f"outputs: {', '.join(table.output_names)}; inputs: {', '.join(table.input_names) or 'none'}"


def _has_frontier(table: MonthlyTable) -> bool:
    return len(table.units) > 1 and bool(table.input_names)


def _parts(table: MonthlyTable) -> list[tuple[str, MonthlyTable, int]]:
    """The whole, then each unit where there are several: name, table and place in it."""
    several = [(name, table, at) for at, name in enumerate(table.units)] if len(table.units) > 1 else []
    return [(WHOLE, whole_of(table), 0), *several]


def _of_unit(name: str, table: MonthlyTable, at: int, base: int) -> dict[str, Any]:
    found = report(table, base, at)
    indices = {key: _against_base(values, base) for key, values in found.partial.items()}
    rows = []
    for period, label in enumerate(table.periods):
        parts = dict(zip(table.input_names, found.growth.contributions[period].tolist(), strict=True))
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
                    "inputs": parts,
                    "total_factor_productivity": found.growth.residual[period],
                },
            }
        )
    return {"unit": name, "periods": rows}


def _named(indices: Any, period: int) -> dict[str, float]:
    return {formula: getattr(indices, formula)[period] for formula in _FORMULAS}


def _of_frontier(table: MonthlyTable, found: Frontier) -> list[dict[str, Any]]:
    return [
        {"period": label, "unit": unit} | {field: getattr(found, field)[period, at] for field in Frontier._fields}
        for period, label in enumerate(table.periods)
        for at, unit in enumerate(table.units)
    ]


def _show_partial(table: MonthlyTable, found: Report, base: int) -> None:
    one = len(table.output_names) == 1
    made = table.output_names[0] if one else f"output (at prices of {table.periods[base]})"
    _heading(f"Partial productivity: {made} for each unit of")
    columns = dict(found.partial)
    if table.input_names:
        columns["all costs"] = found.multifactor  # at prices of each period
    _show({name: _fixed(100.0 * _against_base(values, base), 1) for name, values in columns.items()}, table.periods)
    levels = ", ".join(f"{name} {shown(float(values[base]))}" for name, values in columns.items())
    _line(f"100 stands for {levels}")


def _show_indices(table: MonthlyTable, found: Report) -> None:
    for what, indices in (("Output", found.output_index), ("Input", found.input_index)):
        _heading(
            f"{what} index: quantities at the base's prices (laspeyres), the period's (paasche), both (fisher, tornqvist)"
        )
        _show({formula: _fixed(100.0 * getattr(indices, formula), 1) for formula in _FORMULAS}, table.periods)


def _show_growth(table: MonthlyTable, found: Report) -> None:
    _heading("Total factor productivity (TFP, chained Törnqvist), and growth since the base as output = inputs + TFP")
    columns = {"TFP index": _fixed(100.0 * found.total_factor, 1), "output %": _fixed(100.0 * found.growth.output, 2)}
    for at, name in enumerate(table.input_names):
        columns[f"{name} %"] = _fixed(100.0 * found.growth.contributions[:, at], 2)
    columns["TFP %"] = _fixed(100.0 * found.growth.residual, 2)
    _show(columns, table.periods)
    _line("% are logarithmic, so that they add up; an input's is its growth times its share in cost")


def _show_units(table: MonthlyTable, base: int) -> None:
    _heading("Total factor productivity of each unit (TFP, chained Törnqvist)")
    columns = {name: _fixed(100.0 * report(table, base, at).total_factor, 1) for at, name in enumerate(table.units)}
    _show(columns, table.periods)


def _show_frontier(table: MonthlyTable, found: Frontier) -> None:
    for title, values in (
        ("Efficiency of each unit against the best of its period (DEA, CCR): 1.000 is the best", found.efficiency),
        ("Malmquist index against the period before: efficiency change × technical change", found.malmquist),
        ("Efficiency change: catching up with the best (above 1) or falling behind", found.efficiency_change),
        ("Technical change: the best themselves moving on (above 1)", found.technical_change),
    ):
        _heading(title)
        skipped = 0 if values is found.efficiency else 1
        columns = {name: _fixed(values[skipped:, at], 3) for at, name in enumerate(table.units)}
        _show(columns, table.periods[skipped:])
    needed = units_needed(len(table.input_names), len(table.output_names))
    if len(table.units) < needed:
        _line(
            f"With {len(table.units)} units, {len(table.input_names)} inputs and {len(table.output_names)} outputs most units "
            f"look efficient: it takes {needed} units or more to tell them apart."
        )


def _against_base(values: Floats, base: int) -> Floats:
    return 1.0 + relative_change(values[base], values)


def _fixed(values: Floats, digits: int) -> list[str]:
    return ["-" if np.isnan(value) else f"{value:.{digits}f}" for value in values]


def _show(columns: dict[str, list[str]], periods: Sequence[str]) -> None:
    """A table of periods with its numbers to the right."""
    names = [printable(name) for name in columns]
    widths = [max(len(text) for text in (name, *cells)) for name, cells in zip(names, columns.values(), strict=True)]
    rows = zip(periods, *columns.values(), strict=True)
    print_table(
        ["period", *(name.rjust(width) for name, width in zip(names, widths, strict=True))],
        [[row[0], *(text.rjust(width) for text, width in zip(row[1:], widths, strict=True))] for row in rows],
    )


def _heading(text: str) -> None:
    typer.echo("")
    _line(text)


def _line(text: str) -> None:
    typer.echo(printable(text))
