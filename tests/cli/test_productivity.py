import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.productivity.monthly import report, whole_of
from analysis.productivity.monthly_table import read_monthly_table
from cli.main import app
from tests.oracles.cases import cases

EXAMPLE = Path(__file__).parents[2] / "examples" / "productivity.csv"


@pytest.fixture
def run() -> Callable[..., Result]:
    """The verb with the command line's own way of telling errors."""
    return lambda *arguments: CliRunner().invoke(
        app, ["productivity", *map(str, arguments)], prog_name="fieldline", env={"COLUMNS": "80"}
    )


def section(text: str, heading: str) -> list[list[str]]:
    """The rows of the table below a heading, split at blanks."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(heading)) + 2
    return [line.split() for line in lines[start:] if line.startswith("2025-")][:6]


def test_the_example_prints_what_the_analysis_computes(run: Callable[..., Result]) -> None:
    whole = whole_of(read_monthly_table(EXAMPLE))

    result = run(EXAMPLE)

    assert result.exit_code == 0, result.output
    printed = section(result.output, "Total factor productivity (TFP")
    assert [row[0] for row in printed] == list(whole.periods)
    assert [float(row[1]) for row in printed] == pytest.approx(100 * report(whole).total_factor, abs=0.051)


def test_tables_stay_within_a_terminal_and_say_how_far_the_units_can_be_told_apart(run: Callable[..., Result]) -> None:
    result = run(EXAMPLE)

    assert max(len(line) for line in result.output.splitlines()) <= 80
    assert "it takes 15 units or more to tell them apart" in " ".join(result.output.split())
    for heading in (
        "Partial productivity",
        "Output index",
        "Input index",
        "Efficiency of each unit",
        "Malmquist index",
    ):
        assert heading in result.output


def test_another_base_is_100(run: Callable[..., Result]) -> None:
    result = run(EXAMPLE, "--base", "2025-09")

    rows = {row[0]: row[1:] for row in section(result.output, "Output index")}
    assert "2025-09 = 100" in result.output
    assert rows["2025-09"] == ["100.0"] * 4
    assert rows["2025-07"] != ["100.0"] * 4


def test_json_holds_every_unit_the_whole_and_the_frontier(run: Callable[..., Result]) -> None:
    table = read_monthly_table(EXAMPLE)

    told = json.loads(run(EXAMPLE, "--json").stdout)

    assert [unit["unit"] for unit in told["units"]] == ["all", *table.units]
    assert told["base"] == "2025-07"
    cell = told["units"][2]["periods"][3]
    assert cell["total_factor_productivity"] == pytest.approx(report(table, 0, 1).total_factor[3])
    assert cell["growth"]["output"] == pytest.approx(
        sum(cell["growth"]["inputs"].values()) + cell["growth"]["total_factor_productivity"]
    )
    assert len(told["frontier"]) == len(table.periods) * len(table.units)
    assert told["frontier"][0]["malmquist"] is None


def test_what_is_undefined_is_a_dash_for_people_and_null_for_programs(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    file = tmp_path / "months.csv"
    file.write_text("period,output:a,price:a,hours\n2025-01,5,2,10\n2025-02,,2,10\n2025-03,7,2,0\n")

    shown, told = run(file), json.loads(run(file, "--json").stdout)

    assert section(shown.output, "Partial productivity") == [["2025-01", "100.0"], ["2025-02", "-"], ["2025-03", "-"]]
    assert told["units"][0]["periods"][2]["partial_productivity"] == {"hours": None}
    assert "frontier" not in told


def test_a_bad_table_is_one_line_and_exit_code_2(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    file.write_text("period,output:a,price:a,hours\n2025-01,5,2,much\n")

    result = run(file)

    assert result.exit_code == 2
    assert result.stderr == "fieldline: months.csv: row 1, column 'hours': expected a number of 0 or more, got 'much'\n"


def test_a_base_that_is_no_period_is_told_with_the_nearest_one(run: Callable[..., Result]) -> None:
    result = run(EXAMPLE, "--base", "2025-13")

    assert result.exit_code == 2
    assert "--base: expected a period of the table, got '2025-13', did you mean '2025-12'?" in result.stderr


def test_names_from_the_file_cannot_move_the_terminals_cursor(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    file.write_text("period,output:a\x1b[2J,price:a\x1b[2J,hours\n2025-01,5,2,10\n")

    result = run(file)

    assert "\x1b" not in result.output
    assert "a\\x1b[2J for each unit of" in result.output


def indicators(path: Path) -> tuple[Path, dict[str, object]]:
    """The published composite's table as a monthly one: two indicators of which more is better, and one of which less is."""
    (case,) = cases("productivity", "composite_indicator")
    lines = ["period,unit,output:x,price:x,hours,more:a,more:b,less:c"]
    for number, (a, b, c) in enumerate(case["inputs"]["data_rows_units_cols_indicators"]):
        lines.append(f"2026-01,unit {number},1,1,1,{a},{b},{c}")
    path.write_text("\n".join(lines) + "\n")
    return path, case["expected"]


WEIGHTS = ("--weight", "hours=0", "--weight", "a=0.5", "--weight", "b=0.3", "--weight", "c=0.2")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("geometric",), "geom_minmax_1_100"),
        (("harmonic",), "harm_minmax_1_100"),
        (("arithmetic", "--scale", "zscore"), "arith_z"),
    ],
)
def test_units_are_scored_as_published(
    run: Callable[..., Result], tmp_path: Path, asked: tuple[str, ...], expected: str
) -> None:
    file, want = indicators(tmp_path / "units.csv")

    found = json.loads(run(file, "--score", *asked, *WEIGHTS, "--json").output)["scores"]

    assert [row["score"] for row in found] == pytest.approx(want[expected], rel=1e-9)
    if asked == ("geometric",):
        assert [row["rank"] for row in found] == want["rank_geom"]


def test_the_way_to_a_target_is_a_score_too_and_stays_within_a_terminal(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    file, want = indicators(tmp_path / "units.csv")
    targets = ("--target", "a=95", "--target", "b=1", "--target", "c=10", "--target", "hours=2")

    asked = (file, "--score", "arithmetic", "--scale", "distance-to-target", *WEIGHTS, *targets)
    found, shown = json.loads(run(*asked, "--json").output)["scores"], run(*asked).output

    for row, ways in zip(found, want["dist_to_target"], strict=True):  # type: ignore[call-overload]
        assert [row["indicators"][name] for name in "abc"] == pytest.approx(ways, rel=1e-9)
        assert row["score"] == pytest.approx(0.5 * ways[0] + 0.3 * ways[1] + 0.2 * ways[2])
    assert "Place of each unit" in shown and max(len(line) for line in shown.splitlines()) <= 80


def test_scores_are_over_all_periods_so_that_one_that_rises_has_got_better(run: Callable[..., Result]) -> None:
    found = json.loads(run(EXAMPLE, "--score", "arithmetic", "--json").output)["scores"]

    first = [row["indicators"]["labour"] for row in found]
    assert (min(first), max(first)) == (1.0, 100.0) and len(found) == 24
    assert first.index(1.0) // 4 != first.index(100.0) // 4  # the worst and the best unit are those of different months


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--weight", "labour=2"), "belong to --score"),
        (("--score", "geometric", "--weight", "labor=2"), "unknown indicator 'labor', did you mean 'labour'?"),
        (("--score", "geometric", "--weight", "labour"), "expected INDICATOR=NUMBER, got 'labour'"),
        (("--score", "geometric", "--weight", "labour=-1"), "numbers of 0 or more"),
        (("--score", "geometric", "--scale", "zscore"), "needs values above 0"),
        (("--score", "arithmetic", "--target", "labour=2"), "--target belongs to"),
        (("--score", "arithmetic", "--scale", "distance-to-target"), "expected a --target for each of labour"),
    ],
)
def test_a_score_that_cannot_be_is_refused(run: Callable[..., Result], arguments: tuple[str, ...], told: str) -> None:
    refused = run(EXAMPLE, *arguments)

    assert refused.exit_code != 0 and told in " ".join(refused.stderr.split())


def test_one_unit_has_no_score_and_an_indicator_no_name_of_an_input(run: Callable[..., Result], tmp_path: Path) -> None:
    alone, twice = tmp_path / "alone.csv", tmp_path / "twice.csv"
    alone.write_text("period,output:x,price:x,hours\n2026-01,1,1,1\n")
    twice.write_text("period,unit,output:x,price:x,hours,less:hours\n2026-01,a,1,1,1,1\n2026-01,b,1,1,1,1\n")

    assert "several of them" in run(alone, "--score", "geometric").stderr
    assert "the name of an input" in run(twice, "--score", "geometric").stderr
