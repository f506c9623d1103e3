"""Times in files: found when only one reading fits, refused when two do."""

import datetime as dt

import polars as pl
import pytest

from fieldline.errors import SettingsError
from ingest.timeformats import parse_times


def _ns(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2018-01-31 00:15", "2018-02-01 00:30"], _ns(2018, 1, 31, 0, 15)),
        (["2018-01-31T00:15:30Z", "2018-02-01T00:30:00Z"], _ns(2018, 1, 31, 0, 15, 30)),
        (["2018-01-31T00:15:30.250Z"], _ns(2018, 1, 31, 0, 15, 30) + 250_000_000),
        (["2018-01-31T02:15:00+02:00"], _ns(2018, 1, 31, 0, 15)),
        (["2018-01-31 02:15:00+0200"], _ns(2018, 1, 31, 0, 15)),
        (["31-01-2018 00:15", "01-02-2018 00:30"], _ns(2018, 1, 31, 0, 15)),
        (["01-31-2018 00:15", "02-01-2018 00:30"], _ns(2018, 1, 31, 0, 15)),
        (["31.01.2018 00:15:00"], _ns(2018, 1, 31, 0, 15)),
        (["1/31/2018 12:15 AM", "1/2/2018 1:15 PM"], _ns(2018, 1, 31, 0, 15)),
        (["20180131T00:15:00"], _ns(2018, 1, 31, 0, 15)),
        (["2018-01-31"], _ns(2018, 1, 31)),
        (["1517357700"], _ns(2018, 1, 31, 0, 15)),
        (["1517357700.25"], _ns(2018, 1, 31, 0, 15) + 250_000_000),
        (["1517357700000"], _ns(2018, 1, 31, 0, 15)),
        (["1517357700000000"], _ns(2018, 1, 31, 0, 15)),
        (["1517357700000000001"], _ns(2018, 1, 31, 0, 15) + 1),
    ],
)
def test_a_format_that_alone_fits_all_values_is_found(values: list[str], expected: int) -> None:
    times = parse_times(pl.Series("date", values))

    assert times[0] == expected
    assert times.null_count() == 0


@pytest.mark.parametrize("values", [["01-02-2018 00:15", "03-04-2018 00:15"], ["05/06/2018 10:00"]])
def test_day_and_month_that_can_be_swapped_are_refused(values: list[str]) -> None:
    with pytest.raises(SettingsError, match="--time-format"):
        parse_times(pl.Series("date", values))


def test_a_value_late_in_the_column_decides() -> None:
    # Given a thousand rows that leave it open, and one that does not.
    values = ["01-02-2018 00:15"] * 1000 + ["13-02-2018 00:15"]

    times = parse_times(pl.Series("date", values))

    assert times[0] == _ns(2018, 2, 1, 0, 15)


def test_a_given_format_settles_what_is_open() -> None:
    times = parse_times(pl.Series("date", ["01-02-2018 00:15"]), "%m-%d-%Y %H:%M")

    assert times.to_list() == [_ns(2018, 1, 2, 0, 15)]


def test_a_value_that_breaks_the_format_is_named_with_its_row() -> None:
    with pytest.raises(SettingsError, match=r"row 3 of 'date' holds 'soon'"):
        parse_times(pl.Series("date", ["31-01-2018 00:15", "31-01-2018 00:30", "soon"]), "%d-%m-%Y %H:%M")


def test_an_unknown_format_is_told_with_what_to_do() -> None:
    with pytest.raises(SettingsError, match="'week 5' in 'date' is in no format known here"):
        parse_times(pl.Series("date", ["week 5"]))


def test_an_empty_column_is_told() -> None:
    with pytest.raises(SettingsError, match="'date' is empty"):
        parse_times(pl.Series("date", ["", None]))


def test_local_times_become_utc() -> None:
    times = parse_times(pl.Series("date", ["2018-01-31 01:15", "2018-07-31 02:15"]), time_zone="Europe/Berlin")

    assert times.to_list() == [_ns(2018, 1, 31, 0, 15), _ns(2018, 7, 31, 0, 15)]


@pytest.mark.parametrize("moment", ["2018-10-28 02:30", "2018-03-25 02:30"])
def test_local_times_that_daylight_saving_repeats_or_skips_are_refused(moment: str) -> None:
    with pytest.raises(SettingsError, match="with their offset"):
        parse_times(pl.Series("date", [moment]), time_zone="Europe/Berlin")


def test_numbers_of_no_clear_unit_are_refused() -> None:
    with pytest.raises(SettingsError, match="epoch_s"):
        parse_times(pl.Series("t", [5, 10]))


def test_numbers_with_a_given_unit_are_taken() -> None:
    assert parse_times(pl.Series("t", [5, 10]), "epoch_s").to_list() == [5_000_000_000, 10_000_000_000]


def test_parquet_times_need_no_format() -> None:
    times = parse_times(pl.Series("t", [dt.datetime(2018, 1, 31, 0, 15)]))

    assert times.to_list() == [_ns(2018, 1, 31, 0, 15)]
