"""Times in the form that the plant file declares."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.timeforms import DAY_FIRST, LOCAL, MONTH_FIRST, SCALES, WITHOUT_LEAP_SECONDS, format_fault
from ingest.times import parse_time

T = int(datetime(2026, 11, 28, 14, 22, 33, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("epoch_s", 817_561_353, 817_561_353 * 10**9),  # 1995, which would be refused
        ("epoch_ms", 1_795_875_753_123, T + 123_000_000),
        ("epoch_us", "1795875753123456", T + 123_456_000),
        ("epoch_ns", 1_795_875_753_123_456_789, T + 123_456_789),
        ("epoch_min", 29_931_262, T - 33 * 10**9),
        # 62135596800 s lie between the years 1 and 1970, 11644473600 between 1601 and 1970.
        ("ticks", 639_314_725_530_000_000, T),
        ("filetime", 134_403_493_530_000_000, T),
        ("filetime", "134403493530000001", T + 100),
        # 978307200 s lie between 1970 and 2001, 2082844800 between 1904 and 1970, 2208988800 between 1900 and 1970.
        ("cocoa_s", 1_795_875_753 - 978_307_200, T),
        ("cocoa_s", 817_568_553.25, T + 250_000_000),
        ("labview_s", 1_795_875_753 + 2_082_844_800, T),
        ("ntp_s", 1_795_875_753 + 2_208_988_800, T),
        # GPS is 18 s ahead since 2017, and was even with UTC in 1980.
        ("gps_s", 1_795_875_753 - 315_964_800 + 18, T),
        ("gps_ms", (1_795_875_753 - 315_964_800 + 18) * 1000 + 5, T + 5_000_000),
        ("gps_s", 0, 315_964_800 * 10**9),
        ("gps_s", 1_025_136_015, 1_341_100_799 * 10**9 + 10**9),  # the leap second at the end of June 2012 itself
        ("gps_s", 1_025_136_016, 1_341_100_800 * 10**9),
        # 46354 is 2026-11-28; 14:22:33 is 0.598993055… of a day.
        ("excel_days", 46_354.598993055556, T),
        ("excel_days", "46354", T // (86_400 * 10**9) * 86_400 * 10**9),
        (DAY_FIRST, "05/06/2026 14:22", int(datetime(2026, 6, 5, 14, 22, tzinfo=UTC).timestamp()) * 10**9),
        (MONTH_FIRST, "05/06/2026 14:22", int(datetime(2026, 5, 6, 14, 22, tzinfo=UTC).timestamp()) * 10**9),
        (MONTH_FIRST, "05.06.2026 14:22", int(datetime(2026, 5, 6, 14, 22, tzinfo=UTC).timestamp()) * 10**9),
        ("%d.%m.%y %H:%M:%S", "28.11.26 14:22:33", T),
        ("%Y-%m-%d %H:%M:%S.%f %z", "2026-11-28 15:22:33.5 +0100", T + 500_000_000),
    ],
)
def test_declared_forms_are_read_as_declared(form: str, value: object, expected: int) -> None:
    assert format_fault(form) == ""
    assert parse_time(value, "UTC", form) == expected


def test_forms_of_the_local_clock_go_by_the_declared_zone() -> None:
    noon = int(datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp()) * 10**9

    assert parse_time("1.7.26 12:00", "Europe/Berlin", "%d.%m.%y %H:%M") == noon
    assert parse_time(46_204.5, "Europe/Berlin", "excel_days") == noon
    assert parse_time(1_782_900_000, "Europe/Berlin", "epoch_s") == noon


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("filetime", "2026-11-28T14:22:33Z"),
        ("filetime", None),
        ("filetime", True),
        ("cocoa_s", float("nan")),
        ("cocoa_s", float("inf")),
        ("cocoa_s", "1e400"),
        ("cocoa_s", [1]),
        ("excel_days", 1e18),
        (DAY_FIRST, "05/13/2026 14:22"),
        (DAY_FIRST, 5),
        ("epoch_s", "1" * 1000),
        ("%d.%m.%y %H:%M", "2026-11-28T14:22:33Z"),
        ("%d.%m.%y %H:%M", 1_795_875_753),
    ],
)
def test_what_is_not_of_the_declared_form_is_refused_and_not_read_otherwise(form: str, value: object) -> None:
    with pytest.raises(PayloadError, match="time_format") as refused:
        parse_time(value, "UTC", form)

    assert refused.value.reason == "time"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("ticls", "expected one of epoch_s"),
        ("", "expected one of"),
        ("%H:%M", "lacks a part of the date"),
        ("%d.%m.%Y", "lacks"),
        ("%m/%Y %H", "lacks"),
        ("%d %d %m %Y %H", "no pattern"),
        ("%Q", "no pattern"),
    ],
)
def test_a_form_that_is_none_is_a_fault_of_the_plant_file(form: str, says: str) -> None:
    assert says in format_fault(form)


@settings(max_examples=100, derandomize=True)
@given(st.integers(10**9, 4_102_444_799), st.sampled_from(sorted(set(SCALES) - LOCAL - WITHOUT_LEAP_SECONDS)))
def test_any_second_counted_on_any_scale_reads_back(second: int, form: str) -> None:
    scale = SCALES[form]
    second -= second % 60 if form == "epoch_min" else 0

    assert parse_time((second * 10**9 - scale.zero_ns) // scale.unit_ns, "UTC", form) == second * 10**9
