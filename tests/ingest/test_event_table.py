"""Files of events: what each cell becomes, and rows that are refused by name before anything is sent."""

from pathlib import Path

import polars as pl
import pytest

from fieldline.errors import SettingsError
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from ingest.event_table import Attribute, EventColumns, parse_attribute, read_events
from ingest.table import Table

NOON_NS = 1_790_769_600_000_000_000  # 2026-09-30T12:00:00Z


def read(tmp_path: Path, text: str, kind: str, *attributes: str, recorded_ns: int | None = None, **how: str) -> Table:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    events = EventColumns(kind, [parse_attribute(each) for each in attributes], recorded_ns)
    return read_events(path, "t", events, **how)


def rows(table: Table) -> list[dict[str, object]]:
    return pl.DataFrame(table.columns).to_dicts()


def test_states_with_their_reasons_are_read_and_empty_cells_say_nothing(tmp_path: Path) -> None:
    text = "t;Status;Grund\n2026-09-30 12:00;Störung;Werkzeug gebrochen\n2026-09-30 12:30; running ;\n"

    table = read(tmp_path, text, "state", "state=Status", "reason=Grund")

    assert table.event == "state" and table.times_ns.to_list() == [NOON_NS, NOON_NS + 1800 * 10**9]
    assert rows(table) == [
        {"state": "Störung", "reason": "Werkzeug gebrochen"},
        {"state": "running", "reason": None},
    ]


def test_words_for_states_are_looked_up_as_the_plant_file_has_them(tmp_path: Path) -> None:
    plant = Plant(PlantFile(states={"Störung": "down"}))
    path = tmp_path / "log.csv"
    events = EventColumns("state", [parse_attribute("state=s")], state_of=plant.state_of)

    path.write_text("t,s\n1790769600,Störung\n1790769601,running\n", encoding="utf-8")
    assert len(read_events(path, "t", events).times_ns) == 2
    path.write_text("t,s\n1790769600,idel\n")
    with pytest.raises(SettingsError, match=r"row 1 of 's' holds 'idel', which is not a state .*did you mean 'idle'"):
        read_events(path, "t", events)


def test_the_name_of_an_order_stays_as_it_is_written_whatever_digits_it_has(tmp_path: Path) -> None:
    text = "t,order,product,phase\n1790769600,0012,4711,start\n1790769660,0012,,Stop\n"

    table = read(tmp_path, text, "order", "order", "product", "phase")

    assert rows(table) == [
        {"order": "0012", "product": "4711", "phase": "start"},
        {"order": "0012", "product": None, "phase": "Stop"},
    ]


def test_orders_of_a_parquet_file_are_names_too(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    frame = pl.DataFrame({"t": [1_790_769_600, 1_790_769_660], "order": [4711.0, 4712.0], "machine": [3, 4]})
    frame.write_parquet(path)

    table = read_events(
        path, "t", EventColumns("order", [Attribute("order", "order"), Attribute("machine", "machine")])
    )

    assert rows(table) == [{"order": "4711", "machine": 3}, {"order": "4712", "machine": 4}]


def test_pieces_are_numbers_and_a_row_without_any_cell_is_no_event(tmp_path: Path) -> None:
    text = "t,Gut,Ausschuss,Grund\n1790769600,,4,Kratzer\n,,,\n1790769660,-2,,\n"

    table = read(tmp_path, text, "count", "good=Gut", "scrap=Ausschuss", "reason=Grund")

    assert rows(table) == [
        {"good": None, "scrap": 4.0, "reason": "Kratzer"},
        {"good": -2.0, "scrap": None, "reason": None},
    ]
    assert table.left_out == 1


def test_a_number_of_pieces_that_is_not_finite_is_an_empty_cell(tmp_path: Path) -> None:
    table = read(tmp_path, "t,g\n1790769600,nan\n1790769601,1\n1790769602,inf\n", "count", "good=g")

    assert rows(table) == [{"good": 1.0}] and table.left_out == 2


def test_moments_are_read_in_the_files_own_format_and_zone(tmp_path: Path) -> None:
    text = "t,state,bis,erfasst\n30.09.2026 14:00,down,30.09.2026 14:10,01.10.2026 08:00\n"

    table = read(
        tmp_path, text, "correction", "state", "until=bis", "recorded=erfasst", time_format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin"
    )  # fmt: skip

    assert table.times_ns.to_list() == [NOON_NS]
    assert rows(table) == [
        {"state": "down", "until": "2026-09-30T12:10:00.000Z", "recorded": "2026-10-01T06:00:00.000Z"}
    ]


def test_a_moment_of_entry_can_be_given_for_the_whole_file(tmp_path: Path) -> None:
    table = read(tmp_path, "t,state\n1790769600,down\n1790769660,idle\n", "state", "state", recorded_ns=NOON_NS + 5)

    assert table.columns["recorded"].to_list() == ["2026-09-30T12:00:00.000Z"] * 2


@pytest.mark.parametrize(
    ("text", "kind", "attributes", "told"),
    [
        ("t,s\n1790769600,\n", "state", ["state=Status"], "no column 'Status'"),
        ("t,s,r\n1790769600,idle,\n1790769601,,x\n", "state", ["state=s", "reason=r"], "row 2 of 's' is empty, but each state"),
        ("t,s\n,down\n", "state", ["state=s"], "is empty"),
        ("t,s\n1790769600,down\n,idle\n", "state", ["state=s"], "row 2 of 't' is empty"),
        ("t,g,r\n1790769600,,x\n", "count", ["good=g", "reason=r"], "row 1 of 'g' is empty, but each count"),
        ("t,g\n1790769600,1\n1790769601,two\n", "count", ["good=g"], "row 2 of 'g' holds 'two', which is not a number"),
        ("t,s,u\n1790769600,downn,1790769700\n", "correction", ["state=s", "until=u"], "row 1 of 's' holds 'downn'.*did you mean 'down'"),
        ("t,s,u\n1790769600,down,1790769600\n", "correction", ["state=s", "until=u"], "row 1 of 'u' holds 2026-09-30T12:00:00.000Z, which is not after"),
        ("t,s,u\n1790769600,down,1790769700\n1790769600,idle,\n", "correction", ["state=s", "until=u"], "row 2 of 'u' is empty"),
        ("t,s,u\n1790769600,down,soon\n", "correction", ["state=s", "until=u"], "'soon' in 'u'"),
        ("t,o,p\n1790769600,7,\n,,\n1790769601,7,over\n", "order", ["order=o", "phase=p"], "row 3 of 'p' holds 'over', which is not start, pause, stop or void"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_such_event_is_refused_by_row_and_column(
    tmp_path: Path, text: str, kind: str, attributes: list[str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        read(tmp_path, text, kind, *attributes)


@pytest.mark.parametrize(
    ("kind", "attributes", "recorded_ns", "told"),
    [
        ("state", [], None, "--attribute NAME=COLUMN"),
        ("state", ["reason=s"], None, "--event state needs --attribute state=COLUMN"),
        ("correction", ["state=s"], None, "needs --attribute until=COLUMN"),
        ("count", ["reason=s"], None, "good=COLUMN or scrap=COLUMN or rework=COLUMN"),
        ("state", ["state=s", "ts=t"], None, "'ts' is no attribute"),
        ("state", ["state=s", "state=t"], None, "'state' is given twice"),
        ("@state", ["state=s"], None, "begin with '@'"),
        ("state", ["state=s", "recorded=t"], 1, "either --recorded or"),
    ],
)
def test_a_request_that_makes_no_events_is_refused(
    tmp_path: Path, kind: str, attributes: list[str], recorded_ns: int | None, told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        read(tmp_path, "t,s\n1790769600,down\n", kind, *attributes, recorded_ns=recorded_ns)


def test_a_kind_that_processing_does_not_know_may_say_anything(tmp_path: Path) -> None:
    table = read(tmp_path, "t,who\n1790769600,Ada\n", "maintenance", "by=who")

    assert rows(table) == [{"by": "Ada"}] and table.event == "maintenance"


@pytest.mark.parametrize("text", ["", "=x", "x=", " = "])
def test_an_attribute_without_a_name_or_column_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="NAME=COLUMN"):
        parse_attribute(text)


def test_prices_of_hours_to_come_are_told_now_each_at_a_time_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "day_ahead.csv"
    path.write_text(
        "t;EUR/MWh\n2026-09-30 12:00;85,50\n2026-09-30 13:00;-3\n2026-09-30 14:00;1.120,5\n", encoding="utf-8"
    )
    events = EventColumns("price", [Attribute("price_per_mwh", "EUR/MWh")], now_ns=NOON_NS)

    table = read_events(path, "t", events)

    assert table.times_ns.to_list() == [NOON_NS, NOON_NS + 1000, NOON_NS + 2000]
    assert rows(table) == [
        {"price_per_mwh": 85.5, "from": None},
        {"price_per_mwh": -3.0, "from": "2026-09-30T13:00:00.000Z"},
        {"price_per_mwh": 1120.5, "from": "2026-09-30T14:00:00.000Z"},
    ]


def test_a_price_that_is_none_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="row 2: phase: expected stop"):
        read(tmp_path, "t,p,phase\n1790769600,0.3,\n1790769660,,pause\n", "price", "price_per_kwh=p", "phase")
