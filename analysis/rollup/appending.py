"""Rows made of other rows, appended to the stream that those come from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from analysis.rollup.lines import Cell
from fieldline.clock import Clock
from fieldline.errors import Unavailable
from fieldline.frames import encode_metrics
from fieldline.log import Log, Stream
from fieldline.readable import Turn

EVERYTHING = -(1 << 62)
"""Before all windows [ns UTC]."""

_PARTITION = 0  # one for all rows, so that they stay in order though the stream gets more partitions
_WAIT_S = 30.0


class Made(NamedTuple):
    """A row: its window, whose it is, and its fields; None where one does not exist."""

    cell: Cell
    path: str
    values: Mapping[str, Any]


class Layout(NamedTuple):
    """The columns of a kind: fields, labels that its windows have, and texts."""

    fields: Sequence[str]
    labels: Sequence[str] = ("shift", "crew")
    texts: Sequence[str] = ("null_reason",)


def append_rows(log: Log, turn: Turn, made: Mapping[str, Sequence[Made]], layouts: Mapping[str, Layout]) -> None:
    """Append rows by kind, and return when the log has them. Raises Unavailable."""
    pending = []
    for kind, rows in made.items():
        headers = {"kind": kind, "rows": str(len(rows)), turn.maker: str(turn.number)}
        packed = {name: text.encode() for name, text in headers.items()}
        pending.append(log.append(Stream.METRICS, _PARTITION, b"", _frame(kind, layouts[kind], rows), packed))
    try:
        for future in pending:
            future.result(_WAIT_S)
    except TimeoutError as error:
        raise Unavailable(f"the log took no rows of {', '.join(made)} within {_WAIT_S:g} s") from error


def complete_since(log: Log, clock: Clock) -> int:
    """From when on the stream of metrics has all rows: when the oldest that it has was appended, where some were removed [ns UTC]."""
    since = EVERYTHING
    for partition in range(log.partitions(Stream.METRICS)):
        first, end = log.bounds(Stream.METRICS, partition)
        if first > 0:
            record = next(iter(log.read(Stream.METRICS, partition, first, min(first + 1, end))), None)
            since = max(since, record.appended_ns if record is not None else clock.now_ns())
    return since


def _frame(kind: str, layout: Layout, rows: Sequence[Made]) -> bytes:
    """A frame of rows, each with its window and path."""
    names = (*layout.fields, "rev", "retracted")
    fields = {name: np.array([_float(row.values.get(name)) for row in rows]) for name in names}
    labels = {name: _coded(getattr(row.cell, name) for row in rows) for name in layout.labels}
    texts = {name: _coded(row.values.get(name) for row in rows) for name in layout.texts}
    return encode_metrics(
        kind,
        np.array([row.cell.start for row in rows], np.int64),
        _coded(row.path for row in rows),
        None,
        _coded(row.cell.window for row in rows),
        fields,
        {name: column for name, column in labels.items() if len(column[1])},
        {name: column for name, column in texts.items() if len(column[1])},
    )


def _float(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _coded(names: Iterable[str | None]) -> tuple[np.ndarray, list[str]]:
    """Names as a dictionary column; −1 for none, or an empty one."""
    places: dict[str, int] = {}
    codes = [places.setdefault(name, len(places)) if name else -1 for name in names]
    return np.array(codes, np.int32), list(places)
