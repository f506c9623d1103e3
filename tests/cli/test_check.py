"""What `check` says of figures that stand before a start with other settings, and what `status` says of them after."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from delivery.rows import read_rows
from delivery.store import LocalStore
from fieldline.clock import SystemClock
from fieldline.frames import decode_batch
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import load_plant
from tests.processing.engine_rig import SECOND
from tests.processing.test_stage import OVEN
from tests.processing.test_state_lost import NOW, Plantful

TOLD = """
[[asset]]
path = "plant/hall/line1/oven"
[asset.tags.power_kw]
unit = "W"
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A log with hours of one line, and a plant file that says something else of it."""
    rig = Plantful(tmp_path / "plant.db")
    rig.open()
    rig.send(0, 8)
    rig.close()
    (tmp_path / "plant.toml").write_text(TOLD)
    return tmp_path / "plant.toml"


def ends(plant: Path) -> list[int]:
    """Where each stream of the log ends."""
    log = SqliteLog(plant.with_name("plant.db"))
    found = [log.bounds(stream, 0)[1] for stream in Stream]
    log.close()
    return found


def test_check_tells_which_figures_a_start_would_compute_anew_and_which_it_leaves(
    plant: Path, fieldline: Callable[..., Result]
) -> None:
    before = ends(plant)

    same = fieldline("check", "--log", "sqlite:plant.db", "--json")
    other = fieldline("check", "--log", "sqlite:plant.db", "--plant", plant, "--json")

    assert json.loads(same.stdout)["changes"] == []
    (told,) = [text for text in json.loads(other.stdout)["changes"] if "asset.tags.unit" in text]
    assert told.startswith("plant/hall/line1: figures of energy")
    assert "are computed anew" in told
    assert ends(plant) == before


def test_status_says_which_figures_stand_from_other_settings(plant: Path, fieldline: Callable[..., Result]) -> None:
    rig = Plantful(plant.with_name("plant.db"))
    rig.remove(Stream.READINGS, "id < 300")
    rig.open(plant=load_plant(plant))
    rig.take()
    rig.close()

    told = json.loads(fieldline("status", "--log", "sqlite:plant.db", "--json").stdout)["settings_changed"]

    assert ["those before stand as they are" in text for text in told] == [True]


def test_explain_does_not_call_a_figure_wrong_that_stands_from_other_settings(
    plant: Path, fieldline: Callable[..., Result]
) -> None:
    rig = Plantful(plant.with_name("plant.db"))
    rig.remove(Stream.READINGS, "id < 60")
    rig.open(plant=load_plant(plant))
    rig.take()
    store = LocalStore(plant.with_name("results.db"))
    for record in rig.log.read(Stream.METRICS, 0, 0):
        store.write([read_rows(decode_batch(record.value or b""))])
    store.close()
    rig.close()
    asked = ("explain", "energy", "--asset", OVEN, "--window", "1h", "--log", "sqlite:plant.db", "--plant", plant)

    def explained(hour: int) -> dict[str, Any]:
        at = NOW // SECOND + hour * 3600
        return json.loads(fieldline(*asked, "--at", at, "--store", "results.db", "--json").stdout)

    assert [len(explained(hour)["settings_changed"]) for hour in (1, 4)] == [1, 0]
    assert explained(1)["verdict"]["agrees"] is None
    assert "stands from other settings" in explained(1)["verdict"]["why"]
    assert explained(4)["verdict"]["agrees"] is True


def test_status_goes_on_warning_of_a_log_that_forgets_before_rows_may_be_late(
    tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    rig = Plantful(tmp_path / "plant.db")
    rig.open(horizon_s=10 * 86_400.0)  # by a flag, of which status is not told
    rig.send(0, 1)
    rig.close()

    told, of_the_week = (
        fieldline("status", "--log", f"sqlite:plant.db{kept}", "--json").stdout for kept in ("?retention_s=2000000", "")
    )

    assert json.loads(told)["warning"] == ""
    assert "expected at least 867600, the horizon and an hour, got 604800" in json.loads(of_the_week)["warning"]


def test_check_warns_when_the_log_forgets_before_rows_may_be_late(fieldline: Callable[..., Result]) -> None:
    told = fieldline("check", "--log", "sqlite:plant.db?retention_s=3600").output

    assert "expected at least 93600" in " ".join(told.split())


def test_check_prints_the_next_days_with_shifts_crews_and_why_they_are_not_as_others(
    tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    today = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC).date()
    (tmp_path / "plant.toml").write_text(
        f"""
[[calendar]]
path = "plant"
shift = [{{name = "early", start = "06:00", end = "14:00"}}, {{name = "late", start = "14:00", end = "22:00"}}]
[calendar.rota]
anchor = {today}
pattern = ["early", "late", ""]
crews = {{ A = 0, B = 1 }}
[[calendar.exception]]
from = {today + timedelta(days=1)}
reason = "stocktaking"
"""
    )

    told = json.loads(fieldline("check", "--plant", tmp_path / "plant.toml", "--days", "3", "--json").stdout)
    shown = fieldline("check", "--plant", tmp_path / "plant.toml", "--days", "3").stdout

    # B begins a day after A: on the anchor it has its day off, and nobody has the late shift.
    rows = told["calendar plant"]
    assert [(row["shifts"], row["reason"]) for row in rows] == [
        ("early 06:00-14:00 A", ""),
        ("-", "stocktaking"),
        ("late 14:00-22:00 B", ""),
    ]
    assert f"late on {today:%a %Y-%m-%d}" in " ".join(shown.split())


def test_check_says_which_shifts_of_the_next_days_are_planned_stops(
    tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    today = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC).date()
    days = [today + timedelta(days=number) for number in range(3)]
    (tmp_path / "plant.toml").write_text(
        f"""
[[calendar]]
path = "plant"
shift = [{{name = "early", start = "06:00", end = "14:00"}}, {{name = "late", start = "14:00", end = "22:00"}}]
holidays = [{days[0]}]
stop = [{{ from = "{days[1]}T13:00", to = "{days[1]}T22:00" }}]
[[calendar]]
path = "farm"
holidays = [{days[2]}]
"""
    )

    told = json.loads(fieldline("check", "--plant", tmp_path / "plant.toml", "--days", "3", "--json").stdout)
    shown = fieldline("check", "--plant", tmp_path / "plant.toml", "--days", "3").stdout

    assert [row["planned_stops"] for row in told["calendar plant"]] == ["planned stops", "planned stops: late", ""]
    assert [row["planned_stops"] for row in told["calendar farm"]] == ["", "", "a planned stop"]
    assert (
        "(holiday; planned stops)" in shown
        and "(planned stops: late)" in shown
        and "(holiday; a planned stop)" in shown
    )


def test_tags_for_values_alone_are_a_number_and_no_table(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    (tmp_path / "plant.toml").write_text('[[asset]]\npath = "p/h/l/oven"\n[asset.tags.temp_degc]\nlow = 0.0\n')

    result = fieldline("check", "--plant", str(tmp_path / "plant.toml"))

    assert result.exit_code == 0
    assert (
        "0 are taken for energy, states or pieces, 1 for values" in result.stdout and "taken_for" not in result.stdout
    )


def test_check_says_of_which_lines_a_price_counts_that_is_told_of_their_site(
    tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    plant = tmp_path / "plant.toml"
    plant.write_text(
        '[[tariff]]\ncurrency = "EUR"\nprice = 0.3\n'
        '[[line]]\npath = "plant/hall/line1"\n[[asset]]\npath = "plant/hall/line2/press"\n[[asset]]\npath = "plant/hall/*"\n'
    )

    result = fieldline("check", "--plant", plant)

    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert (
        "price event that is told of plant holds for its lines that the plant file names: plant/hall/line1, plant/hall/line2"
        in told
    )


def test_check_says_which_machine_sets_the_oee_of_a_line_for_which_nothing_is_declared(
    tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    plant = tmp_path / "plant.toml"
    plant.write_text(
        '[[asset]]\npath = "plant/hall/line1/press"\nideal_cycle_s = 4\ntags = { strokes = { kind = "good_count" } }\n'
        '[[asset]]\npath = "plant/hall/line1/oven"\nrated_power_kw = 50\n'
    )

    result = fieldline("check", "--plant", plant)

    assert result.exit_code == 0
    assert "names plant/hall/line1/press alone has a counter" in " ".join(result.stdout.split())


def test_a_counter_that_starts_over_with_shifts_that_there_are_not_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    counter = '[[asset]]\npath = "p/h/l/m"\n[asset.tags.good_count]\nstarts_over = "shift"\n'
    calendar = '[[calendar]]\n[[calendar.shift]]\nname = "early"\nstart = "06:00"\nend = "14:00"\n'

    def said(text: str) -> str:
        file.write_text(text, "utf-8")
        return " ".join(CliRunner().invoke(app, ["check", "--plant", str(file)]).stdout.split())

    assert 'p/h/l/m good_count: starts_over = "shift", and line p/h/l has no shifts' in said(counter)
    assert "has no shifts" not in said(counter + calendar)


GROUPS = """
[[line]]
path = "plant/hall/line2"
[[group]]
path = "department/pressing"
lines = ["plant/hall/line2"]
[[group]]
path = "department/heard"
lines = ["plant/*/line1"]
[[group]]
path = "department/mistyped"
lines = ["plant/hal/line*"]
[[group]]
path = "plant/hall/line1"
lines = ["plant/hall/line2"]
"""


SITE = """
[[metric]]
kind = "site"
asset = "plant"
windows = ["day"]
field.kwh_each = { value = "energy.active_energy_kwh / quality.good_count" }
"""
ELSEWHERE = """
[[metric]]
kind = "share"
asset = "plant/hall/line2/*"
windows = ["1m"]
assets.meter = "plant/hall/line1/meter"
field.of_meter = { value = "mean(power_kw) / mean(meter.power_kw)" }
"""


def test_check_says_which_metrics_can_have_no_row(plant: Path, fieldline: Callable[..., Result]) -> None:
    plant.write_text(SITE)
    site = fieldline("check", "--plant", plant)
    plant.write_text(ELSEWHERE)
    elsewhere = fieldline("check", "--plant", plant)

    has_not = "metric site: plant has energy.active_energy_kwh only where devices send for that path itself"
    assert site.exit_code == 0 and has_not in " ".join(site.stdout.split())
    assert elsewhere.exit_code != 0 and "share.windows: expected one of 15m" in " ".join(elsewhere.stdout.split())


def test_check_warns_of_groups_of_no_line_and_of_those_that_devices_send_for(
    plant: Path, fieldline: Callable[..., Result]
) -> None:
    plant.write_text(GROUPS)

    alone = fieldline("check", "--plant", plant)
    with_log = fieldline("check", "--plant", plant, "--log", "sqlite:plant.db")

    first, second = (" ".join(result.stdout.split()) for result in (alone, with_log))
    assert (alone.exit_code, with_log.exit_code) == (0, 0)
    nothing = "group department/{}: no line that the plant file names {}matches its lines ({}), so it has no rows"
    assert nothing.format("heard", "", "plant/*/line1") in first
    assert nothing.format("mistyped", "", "plant/hal/line*") in first
    assert "group department/pressing" not in first and first.count("group ") == 2
    assert nothing.format("mistyped", "or the log has heard ", "plant/hal/line*") in second
    assert "group plant/hall/line1: devices send for this path as a line of its own" in second
    assert second.count("group department") == 1


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('operators = ["machine"]', "attribute_chart of p/h/l has no rows: $.process.operators leaves out"),
        ('windows = ["1m", "day"]', "attribute_chart of p/h/l has no rows: $.process.windows leaves out '1h'"),
        ('windows = ["1m", "1h"]', ""),
    ],
)
def test_a_chart_of_counts_that_has_no_rows_is_named(
    tmp_path: Path, fieldline: Callable[..., Result], setting: str, told: str
) -> None:
    plant, config = tmp_path / "plant.toml", tmp_path / "fieldline.toml"
    plant.write_text('[[asset]]\npath = "p/h/l"\n[asset.attribute_chart]\nchart = "c"\ncenter = 4.0\n', "utf-8")
    config.write_text(f"[process]\n{setting}\n", "utf-8")

    result = fieldline("check", "--plant", plant, "--config", config)

    said = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert told in said and ("has no rows" in said) == bool(told)


def test_what_grows_without_a_weather_station_is_named(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    plant = tmp_path / "plant.toml"
    growth = '[asset.growth]\nlower_degc = 8\nseason_start = "04-01"\n'
    alone = f'[[asset]]\npath = "f/n/a"\n{growth}'
    tied = f'[[asset]]\npath = "f/n/b"\nties = {{ station = "f/n/w" }}\n{growth}[[asset]]\npath = "f/n/w"\n'
    plant.write_text(f"line_depth = 2\n{alone}{tied}", "utf-8")

    result = fieldline("check", "--plant", plant)

    said = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "f/n/a: it is tied to no station, so [asset.growth] lack" in said
    assert "f/n/b: its station f/n/w has no [asset.station]" in said
