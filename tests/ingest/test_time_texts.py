"""Times as texts: the catalogue of forms, what is refused, and that what is printed in a form reads back."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from ingest.times import parse_time

T = int(datetime(2026, 11, 28, 14, 22, 33, tzinfo=UTC).timestamp()) * 10**9
HOUR = 3600 * 10**9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 2026-11-28T14:22:33Z\n", T),
        ("1795875753", T),
        ("1795875753.123456789", T + 123_456_789),
        ("1.795875753E9", T),
        ("1795875753123456789", T + 123_456_789),
        ("20261128142233", T),
        ("20261128142233123", T + 123_000_000),
        ("20261128T142233Z", T),
        ("20261128T152233.5+0100", T + 500_000_000),
        ("2026/11/28 14:22:33", T),
        ("2026.11.28 14:22:33", T),
        ("2026-11-28_14:22:33", T),
        ("2026-11-28, 14:22:33", T),
        ("2026-1-2 3:04", int(datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp()) * 10**9),
        ("2026-11-28 14:22:33 UTC", T),
        ("2026-11-28 14:22:33 utc", T),
        ("2026-11-28 14:22:33.5 +0000 UTC m=+0.123", T + 500_000_000),
        ("2026-11-28 15:22:33 +0100 CET", T),
        ("2026-11-28T14:22:33+00:00Z", T),
        ("2026-11-28T15:22:33+01:00[Europe/Berlin]", T),
        ("2026-11-28T14:22:33Z[Europe/Berlin]", T),
        ("2026-11-28T15:22:33[Europe/Berlin]", T),
        ("2026-11-28T14:22:33Z[UTC]", T),
        ("DT#2026-11-28-14:22:33", T),
        ("DATE_AND_TIME#2026-11-28-14:22:33.25", T + 250_000_000),
        ("LDT#2026-11-28-14:22:33.123456789", T + 123_456_789),
        ("DTL#2026-11-28-14:22:33.123456789", T + 123_456_789),
        ("2026-11-28-14:22:33", T),
        ("28.11.2026 14:22:33", T),
        ("28.11.2026, 14:22", T - 33 * 10**9),
        ("5.6.2026 14:22", int(datetime(2026, 6, 5, 14, 22, tzinfo=UTC).timestamp()) * 10**9),
        ("11/28/2026 14:22:33", T),
        ("28/11/2026 14:22:33", T),
        ("28-11-2026 14:22:33", T),
        ("6/6/2026 14:22", int(datetime(2026, 6, 6, 14, 22, tzinfo=UTC).timestamp()) * 10**9),
        ("11/28/2026 2:22:33 PM", T),
        ("11/28/2026, 2:22:33\u202fPM", T),
        ("11/28/2026 12:22:33 AM", T - 14 * HOUR),
        ("11/28/2026 12:22:33 p.m.", T - 2 * HOUR),
        ("Sat, 28 Nov 2026 14:22:33 GMT", T),
        ("Sat, 28 Nov 2026 15:22:33 +0100 (CET)", T),
        ("28 Nov 2026 14:22:33 +0000", T),
        ("28/Nov/2026:14:22:33 +0000", T),
        ("28-Nov-2026 14:22:33", T),
        ("Nov 28, 2026, 2:22:33 PM", T),
        ("November 28, 2026 14:22:33", T),
        ("Sat Nov 28 14:22:33 2026", T),
        ("Sat Nov 28 14:22:33 UTC 2026", T),
        ("Sat Nov 28 15:22:33 CET 2026", T),
        ("Sat Nov 28 14:22:33 +0000 2026", T),
        ("Sat Nov 28 2026 15:22:33 GMT+0100 (Central European Standard Time)", T),
        ("/Date(1795875753123)/", T + 123_000_000),
        ("\\/Date(1795875753123+0100)\\/", T + 123_000_000),
    ],
)
def test_forms_with_one_meaning_are_read(text: str, expected: int) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ISO 8601"),
        ("N/A", "ISO 8601"),
        ("14:22:33", "ISO 8601"),
        ("0T00:03:14", "ISO 8601"),
        ("Nov 28 14:22:33", "ISO 8601"),
        ("2026-11-28", "ISO 8601"),
        ("28.11.26 14:22", "ISO 8601"),
        ("2026-332T14:22:33Z", "ISO 8601"),
        ("20261128", "a day is no moment"),
        ("05/06/2026 14:22", "day_first or month_first"),
        ("05-06-2026 14:22", "day_first or month_first"),
        ("11.28.2026 14:22", "month must be"),
        ("30/02/2026 14:22", "day"),
        ("11/28/2026 14:22 PM", "AM or PM"),
        ("Fri, 28 Nov 2026 14:22:33 GMT", "Saturday"),
        ("Sat, 28 Foo 2026 14:22:33 GMT", "no month"),
        ("2026-11-28 14:22:33 CST", "not one offset"),
        ("2026-11-28 14:22:33 IST", "not one offset"),
        ("2026-11-28T15:22:33+01:00Z", "contradict"),
        ("2026-11-28 15:22:33 +0100 UTC", "is not UTC"),
        ("2026-11-28T15:22:33+02:00[Europe/Berlin]", "is not at"),
        ("2026-11-28T15:22:33[Europe/Atlantis]", "no time zone"),
        ("2026-10-25T02:30:00[Europe/Berlin]", "daylight saving"),
        ("134401221530000000", "no time"),
        ("817561353", "no time"),
        ("1E99", "no time"),
        ("2026-11-28T14:22:33Z" + " " * 90 + "?", "111 characters"),
        ("٢٠٢٦-١١-٢٨T١٤:٢٢:٣٣Z", "ISO 8601"),
    ],
)
def test_forms_with_none_or_two_are_refused(text: str, says: str) -> None:
    with pytest.raises(PayloadError, match=says) as refused:
        parse_time(text)

    assert refused.value.reason == "time"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("28.11.2026 15:22:33", "Europe/Berlin", T),
        ("11/28/2026 8:22:33 AM", "America/Chicago", T),
        ("Sat Nov 28 08:22:33 CST 2026", "America/Chicago", T),
        ("Sat Nov 28 22:22:33 CST 2026", "Asia/Shanghai", T),
        ("2026-11-28 19:52:33 IST", "Asia/Kolkata", T),
        # An hour that clocks repeat: the abbreviation says which one.
        (
            "2026-10-25 02:30:00 CEST",
            "Europe/Berlin",
            int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()) * 10**9,
        ),
        (
            "2026-11-01 01:30:00 CDT",
            "America/Chicago",
            int(datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp()) * 10**9,
        ),
        (
            "2026-11-01 01:30:00 CST",
            "America/Chicago",
            int(datetime(2026, 11, 1, 7, 30, tzinfo=UTC).timestamp()) * 10**9,
        ),
    ],
)
def test_what_names_no_offset_is_in_the_declared_zone_and_called_as_there(text: str, zone: str, expected: int) -> None:
    assert parse_time(text, zone) == expected


@pytest.mark.parametrize("text", ["25.10.2026 02:30", "29.03.2026 02:30", "2026/10/25 02:30"])
def test_what_daylight_saving_repeats_or_skips_is_refused_in_every_form(text: str) -> None:
    with pytest.raises(PayloadError, match="daylight saving"):
        parse_time(text, "Europe/Berlin")


def printed(second: int, fraction: int) -> dict[str, str]:
    """An instant, with a fraction of its second [ns], in each form."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    berlin, india = (
        moment.astimezone(ZoneInfo("Europe/Berlin")),
        moment.astimezone(timezone(timedelta(hours=5, minutes=30))),
    )
    decimals = f".{fraction:09d}"
    return {
        "ISO": f"{moment:%Y-%m-%dT%H:%M:%S}{decimals}Z",
        "ISO with an offset": f"{india:%Y-%m-%dT%H:%M:%S}{decimals}{india:%z}",
        "Java": f"{berlin:%Y-%m-%dT%H:%M:%S}{decimals}{berlin.isoformat()[-6:]}[Europe/Berlin]",
        "basic": f"{moment:%Y%m%dT%H%M%S}{decimals}Z",
        "compact": f"{moment:%Y%m%d%H%M%S}{fraction // 1_000_000:03d}",
        "Go": f"{india:%Y-%m-%d %H:%M:%S}{decimals} {india:%z} IST",
        "IEC": f"LDT#{moment:%Y-%m-%d-%H:%M:%S}{decimals}",
        "German": f"{moment:%d.%m.%Y %H:%M:%S}{decimals}",
        "RFC 5322": format_datetime(india),
        "date": f"{berlin:%a %b %d %H:%M:%S %Z %Y}",
        "C": f"{moment:%a %b %e %H:%M:%S %Y}",
        "JavaScript": f"{india:%a %b %d %Y %H:%M:%S GMT%z (somewhere)}",
        "US": f"{moment:%b %d, %Y %I:%M:%S}{decimals} {moment:%p}",
        "epoch": f"{second}{decimals}",
        "ASP.NET": f"/Date({second * 1000 + fraction // 1_000_000})/",
    }


@settings(max_examples=150, derandomize=True)
@given(st.integers(10**9, 4_102_444_799), st.integers(0, 10**9 - 1))
def test_any_instant_printed_in_any_form_reads_back_to_the_nanosecond_that_it_shows(second: int, fraction: int) -> None:
    shown = {"compact": fraction // 10**6 * 10**6, "ASP.NET": fraction // 10**6 * 10**6}
    shown |= dict.fromkeys(("RFC 5322", "date", "C", "JavaScript"), 0)

    for form, text in printed(second, fraction).items():
        assert parse_time(text) == second * 10**9 + shown.get(form, fraction), (form, text)


@settings(max_examples=300, derandomize=True)
@given(st.text(alphabet="0123456789-+:./TZ# ,aAeEnNoOvVpPmM[]()_", max_size=40))
def test_any_text_is_a_time_or_refused_as_one(text: str) -> None:
    try:
        assert isinstance(parse_time(text, "Europe/Berlin"), int)
    except PayloadError as error:
        assert error.reason == "time"
