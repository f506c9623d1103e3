"""Points of an InfluxDB read and deleted, as far as the server can: InfluxQL for 1.x, 2.x and 3, a delete for 1.x and 2.x."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from delivery.answers import message_of
from delivery.held import Ask, Point
from delivery.influx import QueryRefused, influxql_name, influxql_rows, influxql_text
from delivery.influx_http import InfluxHttp
from delivery.influx_url import InfluxTarget
from delivery.lineprotocol import series_text, storable_name
from delivery.sinks import SinkUnavailable

_ASSETS_A_STATEMENT = 100
_SPANS_A_REQUEST = 50
_MOMENTS_A_SPAN = 60  # of all series: what an answer holds is bounded by it
_NEAR = (
    4  # of the shortest distance between moments: so many windows are asked for in vain at most for each that is wanted
)
_DELETES_A_REQUEST = 100
_SPLIT_TAGS = frozenset({"shift", "crew", "product"})


class Span(NamedTuple):
    """Rows of a window, by name, from a first to a last time [ns UTC]."""

    window: str
    first: int
    last: int


def spans_of(moments: Sequence[tuple[str, int]]) -> Iterator[Span]:
    """Few spans that hold all moments, each a window's name and a time: a statement costs a server more than the rows it finds."""
    for window, group in groupby(sorted(moments), key=itemgetter(0)):
        times = [time for _, time in group]
        near = _NEAR * min((b - a for a, b in pairwise(times) if b > a), default=0)
        first, count = times[0], 1
        for last, time in pairwise(times):
            if time - last > near or count == _MOMENTS_A_SPAN:
                yield Span(window, first, last)
                first, count = time, 0
            count += 1
        yield Span(window, first, times[-1])


class InfluxPoints:
    """Asks for points and deletes them. Used by one thread.

    can_read, can_delete : until a server refuses, for what it is and not for who asks, both are taken to be possible
    """

    def __init__(self, target: InfluxTarget, http: InfluxHttp) -> None:
        self._target, self._http = target, http
        self.can_read = self.can_delete = True
        self._tags: dict[str, set[str]] = {}

    @property
    def ask(self) -> Ask:
        """How `Held` asks."""
        return Ask(self._fields, self._newest, self._at)

    def delete(self, kind: str, points: Sequence[tuple[Mapping[str, str], int]]) -> list[bool]:
        """Delete points by their tags and times [ns UTC]. Which are gone: a server may have no delete. Raises SinkUnavailable."""
        if self._target.api != "v1":
            return [self._is_alone(kind, tags) and self._delete_v2(kind, tags, time) for tags, time in points]
        statements = [self._delete_statement(kind, tags, time) for tags, time in points]
        parts = [statements[at : at + _DELETES_A_REQUEST] for at in range(0, len(points), _DELETES_A_REQUEST)]
        return [is_done for part in parts for is_done in [self._run(part)] * len(part)]

    def know_tags(self, kind: str, tags: Mapping[str, Any]) -> None:
        """Remember the tags that rows of a kind may have."""
        self._tags.setdefault(kind, set()).update(tags)

    def _fields(self, kind: str) -> frozenset[str] | None:
        found = self._asked(f"SHOW FIELD KEYS FROM {self._measurement(kind)}")
        return frozenset(str(name) for series in found for name, *_ in series["values"]) if self.can_read else None

    def _newest(self, kind: str, assets: Sequence[str]) -> list[Point] | None:
        points: list[Point] = []
        for at in range(0, len(assets), _ASSETS_A_STATEMENT):
            names = " OR ".join(
                f"\"asset\" = '{influxql_text(storable_name(asset))}'"
                for asset in assets[at : at + _ASSETS_A_STATEMENT]
            )
            newest = f"SELECT * FROM {self._measurement(kind)} WHERE {names} GROUP BY * ORDER BY time DESC LIMIT 1"
            points += self._points(kind, newest)
        return points if self.can_read else None

    def _at(self, kind: str, moments: Sequence[tuple[str, int]]) -> list[Point] | None:
        points: list[Point] = []
        spans = list(spans_of(moments))
        for at in range(0, len(spans), _SPANS_A_REQUEST):
            statements = [self._span(kind, span) for span in spans[at : at + _SPANS_A_REQUEST]]
            points += self._points(kind, "; ".join(statements))
        return points if self.can_read else None

    def _span(self, kind: str, span: Span) -> str:
        of_window = f"\"window\" = '{influxql_text(storable_name(span.window))}' AND " if span.window else ""
        times = f"time >= {span.first} AND time <= {span.last}"
        return f"SELECT * FROM {self._measurement(kind)} WHERE {of_window}{times} GROUP BY *"

    def _points(self, kind: str, statement: str) -> list[Point]:
        return [point for series in self._asked(statement) for point in self._of_series(kind, series)]

    def _of_series(self, kind: str, series: dict[str, Any]) -> Iterator[Point]:
        tags = series.get("tags") or {}
        self.know_tags(kind, tags)
        names = series["columns"][1:]
        for time, *values in series["values"]:
            held = frozenset(name for name, value in zip(names, values, strict=True) if value not in (None, ""))
            yield Point(series_text(kind, tags), time, held)

    def _asked(self, statement: str) -> list[dict[str, Any]]:
        if not self.can_read:
            return []
        try:
            return influxql_rows(self._http, self._target.bucket, statement)
        except QueryRefused as error:
            if error.status in (401, 403):
                raise SinkUnavailable(
                    f"{error}; delivery reads too, to find values that became null: let its token read what it writes",
                    needs_operator=True,
                ) from error
            if "database not found" not in str(error):
                self.can_read = False
                _log(
                    "reads_refused", target=str(self._target), reason=f"{error}; values that become null may stay there"
                )
            return []

    def _delete_statement(self, kind: str, tags: Mapping[str, str], time: int) -> str:
        absent = self._tags.get(kind, set()) - tags.keys()
        held = [*sorted(tags.items()), *((name, "") for name in sorted(absent))]
        where = " AND ".join(f"\"{influxql_name(name)}\" = '{influxql_text(value)}'" for name, value in held)
        return f'DELETE FROM "{influxql_name(kind)}" WHERE {where} AND time = {time}'

    def _run(self, statements: list[str]) -> bool:
        if not self.can_delete:
            return False
        try:
            influxql_rows(self._http, self._target.bucket, "; ".join(statements))
        except QueryRefused as error:
            return self._refused(error.status, str(error))
        return True

    def _is_alone(self, kind: str, tags: Mapping[str, str]) -> bool:
        """Whether a predicate of these tags can match no other series: it can't ask for a label that is absent."""
        return not (self._tags.get(kind, set()) & _SPLIT_TAGS) - tags.keys() or tags.get("window") not in (
            "shift",
            "order",
        )

    def _delete_v2(self, kind: str, tags: Mapping[str, str], time: int) -> bool:
        if not self.can_delete:
            return False
        predicate = " AND ".join(
            f'"{name}"={json.dumps(value, ensure_ascii=False)}' for name, value in sorted(tags.items())
        )
        said = {
            "start": _rfc3339(time),
            "stop": _rfc3339(time + 1),
            "predicate": f'_measurement="{kind}" AND {predicate}',
        }
        query = urlencode({"bucket": self._target.bucket, "org": self._target.org})
        headers = {"Content-Type": "application/json"}
        answer = self._http.request("POST", f"/api/v2/delete?{query}", json.dumps(said).encode(), headers)
        return answer.status == 204 or self._refused(answer.status, message_of(answer.body))

    def _refused(self, status: int, message: str) -> bool:
        """False when the server can't delete at all. Raises SinkUnavailable when it may yet."""
        words = f"InfluxDB refuses to delete a point whose value became null with {status}: {message}"
        if status in (401, 403):
            raise SinkUnavailable(words, needs_operator=True)
        if status in (408, 429) or (status >= 500 and status != 501):
            raise SinkUnavailable(words)
        self.can_delete = False
        _log("deletes_refused", target=str(self._target), reason=words)
        return False

    def _measurement(self, kind: str) -> str:
        policy = f'"{influxql_name(self._target.retention)}".' if self._target.retention else ""
        return f'{policy}"{influxql_name(storable_name(kind))}"'


def _rfc3339(time: int) -> str:
    seconds, nanos = divmod(time, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"


def _log(event: str, **said: str) -> None:
    import structlog

    structlog.get_logger("delivery").warning(event, **said)
