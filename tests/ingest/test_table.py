"""Files as a device's log: columns found, cells read, faults told."""

import lzma
from pathlib import Path

import polars as pl
import pytest

from fieldline.errors import SettingsError
from ingest.table import TagColumn, parse_tag_column, read_table, tag_name

STEEL = Path(__file__).parents[1] / "data" / "steel_energy" / "steel_industry_2018_jan_sep.csv.xz"


def _csv(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("tag", "unit", "expected"),
    [
        ("usage", "kWh", "usage_kwh"),
        ("usage_kwh", "kWh", "usage_kwh"),
        ("Usage_kWh", "kWh", "Usage_kWh"),
        ("temperature", "°C", "temperature_c"),
        ("humidity", "%", "humidity_pct"),
        ("wind", "m/s", "wind_m_s"),
        ("anything", None, "anything"),
    ],
)
def test_a_unit_ends_the_name_unless_it_is_there(tag: str, unit: str | None, expected: str) -> None:
    assert tag_name(tag, unit) == expected


def test_a_name_that_says_another_unit_is_refused() -> None:
    with pytest.raises(SettingsError, match="its name says kW, but its unit is kWh"):
        tag_name("power_kw", "kWh")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown unit 'kHw'"):
        tag_name("power", "kHw")


def test_a_column_option_is_taken_apart() -> None:
    assert parse_tag_column("Usage_kWh=interval_energy:kWh") == TagColumn("Usage_kWh", "interval_energy", "kWh")
    assert parse_tag_column("t") == TagColumn("t", "t", None)


@pytest.mark.parametrize("text", ["", "=tag", "column="])
def test_a_column_option_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="COLUMN=TAG"):
        parse_tag_column(text)


def test_the_steel_plant_is_read_in_the_order_of_its_file() -> None:
    table = read_table(STEEL, "date", [TagColumn("Usage_kWh", "interval_energy", "kWh")])

    assert len(table.times_ns) == 26_208
    assert table.columns["interval_energy_kwh"][0] == 3.17
    # the row of 00:00 stands after 23:45 of its day: once a day the time goes back
    assert (table.times_ns.diff() < 0).sum() == 273
    assert len(lzma.decompress(STEEL.read_bytes()).splitlines()) == 26_209


def test_a_byte_order_mark_and_semicolons_are_tolerated(tmp_path: Path) -> None:
    path = _csv(tmp_path, "\ufeffdate;p\n2018-01-31 00:15;1.5\n")

    table = read_table(path, "date", [TagColumn("p", "power", "kW")])

    assert table.columns["power_kw"].to_list() == [1.5]


def test_empty_cells_are_no_values(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,p,q\n2018-01-31 00:15,1,\n2018-01-31 00:30, ,2\n")

    table = read_table(path, "date", [TagColumn("p", "p"), TagColumn("q", "q")])

    assert {name: column.to_list() for name, column in table.columns.items()} == {"p": [1, None], "q": [None, 2]}


def test_a_cell_that_is_no_number_is_named_with_its_row(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,p\n2018-01-31 00:15,1\n2018-01-31 00:30,3_5\n")

    with pytest.raises(SettingsError, match="row 2 of 'p' holds '3_5', which is not a number"):
        read_table(path, "date", [TagColumn("p", "p")])


def test_a_column_of_words_is_text_and_one_of_true_and_false_is_boolean(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,load,on\n2018-01-31 00:15,Light,true\n2018-01-31 00:30,Heavy,False\n")

    table = read_table(path, "date", [TagColumn("load", "load"), TagColumn("on", "on")])

    assert table.columns["load"].to_list() == ["Light", "Heavy"]
    assert table.columns["on"].to_list() == [True, False]


def test_a_missing_column_suggests_the_nearest(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,Usage_kWh\n2018-01-31 00:15,1\n")

    with pytest.raises(SettingsError, match="no column 'usage_kwh'; did you mean 'Usage_kWh'"):
        read_table(path, "date", [TagColumn("usage_kwh", "usage")])


def test_a_row_without_a_time_is_named(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,p\n2018-01-31 00:15,1\n,2\n")

    with pytest.raises(SettingsError, match="row 2 of 'date' is empty"):
        read_table(path, "date", [TagColumn("p", "p")])


def test_a_missing_file_a_folder_and_a_file_that_is_no_table_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "x.parquet"
    broken.write_bytes(b"not a table")

    with pytest.raises(SettingsError, match="there is no file"):
        read_table(tmp_path / "none.csv", "date", [TagColumn("p", "p")])
    with pytest.raises(SettingsError, match="can't read"):
        read_table(tmp_path, "date", [TagColumn("p", "p")])
    with pytest.raises(SettingsError, match="can't be read as a table"):
        read_table(broken, "date", [TagColumn("p", "p")])


def test_two_columns_may_not_become_one_tag(tmp_path: Path) -> None:
    path = _csv(tmp_path, "date,p,q\n2018-01-31 00:15,1,2\n")

    with pytest.raises(SettingsError, match="one tag"):
        read_table(path, "date", [TagColumn("p", "p"), TagColumn("q", "p")])


def test_parquet_is_read_with_its_own_types(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"t": [1_517_357_700_000], "n": [3], "ok": [True]}).write_parquet(path)

    table = read_table(path, "t", [TagColumn("n", "n"), TagColumn("ok", "ok")])

    assert table.times_ns.to_list() == [1_517_357_700_000_000_000]
    assert (table.columns["n"].to_list(), table.columns["ok"].to_list()) == ([3.0], [True])


def test_a_table_as_excel_writes_it_in_germany_is_read(tmp_path: Path) -> None:
    """Semicolons, decimal commas, points between thousands, Windows' encoding, dates with points."""
    path = tmp_path / "Zähler.csv"
    text = "Zeit;Verbrauch;Gerät;Soll\r\n28.11.2026 14:00;1.234,5;Öfen;1.5\r\n28.11.2026 15:00;1.250;Öfen;2.5\r\n29.11.2026 01:00;0,25;Öfen;-3\r\n"
    path.write_bytes(("sep=;\r\n" + text).encode("cp1252"))

    found = read_table(
        path, "Zeit", [TagColumn("Verbrauch", "kwh"), TagColumn("Gerät", "device"), TagColumn("Soll", "target")]
    )

    assert found.columns["kwh"].to_list() == [1234.5, 1250.0, 0.25]
    assert found.columns["device"].to_list() == ["Öfen"] * 3
    assert found.columns["target"].to_list() == [1.5, 2.5, -3.0]
    assert found.times_ns[0] == 1_795_874_400_000_000_000


def test_unicode_text_of_excel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("time\tkwh\n2026-01-01\t1.5\n".encode("utf-16"))

    assert read_table(path, "time", [TagColumn("kwh", "kwh")]).columns["kwh"].to_list() == [1.5]


def test_a_row_of_totals_is_named_by_its_cell(tmp_path: Path) -> None:
    path = _csv(tmp_path, "month;kwh\n2026-01;1,5\n2026-02;2,5\nTotal;4,0\n")

    with pytest.raises(SettingsError, match="row 3 of 'month' holds 'Total'"):
        read_table(path, "month", [TagColumn("kwh", "kwh")])


def test_decimal_commas_between_commas_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="holds '1,5', which is not a number; decimal commas are read where semicolons separate"
    ):
        read_table(_csv(tmp_path, 'time,kwh\n2026-01-01,"1,5"\n2026-01-02,2\n'), "time", [TagColumn("kwh", "kwh")])
