"""Queries of an InfluxDB in InfluxQL, which 1.x has and 2.x understands."""

from collections.abc import Sequence
from typing import Any

from delivery.globs import glob_regex, is_literal
from delivery.influx import influxql_name, influxql_rows, influxql_text
from delivery.influx_http import InfluxHttp
from delivery.influx_url import InfluxTarget, parse_influx_url
from delivery.null_fields import without_marked
from delivery.question import IDENTITY, Found, Question
from fieldline.catalogue import PLACE

_PLACE = frozenset({*PLACE, *IDENTITY})


def from_influx(url: str, question: Question, token: str, timeout_s: float) -> Found:
    """The rows that a database holds. Raises SettingsError, Unavailable."""
    target = parse_influx_url(url)
    http = InfluxHttp(target, token, timeout_s)
    try:
        tags = influxql_rows(http, target.bucket, f"SHOW TAG KEYS FROM {_measurement(target, question.kind)}")
        series = influxql_rows(http, target.bucket, _statement(target, question))
    finally:
        http.close()
    parts = [_columns(part["columns"], part["values"]) for part in series]
    parts = [without_marked(part) for part in parts]
    names = dict.fromkeys(name for part in parts for name in part)
    columns = {name: [v for part in parts for v in part.get(name, [None] * len(part["time"]))] for name in names}
    keys = {str(key) for part in tags for (key,) in part["values"]} - _PLACE
    # A tag that none of these rows has is a column too: other rows of the measurement have it.
    labels = frozenset(name for name in keys if any(columns.get(name, ())))
    columns = {name: values for name, values in columns.items() if name in labels or name not in keys}
    texts = frozenset(name for name, values in columns.items() if any(isinstance(value, str) for value in values))
    return Found(columns, labels, texts - labels - _PLACE)


def _statement(target: InfluxTarget, question: Question) -> str:
    conditions = [_matches(name, glob) for name, glob in question.patterns.items() if glob != "*"]
    conditions += [_matches(name, glob) for name, glob in question.where.items()]
    conditions += [f"\"window\" = '{influxql_text(question.window)}'"] if question.window is not None else []
    conditions += [f"time >= {question.start_ns}"] if question.start_ns is not None else []
    conditions += [f"time < {question.stop_ns}"] if question.stop_ns is not None else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    last = f" LIMIT {question.limit}" if question.limit is not None else ""
    return f"SELECT * FROM {_measurement(target, question.kind)}{where}{last}"


def _measurement(target: InfluxTarget, kind: str) -> str:
    policy = f'"{influxql_name(target.retention)}".' if target.retention else ""
    return f'{policy}"{influxql_name(kind)}"'


def _matches(name: str, glob: str) -> str:
    if is_literal(glob):
        return f"\"{influxql_name(name)}\" = '{influxql_text(glob)}'"
    return f'"{influxql_name(name)}" =~ /(?s){glob_regex(glob)}/'


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}
