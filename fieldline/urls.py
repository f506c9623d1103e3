"""Addresses of outside parts, checked before a connection: each function says what is wrong in a line, or nothing."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from fieldline.topic_filters import overlapping

INFLUX_OPTIONS = frozenset({"org", "api", "gzip", "ca"})
_SECRETS = frozenset("token auth authorization password passwd pass p user username u secret key apikey".split())
_NO_PASSWORD = "a password has no place in a URL; use a secret file or the environment"


def url_fault(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """What is wrong with a URL of one of the schemes; nothing when it is right."""
    expected = f"{name}: expected {' or '.join(f'{s}://host:port' for s in schemes)}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        # The error tells what stands where the port is expected: behind a user, that is the password.
        return f"{name}: {_NO_PASSWORD}" if "@" in url else f"{expected}, got {shown(url)!r} ({error})"
    if parts.password is not None:
        return f"{name}: {_NO_PASSWORD}"
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        return f"{expected}, got {shown(url)!r}"
    return ""


def influx_fault(url: str) -> str:
    """What is wrong with an InfluxDB URL. Never shows what may be a secret."""
    if fault := url_fault("influx", url, ("http", "https")):
        return fault
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.username is not None:
        return "influx: a user has no place in a URL, which shows in process lists; give user:password as the token"
    if secret := sorted({name.lower() for name in options} & _SECRETS):
        return f"influx: a secret ({secret[0]}=) has no place in a URL; use FIELDLINE_INFLUX_TOKEN or FIELDLINE_INFLUX_TOKEN_FILE"
    if unknown := sorted(set(options) - INFLUX_OPTIONS):
        return f"influx: {shown(url)!r} has the unknown option {unknown[0]!r}; known are {', '.join(sorted(INFLUX_OPTIONS))}"
    levels = [level for level in parts.path.split("/") if level]
    if not levels or len(levels) > (2 if options.get("api") == "v1" else 1) or parts.fragment:
        lacks = "" if levels else " without a bucket"
        shapes = "http://host:port/BUCKET?org=ORG or http://host:port/DATABASE[/RETENTION]?api=v1"
        return f"influx: expected {shapes}, got {shown(url)!r}{lacks}"
    if options.get("api", "v2") not in ("v1", "v2") or options.get("gzip", "off") not in ("on", "off"):
        return "influx: api is v1 or v2, gzip is on or off"
    return _certificates_fault(options.get("ca"), parts.scheme)


def _certificates_fault(path: str | None, scheme: str) -> str:
    if path is None:
        return ""
    if scheme != "https":
        return "influx: ca is for https; with http nothing is encrypted and no certificate is checked"
    return "" if Path(path).is_file() else f"influx: ca: there is no file {path!r}"


def log_fault(url: str) -> str:
    """What is wrong with a log's URL."""
    scheme, _, rest = url.partition(":")
    user, at, _ = rest.partition("=")[0].rpartition("@")
    if scheme != "sqlite" and at and ":" in user:
        return f"log: {_NO_PASSWORD}"
    if (scheme == "sqlite" and rest.strip("/")) or (scheme == "kafka" and rest.startswith("//") and len(rest) > 2):
        return ""
    return f"log: expected sqlite:PATH or kafka://host:port[,host:port], got {shown(url)!r}"


def http_fault(address: str | None) -> str:
    """What is wrong with HOST:PORT."""
    if address is None or re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", address):
        return ""
    return f"http: expected HOST:PORT such as 127.0.0.1:8080, got {address!r}"


def filter_fault(text: str) -> str:
    """What is wrong with an MQTT topic filter (MQTT 5.0, section 4.7.1)."""
    levels = text.split("/")
    bad = any(("+" in level and level != "+") or ("#" in level and level != "#") for level in levels)
    if not text or bad or "#" in levels[:-1] or "\0" in text:
        return f"subscribe: expected an MQTT topic filter ('+' a whole level, '#' the last one), got {text!r}"
    return ""


def filters_fault(filters: Sequence[str]) -> str:
    """What is wrong with several MQTT topic filters together."""
    if not filters:
        return "subscribe: expected at least one topic filter"
    two = overlapping(filters)
    if two is None:
        return ""
    return (
        f"subscribe: {two[0]!r} and {two[1]!r} match some topics both, and a broker may send what both match twice: "
        "give filters that do not overlap, or one that covers both"
    )


def shown(url: str) -> str:
    """The URL without user, password and the values of its options, any of which may be a secret."""
    address, mark, options = re.sub(r"//.*@", "//****@", url).partition("?")
    return address + mark + re.sub(r"=[^&#]*", "=…", options)
