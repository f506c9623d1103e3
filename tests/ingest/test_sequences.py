"""What a device's own numbers say about messages that never came."""

from collections.abc import Iterable

from ingest.rows import Rows
from ingest.sequences import SequenceWatch


def missing(numbers: Iterable[int], again: Iterable[int] = ()) -> int:
    """How many are missing after messages of these numbers, of one device."""
    watch, rows = SequenceWatch(), Rows()
    for number in numbers:
        take(watch, rows, "a", number, number in set(again))
    return watch.changes.get("a", 0)


def take(watch: SequenceWatch, rows: Rows, asset: str, number: int | None, is_again: bool = False) -> None:
    start = len(rows)
    rows.add(number or 0, 0, rows.assets.number(asset), rows.tags.number("x"), 1.0)
    rows.mark(start, 0, number)
    watch.take(rows, start, is_again)


def test_numbers_that_are_passed_over_are_missing() -> None:
    assert missing([5, 6, 7]) == 0
    assert missing([5, 6, 9, 10, 12]) == 3


def test_what_comes_late_or_twice_is_not() -> None:
    assert missing([5, 8, 6, 6, 7, 8, 9]) == 0
    assert missing([1, 2, 3, 1, 2, 3, 4], again=[1, 2, 3]) == 0


def test_a_device_that_begins_anew_misses_nothing() -> None:
    assert missing([5000, 5001, 0, 1, 2]) == 0
    assert missing([254, 255, 0, 1]) == 0
    assert missing([1_000_000, 3_000, 3_001]) == 0


def test_devices_are_told_apart_and_those_without_numbers_say_nothing() -> None:
    watch, rows = SequenceWatch(), Rows()

    for asset, number in (("a", 1), ("b", 10), ("a", 2), ("b", 13), ("c", None), ("a", 3)):
        take(watch, rows, asset, number)

    assert watch.changes == {"b": 2}


def test_samples_of_one_message_with_numbers_each_are_in_order() -> None:
    watch, rows = SequenceWatch(), Rows()
    asset, tag = rows.assets.number("a"), rows.tags.number("x")
    for number in (1, 2, 4):
        rows.add(number, 0, asset, tag, 1.0)
        rows.mark(number - 1 if number < 4 else 2, 0, number)

    watch.take(rows, 0, False)

    assert watch.changes == {"a": 1}


def test_what_is_remembered_of_a_long_gap_is_bounded() -> None:
    watch, rows = SequenceWatch(), Rows()
    take(watch, rows, "a", 1)
    take(watch, rows, "a", 10_000_000)

    assert watch.changes == {"a": 9_999_998}
    assert len(watch._devices["a"].missing) == 1000
