"""HTTP to an InfluxDB. Owns urllib3; its errors end here."""

import ssl
from base64 import b64encode
from collections.abc import Callable
from math import inf
from typing import NamedTuple

import urllib3

from delivery.influx_url import InfluxTarget
from delivery.sinks import SinkUnavailable, never
from fieldline.certificates import peer_ends_s
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError

ERROR_BYTES = 64 << 10
"""So much of a body is read where only its first words matter."""
_CHUNK = 64 << 10


class Response(NamedTuple):
    """An answer: `body` is whole, or cut at what was asked for; names of `headers` are in small letters."""

    status: int
    body: bytes
    headers: dict[str, str]


class InfluxHttp:
    """Plain HTTP to an InfluxDB: one kept connection, no retries, no redirects, every wait and every body bounded.

    is_over : asked before each request; when it says yes none is made any more
    A token of the form `user:password` is sent as basic authentication to 1.x. Used by one thread. Raises SettingsError when the
    certificates of `&ca=` can't be read.
    """

    def __init__(self, target: InfluxTarget, token: str, timeout_s: float) -> None:
        self._target = target
        self._clock = SystemClock()
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, ssl_context=_tls(target))
        self._timeout_s = timeout_s
        self._timeout = urllib3.Timeout(connect=min(timeout_s, 5.0), read=timeout_s)
        self._headers = {"User-Agent": "fieldline", **_authorization(target.api, token)}
        self.is_over: Callable[[], bool] = never
        self.certificate_ends_s: float | None = None  # of the server, at the last request [s since 1970]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        limit: int = ERROR_BYTES,
    ) -> Response:
        """The answer, its body cut at `limit` bytes. Raises SinkUnavailable when none comes in time, or when it is over."""
        if self.is_over():
            raise SinkUnavailable("given up between two requests")
        sent = self._headers | (headers or {})
        # What is read whole may take as long as something comes of it.
        until = self._clock.monotonic() + (2 * self._timeout_s if limit <= ERROR_BYTES else inf)
        try:
            response = self._pool.request(
                method,
                self._target.base + path,
                body=body,
                headers=sent,
                timeout=self._timeout,
                redirect=False,
                preload_content=False,
            )
            self.certificate_ends_s = peer_ends_s(getattr(response.connection, "sock", None))
            found = self._body(response, limit, until)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _no_answer(self._target, error) from error
        return Response(response.status, found, {name.lower(): value for name, value in response.headers.items()})

    def _body(self, response: urllib3.BaseHTTPResponse, limit: int, until: float) -> bytes:
        """What the server says, up to a number of bytes and a time; a connection with more to come is not used again."""
        found = bytearray()
        while len(found) < limit and (part := response.read1(min(_CHUNK, limit - len(found)))):
            found += part
            if self._clock.monotonic() > until:
                response.close()
                raise TimeoutError("its answer takes too long")
        if len(found) < limit:
            response.release_conn()
        else:
            response.close()
        return bytes(found)

    def close(self) -> None:
        """Drop the connection."""
        self._pool.clear()


def _tls(target: InfluxTarget) -> ssl.SSLContext | None:
    if not target.base.startswith("https:"):
        return None
    try:
        return ssl.create_default_context(cafile=target.ca)
    except OSError as error:
        raise SettingsError(f"influx: ca: {target.ca!r} holds no certificates in PEM form: {error}") from error


def _authorization(api: str, token: str) -> dict[str, str]:
    if not token:
        return {}
    if api == "v1" and ":" in token:
        return {"Authorization": f"Basic {b64encode(token.encode()).decode()}"}
    return {"Authorization": f"Token {token}"}


def _no_answer(target: InfluxTarget, error: Exception) -> SinkUnavailable:
    if why := _tls_fault(target, error):
        return SinkUnavailable(f"InfluxDB at {target.base}: {why}", needs_operator=True)
    hint = "; does it want https://?" if target.base.startswith("http:") and _is_cut(error) else ""
    return SinkUnavailable(f"InfluxDB at {target.base} does not answer: {type(error).__name__}: {error}{hint}")


def _is_cut(error: Exception) -> bool:
    """Whether the server closed the connection without a word, as one does that was spoken to in plain text and wants TLS."""
    return isinstance(error, urllib3.exceptions.ProtocolError)


def _tls_fault(target: InfluxTarget, error: BaseException | None) -> str:
    """What is wrong with encryption or a certificate, in words; nothing where that is not it."""
    text = f"{type(error).__name__}: {error}"
    if "Hostname mismatch" in text or "IP address mismatch" in text or "doesn't match" in text:
        return "its certificate is for another host name than the URL's; use the name that the certificate has"
    if "certificate has expired" in text:
        return "its certificate has expired; renew it on the server"
    if "not yet valid" in text:
        return "its certificate is not valid yet; look at the clocks of both machines"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"nobody that we trust vouches for its certificate ({target.ca or 'system store'}); name its CA with &ca=FILE"
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
        return "it speaks plain HTTP on this port; write http:// or give its TLS port"
    if isinstance(error, urllib3.exceptions.SSLError) or "SSLError" in text:
        return f"no encrypted connection: {error}"
    return ""
