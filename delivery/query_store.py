"""Queries of the local store."""

import json
import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from delivery.globs import glob_regex
from delivery.question import IDENTITY, NOTHING, Found, Question
from delivery.store import (
    SCHEMA_VERSION,
    WITH_LABELS,
    WITH_RENAMED_KINDS,
    check_store,
    store_column,
    store_table,
    stored_fields,
)
from fieldline.catalogue import RENAMED
from fieldline.errors import LogCorrupt, SettingsError, Unavailable

_TEXT = "TEXT"


class _Series(NamedTuple):
    id: int
    asset: str
    tag: str
    window: str
    labels: dict[str, str]


def from_store(path: Path, question: Question) -> Found:
    """The rows that a store holds, which is not changed, whichever version it is of.

    Raises SettingsError, LogCorrupt, Unavailable.
    """
    if not path.is_file():
        raise SettingsError(f"store {path}: no such file; expected a local store or an http URL of an InfluxDB")
    try:
        db = sqlite3.connect(f"file:{_uri_path(path)}?mode=ro", uri=True, timeout=5.0)
    except sqlite3.OperationalError as error:
        raise SettingsError(f"store {path}: can't be opened: {error}") from error
    try:
        version = check_store(db, path, is_new_allowed=False) or SCHEMA_VERSION
        if version < WITH_RENAMED_KINDS:
            before = {new: old for old, new in RENAMED.items()}
            question = question._replace(kind=before.get(question.kind, question.kind))
        return _found(db, question, version >= WITH_LABELS)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"store {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LogCorrupt(f"store {path}: {error}") from error
    finally:
        db.close()


def _found(db: sqlite3.Connection, question: Question, has_labels: bool) -> Found:
    types = stored_fields(db, question.kind)
    texts = frozenset(name for name, type_ in types.items() if type_ == _TEXT)
    series = {one.id: one for one in _matching_series(db, question, has_labels, texts)}
    if not types or not series:
        return NOTHING
    rows = _rows(db, question, list(types), texts & question.where.keys(), list(series))
    mine = [series[row[0]] for row in rows]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("", "time", *types)) if at}
    columns |= {name: [getattr(one, name) for one in mine] for name in IDENTITY}
    labels = frozenset(name for one in mine for name in one.labels)
    columns |= {name: [one.labels.get(name) for one in mine] for name in labels}
    return Found(columns, labels, texts)


def _rows(
    db: sqlite3.Connection, question: Question, fields: list[str], filtered: frozenset[str], series: list[int]
) -> list[tuple]:
    names = ", ".join(f"m.{store_column(name)}" for name in fields)
    # The ids travel as one JSON text: a list of parameters would end at SQLite's limit
    statement = (
        f'SELECT m."#series", m.time, {names} FROM {store_table(question.kind)} m JOIN series s ON s.id = m."#series" '
        'WHERE m."#series" IN (SELECT value FROM json_each(?)) AND m.time >= ? AND m.time < ? '
    )
    start = question.start_ns if question.start_ns is not None else -(1 << 63)
    stop = question.stop_ns if question.stop_ns is not None else (1 << 63) - 1
    values: list[str | int] = [json.dumps(series), start, stop]
    db.create_function("regexp", 2, _matches, deterministic=True)
    for name in sorted(filtered):
        statement += f"AND m.{store_column(name)} REGEXP ? "
        values.append(glob_regex(question.where[name]))
    statement += 'ORDER BY m.time, s.asset, s.tag, s."window", s.id LIMIT ?'
    return db.execute(statement, [*values, -1 if question.limit is None else question.limit]).fetchall()


def _matches(pattern: str, text: str | None) -> bool:
    return re.match(pattern, text or "", re.DOTALL) is not None


def _matching_series(
    db: sqlite3.Connection, question: Question, has_labels: bool, texts: frozenset[str]
) -> list[_Series]:
    globs = {**question.patterns, **{name: glob for name, glob in question.where.items() if name not in texts}}
    wanted = {name: re.compile(glob_regex(glob), re.DOTALL) for name, glob in globs.items()}
    labels = "labels" if has_labels else "''"
    rows = db.execute(f'SELECT id, asset, tag, "window", {labels} FROM series WHERE kind = ?', (question.kind,))
    found = [
        _Series(number, asset, tag, window, json.loads(told) if told else {})
        for number, asset, tag, window, told in rows.fetchall()
    ]
    return [
        one
        for one in found
        if question.window in (None, one.window)
        and all(
            pattern.match({"asset": one.asset, "tag": one.tag, **one.labels}.get(name, ""))
            for name, pattern in wanted.items()
        )
    ]


def _uri_path(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
