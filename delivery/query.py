"""Metric rows back out, from the local store or from InfluxDB alike: same columns, order and types.

    query("energy", asset="plant/*", window="1h", source="plant.results.db")

gives a polars DataFrame with `time` (Datetime ns, UTC), `asset`, `tag`, `window` (String; null where the kind has
none), then the kind's fields (Float64; null = does not exist): the catalogue's in its order, others after them by
name. Rows are sorted by time, asset, tag, window.
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from delivery.globs import glob_regex, is_literal
from delivery.influx import InfluxHttp, InfluxTarget, influxql_name, influxql_rows, parse_influx_url
from delivery.lineprotocol import storable_name
from delivery.store import check_store, store_column, store_table, stored_fields
from fieldline.catalogue import fields as catalogued_fields
from fieldline.errors import LogCorrupt, SettingsError, Unavailable

if TYPE_CHECKING:
    import polars as pl

_IDENTITY = ("asset", "tag", "window")
_TAGS = frozenset({"site", "area", "line", "asset", "tag", "window", "shift", "product"})
_TIMEOUT_S = 30.0


def query(
    kind: str,
    asset: str = "*",
    window: str | None = None,
    start_ns: int | None = None,
    stop_ns: int | None = None,
    *,
    source: str,
    tag: str = "*",
    token: str = "",
    limit: int | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> "pl.DataFrame":
    """Rows of `kind` whose asset and tag match their globs, from `start_ns` (inclusive) to `stop_ns` (exclusive) [ns
    UTC].

    `source` is a store's path (a leading `sqlite:` is dropped) or an InfluxDB URL; `limit` keeps the first rows by
    time. A kind that nobody wrote is an empty frame. Raises SettingsError, LogCorrupt, Unavailable.
    """
    patterns = {"asset": storable_name(asset), "tag": storable_name(tag)}
    if source.startswith(("http://", "https://")):
        target = parse_influx_url(source)
        rows = _from_influx(
            target, _statement(target, kind, patterns, window, start_ns, stop_ns, limit), token, timeout_s
        )
    else:
        path = Path(source.removeprefix("sqlite:"))
        rows = _from_store(path, kind, patterns, window, (start_ns, stop_ns), limit)
    return _framed(kind, rows)


def _framed(kind: str, columns: dict[str, list[Any]]) -> "pl.DataFrame":
    import polars as pl

    known = catalogued_fields(kind)
    fields = [*known, *sorted(set(columns) - set(known) - _TAGS - {"time"})]
    count = len(columns.get("time", []))
    data: dict[str, pl.Series] = {
        "time": pl.Series("time", columns.get("time", []), pl.Int64).cast(pl.Datetime("ns", "UTC"))
    }
    for name in _IDENTITY:
        texts = [text or None for text in columns.get(name, [])] or [None] * count
        data[name] = pl.Series(name, texts, pl.String)
    for name in fields:
        data[name] = pl.Series(name, columns.get(name) or [None] * count, pl.Float64, strict=False)
    return pl.DataFrame(data).sort("time", *_IDENTITY, nulls_last=False, maintain_order=True)


def _from_store(
    path: Path,
    kind: str,
    patterns: dict[str, str],
    window: str | None,
    span: tuple[int | None, int | None],
    limit: int | None,
) -> dict[str, list[Any]]:
    if not path.is_file():
        raise SettingsError(f"store {path}: no such file; expected a local store or an http URL of an InfluxDB")
    try:
        db = sqlite3.connect(f"file:{_uri_path(path)}?mode=ro", uri=True, timeout=5.0)
    except sqlite3.OperationalError as error:
        raise SettingsError(f"store {path}: can't be opened: {error}") from error
    try:
        check_store(db, path, is_new_allowed=False)
        return _store_columns(db, kind, patterns, window, span, limit)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"store {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LogCorrupt(f"store {path}: {error}") from error
    finally:
        db.close()


def _store_columns(
    db: sqlite3.Connection,
    kind: str,
    patterns: dict[str, str],
    window: str | None,
    span: tuple[int | None, int | None],
    limit: int | None,
) -> dict[str, list[Any]]:
    fields = stored_fields(db, kind)
    series = _matching_series(db, kind, patterns, window)
    if not fields or not series:
        return {}
    names = ", ".join(f"m.{store_column(name)}" for name in fields)
    order = 'm.time, s.asset, s.tag, s."window"'
    # The ids travel as one JSON text: a list of parameters would end at SQLite's limit
    statement = (
        f'SELECT m.time, s.asset, s.tag, s."window", {names} FROM {store_table(kind)} m '
        'JOIN series s ON s.id = m."#series" '
        'WHERE m."#series" IN (SELECT value FROM json_each(?)) AND m.time >= ? AND m.time < ? '
        f"ORDER BY {order} LIMIT ?"
    )
    start = span[0] if span[0] is not None else -(1 << 63)
    stop = span[1] if span[1] is not None else (1 << 63) - 1
    cursor = db.execute(statement, (json.dumps(series), start, stop, -1 if limit is None else limit))
    return _columns(["time", *_IDENTITY, *fields], cursor.fetchall())


def _matching_series(db: sqlite3.Connection, kind: str, patterns: dict[str, str], window: str | None) -> list[int]:
    expressions = {name: re.compile(glob_regex(glob), re.DOTALL) for name, glob in patterns.items()}
    rows = db.execute('SELECT id, asset, tag, "window" FROM series WHERE kind = ?', (kind,)).fetchall()
    return [
        number
        for number, asset, tag, found in rows
        if expressions["asset"].match(asset) and expressions["tag"].match(tag) and (window is None or found == window)
    ]


def _statement(
    target: InfluxTarget,
    kind: str,
    patterns: dict[str, str],
    window: str | None,
    start_ns: int | None,
    stop_ns: int | None,
    limit: int | None,
) -> str:
    conditions = [_matches(name, glob) for name, glob in patterns.items() if glob != "*"]
    conditions += [f"\"window\" = '{_quoted_text(window)}'"] if window is not None else []
    conditions += [f"time >= {start_ns}"] if start_ns is not None else []
    conditions += [f"time < {stop_ns}"] if stop_ns is not None else []
    policy = f'"{influxql_name(target.retention)}".' if target.retention else ""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    last = f" LIMIT {limit}" if limit is not None else ""
    return f'SELECT * FROM {policy}"{influxql_name(kind)}"{where}{last}'


def _matches(name: str, glob: str) -> str:
    if is_literal(glob):
        return f"\"{name}\" = '{_quoted_text(glob)}'"
    return f'"{name}" =~ /(?s){glob_regex(glob)}/'


def _from_influx(target: InfluxTarget, statement: str, token: str, timeout_s: float) -> dict[str, list[Any]]:
    http = InfluxHttp(target, token, timeout_s)
    try:
        series = influxql_rows(http, target.bucket, statement)
    finally:
        http.close()
    parts = [_columns(part["columns"], part["values"]) for part in series]
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: [v for part in parts for v in part.get(name, [None] * len(part["time"]))] for name in names}


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def _quoted_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")


def _uri_path(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
