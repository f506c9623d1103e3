"""A CSV or Parquet file of events: orders, states, rejects and corrections as other systems export them, a row each."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from fieldline.errors import PayloadError, SettingsError
from fieldline.event_kinds import AMOUNTS, EVENT_KINDS, NUMBERS, PRICES, RESERVED, TEXTS, TIMES, fault_of, is_phase
from fieldline.states import State, state_names, state_of
from fieldline.tables import nearest
from ingest.table import Table, read_columns, read_numbers, read_text, require_columns
from ingest.timeformats import parse_times
from ingest.topics import check_name

_RECORDED = "recorded"
_OF_TAGS = ("meter", "reading")
"""Kinds of events that are about one tag of their asset, which they name."""
_PRICE = "price"
_MICROSECOND_NS = 1000


class Attribute(NamedTuple):
    """An attribute of an event and the column that holds it: `NAME=COLUMN`."""

    name: str
    column: str


class EventColumns(NamedTuple):
    """What kind of event each row of a file is.

    recorded_ns : when all of them were entered, None where the file says it or nobody does [ns UTC]
    state_of : what a word for a state means, None where it means none; without it the words of state events are not looked at
    now_ns : prices of a later time are told now; None where all are told at their own time [ns UTC]
    """

    kind: str
    attributes: Sequence[Attribute]
    recorded_ns: int | None = None
    state_of: Callable[[str], State | None] | None = None
    now_ns: int | None = None


def parse_attribute(text: str) -> Attribute:
    """`NAME=COLUMN`, or `NAME` alone for a column of the same name. Raises SettingsError."""
    name, equals, column = text.partition("=")
    column = column if equals else name
    if not name.strip() or not column.strip():
        raise SettingsError(f"attribute: expected NAME=COLUMN, got {text!r}")
    return Attribute(name.strip(), column.strip())


def read_events(
    path: Path, time_column: str, events: EventColumns, time_format: str | None = None, time_zone: str = "UTC"
) -> Table:
    """Read a file as `ingest.table.read_table` does, each row an event; `time_format` is that of all its times.

    A row whose cells are all empty is no event. Raises SettingsError for what is missing, unreadable or no such event, naming
    the column and the row (1 is the first row of data).
    """
    _check_request(events)
    frame = read_columns(path)
    require_columns([time_column, *(column for _, column in events.attributes)], frame, path)
    times = parse_times(frame[time_column], time_format, time_zone)
    amounts = AMOUNTS if events.kind in _OF_TAGS else frozenset()
    columns = {
        name: _amounts(frame[column]) if name in amounts else _read(frame[column], name, time_format, time_zone)
        for name, column in events.attributes
    }
    is_event = pl.select(pl.any_horizontal([series.is_not_null() for series in columns.values()])).to_series()
    if (times.is_null() & is_event).any():
        raise SettingsError(f"time: row {_first(times.is_null() & is_event)} of {time_column!r} is empty")
    times, columns = times.filter(is_event), {name: series.filter(is_event) for name, series in columns.items()}
    rows = (pl.Series(range(1, len(is_event) + 1), dtype=pl.Int64)).filter(is_event)
    _check_rows(events, times, columns, rows)
    if events.recorded_ns is not None:
        columns[_RECORDED] = _moments(pl.Series([events.recorded_ns] * len(times), dtype=pl.Int64))
    if events.kind == _PRICE and events.now_ns is not None and "from" not in columns:
        times = _told_now(times, columns, events.now_ns)
    return Table(times, columns, events.kind, len(is_event) - len(times))


def _told_now(times: pl.Series, columns: dict[str, pl.Series], now_ns: int) -> pl.Series:
    """The times at which prices are told: their own, or now where that is still to come, and then `from` says it."""
    ahead = times > now_ns
    if ahead.any():
        columns["from"] = pl.select(pl.when(ahead).then(_moments(times))).to_series()
        # A microsecond apart: events of one time would be one event.
        now = now_ns + pl.Series(range(len(times)), dtype=pl.Int64) * _MICROSECOND_NS
        times = pl.select(pl.when(ahead).then(now).otherwise(times)).to_series()
    return times


def _check_request(events: EventColumns) -> None:
    names = [name for name, _ in events.attributes]
    for name in (events.kind, *names):
        try:
            check_name(name)
        except PayloadError as error:
            raise SettingsError(f"send: --event and --attribute: {error.detail}") from error
    for name in names:
        if name in RESERVED or names.count(name) > 1:
            why = "is no attribute of an event" if name in RESERVED else "is given twice"
            raise SettingsError(f"send: --attribute {name}: {name!r} {why}")
    if not names:
        raise SettingsError("send: --event needs the attributes of its events: --attribute NAME=COLUMN")
    known = EVENT_KINDS.get(events.kind)
    for group in known.needs if known else ():
        if not set(group) & set(names):
            raise SettingsError(
                f"send: --event {events.kind} needs --attribute {' or '.join(f'{n}=COLUMN' for n in group)}"
            )
    if events.recorded_ns is not None and _RECORDED in names:
        raise SettingsError("send: give either --recorded or --attribute recorded=COLUMN")


def _read(column: pl.Series, name: str, time_format: str | None, time_zone: str) -> pl.Series:
    """A column as an attribute: number, boolean or text, null where a cell is empty."""
    if name in TIMES:
        return _moments(parse_times(column, time_format, time_zone))
    if name in NUMBERS or name in PRICES:
        return _amounts(column)
    if name not in TEXTS and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return column
    is_whole = column.dtype.is_float() and (column.drop_nulls() % 1 == 0).all()
    return read_text(column.cast(pl.Int64) if is_whole else column)


def _amounts(column: pl.Series) -> pl.Series:
    return read_numbers(column).replace([math.nan, math.inf, -math.inf], None)


def _moments(times: pl.Series) -> pl.Series:
    return times.cast(pl.Datetime("ns", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def _check_rows(events: EventColumns, times: pl.Series, columns: dict[str, pl.Series], rows: pl.Series) -> None:
    """Refuse rows that processing would not understand as they are meant.

    rows : the number of each in the file
    """
    of = dict(events.attributes)
    known = EVENT_KINDS.get(events.kind)
    for group in known.needs if known else ():
        here = [name for name in group if name in columns]
        empty = pl.select(pl.all_horizontal([columns[name].is_null() for name in here])).to_series()
        if empty.any():
            told = " and ".join(repr(of[name]) for name in here)
            raise SettingsError(
                f"send: row {rows[_first(empty) - 1]} of {told} is empty, but each {events.kind} says it"
            )
    if known is None:
        return
    meaning = events.state_of or (state_of if events.kind == "correction" else None)
    if "state" in columns and meaning is not None:
        wanted = "a state (words of the plant's own stand under [states] of its plant file)"
        _check_words(columns["state"], of["state"], rows, wanted, lambda word: meaning(word) is not None, state_names())
    if events.kind == "correction":
        late = parse_times(columns["until"]) <= times
        if late.any():
            row = _first(late)
            raise SettingsError(
                f"send: row {rows[row - 1]} of {of['until']!r} holds {columns['until'][row - 1]}, which is not after its time"
            )
    phases = ("start", "pause", "stop", "void")
    if events.kind in (*_OF_TAGS, _PRICE):
        _check_each(events.kind, columns, rows)
    elif "phase" in columns:
        _check_words(columns["phase"], of["phase"], rows, "start, pause, stop or void", is_phase, phases)


def _check_each(kind: str, columns: dict[str, pl.Series], rows: pl.Series) -> None:
    """Refuse rows that say none or several of the things that events about a tag can say."""
    for row, said in zip(rows.to_list(), pl.DataFrame(columns).iter_rows(named=True), strict=True):
        fault = fault_of(kind, {name: value for name, value in said.items() if value is not None})
        if fault is not None:
            raise SettingsError(f"send: row {row}: {fault}")


def _check_words(
    words: pl.Series, column: str, rows: pl.Series, wanted: str, is_known: Callable[[str], bool], known: Sequence[str]
) -> None:
    for row, word in zip(rows.to_list(), words.to_list(), strict=True):
        if word is not None and not is_known(word):
            hint = nearest(word.lower(), known)
            raise SettingsError(f"send: row {row} of {column!r} holds {word!r}, which is not {wanted}{hint}")


def _first(flags: pl.Series) -> int:
    """The number of the first row that is true, from 1."""
    return int(flags.arg_true()[0]) + 1
