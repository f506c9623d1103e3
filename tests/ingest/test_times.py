"""Times: units by magnitude, ISO 8601, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from fieldline.timeforms import LOCAL, SCALES
from ingest.instants import FIRST_S, YEAR_1990_S, YEAR_2100_S
from ingest.times import parse_time

S = 1_767_225_600  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (S, S * 10**9),
        (S * 1000 + 5, S * 10**9 + 5 * 10**6),
        (S * 10**6 + 5, S * 10**9 + 5000),
        (S * 10**9 + 5, S * 10**9 + 5),
        (S + 0.125, S * 10**9 + 125_000_000),
        (S * 1000 + 0.5, S * 10**9 + 500_000),
        (float(S * 10**6), S * 10**9),
        (12, 12 * 10**9),
        (20_260_101_000_000, S * 10**9),
        ("2026-01-01T00:00:00Z", S * 10**9),
        ("2026-01-01 00:00:00+00:00", S * 10**9),
        ("2026-01-01T01:00:00.000000001+01:00", S * 10**9 + 1),
        ("2026-01-01T00:00:00,5Z", S * 10**9 + 500_000_000),
        ("2026-01-01T00:00Z", S * 10**9),
        ("2026-01-01T00:00:00.1234567891234Z", S * 10**9 + 123_456_789),
        ("2025-12-31T23:59:60Z", S * 10**9),
        ("2026-01-01T00:00:00", S * 10**9),
    ],
)
def test_epochs_in_four_units_and_iso_texts_are_read(value: float | str, expected: int) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        YEAR_2100_S,
        12_345_678_901,
        20_261_301_000_000,  # the 13th month
        YEAR_1990_S,
        817_561_353,  # seconds since 2001
        FIRST_S - 1,
        FIRST_S * 1000 - 1,
        639_314_725_530_000_000,  # ticks of .NET
        134_401_221_530_000_000,  # FILETIME
        YEAR_2100_S * 1000,
        YEAR_2100_S * 10**9,
        10**30,
        -(10**12),
        float("1e300"),
        True,
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01",
        "yesterday at 14:22:33",
        "٢٠٢٦-01-01T00:00:00Z",
    ],
)
def test_ambiguous_and_impossible_times_are_refused(value: object) -> None:
    with pytest.raises(PayloadError) as refused:
        parse_time(value)

    assert refused.value.reason == "time"


def test_a_time_without_offset_is_in_the_zone_of_the_asset() -> None:
    assert parse_time("2026-07-01T12:00:00", "Europe/Berlin") == parse_time("2026-07-01T10:00:00Z")


@pytest.mark.parametrize("text", ["2026-10-25T02:30:00", "2026-03-29T02:30:00"])
def test_a_time_that_daylight_saving_repeats_or_skips_is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="daylight saving"):
        parse_time(text, "Europe/Berlin")


@settings(max_examples=200, derandomize=True)
@given(st.integers(FIRST_S, YEAR_2100_S - 1), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_every_second_from_2001_to_2100_is_read_alike_in_all_units_in_quotes_too(second: int, unit: int) -> None:
    assert parse_time(second * unit) == parse_time(str(second * unit)) == second * 10**9


@settings(max_examples=200, derandomize=True)
@given(st.integers(FIRST_S, YEAR_2100_S - 1), st.sampled_from([name for name in SCALES if name not in LOCAL]))
def test_no_other_epoch_of_today_or_later_is_taken_for_unix_time_near_it(second: int, form: str) -> None:
    """What is read without a declaration is the instant itself, or so far off that the clock policies see it or nobody could."""
    scale = SCALES[form]
    number = (second * 10**9 - scale.zero_ns) // scale.unit_ns
    try:
        found = parse_time(number)
    except PayloadError:
        return
    years = abs(found - second * 10**9) / (366 * 86400 * 10**9)
    assert form.startswith("epoch_") and form != "epoch_min" or years > 9.9


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"_seconds": S}, S * 10**9),
        ({"_seconds": S, "_nanoseconds": 5}, S * 10**9 + 5),
        ({"seconds": str(S), "nanos": 5}, S * 10**9 + 5),
        ({"timeInSeconds": S, "offsetInNanos": 0}, S * 10**9),
        ({"sec": S, "nanosec": 7}, S * 10**9 + 7),
        ({"tv_sec": S, "tv_usec": 7}, S * 10**9 + 7000),
        ({"$date": "2026-01-01T00:00:00Z"}, S * 10**9),
        ({"$date": S * 1000}, S * 10**9),
        ({"$date": {"$numberLong": str(S * 1000)}}, S * 10**9),
    ],
)
def test_times_that_are_objects_say_their_unit_by_their_keys(parts: dict[str, object], expected: int) -> None:
    assert parse_time(parts) == expected


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"seconds": S, "more": 1},
        {"seconds": 1.5},
        {"sec": S, "usec": 10**6},
        {"$date": [S]},
        {"$date": None},
        {"value": S},
    ],
)
def test_other_objects_are_no_times(parts: dict[str, object]) -> None:
    with pytest.raises(PayloadError):
        parse_time(parts)
