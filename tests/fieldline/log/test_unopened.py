"""The watchdog over partitions that are assigned and not open."""

from fieldline.clock import ManualClock
from fieldline.log.unopened import PATIENCE_S, Unopened


def test_a_partition_that_stays_shut_is_named_after_half_a_minute() -> None:
    clock = ManualClock()
    watchdog = Unopened(clock)
    assert watchdog.look({0, 3}, {0}) is None

    clock.advance(PATIENCE_S - 1)
    assert watchdog.look({0, 3}, {0}) is None
    clock.advance(1)

    assert watchdog.look({0, 3}, {0}) == "partition 3: assigned to this worker for 30 s, but not open"
    assert watchdog.look({0, 3}, {0, 3}) is None


def test_a_partition_that_was_open_meanwhile_begins_anew() -> None:
    clock = ManualClock()
    watchdog = Unopened(clock)
    watchdog.look({0}, set())
    clock.advance(PATIENCE_S - 1)
    watchdog.look({0}, {0})

    clock.advance(PATIENCE_S - 1)

    assert watchdog.look({0}, set()) is None
