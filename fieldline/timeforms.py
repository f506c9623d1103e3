"""How a device writes time, where the plant file has to say it (`[[topic]] time_format`): names, and what they stand for.

| form | value |
|---|---|
| `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `epoch_min` | since 1970-01-01 UTC |
| `ticks` | 100 ns since 0001-01-01 UTC (.NET `DateTime.Ticks`) |
| `filetime` | 100 ns since 1601-01-01 UTC (Windows, OPC) |
| `cocoa_s` | seconds since 2001-01-01 UTC (Apple) |
| `labview_s` | seconds since 1904-01-01 UTC (LabVIEW, old Mac OS) |
| `ntp_s` | seconds since 1900-01-01 UTC (RFC 5905, era 0) |
| `gps_s`, `gps_ms` | since 1980-01-06 UTC without leap seconds (IS-GPS-200) |
| `excel_days` | days since 1899-12-30 by the local clock (Excel, from 1900-03-01 on) |
| `day_first`, `month_first` | texts such as `05/06/2026 14:22`, which would be refused |
| a pattern with `%` | texts, as Python's `strptime` reads them: `%d.%m.%y %H:%M:%S` |
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Scale(NamedTuple):
    """A number of units since a zero: the unit [ns], and the zero's instant [ns UTC]."""

    unit_ns: int
    zero_ns: int


def _since(year: int, month: int = 1, day: int = 1) -> int:
    return (datetime(year, month, day, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1) * _S


SCALES: Mapping[str, Scale] = {
    "epoch_s": Scale(_S, 0),
    "epoch_ms": Scale(1_000_000, 0),
    "epoch_us": Scale(1000, 0),
    "epoch_ns": Scale(1, 0),
    "epoch_min": Scale(60 * _S, 0),
    "ticks": Scale(100, _since(1)),
    "filetime": Scale(100, _since(1601)),
    "cocoa_s": Scale(_S, _since(2001)),
    "labview_s": Scale(_S, _since(1904)),
    "ntp_s": Scale(_S, _since(1900)),
    "gps_s": Scale(_S, _since(1980, 1, 6)),
    "gps_ms": Scale(1_000_000, _since(1980, 1, 6)),
    "excel_days": Scale(86_400 * _S, _since(1899, 12, 30)),
}
WITHOUT_LEAP_SECONDS = frozenset({"gps_s", "gps_ms"})
LOCAL = frozenset({"excel_days"})
"""Scales that count the local clock."""
DAY_FIRST, MONTH_FIRST = "day_first", "month_first"

_LEAPS = [
    *((year, 7) for year in (1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015)),
    *((year, 1) for year in (1988, 1990, 1991, 1996, 1999, 2006, 2009, 2017)),
]
LEAPS_NS = sorted(_since(year, month) for year, month in _LEAPS)
"""Instants before which a leap second was put in since 1980 [ns UTC]. Source: IERS Bulletin C; none has been announced since 2017."""


def format_fault(text: str) -> str:
    """What is wrong with a form's name or pattern; empty where nothing is."""
    if text in SCALES or text in (DAY_FIRST, MONTH_FIRST):
        return ""
    known = ", ".join([*SCALES, DAY_FIRST, MONTH_FIRST])
    if "%" not in text:
        return f"time_format: expected one of {known}, or a pattern such as '%d.%m.%Y %H:%M:%S', got {text!r}"
    moment = datetime(2026, 11, 28, 14, 22, 33, tzinfo=UTC)
    try:
        back = datetime.strptime(moment.strftime(text), text)
    except (ValueError, re.error) as error:
        return f"time_format: {text!r} is no pattern that times can be read by: {error}"
    if back.date() != moment.date() or back.hour != moment.hour:
        return f"time_format: {text!r} lacks a part of the date, or the hour"
    return ""
