"""What a metric of the plant's own reads in a window, and what its functions that remember say in it.

They are begun with the line's first row on the log.
"""

from collections.abc import Callable, Mapping
from math import nan

from analysis.recount import derived, remembered
from analysis.recount.history import History
from analysis.recount.judged import judged
from analysis.spans import Span, span_at
from fieldline.expressions import Figure, Term
from fieldline.plantfile import MetricEntry

FigureIn = Callable[[Span], derived.FigureOf]
"""The recount of other metrics' fields in a window."""

_MOST, _MOST_COUNTED = 10_000, 1_000
"""Windows that functions which remember go through at most: of statistics alone, and of figures of other metrics."""


def reads(
    history: History, entry: MetricEntry, asset: str, window: str, span: Span, figure_in: FigureIn
) -> dict[Term, derived.Read]:
    """The inputs in a window, and what the functions say; nothing of these where there are more windows before than can be gone through."""

    def inputs(one: Span) -> dict[Term, derived.Read]:
        return derived.read(history, entry, asset, (one.start, one.end), figure_in(one))

    found = inputs(span)
    if not remembered.calls_of(entry):
        return found
    walk = remembered.Walk(entry)
    most = _MOST_COUNTED if any(isinstance(one, Figure) for one in found) else _MOST
    before = _before(history, window, span, most)
    if before is None:
        return found
    for one in before:
        holds, there = derived.entry_at(history.plant, entry.kind, asset, one.start) == entry, inputs(one)
        if holds and derived.is_there(history, there, asset, (one.start, one.end)):
            walk.through(_values(there), asset)
    return found | walk.through(_values(found), asset)  # it has a row, which is asked for


def _values(read: Mapping[Term, derived.Read]) -> dict[Term, float]:
    return {one: told.value for one, told in read.items()}


def _before(history: History, window: str, span: Span, most: int) -> list[Span] | None:
    """The windows from the line's first row until one, without it; None where they are more than that."""
    at = min((rows[0][0] for rows in history.rows.values() if rows), default=span.start)
    found: list[Span] = []
    while at < span.start and len(found) < most:
        found.append(span_at(history.plant, history.line, window, at))
        at = found[-1].end
    return found if at >= span.start else None


def figures(entry: MetricEntry, read: Mapping[Term, derived.Read]) -> dict[str, float]:
    """The fields by what was read, without those that were not worked out."""
    left_out = not_worked_out(entry, read)
    unknown = {one: derived.Read(str(one), "", nan) for one in remembered.calls_of(entry)}
    found = {name: value for name, value in derived.figures(entry, unknown | {**read}).items() if name not in left_out}
    return found | judged(entry, found)


def with_scores(entry: MetricEntry, counted: Mapping[str, float], scores: Mapping[str, float]) -> dict[str, float]:
    """The figures with what a model says of them, and with the advice that goes by that."""
    found = {**counted, **scores}
    return found | judged(entry, found)


def not_worked_out(entry: MetricEntry, read: Mapping[Term, derived.Read]) -> list[str]:
    """Fields that are made of functions which were not gone through."""
    is_known = set(remembered.calls_of(entry)) <= read.keys()
    return [] if is_known else [name for name in entry.field if name in remembered.fields_of(entry)]
