"""The verb on tables that are made here: what it prints and writes, and what it refuses by name."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from cli.exits import Exit
from cli.main import app

CELLS = ("--set", "value=ah", "--set", "threshold=1.0")


@pytest.fixture
def verb() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, ["train", *map(str, arguments)], env={"COLUMNS": "100"})


@pytest.fixture
def cells(tmp_path: Path) -> list[str]:
    """Three cells that lose 10, 12 and 14 mAh a cycle from 2 Ah on: they reach 1 Ah after 100, 84 and 72 cycles."""
    arguments = []
    for number, loss in enumerate((0.010, 0.012, 0.014)):
        path = tmp_path / f"cell{number}.csv"
        rows = {"cycle": list(range(120)), "ah": [2.0 - loss * cycle for cycle in range(120)]}
        pl.DataFrame(rows).write_csv(path)
        arguments += ["--table", str(path)]
    return arguments


def test_a_model_is_told_and_its_card_and_pictures_written(
    verb: Callable[..., Result], cells: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"

    told = verb("trend", *cells, *CELLS, "--judge", tmp_path / "cell0.csv", "--out", folder, "--json")

    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert document["card"] == json.loads((folder / "card.json").read_text())
    assert document["card"]["source"]["units"] == 3
    (error,) = document["judged"]
    assert error["figure"] == "end_error_cell0" and abs(error["value"]) < 10  # of 100, known for half of it
    assert {Path(row["file"]).name for row in document["files"]} == {
        "card.json", "ends.png", "ends.svg", "lives_left.png", "lives_left.svg",
    }  # fmt: skip


def test_people_read_figures_and_where_the_model_ends(verb: Callable[..., Result], cells: list[str]) -> None:
    told = verb("trend", *cells, *CELLS)

    assert told.exit_code == 0
    assert "mean_end_error" in told.stdout and "Where it ends:" in told.stdout
    assert "Shape weibull" in told.stdout  # cells that age alike at other speeds have its slope in common


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("trend",), "expected a TASK and at least one --table FILE"),
        (("wear", "--table", "no.csv"), "expected one of "),
        (("trend", "--table", "no.csv", *CELLS), "can't read no.csv: No such file"),
        (("trend", "--table", "no.csv"), "train trend.value: is missing"),
        (("trend", "--table", "no.csv", "--set", "value"), "--set: expected NAME=VALUE, got 'value'"),
        (("trend", "--table", "no.csv", *CELLS, "--rul", "no.txt"), "--rul are the lives of the units of --judge"),
    ],
)
def test_what_it_can_not_do_is_refused_by_name(
    arguments: tuple[str, ...], says: str, verb: Callable[..., Result]
) -> None:
    told = verb(*arguments)

    assert told.exit_code == Exit.SETTINGS
    assert says in told.stderr


def test_tasks_and_their_options_are_listed(verb: Callable[..., Result]) -> None:
    assert {"rul", "trend"} <= {row["task"] for row in json.loads(verb("--list", "--json").stdout)}
    assert "fieldline train rul" in verb("rul", "--list").stdout


def test_a_model_that_no_family_scores_is_not_kept_in_the_registry(
    verb: Callable[..., Result], cells: list[str], tmp_path: Path
) -> None:
    told = verb("trend", *cells, *CELLS, "--name", "cells", "--registry", tmp_path / "registry")

    assert told.exit_code == Exit.SETTINGS
    assert "a model of trend can't be kept in the registry: no family scores it" in told.stderr
    assert not (tmp_path / "registry").exists()
