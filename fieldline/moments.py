"""Moments as people write them (ISO 8601, epoch seconds, `now`, or a duration before now: `-2h`, `2h`) and as they are shown."""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fieldline.durations import parse_duration

_NUMBER = re.compile(r"-?\d{9,}(\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """A time [ns UTC] with the IANA zone of the site that it is about. Programs get it in UTC, people in that zone."""

    time_ns: int
    zone: str = "UTC"


def parse_moment(text: str, now_ns: int) -> int:
    """A moment. [ns, UTC] Without an offset a time is UTC. Raises ValueError saying what is accepted."""
    text = text.strip()
    if text == "now":
        return now_ns
    if _NUMBER.fullmatch(text):
        whole, _, part = text.partition(".")
        fraction = int((part + "000000000")[:9])
        return int(whole) * 1_000_000_000 + (-fraction if whole.startswith("-") else fraction)
    try:
        return now_ns - round(parse_duration(text.removeprefix("-")) * 1e9)
    except ValueError:
        return _iso(text)


def _iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected 2026-03-01, 2026-03-01T06:00Z, epoch seconds, now or -2h, got {text!r}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def iso(time_ns: int) -> str:
    """A moment as ISO 8601 in UTC, with as many decimals as it needs."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    try:
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{time_ns} ns"
    decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{decimals}Z"


def local(moment: Moment) -> str:
    """A moment by the clock of its zone, with offset: `2026-03-01T07:00+01:00`, `2026-03-01T06:00Z` in UTC.

    It has seconds where they are not 0, and milliseconds, which are cut off and not rounded.
    """
    seconds, fraction = divmod(moment.time_ns, 1_000_000_000)
    try:
        time = datetime.fromtimestamp(seconds, ZoneInfo(moment.zone))
    except (ValueError, OverflowError, OSError):
        return f"{moment.time_ns} ns"
    decimals = f".{fraction // 1_000_000:03d}".rstrip("0").rstrip(".")
    second = f":{time.second:02d}{decimals}" if time.second or decimals else ""
    offset = "Z" if moment.zone == "UTC" else time.isoformat()[19:]
    return f"{time:%Y-%m-%dT%H:%M}{second}{offset}"
