"""What an InfluxDB URL names.

URLs: `http(s)://host:port/BUCKET?org=ORG` (2.x) and `http(s)://host:port/DATABASE[/RETENTION]?api=v1` (1.x and what speaks like it).
`&gzip=on` compresses bodies, which pays over a slow line only. `&ca=PATH` is a file of certificates that an https server's is
checked against, in place of the system's.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from fieldline.errors import SettingsError
from fieldline.urls import influx_fault


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
    api, org, is_zipped = options.get("api", "v2"), options.get("org", ""), options.get("gzip") == "on"
    return InfluxTarget(_base(url), path[0], api, org, path[1] if len(path) > 1 else None, is_zipped, options.get("ca"))


def _base(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or 8086}"
