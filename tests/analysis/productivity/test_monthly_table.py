from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.productivity.monthly_table import read_monthly_table
from fieldline.errors import SettingsError

HEADER = "period,output:a,price:a,input:l,cost:l"
UNITS = "period,unit,output:a,price:a,input:l,cost:l"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "months.csv"


def test_rows_in_any_order_come_to_their_unit_and_period(file: Path) -> None:
    file.write_text(
        f"{UNITS},hours\n2026-02,x,3,1,1,1,9\n2026-01,y,2,1,1,1,8\n2026-02,y,4,1,1,1,7\n2026-01,x,1,1,1,1,6\n"
    )

    table = read_monthly_table(file)

    assert table.periods == ("2026-01", "2026-02")
    assert table.units == ("x", "y")
    assert table.quantity[..., 0].tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert table.extra["hours"].tolist() == [[6.0, 9.0], [8.0, 7.0]]


def test_periods_whose_names_do_not_tell_time_stay_in_the_files_order(file: Path) -> None:
    file.write_text(f"{HEADER}\nMarch,1,1,1,1\nApril,2,1,1,1\n")

    assert read_monthly_table(file).periods == ("March", "April")


@pytest.mark.parametrize("names", [("2026-Q1", "2026-Q2"), ("2026-W09", "2026-W10"), ("2025", "2026")])
def test_periods_whose_names_tell_time_are_sorted(names: tuple[str, str], file: Path) -> None:
    file.write_text(f"{HEADER}\n{names[1]},1,1,1,1\n{names[0]},2,1,1,1\n")

    assert read_monthly_table(file).periods == names


def test_an_empty_cell_is_unknown_and_not_zero(file: Path) -> None:
    file.write_text(f"{HEADER}\n2026-01,,1,0,1\n")

    table = read_monthly_table(file)

    assert np.isnan(table.quantity).all()
    assert table.used.tolist() == [[[0.0]]]


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_separators_blanks_and_a_byte_order_mark_are_read(separator: str, file: Path) -> None:
    text = f"{HEADER}\n2026-01, 5,2 ,10,4\n".replace(",", separator)
    file.write_text("\ufeff" + text.replace("output:a", " output:a "))

    table = read_monthly_table(file)

    assert table.output_names == ("a",)
    assert (table.quantity.item(), table.price.item(), table.used.item(), table.cost.item()) == (5, 2, 10, 4)


def test_parquet_with_dates_and_numbers_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "period": [date(2026, 2, 1), date(2026, 1, 1)],
            "output:a": [5, 4],
            "price:a": [1.5, float("nan")],
            "hours": [10.0, None],
        }
    )
    frame.write_parquet(tmp_path / "months.parquet")

    table = read_monthly_table(tmp_path / "months.parquet")

    assert table.periods == ("2026-01-01", "2026-02-01")
    assert table.quantity[0, :, 0].tolist() == [4.0, 5.0]
    np.testing.assert_array_equal(table.price[0, :, 0], [np.nan, 1.5])
    np.testing.assert_array_equal(table.extra["hours"], [[np.nan, 10.0]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "can't be read as a table"),
        (f"{HEADER}\n", "expected a row for each period, got none"),
        (f"{HEADER}\n2026-01,1,2,3,4,5\n", "can't be read as a table"),
        (
            f"{HEADER}\n2026-01,1,2,3,4\n2026-02,1,x,3,4\n",
            "row 2, column 'price:a': expected a number of 0 or more, got 'x'",
        ),
        (
            f'{HEADER}\n2026-01,"1,5",2,3,4\n',
            "row 1, column 'output:a': expected .* got '1,5'; numbers are written with a point",
        ),
        (f"{HEADER}\n2026-01,1,2,-3,4\n", "row 1, column 'input:l': expected a number of 0 or more, got '-3'"),
        (f"{HEADER}\n2026-01,1,2,inf,4\n", "row 1, column 'input:l'"),
        (f"{HEADER}\n,1,2,3,4\n", "row 1, column 'period': expected a name, got an empty cell"),
        (
            f"{HEADER}\n2026-01,1,2,3,4\n2026-01,1,2,3,4\n",
            "row 2: expected one row for period '2026-01', got it in row 1 too",
        ),
        (
            f"{UNITS}\n1,x,1,2,3,4\n2,y,1,2,3,4\n",
            "a row for every unit in every period, got none for unit 'x', period '2'",
        ),
        (f"{UNITS}\n1,x,1,2,3,4\n1,all,1,2,3,4\n", "'all', which stands for their sum"),
        ("period,output:a,input:l,cost:l\n1,1,2,3\n", "column 'output:a': expected 'price:a' beside it"),
        ("period,output:a,price:a,cost:l\n1,1,2,3\n", "column 'cost:l': expected 'input:l' beside it"),
        ("period,outptu:a,price:a\n1,1,2\n", "unknown column 'outptu:a', did you mean 'output:a'"),
        ("perod,output:a,price:a\n1,1,2\n", "unknown column 'perod', did you mean 'period'"),
        ("remark,output:a,price:a\n1,1,2\n", "unknown column 'remark'; expected period, unit, output:NAME"),
        ("output:a,price:a,hours\n1,2,3\n", "expected a column 'period'"),
        ("period,hours\n1,2\n", "expected a column 'output:NAME'"),
        (
            "period,output:a,price:a\n1,2,3\n",
            "expected 'input:NAME' with 'cost:NAME', 'hours' or 'energy_kwh', got none",
        ),
    ],
)
def test_a_bad_table_is_told_by_row_column_and_what_was_expected(text: str, told: str, file: Path) -> None:
    file.write_text(text)

    with pytest.raises(SettingsError, match=told):
        read_monthly_table(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no file .*absent\.csv"):
        read_monthly_table(tmp_path / "absent.csv")
