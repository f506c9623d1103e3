"""`fieldline explain` and `metrics try` of metrics that remember: worked out once more from the first window on, and tried in the midst of a log."""

import json
from random import Random

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.analysis.whole_pipe import Pipe
from tests.processing.derived.test_functions_that_remember import EVERY, HEAD, HOUR0, MINUTE, PRESS
from tests.processing.engine_rig import SECOND, Row

QUARTERS = 24
LINES = HEAD.replace('"watch"', '"of_line"\nasset = "p/h/line1"') + 'field.z = { value = "ewma(max(press.a_bar), 0.5)" }\nassets.press = "p/h/line1/press"\n'  # fmt: skip

OF_WINDOWS = f"""
[[metric]]
kind = "of_window"
asset = "{PRESS}"
windows = ["15m", "1h"]
field.y = {{ value = "window.hour + mean(a_bar) * (window.shift != 'early')" }}
field.working = {{ value = "window.working_share + window.weekday" }}
field.middle = {{ value = "p50(a_bar) + previous(window.hour)" }}
[[asset]]
path = "{PRESS}"
[asset.tags.a_bar]
quantiles = true
[[calendar]]
[[calendar.shift]]
name = "early"
start = "00:30"
end = "08:00"
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    random, rows = Random(2), list[Row]()
    for k in range(3 * QUARTERS):
        time = HOUR0 + k * 5 * MINUTE + 60 * SECOND
        if k % 17:
            rows.append(Row(PRESS, "a_bar", time, random.gauss(6.0 + 3.0 * (k > 40), 1.0)))
        if k % 4 == 0:
            rows.append(Row(PRESS, "b_bar", time + SECOND, 1.0))
    return Pipe(tmp_path_factory.mktemp("pipe"), EVERY + LINES + OF_WINDOWS, rows)


def run(arguments: list[str]) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


@pytest.mark.parametrize("kind", ["watch", "of_line", "of_window"])
@pytest.mark.parametrize("window", ["15m", "1h"])
def test_what_is_worked_out_once_more_agrees(pipe: Pipe, kind: str, window: str) -> None:
    asset = PRESS if kind != "of_line" else PRESS.rpartition("/")[0]
    for quarter in (0, 9, QUARTERS - 5):
        at = (HOUR0 + quarter * 15 * MINUTE) / SECOND
        told = json.loads(run(pipe.arguments("explain", kind, "--asset", asset, "--at", at, "--window", window, "--json")))  # fmt: skip
        assert told["verdict"]["agrees"], told["verdict"]
        assert told["verdict"]["compared"] >= (13 if kind == "watch" else 1)


def test_the_state_before_and_the_numbers_are_shown(pipe: Pipe) -> None:
    at = (HOUR0 + 9 * 15 * MINUTE) / SECOND
    told = json.loads(run(pipe.arguments("explain", "watch", "--asset", PRESS, "--at", at, "--window", "15m", "--json")))  # fmt: skip

    read = {one["what"]: one for one in told["inputs"]["read"]}
    smooth = read["ewma(mean(a_bar), 0.25)"]
    assert smooth["value"] == pytest.approx(0.75 * smooth["before"] + 0.25 * read["mean(a_bar)"]["value"])
    step = next(field for field in told["fields"] if field["field"] == "step")
    assert step["numbers"] == f"{read['mean(a_bar)']['value']!r} - {read['previous(mean(a_bar))']['value']!r}"


def test_a_trial_of_a_span_in_the_midst_remembers_what_lies_before(pipe: Pipe) -> None:
    span = [str((HOUR0 + 16 * 15 * MINUTE) // SECOND), str((HOUR0 + 17 * 15 * MINUTE) // SECOND)]
    told = run(["metrics", "try", pipe.plant, "--log", pipe.log, "--from", span[0], "--to", span[1], "--window", "15m", "--json"])  # fmt: skip

    (row,) = [one for one in json.loads(told) if one["metric"] == "watch"]
    said = json.loads(run(pipe.arguments("explain", "watch", "--asset", PRESS, "--at", span[0], "--window", "15m", "--json")))  # fmt: skip
    assert row["smooth"] == next(one["value"] for one in said["fields"] if one["field"] == "smooth")
