"""The productivity of a plant as tables: partial, multifactor, total factor, and unit against unit."""

from collections.abc import Iterator, Sequence

import numpy as np

from analysis.productivity.document import FORMULAS, against_base, document, has_frontier
from analysis.productivity.frontier import units_needed
from analysis.productivity.monthly import Frontier, frontier, report, whole_of
from analysis.productivity.monthly import Report as Figures
from analysis.productivity.monthly_table import MonthlyTable
from analysis.productivity.score import Scores, Wanted, scores_of
from cli.report import Column, Data, Note, Piece, Quantity, Report, Table
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from processing.formulas.division import Floats


def answer(table: MonthlyTable, base: str | None, wanted: Wanted | None = None) -> Report:
    """All of it. base : the period that others are compared with; None: the first; wanted : how units are scored, if at all.

    Raises SettingsError.
    """
    at = _base(table, base)
    scored = [] if wanted is None else list(_scores(table, wanted, scores_of(table, at, wanted)))
    return Report([*(Data(name, value) for name, value in document(table, at).items()), *_shown(table, at), *scored])


def _base(table: MonthlyTable, base: str | None) -> int:
    if base is None:
        return 0
    if base not in table.periods:
        first, last = table.periods[0], table.periods[-1]
        near = nearest(base, table.periods) or f"; the table has {first} to {last}"
        raise SettingsError(f"productivity: --base: expected a period of the table, got {base!r}{near}")
    return table.periods.index(base)


def _shown(table: MonthlyTable, base: int) -> Iterator[Piece]:
    """The whole plant, then unit against unit where there are several."""
    whole = whole_of(table)
    found = report(whole, base)
    yield Note(f"{_span(table.periods)}; {_units(table)}{_goods(table)}")
    yield Note(f"Indices: {table.periods[base]} = 100.")
    yield from _partial(whole, found, base)
    if table.input_names:
        yield from _indices(whole, found)
        yield from _growth(whole, found)
    if has_frontier(table):
        yield from _unit_by_unit(table, base)
        yield from _frontier(table, frontier(table))


def _span(periods: Sequence[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{len(periods)} periods, {periods[0]} to {periods[-1]}"


def _units(table: MonthlyTable) -> str:
    return f"units: {', '.join(table.units)}; " if len(table.units) > 1 else ""


def _goods(table: MonthlyTable) -> str:
    return f"outputs: {', '.join(table.output_names)}; inputs: {', '.join(table.input_names) or 'none'}"


def _partial(table: MonthlyTable, found: Figures, base: int) -> Iterator[Piece]:
    one = len(table.output_names) == 1
    made = table.output_names[0] if one else f"output (at prices of {table.periods[base]})"
    columns = dict(found.partial)
    if table.input_names:
        columns["all costs"] = found.multifactor  # at prices of each period
    fixed = {name: _fixed(100.0 * against_base(values, base), 1) for name, values in columns.items()}
    yield from _table(f"Partial productivity: {made} for each unit of", fixed, table.periods)
    braces = ", ".join(["{} {}"] * len(columns))
    levels = tuple(value for name, values in columns.items() for value in (name, float(values[base])))
    yield Note(f"100 stands for {braces}", levels)


def _indices(table: MonthlyTable, found: Figures) -> Iterator[Piece]:
    for what, indices in (("Output", found.output_index), ("Input", found.input_index)):
        prices = "quantities at the base's prices (laspeyres), the period's (paasche), both (fisher, tornqvist)"
        columns = {formula: _fixed(100.0 * getattr(indices, formula), 1) for formula in FORMULAS}
        yield from _table(f"{what} index: {prices}", columns, table.periods)


def _growth(table: MonthlyTable, found: Figures) -> Iterator[Piece]:
    columns = {"TFP index": _fixed(100.0 * found.total_factor, 1), "output %": _fixed(100.0 * found.growth.output, 2)}
    for at, name in enumerate(table.input_names):
        columns[f"{name} %"] = _fixed(100.0 * found.growth.contributions[:, at], 2)
    columns["TFP %"] = _fixed(100.0 * found.growth.residual, 2)
    title = "Total factor productivity (TFP, chained Törnqvist), and growth since the base as output = inputs + TFP"
    yield from _table(title, columns, table.periods)
    yield Note("% are logarithmic, so that they add up; an input's is its growth times its share in cost")


def _unit_by_unit(table: MonthlyTable, base: int) -> Iterator[Piece]:
    columns = {name: _fixed(100.0 * report(table, base, at).total_factor, 1) for at, name in enumerate(table.units)}
    yield from _table("Total factor productivity of each unit (TFP, chained Törnqvist)", columns, table.periods)


def _frontier(table: MonthlyTable, found: Frontier) -> Iterator[Piece]:
    for title, values in (
        ("Efficiency of each unit against the best of its period (DEA, CCR): 1.000 is the best", found.efficiency),
        ("Malmquist index against the period before: efficiency change × technical change", found.malmquist),
        ("Efficiency change: catching up with the best (above 1) or falling behind", found.efficiency_change),
        ("Technical change: the best themselves moving on (above 1)", found.technical_change),
    ):
        skipped = 0 if values is found.efficiency else 1
        columns = {name: _fixed(values[skipped:, at], 3) for at, name in enumerate(table.units)}
        yield from _table(title, columns, table.periods[skipped:])
    needed = units_needed(len(table.input_names), len(table.output_names))
    if len(table.units) < needed:
        yield Note(
            f"With {len(table.units)} units, {len(table.input_names)} inputs and {len(table.output_names)} outputs most units "
            f"look efficient: it takes {needed} units or more to tell them apart."
        )


def _scores(table: MonthlyTable, wanted: Wanted, found: Scores) -> Iterator[Piece]:
    yield Data(
        "scores",
        [
            {"period": label, "unit": unit, "score": found.score[period, at], "rank": found.rank[period, at]}
            | {"indicators": dict(zip(found.shares, found.indicators[period, at].tolist(), strict=True))}
            for period, label in enumerate(table.periods)
            for at, unit in enumerate(table.units)
        ],
    )
    for title, values, digits in (
        (f"Score of each unit: {wanted.mean} mean of indicators by {wanted.scale}", found.score, 2),
        ("Place of each unit by its score", found.rank, 0),
    ):
        columns = {name: _fixed(values[:, at], digits) for at, name in enumerate(table.units)}
        yield from _table(title, columns, table.periods)
    shares = ", ".join(f"{name} {100.0 * share:.1f} %" for name, share in found.shares.items())
    yield Note(f"indicators and their weights: {shares}")


def _fixed(values: Floats, digits: int) -> list[Quantity]:
    return [Quantity(None if np.isnan(value) else float(value), digits=digits) for value in values]


def _table(title: str, columns: dict[str, list[Quantity]], periods: Sequence[str]) -> Iterator[Piece]:
    """A table of periods below its heading."""
    yield Note("")
    cells = zip(*columns.values(), strict=True)
    rows = [
        {"period": period, **dict(zip(columns, row, strict=True))} for period, row in zip(periods, cells, strict=True)
    ]
    yield Table("", [Column("period"), *map(Column, columns)], rows, title=title)
