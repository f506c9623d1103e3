"""Addresses of outside parts, checked before a connection: each function says what is wrong in a line, or nothing."""

import re
from urllib.parse import urlsplit


def url_fault(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """What is wrong with a URL of one of the schemes; nothing when it is right."""
    expected = f"{name}: expected {' or '.join(f'{s}://host:port' for s in schemes)}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"{expected}, got {_shown(url)!r} ({error})"
    if parts.password is not None:
        return f"{name}: a password has no place in a URL; use a secret file or the environment"
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        return f"{expected}, got {_shown(url)!r}"
    return ""


def bucket_fault(url: str) -> str:
    """What an InfluxDB URL lacks."""
    if urlsplit(url).path.strip("/"):
        return ""
    shapes = "http://host:port/BUCKET?org=ORG or http://host:port/DATABASE?api=v1"
    return f"influx: expected {shapes}, got {_shown(url)!r} without a bucket"


def log_fault(url: str) -> str:
    """What is wrong with a log's URL."""
    scheme, _, rest = url.partition(":")
    if (scheme == "sqlite" and rest.strip("/")) or (scheme == "kafka" and rest.startswith("//") and len(rest) > 2):
        return ""
    return f"log: expected sqlite:PATH or kafka://host:port[,host:port], got {_shown(url)!r}"


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


def _shown(url: str) -> str:
    """The URL without user and password, which have no place in a message."""
    return re.sub(r"//[^/@]*@", "//****@", url)
