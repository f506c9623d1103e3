"""`fieldline explain`: figures taken apart over a real log, the engine's metrics and a local store."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, rows_of_line, said
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import T0, Row

AT = "2023-11-14T22:50"
OPEN = "2023-11-15T01:13"
"""A time in the last order, which nothing ends."""
CHARTED = """
[[asset]]
path = "plant/hall1/line1/oven"

[asset.tags.temp_c.spc]
chart = "i_mr"
center = 180.0
sigma = 2.0
lsl = 170.0
usl = 190.0

[[asset]]
path = "plant/hall1/line1"

[asset.attribute_chart]
chart = "laney_p"
every = "15m"
center = 0.05
sigma_z = 1.5

[[asset]]
path = "plant/hall1/line1/press"

[asset.attribute_chart]
chart = "u"
center = 0.1
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    rows = rows_of_line(5, 3 * 3600)
    rows += [Row(f"{LINE}/oven", "temp_c", T0 + k * 10 * SECOND, 180.0 + k % 7) for k in range(900)]
    # Another line shares the log's partition: its orders are none of this one's.
    other = "plant/hall1/line2"
    rows += [said(other, "order", T0 + k * 400 * SECOND, order=f"x{k}", product="B", phase="start") for k in range(20)]
    rows += [said(f"{other}/press", "state", T0 + k * 400 * SECOND, state="down") for k in range(20)]
    return Pipe(tmp_path_factory.mktemp("pipe"), PLANT + CHARTED, rows)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments], env={"COLUMNS": "80"})


@pytest.mark.parametrize(
    ("kind", "asset", "options"),
    [
        ("oee", f"{LINE}/press", ()),
        ("oee", LINE, ("--window", "order")),
        ("losses", LINE, ("--window", "day")),
        ("quality", LINE, ("--window", "15m")),
        ("production_order", LINE, ()),
        ("production_order", f"{LINE}/packer", ("--window", "shift")),
        ("energy", f"{LINE}/press", ("--window", "1h")),
        ("energy", f"{LINE}/packer", ("--window", "order")),
        ("spc", f"{LINE}/oven", ("--tag", "temp_c")),
    ],
)
def test_what_is_worked_out_once_more_agrees_with_what_was_stored(
    pipe: Pipe, kind: str, asset: str, options: tuple[str, ...]
) -> None:
    result = run(*pipe.arguments(kind, "--asset", asset, "--at", AT, "--json", *options))

    told = json.loads(result.stdout)
    assert told["verdict"]["agrees"], told["verdict"]
    assert told["verdict"]["compared"] >= 9
    assert all(field["source"] and field["unit"] and field["formula"] for field in told["fields"])


@pytest.mark.parametrize(("asset", "every", "chart"), [(LINE, "15m", "laney_p"), (f"{LINE}/press", "1h", "u")])
def test_a_chart_of_counts_is_worked_out_once_more_but_for_the_rules(
    pipe: Pipe, asset: str, every: str, chart: str
) -> None:
    told = json.loads(run(*pipe.arguments("attribute_chart", "--asset", asset, "--at", AT, "--json")).stdout)

    figures = {field["field"]: field for field in told["fields"]}
    assert (told["window"], told["inputs"]["limits"]["chart"]) == (every, chart)
    assert (told["verdict"]["agrees"], told["verdict"]["compared"]) == (True, 8), told["verdict"]
    assert figures["standardised"]["value"] == pytest.approx(figures["standardised"]["recount"])
    assert (figures["rules"]["value"] >= 0, figures["rules"]["agrees"]) == (True, None)


def test_a_figure_comes_with_formula_inputs_and_the_rows_behind_it(pipe: Pipe) -> None:
    told = json.loads(run(*pipe.arguments("oee", "--asset", f"{LINE}/press", "--at", AT, "--json")).stdout)

    figures = {field["field"]: field for field in told["fields"]}
    assert (told["window"], told["shift"]) == ("shift", "night")
    assert (told["from"], told["to"]) == ("2023-11-14T22:30:00Z", "2023-11-14T23:30:00Z")
    times = [
        figures[name]["value"] for name in ("actual_production_time_s", "minor_stop_time_s", "planned_busy_time_s")
    ]
    assert figures["availability"]["numbers"] == "({:.0f} + {:.0f}) / {:.0f}".format(*times)
    assert sum(state["duration_s"] for state in told["inputs"]["states"]) == 3600.0
    assert [run["order"] for run in told["inputs"]["orders"]][:2] == ["o1", "o3"]
    assert {cycle["ideal_cycle_s"] for cycle in told["inputs"]["ideal_cycle_s"]} == {1.75, 3.0}
    states = next(row for row in told["evidence"]["series"] if row["tag"] == "@state")
    assert states["rows"] > 6 and len(states["readings"]) == 6
    assert all("event" in reading and reading["offset"] >= 0 for reading in states["readings"])


def test_energy_says_which_tags_it_was_taken_from_and_what_each_added(pipe: Pipe) -> None:
    told = json.loads(run(*pipe.arguments("energy", "--asset", f"{LINE}/press", "--at", AT, "--json")).stdout)

    meters = {row["tag"]: row for row in told["inputs"]["meters"] if row["asset"] == f"{LINE}/press"}
    figures = {field["field"]: field["value"] for field in told["fields"]}
    active = [row for row in meters.values() if row["is"].startswith("active")]
    assert {row["source"] for row in active} >= {"register", "power"}
    assert sum(row["counted"] for row in active) == pytest.approx(figures["active_energy_kwh"], rel=1e-9)
    assert {row["source"] for row in active if row["counted"]} == set(told["energy_source"].split(", "))


@pytest.mark.parametrize(("kind", "tag"), [("energy", "energy_kwh"), ("quality", "good_count")])
def test_readings_that_were_not_believed_at_once_are_told_with_what_became_of_them(
    pipe: Pipe, kind: str, tag: str
) -> None:
    arguments = pipe.arguments(kind, "--asset", f"{LINE}/press", "--at", AT, "--window", "day", "--json")
    told = json.loads(run(*arguments).stdout)

    doubted = [row for row in told["inputs"]["doubted"] if row["tag"] == tag]
    assert {"glitch", "spike", "reset"} & {row["became"] for row in doubted}
    assert all(row["readings"] >= 1 and row["decided"] >= row["from"] for row in doubted)
    assert {row["became"] for row in doubted} <= {"waiting", *told["meter_events"].split(", ")}


def test_an_order_that_goes_on_is_shown_as_such_and_not_compared(pipe: Pipe) -> None:
    told = json.loads(
        run(*pipe.arguments("energy", "--asset", f"{LINE}/press", "--at", OPEN, "--window", "order", "--json")).stdout
    )

    assert told["verdict"]["agrees"] is None
    assert told["verdict"]["why"].startswith("the window still runs")
    assert told["inputs"]["orders"][-1]["to"] is None


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_no_figure_of_a_window_that_still_runs_is_said_to_agree_or_to_differ(
    pipe: Pipe, tmp_path: Path, moved: float
) -> None:
    altered = _altered(pipe, tmp_path, f'UPDATE "metric.energy" SET active_energy_kwh = active_energy_kwh + {moved}')

    asked = ("energy", "--asset", f"{LINE}/press", "--at", OPEN, "--window", "order")
    told = run(*pipe.arguments(*asked), "--store", altered)
    as_json = run(*pipe.arguments(*asked), "--store", altered, "--json")

    assert "not compared: the window still runs" in told.stdout
    words = told.stdout.split()
    assert words.count("agrees") == words.count("recount") > 9
    assert {words[at + 1] for at, word in enumerate(words) if word == "agrees"} == {"-"}
    assert {field["agrees"] for field in json.loads(as_json.stdout)["fields"]} == {None}


def test_without_a_plant_file_that_is_the_first_reason_why_figures_may_differ(pipe: Pipe) -> None:
    asked = ("oee", "--asset", f"{LINE}/press", "--at", AT, "--window", "1h")
    told = " ".join(run(*asked, "--log", pipe.log, "--store", pipe.store).stdout.split())

    assert "; no plant file was given (--plant), and processing may have run with one; or else rows too late" in told


def test_more_readings_are_shown_when_asked_for(pipe: Pipe) -> None:
    asked = ("oee", "--asset", f"{LINE}/press", "--at", AT, "--json", "--readings", "10000")
    told = json.loads(run(*pipe.arguments(*asked)).stdout)

    assert all(len(series["readings"]) == series["rows"] for series in told["evidence"]["series"])


def test_the_text_says_whether_all_agrees_and_shows_readings(pipe: Pipe) -> None:
    told = run(*pipe.arguments("energy", "--asset", f"{LINE}/press", "--at", AT)).stdout

    assert max(map(len, told.splitlines())) <= 80
    assert "all 16 figures agree to 1e-9" in told
    assert "active_energy_kwh / hours of the window = " in told
    assert f"{LINE}/press energy_kwh" in told
    assert "  state producing\n" in told and "{" not in told
    assert "price_per_kwh" in told


def test_a_figure_that_is_not_what_the_readings_give_is_named(pipe: Pipe, tmp_path: Path) -> None:
    altered = _altered(pipe, tmp_path, 'UPDATE "metric.oee" SET availability = availability + 1e-6')

    asked = [*pipe.arguments("oee", "--asset", LINE, "--at", AT), "--store", altered]
    result = run(*asked)

    told = " ".join(result.stdout.split())
    assert "DIFFERS in availability; rows too late" in told
    assert told.count("agrees NO") == 1


def _altered(pipe: Pipe, folder: Path, statement: str) -> str:
    """A copy of the store in which something is not as it was emitted."""
    altered = folder / "altered.db"
    with sqlite3.connect(pipe.store) as stored, sqlite3.connect(altered) as copy:
        stored.backup(copy)
        copy.execute(statement)
    copy.close()
    stored.close()
    return str(altered)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("oee", "--asset", LINE, "--at", "2023-11-14T05:00", "--window", "shift"),
            "no shift of plant/hall1/line1 holds",
        ),
        (("oee", "--asset", LINE, "--at", "2023-11-10T07:00"), "no row of oee of plant/hall1/line1 for the shift"),
        (("production_order", "--asset", LINE, "--at", "2023-11-10T07:00"), "no order ran on plant/hall1/line1 at"),
        (("spc", "--asset", f"{LINE}/oven", "--at", AT), "name it with --tag"),
        (("spc", "--asset", f"{LINE}/oven", "--at", AT, "--tag", "speed"), "is not charted"),
        (("oee", "--asset", LINE, "--at", AT, "--window", "2h"), "expected one of 1s, 1m,"),
    ],
)
def test_a_window_that_does_not_exist_is_one_line_of_error(pipe: Pipe, arguments: tuple[str, ...], told: str) -> None:
    result = run(*pipe.arguments(*arguments))

    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
