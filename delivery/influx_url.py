"""What an InfluxDB URL names.

URLs: `http(s)://host:port/BUCKET?org=ORG` (2.x) and `http(s)://host:port/DATABASE[/RETENTION]?api=v1` (1.x and what speaks like it).
`&gzip=on` compresses bodies, which pays over a slow line only. `&ca=PATH` is a file of certificates that an https server's is
checked against, in place of the system's.
"""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from fieldline.errors import SettingsError
from fieldline.urls import influx_fault, shown

_OPTIONS = frozenset({"org", "api", "gzip", "ca"})
_EXPECTED = "expected http(s)://host:port/BUCKET?org=ORG or http(s)://host:port/DATABASE?api=v1"


class InfluxTarget(NamedTuple):
    """What an InfluxDB URL names. `base` is scheme, host and port; `retention` only with 1.x, None for its default."""

    base: str
    bucket: str
    api: str
    org: str
    retention: str | None
    gzip: bool
    ca: str | None = None

    def __str__(self) -> str:
        return f"{self.base}/{self.bucket} (api {self.api})"


def parse_influx_url(url: str) -> InfluxTarget:
    """Raises SettingsError that says what was expected, and never prints what may be a secret; one in the URL is refused."""
    if fault := influx_fault(url):
        raise SettingsError(fault)
    parts = urlsplit(url)
    path = [unquote(level) for level in parts.path.split("/") if level]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.fragment:
        raise SettingsError(f"influx: {_EXPECTED}, got {shown(url)!r} with a fragment")
    if unknown := sorted(set(options) - _OPTIONS):
        raise SettingsError(
            f"influx: {shown(url)!r} has the unknown option {unknown[0]!r}; known are {sorted(_OPTIONS)}"
        )
    api, zipped = options.get("api", "v2"), options.get("gzip", "off")
    if api not in ("v1", "v2") or zipped not in ("on", "off") or len(path) > (2 if api == "v1" else 1):
        raise SettingsError(f"influx: {_EXPECTED}; api is v1 or v2, gzip is on or off; got {shown(url)!r}")
    retention = path[1] if len(path) > 1 else None
    ca = _certificates(options.get("ca"), parts.scheme)
    return InfluxTarget(_base(url), path[0], api, options.get("org", ""), retention, zipped == "on", ca)


def _base(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or 8086}"


def _certificates(path: str | None, scheme: str) -> str | None:
    if path is None:
        return None
    if scheme != "https":
        raise SettingsError("influx: ca is for https; with http nothing is encrypted and no certificate is checked")
    if not Path(path).is_file():
        raise SettingsError(f"influx: ca: there is no file {path!r}")
    return path
