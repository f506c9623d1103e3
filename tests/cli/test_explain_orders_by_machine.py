"""`fieldline explain` on a line whose machines take orders each for itself: what was worked out once more agrees."""

import json
import random

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, rows_of_line, said
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import T0, Row

PRESS, PACKER = f"{LINE}/press", f"{LINE}/packer"
AT = T0 + 5400 * SECOND


def orders_of(asset: str, seed: int) -> list[Row]:
    """Orders and products that a machine is told, one after the other."""
    rng, rows, second = random.Random(seed), list[Row](), 60.0
    while second < 5000:
        number, phase = rng.choice("123"), rng.choice(["start", "start", "start", "pause", "stop"])
        rows.append(
            said(asset, "order", T0 + round(second * SECOND), order=number, phase=phase, product=rng.choice("AB"))
        )
        second += rng.uniform(100, 900)
    rows.append(said(asset, "product", T0 + 5050 * SECOND, product=rng.choice("AB")))
    last = {"order": f"last of {asset}"}
    rows.append(said(asset, "order", T0 + 5100 * SECOND, phase="start", **last))
    return [*rows, said(asset, "order", T0 + 6000 * SECOND + seed, phase="stop", **last)]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    rows = [row for row in rows_of_line(5, 2 * 3600) if row.asset != LINE or row.time < T0 + 1800 * SECOND]
    rows += [row for k, asset in enumerate((PRESS, PACKER)) for row in orders_of(asset, k)]
    text = PLANT.replace("output =", 'orders = "machine"\noutput =', 1)
    return Pipe(tmp_path_factory.mktemp("pipe"), text, rows)


def explain(pipe: Pipe, kind: str, asset: str, window: str) -> dict[str, object]:
    at = (AT if window != "shift" else T0 + 3600 * SECOND) / SECOND
    arguments = pipe.arguments("explain", kind, "--asset", asset, "--at", at, "--json", "--window", window)
    return dict(json.loads(CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).stdout))


_KINDS = ("production_order", "oee", "losses", "quality", "energy")
_OF_MACHINES = ((PRESS, "order"), (PACKER, "order"), (PRESS, "shift"), (PACKER, "1h"))
_OF_THE_LINE = ((LINE, "1h"), (LINE, "15m"))  # it has no meter of its own, and so no energy


@pytest.mark.parametrize(
    ("kind", "asset", "window"),
    [(kind, *of) for kind in _KINDS for of in (*_OF_MACHINES, *(_OF_THE_LINE if kind != "energy" else ()))],
)
def test_what_is_worked_out_once_more_agrees_with_what_was_stored(
    pipe: Pipe, kind: str, asset: str, window: str
) -> None:
    told = explain(pipe, kind, asset, window)

    assert told["verdict"]["agrees"], told["verdict"]  # type: ignore[index]
    if window == "order":
        assert told["order_id"] == f"last of {asset}"


def test_the_orders_behind_a_line_s_figure_are_those_of_each_machine(pipe: Pipe) -> None:
    told = explain(pipe, "oee", LINE, "1h")

    orders = told["inputs"]["orders"]  # type: ignore[index]
    assert {one.get("asset") for one in orders} >= {PRESS, PACKER}


def test_there_is_no_order_of_the_line_where_only_machines_have_one(pipe: Pipe) -> None:
    arguments = pipe.arguments("explain", "production_order", "--asset", LINE, "--at", AT / SECOND)

    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})

    assert result.exit_code == 2
    assert "its machines take orders each for itself" in result.output


def test_energy_a_unit_by_order_is_shown_of_a_machine_and_of_a_line_it_says_so(pipe: Pipe) -> None:
    press, line = (
        CliRunner().invoke(app, pipe.arguments("show", "energy", "--asset", asset, "--window", "order", "--json"))
        for asset in (PRESS, LINE)
    )

    assert f"last of {PRESS}" in [row["order_id"] for row in json.loads(press.stdout)["by_order"]]
    assert line.exit_code == 2 and "its machines take orders each for itself" in line.output
