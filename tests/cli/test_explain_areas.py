"""`fieldline explain` of areas, sites and groups: what an engineer reads of lines together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from fieldline.plant import load_plant
from tests.analysis.worked_lines import WorkedLines, worked_machine
from tests.processing.engine_rig import T0

HALL1, HALL2, GROUP = "plant/hall1", "plant/hall2", "department/filling"
AT = "2023-11-14T23:10"
PLANT = """
[[line]]
path = "plant/hall1/line3"

[[group]]
path = "department/filling"
lines = ["plant/hall1/line2", "plant/hall2/*"]

[[asset]]
path = "plant/hall1/line[12]/press"
ideal_cycle_s = 9.0

[[asset]]
path = "plant/hall2/line1/press"
ideal_cycle_s = 9.0

[[metric]]
kind = "pieces"
asset = "plant/hall2/line1"
windows = ["1h"]
assets = { other = "plant/hall1/line2", hall = "plant/hall1" }
field.of_other = { value = "quality.good_count / other.quality.good_count", unit = "1" }
field.of_hall = { value = "quality.good_count / (hall.quality.good_count + quality.good_count)", unit = "1" }

[[calendar]]
path = "plant/hall1"
[[calendar.shift]]
name = "night"
start = "22:30"
end = "23:30"

[[calendar]]
path = "plant/hall2"
[[calendar.shift]]
name = "nacht"
start = "22:30"
end = "23:30"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two halls: of the first one line3 has no ideal cycle, the second calls its shift otherwise."""
    folder = tmp_path_factory.mktemp("areas")
    (folder / "plant.toml").write_text(PLANT)
    lines = {f"{HALL1}/line1": 10, f"{HALL1}/line2": 12, f"{HALL1}/line3": 15, f"{HALL2}/line1": 20}
    rows = [row for line, every_s in lines.items() for row in worked_machine(f"{line}/press", T0, 2 * 3600, every_s)]
    rows.sort(key=lambda row: row.time)
    worked = WorkedLines(folder, load_plant(folder / "plant.toml"), rows)
    yield folder
    worked.close()


def explain(folder: Path, asset: str, *arguments: str, kind: str = "oee") -> Result:
    where = (
        "--log",
        f"sqlite:{folder / 'plant.db'}",
        "--plant",
        folder / "plant.toml",
        "--store",
        folder / "results.db",
    )
    told = ["explain", kind, "--asset", asset, "--at", AT, *map(str, where), *arguments]
    return CliRunner().invoke(app, told, env={"COLUMNS": "80"})


def told(folder: Path, asset: str, *arguments: str, kind: str = "oee") -> Any:
    return json.loads(explain(folder, asset, "--json", *arguments, kind=kind).stdout)


def test_an_area_is_read_with_the_line_that_is_unknown_and_why(folder: Path) -> None:
    text = explain(folder, HALL1, "--window", "shift").stdout

    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "oee of plant/hall1, shift night 2023-11-14T22:30 to 23:30Z"
    assert lines[1] == "3 lines together, rev 0"
    said = " ".join(text.split())
    assert "what is missing is unknown: no ideal cycle: plant/hall1/line3" in said
    assert "worked out once more from the log, line by line: all 18 figures agree to 1e-9" in said
    table = [line.split() for line in lines if line.startswith("plant/hall1/line")]
    assert [(row[0], row[-2], row[-1]) for row in table] == [
        ("plant/hall1/line1", "0.9", "yes"),
        ("plant/hall1/line2", "0.75", "yes"),
        ("plant/hall1/line3", "-", "yes"),
    ]
    assert "  fieldline explain oee --asset plant/hall1/line1 --window shift --at …" in lines


def test_lines_that_call_the_same_hours_otherwise_are_named_and_not_in_it(folder: Path) -> None:
    site = told(folder, "plant", "--window", "shift")
    text = explain(folder, "plant", "--window", "shift").stdout

    assert (site["shift"], site["apart"]) == ("night", {"nacht": ["plant/hall2/line1"]})
    assert [line["line"] for line in site["lines"]] == [f"{HALL1}/line{n}" for n in (1, 2, 3)]
    assert "not in it, by another name of the same hours (nacht): plant/hall2/line1" in text


def test_a_group_has_the_figures_of_its_lines_as_data(folder: Path) -> None:
    group = told(folder, GROUP, "--window", "1h", kind="losses")

    figures = {field["field"]: field for field in group["fields"]}
    mine = {line["line"]: line["actual_production_time_s"] for line in group["lines"]}
    assert mine.keys() == {f"{HALL1}/line2", f"{HALL2}/line1"}
    assert figures["actual_production_time_s"]["value"] == sum(mine.values()) > 0
    assert all(field["agrees"] for field in figures.values() if field["recount"] is not None)
    assert all(line["differing"] == [] for line in group["lines"])


def test_show_says_whose_clock_a_group_goes_by_and_shows_the_row_of_that_shift(folder: Path) -> None:
    where = (
        "--log",
        f"sqlite:{folder / 'plant.db'}",
        "--plant",
        folder / "plant.toml",
        "--store",
        folder / "results.db",
    )
    asked = ["show", "oee", "--asset", GROUP, "--at", AT, *map(str, where)]

    text = CliRunner().invoke(app, asked, env={"COLUMNS": "80"}).stdout
    shown = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)

    said = " ".join(text.split())
    assert "times and shifts are those of plant/hall1/line2 (UTC); another zone or calendar holds for" in said
    assert shown["shift"] == "night"
    assert shown["figures"]["oee"] == pytest.approx(0.75)  # line2 alone; line1 of hall2 calls it nacht, and has 0.45


def test_the_causes_of_a_group_are_those_of_its_lines(folder: Path) -> None:
    where = (
        "--log",
        f"sqlite:{folder / 'plant.db'}",
        "--plant",
        folder / "plant.toml",
        "--store",
        folder / "results.db",
    )
    asked = ["show", "pareto", "--asset", GROUP, "--at", AT, "--window", "1h", "--json", *map(str, where)]

    (stop,) = json.loads(CliRunner().invoke(app, asked).stdout)["stops"]

    # Each of its two lines stands from 23:14 to 23:19 and from 23:44 to 23:49.
    assert stop["duration_s"] == 2 * 600.0


def test_a_metric_across_lines_is_read_with_the_rows_that_it_is_made_of(folder: Path) -> None:
    text = explain(folder, f"{HALL2}/line1", kind="pieces").stdout
    document = told(folder, f"{HALL2}/line1", kind="pieces")

    fields = {field["field"]: field for field in document["fields"]}
    pieces = {source["what"]: source["value"] for source in document["inputs"]}
    own, other, hall = (pieces[f"{name}quality.good_count"] for name in ("", "other.", "hall."))
    assert own < other < hall
    assert fields["of_other"]["value"] == pytest.approx(own / other) and fields["of_other"]["agrees"]
    assert fields["of_hall"]["value"] == pytest.approx(own / (hall + own)) and fields["of_hall"]["agrees"]
    assert "all 2 figures agree" in text and f"{own:.1f} / {other:.1f}" in text
    assert "fieldline explain quality --asset plant/hall2/line1" in " ".join(text.split())


def test_a_window_in_which_a_metric_across_lines_has_no_row_is_told(folder: Path) -> None:
    of_day = explain(folder, f"{HALL2}/line1", "--window", "day", kind="pieces")
    before = explain(folder, f"{HALL2}/line1", "--at", "2023-11-13T01:00", kind="pieces")

    assert of_day.exit_code == 2 and "pieces of plant/hall2/line1 has 1h, got 'day'" in of_day.output
    assert before.exit_code == 2 and "no row of pieces of plant/hall2/line1" in before.output
