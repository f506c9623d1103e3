import pytest

from fieldline.clock import ManualClock, SystemClock


def test_a_manual_clock_moves_only_when_told_to():
    clock = ManualClock(now_ns=1_000, monotonic=5.0)

    clock.advance(0.25)

    assert (clock.now_ns(), clock.monotonic()) == (250_001_000, 5.25)


def test_a_step_of_the_wall_clock_leaves_the_monotonic_one():
    clock = ManualClock(now_ns=10_000_000_000)

    clock.step(-3.0)

    assert (clock.now_ns(), clock.monotonic()) == (7_000_000_000, 0.0)


def test_time_does_not_pass_backwards():
    with pytest.raises(ValueError, match="forwards"):
        ManualClock().advance(-1.0)


def test_the_system_clock_counts_nanoseconds_since_1970_and_never_goes_back():
    clock = SystemClock()

    first, second = clock.monotonic(), clock.monotonic()

    assert clock.now_ns() > 1_600_000_000_000_000_000
    assert second >= first
