"""Times: units by magnitude, ISO 8601, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.errors import PayloadError
from ingest.times import YEAR_1990_S, YEAR_2100_S, parse_time

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
        YEAR_1990_S * 1000 - 1,
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
        "1767225600",
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
@given(st.integers(YEAR_1990_S, YEAR_2100_S - 1), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_every_second_from_1990_to_2100_is_read_alike_in_all_units(second: int, unit: int) -> None:
    assert parse_time(second * unit) == second * 10**9
