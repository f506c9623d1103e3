"""One figure of the pipeline taken apart: its row, its inputs, what they give when they are worked out once more, the rows behind it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from math import isclose, isnan, nan
from types import MappingProxyType
from typing import Any, NamedTuple

from analysis.evidence import Evidence, Sought, Wanted, read_evidence
from analysis.explain.emitted import Known, known, newest_emitted
from analysis.explain.scored import of_own
from analysis.explain.shaken import Shaken
from analysis.explain.wanted import Asked, any_of, orders_of, wanted, with_inputs
from analysis.no_such_window import ASK_A_MACHINE, NoSuchWindow
from analysis.recount import (
    attribute_chart,
    chart_memory,
    derived,
    effectiveness,
    field,
    given_water,
    orders,
    own_metric,
    station,
)
from analysis.recount.energy import energy
from analysis.recount.history import FAR, ORDER_TAGS, History, Run
from analysis.recount.plain_models import PlainModels
from analysis.recount.prices import PRICE
from analysis.recount.scores import Scored, outputs, scored
from analysis.spans import Span, run_at, span_at
from fieldline.errors import SettingsError
from fieldline.expressions import Term
from fieldline.log import Log
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile import AttributeChartEntry

_MINUTE = 60_000_000_000
_UNCOUNTED = ("energy", "spc", "vibration", "et0", *field.KINDS)
"""Kinds that ask nothing of states and counts."""
_TOLERANCE = 1e-9
Query = Callable[[str, str, str, int, int], list[dict[str, Any]]]
"""Rows of a kind, an asset, a window, from a time to a time [ns UTC], each with `time` in ns."""


class Explained(NamedTuple):
    """A figure taken apart.

    row : what the pipeline emitted; recount : the same fields worked out once more; runs : orders that touch the window
    is_over : whether the line's rows reach the window's end, or it lies before now; doubt : why the row need not be what comes of the
    rows that it was worked out from, "" where it must be; is_older : whether another row was emitted since, which the store has not got
    reads : the inputs of a metric of the plant's own, and what functions that remember say in it; scores : what its model says
    """

    asked: Asked
    window: str
    span: Span
    row: dict[str, Any]
    recount: dict[str, float]
    history: History
    evidence: Evidence
    machines: list[effectiveness.Machine]
    runs: list[Run]
    is_over: bool
    doubt: str
    is_older: bool
    reads: Mapping[Term, derived.Read] = MappingProxyType({})
    scores: Sequence[Scored] = ()

    def differing(self) -> list[str]:
        """Fields in which the recount is not what was emitted, to 1e-9."""
        return [name for name, value in self.recount.items() if not agrees(self.row.get(name), value)]


def agrees(emitted: float | None, counted: float) -> bool:
    """Whether both are the same number, or both are none."""
    value = nan if emitted is None else float(emitted)
    return isclose(value, counted, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) or (isnan(value) and isnan(counted))


class Standing(NamedTuple):
    """A figure as it stands, before it is worked out once more.

    knows : which rows of its line it could know; wants : which of them matter
    """

    asked: Asked
    line: str
    window: str
    span: Span
    row: dict[str, Any]
    knows: Known
    wants: Wanted


def explain(
    log: Log,
    plant: Plant,
    query: Query,
    asked: Asked,
    now: int,
    advance: Callable[[int], None] = lambda _: None,
    models: PlainModels | None = None,
) -> Explained:
    """Take one figure apart, from the readings that it could know. models : which score; None: they are not worked out once more.

    Raises SettingsError when there is no such window.
    """
    (found,) = take_apart(log, plant, [standing(log, plant, query, asked, advance)], now, advance, models)
    return found


def standing(log: Log, plant: Plant, query: Query, asked: Asked, advance: Callable[[int], None]) -> Standing:
    """Look a figure up. Raises SettingsError when there is no such window."""
    line = plant.line_of(asked.asset)
    window = asked.window or default_window(plant, asked)
    knows = known(log, line)  # before the store is asked: what is committed by then, its row knows
    span = _span(log, plant, line, window, asked, knows, advance)
    row = _row(plant, query, asked, window, span)
    span = span._replace(start=row["time"])
    return Standing(asked, line, window, span, row, knows, with_inputs(plant, wanted(plant, asked, span.start)))


def take_apart(
    log: Log,
    plant: Plant,
    figures: Iterable[Standing],
    now: int,
    advance: Callable[[int], None],
    models: PlainModels | None = None,
) -> list[Explained]:
    """Take figures apart, those of one line and window one after the other.

    The log is read once, and what is worked out of a line's rows serves all figures of one window.
    """
    groups: dict[tuple[str, Span, int], list[Standing]] = {}
    for one in figures:
        groups.setdefault((one.line, one.span, one.knows.offset), []).append(one)
    sought = [
        Sought(line, any_of([one.wants for one in group]), span.start, min(span.end, now), until)
        for (line, span, until), group in groups.items()
    ]
    found: list[Explained] = []
    for group, evidence in zip(groups.values(), read_evidence(log, sought, advance), strict=True):
        rows = {key: series.usable() for key, series in evidence.series.items()}
        history = History(plant, group[0].line, rows, evidence.payloads)
        history.vibration = Shaken(log, history, group[0].knows.offset).figures
        history.models = models or history.models
        found += [_taken_apart(log, one, history, evidence, now) for one in group]
    return found


def _taken_apart(log: Log, figure: Standing, history: History, evidence: Evidence, now: int) -> Explained:
    asked, line, window, span, row, knows, wants = figure
    if window == "order" and history.plant.has_order_machines(asked.asset):
        history = history.itself()  # its machines have rows of their own of the orders that they take
    span = span._replace(end=_end(history, span, evidence, window))
    machines = (
        effectiveness.machines_of(history, asked.asset, span.start, span.end) if asked.kind not in _UNCOUNTED else []
    )
    runs = touching(history.runs(asked.asset), span)
    is_over = span.end <= now and not (window == "order" and any(run.end == FAR for run in runs))
    reads = _reads(history, asked, window, span)
    own = derived.entry_at(history.plant, asked.kind, asked.asset, span.start)
    counted, scores = (
        of_own(history, own, reads, figure.asked.asset, row)
        if own
        else (recount(history, asked, window, machines, span), [])
    )
    identity = row | {"kind": asked.kind, "asset": asked.asset, "tag": asked.tag, "window": window}
    newest = newest_emitted(log, line, min(knows.metrics, knows.delivered), identity)
    is_older = newest is not None and newest.is_newer_than(row)
    reaches = [wants(*key) or (0, 0) for key in evidence.series if key[1] != PRICE]
    reach = max((after for _, after in reaches), default=0)
    came = sum(later.rows for later in evidence.later.values())
    doubt = _doubt(knows, span.end, reach, came, is_late=newest is not None and newest.offset >= knows.metrics)
    return Explained(
        asked, window, span, row, counted, history, evidence, machines, runs, is_over, doubt, is_older, reads, scores
    )


def _reads(history: History, asked: Asked, window: str, span: Span) -> dict[Term, derived.Read]:
    """The inputs of a metric of the plant's own, worked out once more, and what it remembers; none of other kinds."""
    entry = derived.entry_at(history.plant, asked.kind, asked.asset, span.start)
    if entry is None:
        return {}

    def figure_in(span: Span) -> derived.FigureOf:
        def figure(kind: str, asset: str, field: str) -> tuple[float, bool]:
            machines = effectiveness.machines_of(history, asset, span.start, span.end) if kind not in _UNCOUNTED else []
            found = recount(history, asked._replace(kind=kind, asset=asset), window, machines, span)
            return found.get(field, nan), not all(map(isnan, found.values()))

        return figure

    return own_metric.reads(history, entry, asked.asset, window, span, figure_in)


def touching(runs: list[Run], span: Span) -> list[Run]:
    """Those of the orders that touch a window."""
    return [run for run in runs if run.start < span.end and run.end > span.start]


def _doubt(knows: Known, end: int, reach: int, came: int, *, is_late: bool) -> str:
    """Why a row need not be what comes of the readings before the newest commit; "" where it must be.

    end : of its window; reach : how long after it readings matter [ns]; came : readings behind the commit; is_late : emitted after it
    """
    if is_late and came:
        return f"it was emitted after the newest commit, and knows some of the {came} readings that came since"
    if not knows.is_emitted and knows.settled < end + reach:
        waits = f"{knows.waiting} readings of the line wait to be run or to be reprocessed; " if knows.waiting else ""
        return f"{waits}results of readings before offset {knows.offset} are still to come"
    if not is_late and knows.settled < end:
        return "it was emitted before the window was over, and processing has said nothing since"
    return ""


def default_window(plant: Plant, asked: Asked) -> str:
    """The window that is meant where none is named: a chart's cell, an order, a shift where there are any, else the hour."""
    if asked.kind == "spc":
        entry = plant.tag_info(asked.asset, asked.tag).spc
        if entry is None:
            raise SettingsError(
                f"{asked.asset} {asked.tag} is not charted: the plant file has no [asset.tags.{asked.tag}.spc]"
            )
        return entry.every
    if asked.kind == "attribute_chart":
        return attribute_chart_of(plant, asked.asset).every
    if asked.kind == "production_order":
        return "order"
    return "shift" if plant.calendar(plant.line_of(asked.asset)).shifts(asked.at, asked.at + 1) else "1h"


def attribute_chart_of(plant: Plant, asset: str) -> AttributeChartEntry:
    """How what an asset counts is charted. Raises SettingsError where it is not."""
    entry = plant.asset_info(asset).attribute_chart
    if entry is None:
        raise SettingsError(f"what {asset} counts is not charted: the plant file has no [asset.attribute_chart] of it")
    return entry


def _span(
    log: Log, plant: Plant, line: str, window: str, asked: Asked, knows: Known, advance: Callable[[int], None]
) -> Span:
    at = asked.at
    if window != "order":
        return span_at(plant, line, window, at)
    sought = Sought(line, orders_of(plant, line), at, at + 1, knows.offset)
    (events,) = read_evidence(log, [sought], advance)
    found = History(plant, line, {key: rows.usable() for key, rows in events.series.items()}, events.payloads)
    run = run_at(plant, plant.order_machine(asked.asset) or line, found.runs(asked.asset), at)
    return Span(run.start, run.end)


def _row(plant: Plant, query: Query, asked: Asked, window: str, span: Span) -> dict[str, Any]:
    """The row of the window; of a minute that an order cuts, of the piece that the time lies in."""
    found = query(asked.kind, asked.asset, window, span.start, min(asked.at, span.end) + 1)
    found = [row for row in found if row.get("retracted") != 1.0 and (asked.kind != "spc" or row["tag"] == asked.tag)]
    if not found:
        what = f"{asked.kind} of {asked.asset}{f' {asked.tag}' if asked.tag else ''}"
        why = "nothing was measured then, it is not emitted yet, or results lie elsewhere (--store, --influx)"
        if window == "order" and plant.has_order_machines(asked.asset):
            why = ASK_A_MACHINE
        start = Moment(span.start, plant.time_zone(asked.asset))
        raise NoSuchWindow("no row of {} for the {} from {}: {}", what, window, start, why)
    return found[-1]


def _end(history: History, span: Span, evidence: Evidence, window: str) -> int:
    """The end of the window: an order that goes on ends with its line's newest row, a minute where an order cuts it."""
    if window == "1m":
        cuts = [time for rows in _order_rows(history) for time, _ in rows if span.start < time < span.end]
        return min([span.end, *cuts])
    if span.end < FAR:
        return span.end
    newest = evidence.newest if evidence.newest is not None else span.start
    return max((newest // history.slice_ns + 1) * history.slice_ns, span.start + 1)


def _order_rows(history: History) -> list[list[tuple[int, float]]]:
    return [rows for (_, tag), rows in history.rows.items() if tag in ORDER_TAGS]


def recount(
    history: History, asked: Asked, window: str, machines: list[effectiveness.Machine], span: Span
) -> dict[str, float]:
    """The row's fields, worked out once more."""
    start, end = span.start, span.end
    own = derived.entry_at(history.plant, asked.kind, asked.asset, start)
    if own is not None:
        counted = own_metric.figures(own, _reads(history, asked, window, span))
        return own_metric.with_scores(own, counted, outputs(scored(history, own, asked.asset, start, counted)))
    of_samples: dict[str, Callable[[str, int, int], dict[str, float]]] = {
        "energy": partial(energy, history),
        "et0": partial(station.et0, history),
        "vibration": history.vibration,
    }
    if asked.kind in field.KINDS:
        return field.KINDS[asked.kind](given_water.days_until(history, window, end), asked.asset)
    if asked.kind in of_samples:
        return of_samples[asked.kind](asked.asset, start, end)
    if asked.kind == "spc":
        entry = history.info(asked.asset, asked.tag).spc
        if entry is None:
            raise SettingsError(
                f"{asked.asset} {asked.tag} is not charted: the plant file has no [asset.tags.{asked.tag}.spc]"
            )
        points = chart_memory.points_of(history, asked.asset, asked.tag, entry, cells_of(history, window), end)
        return points[-1].figures | chart_memory.remembered(entry, points) if points else {}
    if not machines:
        return {}
    if asked.kind == "attribute_chart":
        pieces = effectiveness.quality(history, asked.asset, machines)
        return attribute_chart.point(attribute_chart_of(history.plant, asked.asset), pieces)
    if asked.kind == "production_order":
        return orders.order(history, asked.asset, machines, start, end)
    if asked.kind == "quality":
        return effectiveness.quality(history, asked.asset, machines)
    figures = effectiveness.losses if asked.kind == "losses" else effectiveness.effectiveness
    return figures(machines, start, end)


def cells_of(history: History, window: str) -> chart_memory.Cell:
    """The cells of a chart: windows of the clock, minutes cut where orders begin and end."""
    events = sorted({time for rows in _order_rows(history) for time, _ in rows}) if window == "1m" else []

    @cache
    def clock(minute: int) -> Span:
        return span_at(history.plant, history.line, window, minute)

    def cell(time: int) -> tuple[int, int]:
        found = clock(time // _MINUTE * _MINUTE)
        inside = events[bisect_right(events, found.start) : bisect_left(events, found.end)]
        bounds = [found.start, *inside, found.end]
        at = bisect_right(bounds, time)
        return bounds[at - 1], bounds[at]

    return cell
