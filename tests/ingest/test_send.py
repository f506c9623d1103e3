"""Requests to send a file that are refused before anything is read, and the order of shuffled rows."""

from pathlib import Path

import polars as pl
import pytest

from fieldline.errors import SettingsError
from ingest.send import Columns, Playback, TagColumn, _order, _stamp, send_file

COLUMNS = Columns("t", [TagColumn("p", "p")])


@pytest.mark.parametrize("asset", ["", "a//b", "/a", "a/", "a/+", "#", "$SYS/a", "a/*", "a/b?", "a/[b]"])
def test_an_asset_that_is_no_topic_or_a_glob_is_refused(asset: str) -> None:
    with pytest.raises(SettingsError, match="--asset"):
        send_file(Path("log.csv"), asset, COLUMNS, "mqtt://127.0.0.1:1")


@pytest.mark.parametrize(
    "wrong", [Playback(speed=0.0), Playback(repeat=0), Playback(batch=0), Playback(shuffle_within_s=-1.0)]
)
def test_impossible_numbers_are_refused(wrong: Playback) -> None:
    with pytest.raises(SettingsError):
        send_file(Path("log.csv"), "a/b", COLUMNS, "mqtt://127.0.0.1:1", playback=wrong)


def test_a_shuffle_is_the_same_for_the_same_seed_and_bounded() -> None:
    times = pl.Series([1_000_000_000 * n for n in range(100)])

    order = _order(times, 5.0, 7)

    assert order is not None
    assert order == _order(times, 5.0, 7) != _order(times, 5.0, 8)
    assert sorted(order) == list(range(100))
    assert max(abs(at - row) for at, row in enumerate(order)) <= 5


def test_rows_that_are_late_in_the_file_stay_late_when_shuffled() -> None:
    # Given rows by the hour with the first one last.
    times = pl.Series([3_600_000_000_000 * n for n in [*range(1, 24), 0]])

    order = _order(times, 60.0, 7)

    assert order is not None and order[-2:] in ([22, 23], [23, 22])


@pytest.mark.parametrize(
    ("time_ns", "expected"),
    [
        (1_767_225_600_000_000_000, 1_767_225_600_000),
        (1_767_225_600_000_000_001, 1_767_225_600_000_000_001),
        (1_500_000_000, "1970-01-01T00:00:01.500000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_time_is_sent_so_that_no_other_can_be_meant(time_ns: int, expected: int | str) -> None:
    assert _stamp(time_ns) == expected
