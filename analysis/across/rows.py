"""Rows of metrics across lines: their inputs as columns, by window and asset, and their expressions over these."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite, isnan, nan
from typing import NamedTuple

import numpy as np

from analysis.across.cells import ByTag, Cells
from analysis.across.needs import Need, Needs, is_tag, needs_of, path_of
from analysis.no_such_window import NoSuchWindow
from analysis.rollup.appending import Made
from analysis.rollup.clock import clock_of
from analysis.rollup.effectiveness import Row, added
from analysis.rollup.lines import Cell, is_retracted
from analysis.spans import Span, span_at
from fieldline.errors import SettingsError
from fieldline.expressions import Figure, Input, Label, Length, Maintained, Parameter, Statistic
from fieldline.expressions.tree import OWN, TARIFF_NUMBERS, UNITLESS
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob, matches
from fieldline.scales import scale_of
from fieldline.window_labels import cheapest, told
from processing.derived.entries import inputs_in
from processing.derived.inputs import kind_read
from processing.derived.of_plant import figures_of


class Pair(NamedTuple):
    """A window of an asset; `is_gone`: all that its row was made of is retracted."""

    asset: str
    cell: Cell
    is_gone: bool


class Read(NamedTuple):
    """An input: its value, the share of the window that it stands on, and its revision; NaN where there is none."""

    value: float = nan
    coverage: float = nan
    rev: float = nan


def rows_across(needs: Needs, kind: str, cells: Cells, assets: Collection[str] | None) -> Iterator[Made]:
    """The rows of a kind in windows; assets : whose, None: of all that have any."""
    entries = sorted((one for one in needs.entries if one.kind == kind), key=lambda entry: entry.since_ns)
    found: dict[int, list[Pair]] = {}
    for asset in sorted(_assets(needs, entries, cells) if assets is None else assets):
        for start in cells.starts():
            number = _holding(needs.plant, entries, asset, start)
            if number is not None and needs.is_mine(kind, asset):
                found.setdefault(number, []).extend(_pairs(needs, entries[number], asset, start, cells))
    for number, pairs in found.items():
        yield from _computed(needs.plant, entries[number], pairs, cells)


def _assets(needs: Needs, entries: Iterable[MetricEntry], cells: Cells) -> set[str]:
    """The assets that may have rows: those that are named, and those that match and were heard of."""
    found: set[str] = set()
    for entry in entries:
        if is_glob(entry.asset):
            own = {need.kind for need in needs_of(entry) if need.scope == OWN}
            found |= {asset for asset in cells.assets(own) if matches(entry.asset, asset)}
        else:
            found.add(entry.asset)
    return found


def _holding(plant: Plant, entries: Sequence[MetricEntry], asset: str, start: int) -> int | None:
    """The entry that holds for an asset and a window: of those that match, the last by `since`. A glob without others is of no area."""
    above = plant.is_above_lines(asset)
    mine = [not above or bool(entry.assets) or not is_glob(entry.asset) for entry in entries]
    holds = [
        k for k, entry in enumerate(entries) if mine[k] and entry.since_ns <= start and matches(entry.asset, asset)
    ]
    return holds[-1] if holds else None


def _pairs(needs: Needs, entry: MetricEntry, asset: str, start: int, cells: Cells) -> Iterator[Pair]:
    """The windows of an asset in which its metric has, or had, a row."""
    own = [need for need in needs_of(entry) if need.scope == OWN]
    of_cell = {
        cell: [row for need in own or needs_of(entry) for row in _rows(needs.plant, need, asset, cell, cells).values()]
        for cell in cells.at(start)
    }
    there = {cell: rows for cell, rows in of_cell.items() if rows}
    if own:
        for cell, rows in there.items():
            yield Pair(asset, cell, all(map(is_retracted, rows)))
    else:  # whatever others call these hours, it is one row, by the first name that stands
        standing = [cell for cell, rows in there.items() if not all(map(is_retracted, rows))]
        for cell in there:
            yield Pair(asset, cell, cell not in standing[:1])


def _rows(plant: Plant, need: Need, asset: str, cell: Cell, cells: Cells) -> ByTag:
    path = path_of(plant, need.entry, need.scope, asset)
    rows = cells.in_cell(cell, need.kind, path)
    return {tag: row for tag, row in rows.items() if not tag or is_tag(plant, need.one, path, tag)}


def _computed(plant: Plant, entry: MetricEntry, pairs: list[Pair], cells: Cells) -> Iterator[Made]:
    inputs = inputs_in(entry)
    read = [{one: _read(plant, entry, one, pair, cells) for one in inputs} for pair in pairs]
    columns = {one: np.array([found[one].value for found in read], np.float64) for one in inputs}
    values, whys = figures_of(entry, columns)
    for number, (pair, found) in enumerate(zip(pairs, read, strict=True)):
        if pair.is_gone:
            yield Made(pair.cell, pair.asset, {"retracted": 1.0})
            continue
        reasons = [
            f"{field}: {names[code]}" for field, (codes, names) in whys.items() if (code := int(codes[number])) >= 0
        ]
        fields = {field: _or_none(float(column[number])) for field, column in values.items()}
        shares = [one.coverage for one in found.values() if not isnan(one.coverage)]
        # Of several fields of one row its revision counts once.
        revs = {_row_read(one): read.rev for one, read in found.items() if not isnan(read.rev)}
        beside = {
            "coverage": min(shares, default=None),
            "rev": _or_none(added(revs.values())),
            "null_reason": "; ".join(reasons),
        }
        yield Made(pair.cell, pair.asset, fields | beside)


def _row_read(one: Input) -> tuple[str, str, str]:
    return kind_read(one), getattr(one, "scope", ""), getattr(one, "tag", "")


def _read(plant: Plant, entry: MetricEntry, one: Input, pair: Pair, cells: Cells) -> Read:
    if isinstance(one, Maintained):
        return Read()  # what became of an asset is known where its line is processed
    if isinstance(one, Length | Label):
        line, span = _window_of(plant, pair, cells)
        if span is None:
            return Read()
        if isinstance(one, Length):
            return Read(span.start / 1e9 if one.what == "start_s" else (span.end - span.start) / 1e9)
        return Read(label(plant, line, one, span))
    path = path_of(plant, entry, one.scope, pair.asset)
    if isinstance(one, Parameter):
        return Read(plant.value_of(path, one.name))
    if isinstance(one, Figure):
        rows = cells.beside(pair.cell, one.kind, path)
        return _of(rows[""], one.field) if "" in rows else Read()
    return _of_tag(plant, one, path, cells.beside(pair.cell, kind_read(one), path))


def label(plant: Plant, line: str, one: Label, span: Span) -> float:
    """What calendar and tariff of a line say of a window."""
    if one.name in TARIFF_NUMBERS:
        return cheapest(plant.price_table(line), plant.time_zone(line), one, span.end)
    return told(plant.calendar(line), one, span.start, span.end)


def _of_tag(plant: Plant, one: Statistic, path: str, rows: ByTag) -> Read:
    mine = [(tag, row) for tag, row in rows.items() if is_tag(plant, one, path, tag)]
    if len(mine) != 1:
        return Read()
    tag, row = mine[0]
    found = _of(row, one.name)
    if not one.by or one.name in UNITLESS:
        return found
    factor, offset = scale_of(plant, one.by, one.tag, path, tag)
    return found._replace(value=found.value * factor + offset)


def _of(row: Row, field: str) -> Read:
    return Read(*(_number(row.get(name)) for name in (field, "coverage", "rev")))


def _number(value: object) -> float:
    """NaN for what is none, a text where a number belongs, too: no row may end the stage."""
    return float(value) if isinstance(value, float | int) else nan


def _window_of(plant: Plant, pair: Pair, cells: Cells) -> tuple[str, Span | None]:
    """A pair's window by the clock of a line of which it is one, and that line: its own, else one of those that have rows in it."""
    mine = clock_of(plant, pair.asset).path if plant.is_above_lines(pair.asset) else plant.line_of(pair.asset)
    heard = cells.lines(pair.cell)
    found: list[tuple[str, Span]] = []
    for line in [mine, *(line for line in heard if pair.asset in plant.above(line)), *heard]:
        with suppress(NoSuchWindow, SettingsError):
            found.append((line, span_at(plant, line, pair.cell.window, pair.cell.start)))
    of_lines = [each for each in found if each[1].start == pair.cell.start] or found
    return of_lines[0] if of_lines else (mine, None)


def _or_none(value: float) -> float | None:
    return value if isfinite(value) else None


def fields_of(entries: Iterable[MetricEntry]) -> Mapping[str, list[str]]:
    """The numbers that rows of each kind may have, beside `rev` and `retracted`."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        found.setdefault(entry.kind, {}).update(dict.fromkeys(entry.field))
    return {kind: [*names, "coverage"] for kind, names in found.items()}
