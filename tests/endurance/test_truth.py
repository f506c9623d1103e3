"""The judge's own figures, against ones that are worked out by hand."""

import numpy as np
import pytest

from tests.endurance import truth
from tests.endurance.ledger import Entry, Ledger, Series
from tests.endurance.traffic import HOUR, SECOND, START, Row

MINUTE = 60 * SECOND


def series(*samples: tuple[float, float]) -> Series:
    """Samples (minute after `START`, value)."""
    return np.array([START + round(m * MINUTE) for m, _ in samples], np.int64), np.array([v for _, v in samples])


def minutes(*ends: int) -> np.ndarray:
    return START + np.array(ends, np.int64) * MINUTE


def test_power_is_a_trapezoid_that_a_windows_end_cuts_and_a_gap_ends() -> None:
    power = series((0, 60), (2, 120), (10, 600))

    # 60 to 90 kW in the first minute, 90 to 120 in the second; eight minutes are more than the maximum gap of five.
    assert truth.energy_kwh("power_kw", power, minutes(0, 1, 2, 11)) == pytest.approx([1.25, 1.75, 0.0])


def test_a_register_is_split_by_time_and_booked_whole_at_the_later_sample_after_two_hours() -> None:
    register = series((0, 100), (4, 108), (150, 200))

    # Four minutes of 2 kWh each; then 92 kWh at the minute of the later sample.
    assert truth.energy_kwh("energy_kwh", register, minutes(0, 1, 4, 150, 151)) == pytest.approx([2.0, 6.0, 0.0, 92.0])


def test_a_step_of_a_counter_counts_at_its_later_sample() -> None:
    counter = series((0, 10), (1, 13), (5, 20))

    assert truth.steps(counter, minutes(0, 1, 2, 6)).tolist() == [0, 3, 7]


def test_statistics_are_those_of_the_samples_in_a_window() -> None:
    found = truth.statistics(series((0, 3), (0.5, 1), (3, 7)), minutes(0, 1, 2, 4))

    assert found["count"].tolist() == [2, 0, 1]
    assert (found["min"][0], found["max"][0], found["mean"][0], found["last"][0]) == (1, 3, 2, 1)


def test_weeks_and_months_begin_as_the_clock_of_the_zone_has_it() -> None:
    weeks = truth.edges("week", "Europe/Berlin", START, START + 10 * 24 * HOUR)
    months = truth.edges("month", "Europe/Berlin", START, START)

    # The clock goes forward in the night to the 30th: that week has 167 hours.
    assert [str(np.datetime64(int(ns), "ns"))[:16] for ns in weeks[:3]] == [
        "2025-03-23T23:00",
        "2025-03-30T22:00",
        "2025-04-06T22:00",
    ]
    assert [str(np.datetime64(int(ns), "ns"))[:16] for ns in months[:2]] == ["2025-02-28T23:00", "2025-03-31T22:00"]


def test_a_ledger_counts_repeated_late_and_rotten_rows_and_keeps_the_smaller_of_two_values() -> None:
    line = "plant/hall1/line1"
    one, other = (Row(f"{line}/oven", "temp_c", START, value) for value in (5.0, 4.0))
    ancient = one._replace(time=START - 1)
    ledger = Ledger(
        [Entry(line, 0, 0, b"", [one, other, one, ancient]), Entry(line, 0, 1, b"", [one, one], is_good=False)]
    )

    assert ledger.accounts()[line] == {
        "received": 6,
        "stored": 1,
        "duplicate": 2,
        "late": 1,
        "dead_lettered": 2,
        "missing": 0,
    }
    assert ledger.series()[f"{line}/oven", "temp_c"][1].tolist() == [4.0]
