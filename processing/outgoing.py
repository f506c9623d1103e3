"""Metric rows on their way to the log: those with the same columns share a frame.

Windows of nine levels, read out by each operator, come as many small pieces, of which a frame each would cost more than their rows.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from fieldline.frames import Coded, encode_metrics
from processing.metric_rows import WINDOWS, MetricRows, Named

METRIC_ROWS = 20_000
"""At most so many rows lie in one frame."""


def frames_of(
    outbox: Iterable[MetricRows], assets: list[str], tags: list[str], limit: int
) -> Iterator[tuple[str, int, bytes]]:
    """(kind, number of rows, frame) of metric rows; rows of one kind stay in their order, and so does what replaces what.

    assets, tags : names by the numbers that the rows carry; limit : of a frame [bytes], which only a row alone may exceed
    """
    for rows in merged(outbox):
        count = len(rows.time)
        for first in range(0, count, METRIC_ROWS):
            yield from _fit(rows, first, min(first + METRIC_ROWS, count), assets, tags, limit)


def empty_frame(kind: str) -> bytes:
    """A frame without rows, for a record whose headers say what is to be said."""
    return encode_metrics(kind, np.empty(0, np.int64), (np.empty(0, np.int32), []), None, None, {})


def _fit(
    rows: MetricRows, first: int, stop: int, assets: list[str], tags: list[str], limit: int
) -> Iterator[tuple[str, int, bytes]]:
    """Rows from `first` to `stop` as one frame if it fits, else as two halves."""
    frame = _frame(rows, slice(first, stop), assets, tags)
    if len(frame) <= limit or stop - first == 1:
        yield rows.kind, stop - first, frame
        return
    middle = (first + stop) // 2
    yield from _fit(rows, first, middle, assets, tags, limit)
    yield from _fit(rows, middle, stop, assets, tags, limit)


def merged(outbox: Iterable[MetricRows]) -> list[MetricRows]:
    """Pieces that follow each other within their kind and have the same columns, put together."""
    groups: dict[str, list[list[MetricRows]]] = {}
    for rows in outbox:
        mine = groups.setdefault(rows.kind, [])
        if mine and _columns(mine[-1][0]) == _columns(rows):
            mine[-1].append(rows)
        else:
            mine.append([rows])
    return [_joined(group) for mine in groups.values() for group in mine]


def _columns(rows: MetricRows) -> tuple[object, ...]:
    return rows.tag is None, rows.window is None, tuple(rows.fields), tuple(rows.labels), tuple(rows.texts)


def _joined(group: list[MetricRows]) -> MetricRows:
    if len(group) == 1:
        return group[0]
    first = group[0]
    tags = [rows.tag for rows in group if rows.tag is not None]
    windows = [rows.window for rows in group if rows.window is not None]
    return MetricRows(
        first.kind,
        np.concatenate([rows.time for rows in group]),
        np.concatenate([rows.asset for rows in group]),
        np.concatenate(tags) if tags else None,
        np.concatenate(windows) if windows else None,
        {name: np.concatenate([rows.fields[name] for rows in group]) for name in first.fields},
        {name: _joined_names([rows.labels[name] for rows in group]) for name in first.labels},
        {name: _joined_names([rows.texts[name] for rows in group]) for name in first.texts},
    )


def _joined_names(columns: list[Named]) -> Named:
    """Columns of names one after the other, each name with one number."""
    if all(column.names is columns[0].names for column in columns):
        return Named(np.concatenate([column.codes for column in columns]), columns[0].names)
    numbers: dict[str, int] = {}
    codes = []
    for column in columns:
        # The last place is the one that -1, no name, looks up.
        table = [numbers.setdefault(name, len(numbers)) for name in column.names]
        codes.append(np.array([*table, -1], np.int32)[column.codes])
    return Named(np.concatenate(codes), list(numbers))


def _frame(rows: MetricRows, span: slice, assets: list[str], tags: list[str]) -> bytes:
    asset = _coded(rows.asset[span], assets)
    tag = None if rows.tag is None else _coded(rows.tag[span], tags)
    window = None if rows.window is None else (rows.window[span], list(WINDOWS))
    fields = {name: column[span] for name, column in rows.fields.items()}
    labels, texts = (
        {name: _coded(column.codes[span], column.names) for name, column in columns.items()}
        for columns in (rows.labels, rows.texts)
    )
    return encode_metrics(rows.kind, rows.time[span], asset, tag, window, fields, labels, texts)


def _coded(codes: np.ndarray, names: list[str]) -> Coded:
    """Codes of a frame of their own, and the names they stand for; -1 stays -1."""
    is_used = np.zeros(len(names) + 1, bool)  # the last place is the one that -1, no name, looks up
    is_used[codes] = True
    used = np.flatnonzero(is_used[:-1])
    place = np.full(len(is_used), -1, np.int32)
    place[used] = np.arange(len(used))
    return place[codes], [names[k] for k in used.tolist()]
