"""`fieldline show demand` and `show bill`: pictures, tables and data of what the pipe stored of a line's meters."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.verbs.show import What
from processing.operators import energy
from tests.analysis.overview.metered_plant import LINE, METER, MINUTE, drawn, ns
from tests.analysis.whole_pipe import Pipe

BERLIN = "Europe/Berlin"
QUARTER = 15 * MINUTE
PLANT = f"""
time_zone = "{BERLIN}"

[[line]]
path = "{LINE}"
meters = ["{METER}", "{LINE}/furnace"]

[[tariff]]
path = "plant"
currency = "EUR"
price = 0.30
tier = [{{ upto_kwh = 100, price = 0.02 }}, {{ price = 0.01 }}]
demand_price_per_kw = 9.50
demand_limit_kw = 150
ratchet = 0.8
ratchet_months = 2

[[tariff.period]]
from_hour = 22
to_hour = 6
price = 0.18
"""
GROUP = "tariff_zone/east/hot/all"
PLANT += f"""
[[group]]
path = "{GROUP}"
lines = ["plant/*", "{LINE}"]

[[tariff]]
path = "{GROUP}"
currency = "EUR"
demand_price_per_kw = 2.0
demand_limit_kw = 170
"""
MARCH = ns("2026-03-10T05:00", BERLIN)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    # February has 250 kW once; March an hour of the night and one of the day, and five minutes of the next quarter-hour.
    rows = drawn(ns("2026-02-20T12:00", BERLIN), QUARTER, [250.0])
    rows += drawn(MARCH, QUARTER, [40.0] * 4 + [60.0, 100.0, 60.0, 60.0], base=rows[-1].value)
    rows += drawn(MARCH + 8 * QUARTER, 5 * MINUTE, [120.0], base=rows[-1].value)[1:]
    rows += drawn(MARCH, QUARTER, [20.0] * 5 + [80.0] + [20.0] * 2, f"{LINE}/furnace")
    rows += drawn(MARCH + 8 * QUARTER, 5 * MINUTE, [30.0], f"{LINE}/furnace", base=rows[-1].value)[1:]
    return Pipe(tmp_path_factory.mktemp("pipe"), PLANT, rows)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["show", *arguments], env={"COLUMNS": "80"})


def document(pipe: Pipe, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(run(*pipe.arguments(*arguments, "--json")).stdout))


def test_a_group_has_the_demand_of_its_lines_and_a_contract_of_its_own(pipe: Pipe) -> None:
    of_line, of_group = (document(pipe, "demand", "--asset", path) for path in (LINE, GROUP))
    billed = document(pipe, "bill", "--asset", GROUP, "--window", "month")

    same = ("blocks", "peaks", "meters", "energy_kwh", "missing")
    assert {name: of_group[name] for name in same} == {name: of_line[name] for name in same}
    assert (of_group["limit_kw"], of_line["limit_kw"]) == (170.0, 150.0)
    assert billed["demand"]["price_per_kw"] == 2.0
    assert billed["energy_kwh"] == pytest.approx(
        document(pipe, "bill", "--asset", LINE, "--window", "month")["energy_kwh"]
    )


def test_demand_is_data_with_blocks_peaks_and_the_interval_that_runs(pipe: Pipe) -> None:
    told = document(pipe, "demand", "--asset", LINE)

    known = [block for block in told["blocks"] if block["demand_kw"] is not None]
    assert [block["demand_kw"] for block in known] == pytest.approx([60.0] * 4 + [80.0, 180.0, 80.0, 80.0])
    assert known[0]["time"] == "2026-03-10T04:00:00Z" and known[0]["coverage"] == pytest.approx(1.0)
    assert (told["interval_s"], told["limit_kw"], told["meters"]) == (900, 150.0, [f"{LINE}/furnace", METER])
    assert [peak["of"] for peak in told["peaks"]] == ["block", "rolling_block", "sliding"]
    assert [peak["demand_kw"] for peak in told["peaks"]] == pytest.approx([180.0, 180.0, 180.0])
    assert told["running"] == {
        "time": "2026-03-10T06:00:00Z",
        "as_of": "2026-03-10T06:05:00Z",
        "energy_kwh": pytest.approx(12.5),
        "power_kw": pytest.approx(150.0),
        "forecast_kw": pytest.approx(150.0),
        "within_limit_kw": pytest.approx(150.0),
    }
    assert told["missing"] == [{"from": "2026-03-09T23:00:00Z", "to": "2026-03-10T04:00:00Z"}]


def test_demand_is_drawn_against_its_limit(pipe: Pipe) -> None:
    told = run(*pipe.arguments("demand", "--asset", LINE)).stdout.splitlines()

    assert told[0].startswith(f"{LINE}: demand of 15 min in kW, day 2026-03-10T00:00+01:00")
    assert max(map(len, told)) <= 80
    (limit,) = [line for line in told if line.lstrip().startswith("150 ")]
    (ground,) = [line for line in told if "···" in line]
    assert "╌" in limit and limit.count("█") == ground.count("█") // 8  # one block of eight passes it
    assert any("to stay within 150 kW, 150.00 kW may be drawn" in line for line in told)
    assert "no demand is known of 5 h 00 min: 2026-03-10T00:00 to 05:00+01:00" in told


def test_a_limit_that_is_passed_is_told(pipe: Pipe) -> None:
    told = run(*pipe.arguments("demand", "--asset", LINE, "--limit", "40")).stdout

    assert "its limit of 40 kW is passed already" in told


def test_a_month_of_demand_fits_the_terminal(pipe: Pipe) -> None:
    told = run(*pipe.arguments("demand", "--asset", METER, "--window", "month", "--at", "2026-02-21")).stdout

    assert max(map(len, told.splitlines())) <= 80
    assert "a column is the highest of" in told and "250.00" in told


def test_a_bill_is_data_whose_parts_add_up(pipe: Pipe) -> None:
    told = document(pipe, "bill", "--asset", LINE)

    assert [(part["name"], part["price"]) for part in told["by_price"]] == [("other times", 0.3), ("22:00–06:00", 0.18)]
    assert [part["energy_kwh"] for part in told["by_price"]] == pytest.approx([105.0 + 12.5, 60.0])
    assert [(tier["upto_kwh"], tier["energy_kwh"]) for tier in told["by_tier"]] == [
        (100.0, pytest.approx(100.0)),
        (None, pytest.approx(77.5)),
    ]
    demand = told["demand"]
    assert (demand["peak_kw"], demand["earlier_kw"]) == (pytest.approx(180.0), pytest.approx(250.0))
    assert (demand["billed_kw"], demand["billed_from"]) == (pytest.approx(200.0), "2026-01-31T23:00:00Z")
    assert told["energy_cost"] == pytest.approx(117.5 * 0.3 + 60 * 0.18)
    assert told["total"] == pytest.approx(told["energy_cost"] + 2.0 + 0.775 + 200 * 9.5)
    assert told["currency"] == "EUR" and told["until"] == "2026-03-10T06:05:00Z"
    assert told["missing"][-1] == "the ratchet looks back at 2 months; no demand is known of 2026-01"


def test_a_bill_is_read_as_tables(pipe: Pipe) -> None:
    told = run(*pipe.arguments("bill", "--asset", LINE)).stdout

    assert max(map(len, told.splitlines())) <= 80
    assert "so far: readings tell of it until 2026-03-10T07:05+01:00" in told
    assert "demand: highest 15 min 180.00 kW, from 2026-03-10T06:15+01:00" in told
    assert "ratchet: 0.8 of 250.00 kW, from 2026-02-20T12:00+01:00, is 200.00 kW" in told
    assert "total: 1948.8" in told


def test_the_energy_of_a_bill_is_that_of_the_month_s_rows(pipe: Pipe) -> None:
    rows = json.loads(
        CliRunner()
        .invoke(app, ["query", "energy", "--asset", f"{LINE}/*", "--window", "month", "--store", pipe.store, "--json"])
        .stdout
    )
    told = document(pipe, "bill", "--asset", LINE)

    march = [row for row in rows if row["time"] == "2026-02-28T23:00:00Z"]
    assert told["energy_kwh"] == pytest.approx(sum(row["active_energy_kwh"] for row in march))
    assert told["energy_cost"] == pytest.approx(sum(row["energy_cost"] for row in march))

    of_meter = document(pipe, "demand", "--asset", METER, "--window", "month")
    (peak,) = [row["peak_demand_kw"] for row in march if row["asset"] == METER]
    assert of_meter["peaks"][0]["demand_kw"] == peak == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("demand", "--asset", "plant/hall/line9"), "there is no row of energy of plant/hall/line9 in a window day"),
        (
            ("demand", "--asset", LINE, "--interval", "7m"),
            "--interval is one of 5m, 10m, 15m, 20m, 30m, 60m; got 420 s",
        ),
        (("demand", "--asset", LINE, "--window", "1m"), "show demand: --window is one of day, week, month, shift"),
        (("bill", "--asset", LINE, "--window", "shift"), "show bill: --window is one of day, week, month; got 'shift'"),
        (("bill", "--asset", LINE, "--limit", "3"), "show bill: --limit is about demand"),
        (("oee", "--asset", LINE, "--interval", "5m"), "show oee: --interval is about demand"),
    ],
)
def test_what_can_not_be_shown_is_told_in_one_line(pipe: Pipe, arguments: tuple[str, ...], told: str) -> None:
    result = run(*pipe.arguments(*arguments))

    assert result.exit_code == 2
    assert told in result.stderr


def test_the_windows_that_can_be_asked_for_are_those_that_energy_has() -> None:
    assert {*What.DEMAND.windows, *What.BILL.windows} <= set(energy.COMPONENT.windows)
