"""A metric across lines taken apart: the rows that it was made of, as they stand, and its expressions worked out of them once more.

Each of these rows is a figure of its own line, which `explain` takes apart by itself, down to the readings.
"""

from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

from analysis.across.needs import is_tag, path_of
from analysis.across.rows import label
from analysis.explain.taken_apart import Query, agrees
from analysis.explain.wanted import Asked
from analysis.no_such_window import NoSuchWindow
from analysis.recount import derived
from analysis.rollup.clock import clock_of
from analysis.spans import Span, span_at
from fieldline.across import WINDOWS
from fieldline.errors import SettingsError
from fieldline.expressions import Figure, Input, Label, Length, Maintained, Parameter, Statistic, Term, inputs_of
from fieldline.expressions.tree import UNITLESS
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.scales import scale_of
from processing.derived.inputs import kind_read


class Source(NamedTuple):
    """What an input was read from. kind, tag : of the row; empty where the plant file or the window tells it."""

    what: str
    asset: str
    kind: str
    tag: str
    value: float
    coverage: float | None
    rev: float | None


class AcrossLines(NamedTuple):
    """A row, what it was made of, and its fields worked out once more of that."""

    asked: Asked
    window: str
    span: Span
    row: dict[str, Any]
    entry: MetricEntry
    sources: Mapping[Input, Source]
    recount: Mapping[str, float]

    def differing(self) -> list[str]:
        """Fields in which the recount is not what stands, to 1e-9."""
        return [name for name, value in self.recount.items() if not agrees(self.row.get(name), value)]

    def numbers(self, field: str) -> str | None:
        """A field's expression with the numbers put in; None where it is of another definition."""
        if field not in self.entry.field:
            return None
        return derived.with_numbers(self.entry, field, _reads(self.sources), self.recount)


def explain_across(plant: Plant, query: Query, asked: Asked) -> AcrossLines:
    """Take one row apart. Raises SettingsError when there is none, or no such window."""
    clock = clock_of(plant, asked.asset).path if plant.is_above_lines(asked.asset) else plant.line_of(asked.asset)
    has = [name for name in plant.metrics_of(asked.asset)[asked.kind][0].windows if name in WINDOWS]
    window = asked.window or next(iter(has), "1h")
    if window not in has:
        raise SettingsError(f"window: {asked.kind} of {asked.asset} has {', '.join(has) or 'none'}, got {window!r}")
    span = span_at(plant, clock, window, asked.at)
    entry = derived.entry_at(plant, asked.kind, asked.asset, span.start)
    rows = _standing(query, asked.kind, asked.asset, window, span)
    if entry is None or not rows:
        what, why = (
            f"{asked.kind} of {asked.asset}",
            "no line's row is in it, or it is still to come, or results lie elsewhere",
        )
        moment = Moment(asked.at, plant.time_zone(clock))
        raise NoSuchWindow("no row of {} for the {} that {} lies in: {}", what, window, moment, why)
    inputs = dict.fromkeys(one for field in entry.field.values() for one in inputs_of(field.tree))
    sources = {one: _source(plant, query, entry, one, asked.asset, window, span) for one in inputs}
    return AcrossLines(asked, window, span, rows[-1], entry, sources, derived.figures(entry, _reads(sources)))


def _reads(sources: Mapping[Input, Source]) -> dict[Term, derived.Read]:
    return {one: derived.Read(source.what, source.asset, source.value) for one, source in sources.items()}


def _standing(query: Query, kind: str, asset: str, window: str, span: Span) -> list[dict[str, Any]]:
    return [row for row in query(kind, asset, window, span.start, span.start + 1) if row.get("retracted") != 1.0]


def _source(plant: Plant, query: Query, entry: MetricEntry, one: Input, asset: str, window: str, span: Span) -> Source:
    if isinstance(one, Length):
        said = span.start / 1e9 if one.what == "start_s" else (span.end - span.start) / 1e9
        return Source(str(one), asset, "", "", said, None, None)
    if isinstance(one, Maintained):
        return Source(str(one), asset, "", "", nan, None, None)
    if isinstance(one, Label):
        clock = clock_of(plant, asset).path if plant.is_above_lines(asset) else plant.line_of(asset)
        return Source(str(one), asset, "", "", label(plant, clock, one, span), None, None)
    path = path_of(plant, entry, one.scope, asset)
    if isinstance(one, Parameter):
        return Source(str(one), path, "", "", plant.value_of(path, one.name), None, None)
    kind = kind_read(one)
    rows = _standing(query, kind, path, window, span)
    if isinstance(one, Statistic):
        rows = [row for row in rows if is_tag(plant, one, path, row["tag"])]
    if len(rows) != 1:
        return Source(str(one), path, kind, "", nan, None, None)
    row, coverage, rev = rows[0], rows[0].get("coverage"), rows[0].get("rev")
    return Source(str(one), path, kind, row.get("tag") or "", _value(plant, one, path, row), coverage, rev)


def _value(plant: Plant, one: Figure | Statistic, asset: str, row: Mapping[str, Any]) -> float:
    value = row.get(one.field if isinstance(one, Figure) else one.name)
    if value is None:
        return nan
    if isinstance(one, Statistic) and one.by and one.name not in UNITLESS:
        factor, offset = scale_of(plant, one.by, one.tag, asset, row["tag"])
        return float(value * factor + offset)
    return float(value)
