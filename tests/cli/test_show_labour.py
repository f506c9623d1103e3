"""What a line's shifts made for the time of the people who worked them, from rows of a store."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.exits import Exit
from cli.main import app
from delivery.store import LocalStore
from fieldline.plant import Plant, load_plant
from tests.delivery.metric_frames import metric_rows

LINE = "plant/hall1/line1"
HOUR = 3600 * 10**9
MIDNIGHT = 1_700_006_400 * 10**9  # 2023-11-15, a Wednesday
PLANT = """
[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
breaks = [{start = "09:00", end = "09:30"}]
workers = 6
[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:00"
workers = 2.5
"""


def stored(path: Path) -> Path:
    """Two shifts: the early one produced 5 of 8 hours and was set up for 1, the late one produced 2 and waited 2."""
    starts = [MIDNIGHT + 6 * HOUR, MIDNIGHT + 14 * HOUR]
    times = {
        "actual_production_time_s": [18_000.0, 7_200.0],
        "minor_stop_loss_s": [0.0, 0.0],
        "setup_loss_s": [3_600.0, 0.0],
        "delay_loss_s": [5_400.0, 7_200.0],
        "down_time_loss_s": [0.0, 0.0],
    }
    counts = {"total_count": [900.0, 400.0], "good_count": [810.0, 380.0]}
    store = LocalStore(path)
    for window, rows in (("shift", starts), ("day", [MIDNIGHT])):
        for kind, fields in (("losses", times), ("quality", counts)):
            values = {name: column[: len(rows)] for name, column in fields.items()}
            store.write([metric_rows(kind, rows, [LINE] * len(rows), windows=[window] * len(rows), **values)])
    store.close()
    return path


@pytest.fixture
def verb(tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "plant.toml").write_text(PLANT)
    arguments = [
        "show",
        "labour",
        "--store",
        str(stored(tmp_path / "store.db")),
        "--plant",
        str(tmp_path / "plant.toml"),
    ]
    return lambda *more: CliRunner().invoke(app, [*arguments, *more], env={"COLUMNS": "80"})


def shifts(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == Exit.OK, result.output
    return {row["shift"]: row for row in json.loads(result.stdout)["shifts"]}


def test_pieces_a_worker_hour_by_hand(verb: Callable[..., Result]) -> None:
    found = shifts(verb("--asset", LINE, "--window", "day", "--json"))

    early, late, both = found["early"], found["late"], found["all"]
    assert early["attended_h"] == 6 * 7.5  # the break aside
    assert early["good_a_worker_hour"] == pytest.approx(810 / 45)
    assert early["pieces_an_hour"] == pytest.approx(900 / 7.5)
    assert early["worker_efficiency"] == pytest.approx(21_600 / 27_000)  # 6 of 7.5 hours
    assert late["worked_h"] == pytest.approx(2.5 * 8 / 2)
    assert both["attended_h"] == 45 + 20
    assert both["good_a_worker_hour"] == pytest.approx((810 + 380) / 65)
    assert both["worker_efficiency"] == pytest.approx((36 + 10) / 65)
    assert both["workers"] == pytest.approx(65 / 15.5)


def test_a_shift_is_shown_alone_and_fits_80_columns(verb: Callable[..., Result]) -> None:
    found = shifts(verb("--asset", LINE, "--window", "shift", "--json"))
    shown = verb("--asset", LINE).stdout

    assert list(found) == ["late", "all"] and found["late"]["start"] == "2023-11-15T14:00:00Z"
    assert "good/worker h" in shown and max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--asset", f"{LINE}/press"), "show labour is about a line"),
        (("--asset", LINE, "--at", "2023-11-15T02:30Z", "--window", "1h"), "no shift of plant/hall1/line1 begins in"),
    ],
)
def test_what_has_no_shift_is_told(verb: Callable[..., Result], arguments: tuple[str, ...], told: str) -> None:
    refused = verb(*arguments)

    assert refused.exit_code == Exit.SETTINGS and told in refused.stderr


def test_without_workers_it_is_told_where_to_say_them(verb: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "plant.toml").write_text(PLANT.replace("workers = 6", "").replace("workers = 2.5", ""))

    refused = verb("--asset", LINE)

    assert refused.exit_code == Exit.SETTINGS and "add workers = N to [[calendar.shift]]" in refused.stderr


def test_who_works_a_shift_is_no_setting_that_figures_depend_on(tmp_path: Path) -> None:
    def said(text: str) -> tuple[Plant, str]:
        path = tmp_path / "other.toml"
        path.write_text(text)
        plant = load_plant(path)
        return plant, repr(plant.said_of_line(LINE))

    plant, six = said(PLANT)
    _, seven = said(PLANT.replace("workers = 6", "workers = 7"))
    _, later = said(PLANT.replace('start = "06:00"', 'start = "06:30"'))

    assert plant.calendar(LINE).shifts(MIDNIGHT, MIDNIGHT + 24 * HOUR)[0].workers == 6.0
    assert six == seven != later


def test_a_shift_of_nobody_is_refused(tmp_path: Path, verb: Callable[..., Result]) -> None:
    (tmp_path / "plant.toml").write_text(PLANT.replace("workers = 6", "workers = 0"))

    assert "workers" in verb("--asset", LINE).stderr
