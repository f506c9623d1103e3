"""Whether the inputs make every kind, window and field of the catalogue have a value, so that equal bits say something."""

from collections import Counter
from collections.abc import Iterable

import polars as pl

from fieldline.catalogue import emitter, kinds
from tests.bits.results import TEXT, fields_of

RETRACTED = "retracted"
"""Counted where it is 1: else it is no more than a column of zeros."""
WINDOWS_OF = {name: emitter(name).windows or ("",) for name in kinds()}
"""The windows that each kind is to be written for."""

_BUT_ORDERS = ("1m", "15m", "1h", "day", "week", "month", "shift")
_OF_ORDERS = "only a window of orders has a name, and only orders are moved or taken back"
EXCEPTIONS: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    **{
        (kind, "text.order_id"): (_BUT_ORDERS, _OF_ORDERS)
        for kind in ("energy", "oee", "losses", "quality", "production_order", "distribution")
    },
    **{
        (kind, RETRACTED): (_BUT_ORDERS, _OF_ORDERS)
        for kind in ("energy", "oee", "losses", "quality", "production_order", "distribution")
    },
    ("spc", RETRACTED): (("15m", "1h"), "only the points of minutes are taken back, when an order cuts their minute"),
}
"""Kind and field: windows in which it never has a value, and why."""

COUNTERS = ("stored", "duplicate", "conflict", "late", "dead_lettered")
"""The counters of the audit that must not be zero for all lines of all inputs. None waits at the end."""

Counts = Counter[tuple[str, str, str]]
"""Kind, window and field → rows with a value; the field `""` counts rows."""


def counted(table: pl.DataFrame) -> Counts:
    """The values of a table of final rows."""
    found: Counts = Counter()
    names = fields_of(table.columns)
    sums = table.group_by("kind", "window").agg(pl.len().alias(""), *(_values(name) for name in names))
    for row in sums.iter_rows(named=True):
        for name in ("", *names):
            if row[name]:
                found[row["kind"], row["window"], name] = row[name]
    return found


def _values(name: str) -> pl.Expr:
    return (pl.col(name) == 1.0).sum() if name == RETRACTED else pl.col(name).count()


def expected() -> Iterable[tuple[str, str, str]]:
    """Every kind, window and field that must have a value."""
    for kind in kinds().values():
        for window in WINDOWS_OF.get(kind.name, ("no window is listed",)):
            for metric in kind.metrics:
                name = f"{TEXT}{metric.field}" if metric.unit == "text" else metric.field
                windows, _ = EXCEPTIONS.get((kind.name, name), ((), ""))
                if window not in windows:
                    yield kind.name, window, name


def missing(counts: Counts) -> list[str]:
    """What never has a value and should, and what has one although it is listed as an exception."""
    faults = [
        f"{kind} {window} {name}: no value" for kind, window, name in expected() if not counts[kind, window, name]
    ]
    for (kind, name), (windows, _) in EXCEPTIONS.items():
        faults += [
            f"{kind} {w} {name}: has values, but is listed as one that has none"
            for w in windows
            if counts[kind, w, name]
        ]
    return faults


def report(counts: Counts) -> str:
    """A line for each kind and window: its rows, then each field with the number of its values."""
    lines = []
    for kind in kinds().values():
        for window in WINDOWS_OF.get(kind.name, ()):
            values = [
                f"{name} {n}" for (k, w, name), n in sorted(counts.items()) if (k, w) == (kind.name, window) and name
            ]
            lines.append(f"{kind.name} {window or '-'}: {counts[kind.name, window, '']} rows; {', '.join(values)}")
    return "\n".join(lines)
