from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.localtime import MINUTE_NS, day_number, instant, instants, minute_number, offsets, year_of

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Europe/Dublin",
)


def _utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2025-07-01T06:00", "2025-07-01T04:00"),
        ("Europe/Berlin", "2025-03-30T01:59", "2025-03-30T00:59"),
        # 02:00 to 03:00 does not exist: it is where the clock jumps to, 03:00 summer time.
        ("Europe/Berlin", "2025-03-30T02:00", "2025-03-30T01:00"),
        ("Europe/Berlin", "2025-03-30T02:45", "2025-03-30T01:00"),
        ("Europe/Berlin", "2025-03-30T03:00", "2025-03-30T01:00"),
        # 02:00 to 03:00 comes twice: the first time, in summer time.
        ("Europe/Berlin", "2025-10-26T02:30", "2025-10-26T00:30"),
        ("Europe/Berlin", "2025-10-26T03:00", "2025-10-26T02:00"),
        # Lord Howe's clocks change by half an hour, at 02:00.
        ("Australia/Lord_Howe", "2025-10-05T02:15", "2025-10-04T15:30"),
        ("Australia/Lord_Howe", "2025-04-06T01:45", "2025-04-05T14:45"),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
    ],
)
def test_a_local_time_is_the_first_instant_at_which_the_clock_shows_it_or_a_later_time(zone, local, utc):
    assert instant(zone, datetime.fromisoformat(local)) == _utc(utc)


def _shown(zone: str, minute: int) -> datetime:
    """What the clock shows, by `zoneinfo` alone."""
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    )


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), allow_imaginary=True),
    st.booleans(),
)
def test_an_instant_shows_its_local_time_unless_clocks_skip_it(zone, local, near_a_change):
    if near_a_change:
        starts, _ = offsets(zone, local.year)
        change = int(starts[len(starts) // 2])
        local = _shown(zone, change) + timedelta(minutes=local.minute * 4 - 120)
    local = local.replace(second=0, microsecond=0)

    minute = instant(zone, local) // MINUTE_NS

    assert _shown(zone, minute) >= local
    assert _shown(zone, minute - 1) < local
    skipped = _shown(zone, minute) - _shown(zone, minute - 1) > timedelta(minutes=1)
    assert skipped or _shown(zone, minute) == local


@pytest.mark.parametrize("zone", ZONES)
def test_instants_of_a_year_never_run_backwards(zone):
    first = day_number(date(2024, 1, 1)) * 1440

    found = instants(zone, 2024, np.arange(first, first + 366 * 1440, 5, dtype=np.int64))

    assert (np.diff(found) >= 0).all()


def test_offsets_of_a_year_are_told_with_the_minute_they_change():
    starts, offset = offsets("America/New_York", 2025)

    changes = [_utc("2025-03-09T07:00") // MINUTE_NS, _utc("2025-11-02T06:00") // MINUTE_NS]
    assert (starts[1:-1].tolist(), offset.tolist()) == (changes, [-300, -240, -300])


def test_numbers_of_days_and_minutes_count_from_1970():
    assert (day_number(date(1970, 1, 2)), minute_number(datetime(1970, 1, 1, 1, 5))) == (1, 65)


def test_a_time_beyond_nanoseconds_is_refused():
    assert year_of(0) == 1970
    with pytest.raises(ValueError, match="expected one of the years 1700 to 2260"):
        year_of(10**19)
