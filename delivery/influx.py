"""The wire to InfluxDB: one request out, one answer back. Owns influxdb-client and urllib3; their errors end here.

URLs: `http(s)://host:port/BUCKET?org=ORG` (2.x, by influxdb-client) and
`http(s)://host:port/DATABASE[/RETENTION]?api=v1` (1.x and what speaks like it). `&gzip=on` compresses bodies, which
pays over a slow line only. A token of the form `user:password` is sent as basic authentication to 1.x.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import urllib3
from isal import igzip

from delivery.answers import Answer, message_of
from delivery.sinks import SinkUnavailable
from fieldline.errors import SettingsError

_OPTIONS = frozenset({"org", "api", "gzip"})


class InfluxTarget(NamedTuple):
    """What an InfluxDB URL names. `base` is scheme, host and port; `retention` only with 1.x, None for its default."""

    base: str
    bucket: str
    api: str
    org: str
    retention: str | None
    gzip: bool

    def __str__(self) -> str:
        return f"{self.base}/{self.bucket} (api {self.api})"


class InfluxWire(Protocol):
    """One way to send line protocol. Used by one thread."""

    def send(self, body: bytes) -> Answer:
        """Post lines with nanosecond times. Raises SinkUnavailable when no answer comes in time."""

    def close(self) -> None: ...


def parse_influx_url(url: str) -> InfluxTarget:
    """Raises SettingsError that says what was expected; a password in the URL is refused, it belongs in the token."""
    expected = "expected http(s)://host:port/BUCKET?org=ORG or http(s)://host:port/DATABASE?api=v1"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"influx: {expected}: {error}") from error
    if parts.username or parts.password:
        raise SettingsError("influx: a user in the URL shows in process lists; give user:password as the token")
    path = [unquote(level) for level in parts.path.split("/") if level]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in ("http", "https") or not parts.hostname or not path or parts.fragment:
        raise SettingsError(f"influx: {expected}, got {url!r}")
    if unknown := sorted(set(options) - _OPTIONS):
        raise SettingsError(f"influx: {url!r} has the unknown option {unknown[0]!r}; known are {sorted(_OPTIONS)}")
    api, zipped = options.get("api", "v2"), options.get("gzip", "off")
    if api not in ("v1", "v2") or zipped not in ("on", "off") or len(path) > (2 if api == "v1" else 1):
        raise SettingsError(f"influx: {expected}; api is v1 or v2, gzip is on or off; got {url!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    base = f"{parts.scheme}://{host}:{port or 8086}"
    return InfluxTarget(base, path[0], api, options.get("org", ""), path[1] if len(path) > 1 else None, zipped == "on")


class InfluxV2Wire:
    """The 2.x write endpoint by influxdb-client's synchronous API, which never retries, drops or buffers."""

    def __init__(self, target: InfluxTarget, token: str, timeout_s: float) -> None:
        from influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS

        self._target = target
        self._client = InfluxDBClient(
            target.base, token=token, org=target.org, timeout=round(timeout_s * 1000), enable_gzip=target.gzip
        )
        if target.gzip:
            # The client's own gzip is level 9: twenty times the cost of building the lines.
            self._client.api_client.configuration.update_request_body = _zipped_write
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def send(self, body: bytes) -> Answer:
        from influxdb_client.rest import ApiException

        try:
            self._api.write(self._target.bucket, self._target.org, body)
        except ApiException as error:
            headers: Mapping[str, str] = error.headers or {}
            return Answer(error.status or 0, message_of(error.body or b""), headers.get("Retry-After"))
        except (urllib3.exceptions.HTTPError, OSError, UnicodeDecodeError) as error:
            # the client decodes an error's body strictly, and a proxy's page may be in any encoding
            raise _no_answer(self._target, error) from error
        return Answer(204, "")

    def close(self) -> None:
        self._api.close()
        self._client.close()


class InfluxV1Wire:
    """The 1.x endpoints `/write` and `/query`. A database that does not exist is created at the first write."""

    def __init__(self, target: InfluxTarget, token: str, timeout_s: float) -> None:
        self._target = target
        self._http = InfluxHttp(target, token, timeout_s)
        query = {"db": target.bucket, "precision": "ns"} | ({"rp": target.retention} if target.retention else {})
        self._path = f"/write?{urlencode(query)}"
        self._headers = {"Content-Type": "text/plain; charset=utf-8"} | (
            {"Content-Encoding": "gzip"} if target.gzip else {}
        )

    def send(self, body: bytes) -> Answer:
        answer = self._post(body)
        if answer.status == 404 and "database not found" in answer.message and self._create_database():
            answer = self._post(body)
        return answer

    def close(self) -> None:
        self._http.close()

    def _post(self, body: bytes) -> Answer:
        data = igzip.compress(body, 1) if self._target.gzip else body
        return _answer_of(self._http.request("POST", self._path, data, self._headers))

    def _create_database(self) -> bool:
        import structlog

        statement = f'CREATE DATABASE "{influxql_name(self._target.bucket)}"'
        response = self._http.request("POST", f"/query?{urlencode({'q': statement})}")
        is_made = response.status == 200 and b'"error"' not in response.data
        structlog.get_logger("delivery").info(
            "database_created" if is_made else "database_refused", target=str(self._target)
        )
        return is_made


class InfluxHttp:
    """Plain HTTP to an InfluxDB: one kept connection, no retries, no redirects, every wait bounded.

    Used by one thread.
    """

    def __init__(self, target: InfluxTarget, token: str, timeout_s: float) -> None:
        self._target = target
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)
        self._timeout = urllib3.Timeout(connect=min(timeout_s, 5.0), read=timeout_s)
        self._headers = {"User-Agent": "fieldline", **_authorization(target.api, token)}

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """The whole answer. Raises SinkUnavailable when none comes in time."""
        try:
            url, sent = self._target.base + path, self._headers | (headers or {})
            return self._pool.request(method, url, body=body, headers=sent, timeout=self._timeout, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _no_answer(self._target, error) from error

    def close(self) -> None:
        self._pool.clear()


def open_wire(target: InfluxTarget, token: str, timeout_s: float) -> InfluxWire:
    """The wire that the target's `api` names; it connects at its first request."""
    return (InfluxV1Wire if target.api == "v1" else InfluxV2Wire)(target, token, timeout_s)


def influxql_name(name: str) -> str:
    """A name as it stands between double quotes in InfluxQL."""
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def influxql_rows(http: InfluxHttp, bucket: str, statement: str) -> list[dict[str, Any]]:
    """The series of every chunk of one statement's answer, each with `columns` and `values`, times in ns.

    Raises SettingsError with the server's words when it refuses, SinkUnavailable.
    """
    query = {"db": bucket, "epoch": "ns", "chunked": "true", "chunk_size": "20000", "q": statement}
    response = http.request("GET", f"/query?{urlencode(query)}", headers={"Accept": "application/json"})
    if response.status >= 500 or response.status == 429:
        raise SinkUnavailable(f"InfluxDB answers {response.status}: {message_of(response.data)}")
    if response.status != 200:
        raise SettingsError(f"InfluxDB refuses the query with {response.status}: {message_of(response.data)}")
    series: list[dict[str, Any]] = []
    for chunk in response.data.splitlines():
        for result in json.loads(chunk).get("results", []):
            if "error" in result:
                raise SettingsError(f"InfluxDB refuses the query: {result['error']}")
            series += result.get("series", [])
    return series


def _authorization(api: str, token: str) -> dict[str, str]:
    if not token:
        return {}
    if api == "v1" and ":" in token:
        return {"Authorization": f"Basic {b64encode(token.encode()).decode()}"}
    return {"Authorization": f"Token {token}"}


def _answer_of(response: urllib3.BaseHTTPResponse) -> Answer:
    message = "" if response.status == 204 else message_of(response.data)
    return Answer(response.status, message, response.headers.get("Retry-After"))


def _zipped_write(path: str, body: bytes) -> bytes:
    return igzip.compress(body, 1) if path == "/api/v2/write" else body


def _no_answer(target: InfluxTarget, error: Exception) -> SinkUnavailable:
    return SinkUnavailable(f"InfluxDB at {target.base} does not answer: {type(error).__name__}: {error}")
