from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.periods import Driver, Periods, Reading, parse_driver, parse_span, parse_zone, read_periods
from fieldline.errors import SettingsError

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def table(folder: Path, rows: Sequence[Sequence[object]], header: str = "time,kwh,temp_c,state") -> Path:
    path = folder / "plant.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def quarters(first: datetime, count: int) -> list[list[object]]:
    """A row each quarter-hour: 1 kWh at 10 °C."""
    return [[(first + timedelta(minutes=15 * k)).isoformat(), 1.0, 10.0, "on"] for k in range(count)]


def read(path: Path, *drivers: str, every: str = "day", zone: ZoneInfo = BERLIN, complete: float = 0.9) -> Periods:
    found = [parse_driver(text) for text in drivers]
    return read_periods(path, Reading("time", None, zone, every, complete), "kwh", found)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("parts", Driver("parts", "parts", "sum")),
        ("parts:sum", Driver("parts", "parts", "sum")),
        ("temp_c:mean", Driver("temp_c:mean", "temp_c", "mean")),
        ("temp_c:hdd15.5", Driver("temp_c:hdd15.5", "temp_c", "hdd", base=15.5)),
        ("temp_c:cdd-2", Driver("temp_c:cdd-2", "temp_c", "cdd", base=-2.0)),
        ("Load Type=Light Load", Driver("Load Type=Light Load", "Load Type", "share", value="Light Load")),
        ("a:b", Driver("a:b", "a:b", "sum")),
    ],
)
def test_a_driver_is_a_column_and_what_is_made_of_it(text: str, driver: Driver) -> None:
    assert parse_driver(text) == driver
    assert parse_driver(driver.name) == driver


@pytest.mark.parametrize("text", ["", "=x", "x="])
def test_a_driver_without_column_or_value_is_refused(text: str) -> None:
    with pytest.raises(
        SettingsError, match=f"expected COLUMN, COLUMN:mean, COLUMN:hdd18 or COLUMN=VALUE, got '{text}'"
    ):
        parse_driver(text)


def test_a_span_is_local_ends_exclusive_and_may_be_open() -> None:
    june, july = (round(datetime(2026, m, 1, tzinfo=BERLIN).timestamp()) * 10**9 for m in (6, 7))

    assert parse_span("2026-06..2026-07", BERLIN) == (june, july)
    assert parse_span("2026-06-01..2026-07-01T00:00+02:00", BERLIN) == (june, july)
    assert parse_span("..2026-07", BERLIN) == (None, july)
    assert parse_span("2026-06..", BERLIN) == (june, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-06", "expected FROM..TO such as"),
        ("2026-06..2026-06", "ends before it begins"),
        ("June..July", "got 'June'"),
    ],
)
def test_a_span_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_span(text, BERLIN)


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="got 'Mars/Olympus'"):
        parse_zone("Mars/Olympus")


def test_local_days_of_23_and_25_hours_are_whole_days(tmp_path: Path) -> None:
    first = datetime(2025, 3, 29, tzinfo=BERLIN).astimezone(UTC)
    path = table(tmp_path, quarters(first, 96 + 92 + 96))

    found = read(path, "temp_c:hdd18", "temp_c")

    assert found.labels == ["2025-03-29", "2025-03-30", "2025-03-31"]
    assert found.energy.tolist() == [96.0, 92.0, 96.0]
    assert found.drivers["temp_c:hdd18"] == pytest.approx([8.0, 8.0 * 23 / 24, 8.0])
    assert found.drivers["temp_c"].tolist() == [960.0, 920.0, 960.0]


@pytest.mark.parametrize(("every", "count"), [("15m", 100), ("hour", 25), ("day", 1), ("week", 1), ("month", 1)])
def test_the_hour_that_autumn_repeats_is_two_hours(tmp_path: Path, every: str, count: int) -> None:
    first = datetime(2025, 10, 26, tzinfo=BERLIN).astimezone(UTC)

    found = read(table(tmp_path, quarters(first, 100)), "temp_c", every=every)

    assert found.energy.sum() == 100.0
    assert found.energy.size == count
    assert np.all(np.diff(found.starts_ns) > 0)


def test_rows_may_come_in_any_order_and_a_day_that_lacks_rows_is_left_out(tmp_path: Path) -> None:
    rows = quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 3 * 96 - 20)

    found = read(table(tmp_path, rows[::-1]), "temp_c:max")

    assert found.labels == ["2025-06-01", "2025-06-02"]
    assert found.incomplete == 1
    assert read(table(tmp_path, rows), "temp_c:max", complete=0.0).energy.tolist() == [96.0, 96.0, 96.0]


def test_repeated_times_and_rows_without_a_value_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 96)
    rows[5][1], rows[6][2] = "", "nan"

    found = read(table(tmp_path, [*rows, [rows[0][0], 500.0, 10.0, "on"]]), "temp_c:min")

    assert found.energy.tolist() == [96.0]
    assert found.scaled == 1
    assert (found.rows, found.repeated_rows, found.empty_rows) == (97, 1, 2)


def test_missing_rows_are_no_savings_and_rest_is_no_missing_row(tmp_path: Path) -> None:
    """Days of 22 of 24 rows use as much an hour as whole ones; a plant that records 16 hours a day lacks nothing."""
    hours = [datetime(2025, 6, day, hour, tzinfo=UTC) for day in (1, 2, 3) for hour in range(24)]
    lacking = [
        [moment.isoformat(), 2.0, 10.0, "on"] for moment in hours if moment.day < 3 or moment.hour not in (3, 15)
    ]
    at_work = [[moment.isoformat(), 2.0, 10.0, "on"] for moment in hours if 6 <= moment.hour < 22]

    with_gaps, with_rest = (read(table(tmp_path, rows), "temp_c:mean", zone=UTC_ZONE) for rows in (lacking, at_work))

    assert (with_gaps.energy.tolist(), with_gaps.scaled) == ([48.0, 48.0, 48.0], 1)
    assert (with_rest.energy.tolist(), with_rest.scaled) == ([32.0, 32.0, 32.0], 0)


def test_months_may_be_named_and_a_month_with_two_bills_is_told(tmp_path: Path) -> None:
    months = table(tmp_path, [[f"2025-{month:02}", 100.0, 10.0, "on"] for month in range(1, 7)])
    assert read(months, "temp_c:mean", every="month").labels[0] == "2025-01-01"

    bills = [
        ["2025-01-01", 310.0],
        ["2025-01-31", 300.0],
        ["2025-03-02", 290.0],
        ["2025-04-01", 300.0],
        ["2025-05-01", 310.0],
    ]
    path = table(tmp_path, [[*bill, 10.0, "on"] for bill in bills])

    by_month, by_bill = (read(path, "temp_c:mean", every=every) for every in ("month", "bill"))

    assert by_month.crowded == ("2025-01-01",) and "2025-01-01" not in by_month.labels
    assert by_bill.labels == ["2025-01-01", "2025-01-31", "2025-03-02", "2025-04-01"]
    assert by_bill.energy == pytest.approx(
        [310 / 30, 10.0, 290 / (30 - 1 / 24), 10.0]
    )  # summer time begins on March 30


def test_a_value_of_a_column_gives_the_share_of_its_rows(tmp_path: Path) -> None:
    rows = quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 96)
    for row in rows[:24]:
        row[3] = "off"

    found = read(table(tmp_path, rows), "state=off", "temp_c=10", "state=on")

    assert {name: values.tolist() for name, values in found.drivers.items()} == {
        "state=off": [0.25],
        "temp_c=10": [1.0],
        "state=on": [0.75],
    }


def test_a_span_cuts_by_the_start_of_periods(tmp_path: Path) -> None:
    found = read(table(tmp_path, quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 5 * 96)), "temp_c")

    cut = found.within(parse_span("2025-06-02..2025-06-04", BERLIN))

    assert cut.labels == ["2025-06-02", "2025-06-03"]
    assert (cut.energy.size, cut.drivers["temp_c"].size, cut.starts_ns.size) == (2, 2, 2)
    assert found.within((None, None)).labels == found.labels


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("temp", r"plant.csv has no column 'temp'; did you mean 'temp_c'\?"),
        ("state", "plant.csv: expected numbers in column 'state', got 'on'; --driver 'state=on' takes the share"),
        ("state=of", "plant.csv: no row of 'state' is 'of'; it has 'on'"),
        ("temp_c=warm", "plant.csv: column 'temp_c' has numbers, got 'warm'"),
    ],
)
def test_a_driver_that_the_file_does_not_have_is_told_with_file_and_column(
    tmp_path: Path, driver: str, said: str
) -> None:
    path = table(tmp_path, quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 4))

    with pytest.raises(SettingsError, match=said):
        read(path, driver)


def test_a_file_without_one_whole_row_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [["2025-06-01T00:00Z", 1.0, "", "on"]])

    with pytest.raises(SettingsError, match="plant.csv: no row has 'kwh' and all drivers"):
        read(path, "temp_c")


def test_a_later_file_may_lack_a_value_that_a_baseline_knows(tmp_path: Path) -> None:
    path = table(tmp_path, quarters(datetime(2025, 6, 1, tzinfo=BERLIN), 96))

    found = read_periods(
        path, Reading("time", None, BERLIN), "kwh", [parse_driver("state=off")], values_must_occur=False
    )

    assert found.drivers["state=off"].tolist() == [0.0]
