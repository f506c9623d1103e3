"""`fieldline show`: pictures of a window, drawn from what the pipe stored."""

import json
import math

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.verbs.show import What
from processing.operators import known
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, rows_of_line
from tests.analysis.whole_pipe import Pipe
from tests.cli.test_explain import AT, CHARTED
from tests.processing.engine_rig import T0, Row


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    rows = rows_of_line(6, 2 * 3600)
    rows += [Row(f"{LINE}/oven", "temp_c", T0 + k * 10 * SECOND, 180.0 + k % 7) for k in range(600)]
    return Pipe(tmp_path_factory.mktemp("pipe"), PLANT + CHARTED, rows)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["show", *arguments], env={"COLUMNS": "100"})


def test_the_waterfall_of_a_shift_is_drawn_down_to_fully_productive_time(pipe: Pipe) -> None:
    told = run(*pipe.arguments("oee", "--asset", LINE, "--at", AT)).stdout

    assert "night 2023-11-14T22:30 to 23:30Z" in told
    assert told.index("calendar time") < told.index("planned busy") < told.index("fully productive")
    assert "2 h 00 min" in told


def test_without_a_time_the_newest_window_is_drawn(pipe: Pipe) -> None:
    told = run(*pipe.arguments("oee", "--asset", f"{LINE}/press", "--window", "15m")).stdout

    assert "15m 2023-11-15T00:" in told


@pytest.mark.parametrize("above", ["plant/hall1", "plant"])
def test_an_area_of_one_line_has_the_figures_of_the_line(pipe: Pipe, above: str) -> None:
    of_line, of_area = (run(*pipe.arguments("oee", "--asset", path, "--at", AT)).stdout for path in (LINE, above))

    assert of_area.startswith(of_line.replace(LINE, above, 1).rstrip())
    assert "1 line together: availability" in of_area


def test_causes_are_drawn_from_the_events_on_the_log(pipe: Pipe) -> None:
    told = run(*pipe.arguments("pareto", "--asset", LINE, "--at", AT)).stdout

    assert "stops by cause" in told and "no reason given" in told
    assert "rejects by station\nstation " in told and "packer" in told


def test_the_oee_of_an_area_is_data_with_the_lines_that_it_is_of(pipe: Pipe) -> None:
    of_line, of_site = (
        json.loads(run(*pipe.arguments("oee", "--asset", path, "--at", AT, "--json")).stdout)
        for path in (LINE, "plant")
    )

    assert (of_site["asset"], of_site["window"], of_site["shift"]) == ("plant", "shift", "night")
    assert (of_site["from"], of_site["to"]) == ("2023-11-14T22:30:00Z", "2023-11-14T23:30:00Z")
    assert of_site["lines"] == [LINE] and of_site["unknown"] == of_site["resting"] == {} and of_site["left_out"] == []
    assert of_site["figures"].pop("null_reason") is of_line["figures"].pop("null_reason") is None
    assert of_site["figures"] == pytest.approx(of_line["figures"], rel=1e-12)
    # The line's counters are drawn at random: against its ideal cycles it may be too fast.
    assert of_site["figures"]["calendar_time_s"] > 0 and of_site["figures"]["oee"] > 0


@pytest.mark.parametrize("above", [LINE, "plant/hall1", "plant"])
def test_causes_are_data_with_shares_that_add_up(pipe: Pipe, above: str) -> None:
    told = json.loads(run(*pipe.arguments("pareto", "--asset", above, "--at", AT, "--json")).stdout)

    assert told["asset"] == above and told["from"] == "2023-11-14T22:30:00Z"
    for name, cause, amount in (
        ("stops", "reason", "duration_s"),
        ("rejects", "reason", "pieces"),
        ("stations", "station", "pieces"),
    ):
        rows = told[name]
        assert rows and [row[amount] for row in rows] == sorted((row[amount] for row in rows), reverse=True)
        assert sum(row["share"] for row in rows) == pytest.approx(1.0) and rows[-1]["cumulated"] == pytest.approx(1.0)
        assert all(row[cause] for row in rows)
    of_line = json.loads(run(*pipe.arguments("pareto", "--asset", LINE, "--at", AT, "--json")).stdout)
    assert told["stops"] == of_line["stops"]


def test_charts_and_energy_are_data_too(pipe: Pipe) -> None:
    of_oven = ("spc", "--asset", f"{LINE}/oven", "--tag", "temp_c", "--at", AT, "--window", "1h", "--json")
    chart, energy = (
        json.loads(run(*pipe.arguments(*asked)).stdout) for asked in (of_oven, ("energy", "--asset", LINE, "--json"))
    )

    assert (chart["chart"], chart["every"], chart["tag"]) == ("i_mr", "1m", "temp_c")
    assert len(chart["points"]) > 10 and all(point["time"].endswith("Z") for point in chart["points"])
    assert {"by_order", "by_shift"} <= energy.keys()
    assert all(row["good_count"] >= 0 for row in energy["by_order"])


def test_what_each_factor_did_to_oee_adds_up_to_its_change(pipe: Pipe) -> None:
    asked = ("oee", "--asset", LINE, "--window", "1h", "--at", AT, "--against", f"{AT[:11]}23:30Z")

    told = json.loads(run(*pipe.arguments(*asked, "--json")).stdout)

    *factors, oee = told["factors"]
    assert [one["figure"] for one in factors] == ["availability", "performance", "quality"]
    assert told["against_from"] != told["from"] and told["null_reason"] is None
    assert oee["part"] == pytest.approx(oee["now"] - oee["before"])
    assert sum(one["part"] for one in factors) == pytest.approx(oee["part"])
    mean = (oee["now"] - oee["before"]) / math.log(oee["now"] / oee["before"])  # the logarithmic mean of both
    for one in factors:
        assert one["part"] == pytest.approx(mean * math.log(one["now"] / one["before"]))


def test_the_change_of_oee_is_read_as_a_table(pipe: Pipe) -> None:
    told = run(*pipe.arguments("oee", "--asset", LINE, "--window", "1h", "--at", AT, "--against", AT)).stdout

    assert "against 2023-11-14T22:00 to 23:00Z" in told
    assert told.splitlines()[-1].split()[0] == "oee" and told.splitlines()[-1].split()[-1] == "0.000"


def test_the_station_that_waits_the_least_holds_the_line_back(pipe: Pipe) -> None:
    told = json.loads(
        run(
            *pipe.arguments("stations", "--asset", LINE, "--window", "shift", "--at", AT, "--demand", "100", "--json")
        ).stdout
    )

    stations = {one["station"]: one for one in told["stations"]}
    active = {name: one["busy"] for name, one in stations.items() if one["busy"] is not None}
    assert len(active) > 1 and told["bottleneck"] == max(active, key=lambda name: active[name])
    for one in stations.values():
        assert one["pieces"] is None or one["cycle_s"] == pytest.approx(one["production_s"] / one["pieces"])
    cycles = [one["cycle_s"] for one in stations.values() if one["cycle_s"] is not None]
    assert told["balance"] == (pytest.approx(sum(cycles) / len(cycles) / max(cycles)) if len(cycles) > 1 else None)
    assert 0 < told["takt_s"] * 100 <= 3600  # the shift is an hour long


def test_the_stations_of_a_line_fit_80_columns(pipe: Pipe) -> None:
    arguments = pipe.arguments("stations", "--asset", LINE, "--window", "shift", "--at", AT)

    told = CliRunner().invoke(app, ["show", *arguments], env={"COLUMNS": "80"}).stdout

    assert "holds the line back" in told
    assert max(map(len, told.splitlines())) <= 80 and "press" in told


@pytest.mark.parametrize("what", ["oee", "pareto", "energy"])
def test_pictures_fit_80_columns(pipe: Pipe, what: str) -> None:
    result = CliRunner().invoke(
        app, ["show", *pipe.arguments(what, "--asset", "plant/hall1/line1")], env={"COLUMNS": "80"}
    )

    assert max(map(len, result.stdout.splitlines())) <= 80


def test_energy_per_good_unit_is_drawn_by_order_and_by_shift(pipe: Pipe) -> None:
    told = run(*pipe.arguments("energy", "--asset", LINE)).stdout

    assert "by order" in told and "by shift" in told
    assert "kWh/good" in told and "night" in told


def test_the_points_of_a_window_are_drawn_between_their_limits(pipe: Pipe) -> None:
    told = run(
        *pipe.arguments("spc", "--asset", f"{LINE}/oven", "--tag", "temp_c", "--at", AT, "--window", "1h")
    ).stdout

    assert "i_mr of 1m" in told
    assert "points" in told


def test_sessions_of_a_tag_are_a_table_and_data(pipe: Pipe) -> None:
    asked = pipe.arguments("sessions", "--asset", f"{LINE}/oven", "--tag", "temp_c", "--gap", "1m")

    told, data = run(*asked).stdout, json.loads(run(*asked, "--json").stdout)

    assert f"{LINE}/oven temp_c: 1 session, 600 readings, pauses longer than 60 s between them" in told
    (one,) = data["sessions"]
    assert (data["gap_s"], one["samples"], one["length_s"], one["min"], one["max"]) == (60.0, 600, 5990.0, 180.0, 186.0)
    assert len(json.loads(run(*asked, "--gap", "9s", "--json").stdout)["sessions"]) == 600


def test_a_chart_of_counts_is_drawn_for_a_longer_window(pipe: Pipe) -> None:
    arguments = pipe.arguments("spc", "--asset", LINE, "--at", AT)

    drawn, told = run(*arguments).stdout, json.loads(run(*arguments, "--json").stdout)

    assert "what it counts, laney_p of 15m, day 2023-11-14" in drawn and "points" in drawn
    assert (told["chart"], told["every"], told["window"], told["tag"]) == ("laney_p", "15m", "day", None)
    assert told["beyond_limits"] == sum(point["beyond_limits"] == 1.0 for point in told["points"])
    assert len([point for point in told["points"] if point["value"] is not None]) > 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("oee", "--asset", "plant/hall1/line9"),
            "there is no row of losses of plant/hall1/line9 in a window shift or 1h",
        ),
        (("oee", "--asset", LINE, "--at", "2022-01-01", "--window", "1h"), "there is no row of losses"),
        (("energy", "--asset", "plant/hall1/line9"), "there is no row of production_order"),
        (("spc", "--asset", f"{LINE}/packer"), "name it with --tag"),
        (("spc", "--asset", LINE, "--tag", "speed"), "plant/hall1/line1 speed is not charted"),
        (("oee", "--asset", LINE, "--window", "order"), "show oee: --window is one of 1m, 15m,"),
        (("pareto", "--asset", LINE, "--window", "2h"), "show pareto: --window is one of 1m, 15m,"),
        (("pareto", "--asset", LINE, "--against", AT), "show pareto: --against is about oee"),
        (("sessions", "--asset", f"{LINE}/oven"), "show sessions: it is about one tag; name it with --tag"),
        (("sessions", "--asset", f"{LINE}/oven", "--tag", "speed"), f"the log has no reading of {LINE}/oven speed"),
        (("spc", "--asset", LINE, "--tag", "speed", "--gap", "5m"), "show spc: --gap is about sessions"),
        (("oee", "--asset", LINE, "--demand", "3"), "show oee: --demand is about stations"),
        (("stations", "--asset", f"{LINE}/press", "--at", AT), "show stations is about a line with machines"),
        (
            ("oee", "--asset", LINE, "--window", "1h", "--at", AT, "--against", "2022-01-01"),
            "to compare with: there is no row of losses",
        ),
        (("energy", "--asset", LINE, "--window", "2h"), "month, shift, order; got '2h'"),
        (("pareto", "--asset", "plant/hall1/line9"), "there is no row of losses of plant/hall1/line9"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(pipe: Pipe, arguments: tuple[str, ...], told: str) -> None:
    result = run(*pipe.arguments(*arguments))

    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(("what", "kind"), [(What.OEE, "machine"), (What.ENERGY, "order")])
def test_the_windows_that_can_be_asked_for_are_those_that_have_rows(what: What, kind: str) -> None:
    emitted = set(known()[kind].windows)

    assert set(what.windows) == emitted - ({"order"} if what is What.OEE else set())
