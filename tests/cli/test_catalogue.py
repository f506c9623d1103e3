"""`fieldline catalogue`: the same table for people, programs and documentation."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from cli.main import app
from fieldline.catalogue import fields, kinds, metrics, texts


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["catalogue", *arguments], env={"COLUMNS": "80"})


def test_every_metric_is_printed_with_unit_formula_and_source() -> None:
    told = " ".join(_run().stdout.split())

    assert all(row.field in told for row in metrics())
    assert all(f"unit {row.unit} " in told for row in metrics())
    assert all(" ".join(row.formula.split()) in told for row in metrics())


def test_one_kind_is_printed_alone() -> None:
    told = _run("losses").stdout

    assert "calendar_time_s" in told
    assert "energy_per_good_unit_kwh" not in told


def test_json_has_every_kind_with_its_fields() -> None:
    document = json.loads(_run("--json").stdout)

    assert [kind["kind"] for kind in document] == list(kinds())
    assert all(
        tuple(row["field"] for row in kind["fields"]) == fields(kind["kind"]) + texts(kind["kind"]) for kind in document
    )


def test_markdown_is_the_page_of_the_documentation() -> None:
    told = _run("--markdown").stdout

    assert told == Path("docs/metrics.md").read_text("utf-8")


def test_a_kind_that_does_not_exist_is_told_with_the_nearest() -> None:
    result = _run("losess")

    assert result.exit_code == 2
    assert "did you mean 'losses'" in result.stderr
