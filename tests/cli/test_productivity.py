import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.productivity.monthly import report, whole_of
from analysis.productivity.monthly_table import read_monthly_table
from cli.main import app

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
