"""`fieldline show`: pictures of a window, drawn from what the pipe stored."""

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

    assert "night 2023-11-14T22:30:00Z" in told
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

    assert "what it stood for" in told and "no reason told" in told
    assert "where they were found" in told and "packer" in told


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("oee", "--asset", "plant/hall1/line9"), "show oee: there is no row of losses"),
        (("oee", "--asset", LINE, "--at", "2022-01-01", "--window", "1h"), "there is no row of losses"),
        (("energy", "--asset", "plant/hall1/line9"), "there is no row of order"),
        (("spc", "--asset", LINE), "name it with --tag"),
        (("spc", "--asset", LINE, "--tag", "speed"), "show spc: plant/hall1/line1 speed is not charted"),
        (("oee", "--asset", LINE, "--window", "order"), "show oee: --window is one of 1m, 15m,"),
        (("pareto", "--asset", LINE, "--window", "2h"), "show pareto: --window is one of 1m, 15m,"),
        (("energy", "--asset", LINE, "--window", "2h"), "month, shift, order; got '2h'"),
        (("pareto", "--asset", "plant/hall1/line9"), "show pareto: there is no row of losses"),
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
