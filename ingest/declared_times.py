"""Times in the form that the plant file declares (`[[topic]] time_format`, see `fieldline/timeforms.py`)."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from fieldline.errors import PayloadError
from fieldline.timeforms import LEAPS_NS, LOCAL, SCALES, WITHOUT_LEAP_SECONDS, Scale
from ingest.instants import placed
from ingest.time_texts import parse_text

_EPOCH = datetime(1970, 1, 1)
_LARGEST, _LONGEST = 10**20, 100


def parse_declared(value: Any, form: str, zone: str) -> int:
    """The time that a value tells in a declared form [ns, UTC].

    zone : IANA name of the clock that texts without an offset, and `excel_days`, go by

    Raises PayloadError with reason `time` for what is not of the form, or a local time that daylight saving skips or repeats.
    """
    try:
        if type(value) is str and len(value) > _LONGEST:
            raise ValueError(f"expected a time, got {len(value)} characters")
        scale = SCALES.get(form)
        if scale is not None:
            return _on(scale, value, form, zone)
        if type(value) is not str:
            raise ValueError(f"expected a text, got {type(value).__name__}")
        if "%" not in form:
            return parse_text(value, zone, form)
        return _by_pattern(value.strip(), form, zone)
    except PayloadError as error:
        raise PayloadError("time", f"{error.detail} (time_format {form!r})") from error
    except (ValueError, OverflowError, InvalidOperation) as error:
        raise PayloadError("time", f"{str(value)[:40]!r}: {error} (time_format {form!r})") from error


def _on(scale: Scale, value: Any, form: str, zone: str) -> int:
    if type(value) not in (int, float, str) or (type(value) is str and not value.isascii()):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    number = Decimal(value) if type(value) is not float else Decimal(repr(value))
    if not number.is_finite() or abs(number) > _LARGEST:
        raise ValueError("expected a number that is a time")
    found = round(number * scale.unit_ns) + scale.zero_ns
    if type(value) is float and scale.unit_ns > 1000:
        found = round(found, -3)  # what a float64 can hold
    if form in WITHOUT_LEAP_SECONDS:
        return _less_leaps(found)
    if form not in LOCAL:
        return found
    local = _EPOCH + timedelta(microseconds=found // 1000)
    moment = placed(local.replace(second=0, microsecond=0), zone)
    return round(moment.timestamp()) * 1_000_000_000 + found % 60_000_000_000


def _less_leaps(found: int) -> int:
    """A time that counted leap seconds too, without them."""
    past = bisect_right(LEAPS_NS, found)
    # A leap second shifts the later ones' own instants on this scale, so look again with it taken away.
    while past and found - past * 1_000_000_000 < LEAPS_NS[past - 1]:
        past -= 1
    return found - past * 1_000_000_000


def _by_pattern(text: str, pattern: str, zone: str) -> int:
    local = datetime.strptime(text, pattern)
    moment = local if local.tzinfo is not None else placed(local, zone)
    since = moment.astimezone(UTC) - _EPOCH.replace(tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
