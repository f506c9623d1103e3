"""The words of InfluxDB over HTTP: lines written, points deleted, InfluxQL asked; 1.x, 2.x and what speaks like them."""

import json
from typing import Any
from urllib.parse import urlencode

from isal import igzip

from delivery.answers import Answer, message_of
from delivery.influx_http import InfluxHttp, Response
from delivery.influx_url import InfluxTarget
from delivery.sinks import SinkUnavailable
from fieldline.errors import SettingsError

QUERY_BYTES = 1 << 30
"""An answer to a query is no longer than this."""


class QueryRefused(SettingsError):
    """A statement that a server does not run; `status` is its answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class InfluxWire:
    """Sends line protocol by the target's `api`. A 1.x database that does not exist is created at the first write. Used by one thread."""

    def __init__(self, target: InfluxTarget, token: str, timeout_s: float) -> None:
        self._target = target
        self.http = InfluxHttp(target, token, timeout_s)
        self._path = f"/write?{_v1_query(target)}" if target.api == "v1" else f"/api/v2/write?{_v2_query(target)}"
        self._headers = {"Content-Type": "text/plain; charset=utf-8"} | (
            {"Content-Encoding": "gzip"} if target.gzip else {}
        )

    def send(self, body: bytes) -> Answer:
        """Post lines with nanosecond times. Raises SinkUnavailable when no answer comes in time."""
        answer = self._post(body)
        is_absent = self._target.api == "v1" and answer.status == 404 and "database not found" in answer.message
        return self._post(body) if is_absent and self._create_database() else answer

    def close(self) -> None:
        """Drop the connection."""
        self.http.close()

    def _post(self, body: bytes) -> Answer:
        data = igzip.compress(body, 1) if self._target.gzip else body
        return answer_of(self.http.request("POST", self._path, data, self._headers))

    def _create_database(self) -> bool:
        import structlog

        statement = f'CREATE DATABASE "{influxql_name(self._target.bucket)}"'
        response = self.http.request("POST", f"/query?{urlencode({'q': statement})}")
        is_made = response.status == 200 and b'"error"' not in response.body
        structlog.get_logger("delivery").info(
            "database_created" if is_made else "database_refused", target=str(self._target)
        )
        return is_made


def influxql_name(name: str) -> str:
    """A name as it stands between double quotes in InfluxQL."""
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def influxql_text(text: str) -> str:
    """A text as it stands between single quotes in InfluxQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")


def influxql_rows(http: InfluxHttp, bucket: str, statement: str) -> list[dict[str, Any]]:
    """The series of every chunk of one or more statements' answers, each with `columns` and `values`, times in ns.

    Raises QueryRefused with the server's words, SinkUnavailable.
    """
    query = {"db": bucket, "epoch": "ns", "chunked": "true", "chunk_size": "20000"}
    body = urlencode({"q": statement}).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    response = http.request("POST", f"/query?{urlencode(query)}", body, headers, QUERY_BYTES)
    if (response.status >= 500 and response.status != 501) or response.status == 429:
        raise SinkUnavailable(f"InfluxDB answers {response.status}: {message_of(response.body)}")
    if response.status != 200:
        raise QueryRefused(
            f"InfluxDB refuses the query with {response.status}: {message_of(response.body)}", response.status
        )
    series: list[dict[str, Any]] = []
    for chunk in response.body.splitlines():
        for result in _results(chunk):
            if "error" in result:
                raise QueryRefused(f"InfluxDB refuses the query: {result['error']}", response.status)
            series += result.get("series", [])
    return series


def answer_of(response: Response) -> Answer:
    """An answer to a write, with the server's words."""
    message = "" if response.status == 204 else message_of(response.body)
    return Answer(response.status, message, response.headers.get("retry-after"))


def _results(chunk: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(chunk)
        return list(found.get("results", []))
    except (ValueError, AttributeError, TypeError) as error:
        raise QueryRefused(f"expected JSON from InfluxDB's /query, got {chunk[:200]!r}", 200) from error


def _v1_query(target: InfluxTarget) -> str:
    query = {"db": target.bucket, "precision": "ns"} | ({"rp": target.retention} if target.retention else {})
    return urlencode(query)


def _v2_query(target: InfluxTarget) -> str:
    return urlencode({"bucket": target.bucket, "org": target.org, "precision": "ns"})
