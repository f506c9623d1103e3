import pytest

from fieldline.moments import Moment, iso, local, parse_moment

NOW_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00Z


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("2026-01-01", NOW_NS),
        ("2026-01-01T01:00+01:00", NOW_NS),
        ("2026-01-01T00:00:00.000001Z", NOW_NS + 1000),
        ("1767225600", NOW_NS),
        ("1767225600.000000001", NOW_NS + 1),
        ("now", NOW_NS),
        ("-2h", NOW_NS - 7_200_000_000_000),
        ("90s", NOW_NS - 90_000_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000_000),
    ],
)
def test_moments_are_read_to_the_nanosecond(text: str, expected_ns: int) -> None:
    assert parse_moment(text, NOW_NS) == expected_ns


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00", "1.2.2026"])
def test_what_is_no_moment_says_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="expected 2026-03-01"):
        parse_moment(text, NOW_NS)


def test_moments_are_shown_with_as_many_decimals_as_they_need() -> None:
    assert iso(NOW_NS) == "2026-01-01T00:00:00Z"
    assert iso(NOW_NS + 1_500_000) == "2026-01-01T00:00:00.0015Z"
    assert iso(-1) == "1969-12-31T23:59:59.999999999Z"
    assert iso(1 << 62) == "2116-02-20T23:53:38.427387904Z"


@pytest.mark.parametrize(
    ("time_ns", "zone", "text"),
    [
        (NOW_NS, "UTC", "2026-01-01T00:00Z"),
        (NOW_NS, "Europe/Berlin", "2026-01-01T01:00+01:00"),
        (NOW_NS + 183 * 86_400_000_000_000, "Europe/Berlin", "2026-07-03T02:00+02:00"),
        (NOW_NS + 5_000_000_000, "Asia/Kolkata", "2026-01-01T05:30:05+05:30"),
        (NOW_NS + 1_999_999_999, "UTC", "2026-01-01T00:00:01.999Z"),
        (NOW_NS + 400_000, "UTC", "2026-01-01T00:00Z"),
        (-1, "UTC", "1969-12-31T23:59:59.999Z"),
        (10**24, "UTC", f"{10**24} ns"),
    ],
)
def test_people_see_a_moment_by_the_clock_of_its_site(time_ns: int, zone: str, text: str) -> None:
    assert local(Moment(time_ns, zone)) == text


def test_what_people_see_can_be_typed_in_again() -> None:
    assert parse_moment(local(Moment(NOW_NS + 61_250_000_000, "America/New_York")), 0) == NOW_NS + 61_250_000_000
