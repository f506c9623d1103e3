"""A plant file tried on a log: the rows of an engine with the same settings, and nothing is written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.trial import Identity, Span, trial
from cli.main import app
from fieldline.clock import SystemClock
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.moments import iso
from fieldline.settings import ProcessSettings
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import CHILLER, COP, HOUR, HOUR0, an_hour, plant
from tests.processing.engine_rig import EngineRig, frames_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with an hour of a chiller, one reading late."""
    path = tmp_path / "plant.db"
    log = SqliteLog(path)
    rows = an_hour()
    rows = [*rows[:601], *rows[606:], *rows[601:606]]
    for frame in frames_of(rows, 100):
        log.append(Stream.READINGS, 0, b"", encode_readings(frame), {"rows": str(len(frame.time)).encode()}).result(10)
    log.close()
    return path


def test_a_trial_comes_to_what_processing_would(path: Path) -> None:
    of, log = plant(COP), SqliteLog(path)
    ends = log.bounds(Stream.METRICS, 0), log.bounds(Stream.CHECKPOINTS, 0)

    found = trial(log, ProcessSettings(), of, Span(HOUR0, HOUR0 + HOUR), SystemClock())

    rig = EngineRig(of, operators=operators_for(None, of)).send(frames_of(an_hour(), 100)).finish()
    want = rig.values("chiller", CHILLER, "1m")
    mine = {key.time: row for key, row in found.items() if key[:4] == ("chiller", CHILLER, "", "1m")}
    assert {time: row["cop"] for time, row in mine.items()} == {time: row["cop"] for time, row in want.items()}
    assert found[Identity("energy", CHILLER, "", "1h", HOUR0)]["active_energy_kwh"] > 0.0
    assert (log.bounds(Stream.METRICS, 0), log.bounds(Stream.CHECKPOINTS, 0)) == ends
    log.close()


def test_windows_outside_the_span_are_left_out(path: Path) -> None:
    log = SqliteLog(path)

    found = trial(log, ProcessSettings(), plant(COP), Span(HOUR0 + HOUR // 2, HOUR0 + HOUR), SystemClock())

    assert min(key.time for key in found) == HOUR0 + HOUR // 2
    log.close()


def test_a_trial_has_metrics_across_lines(path: Path) -> None:
    text = f"[[metric]]\nkind = 'hall'\nasset = 'plant/hall'\nwindows = ['1h']\nassets.chiller = '{CHILLER}'\nfield.kw = {{ value = 'mean(chiller.power_kw)' }}\n"
    log = SqliteLog(path)

    found = trial(log, ProcessSettings(), plant(text), Span(HOUR0, HOUR0 + HOUR), SystemClock())

    powers = [row.value for row in an_hour() if (row.asset, row.tag) == (CHILLER, "power_kw")]
    assert found[Identity("hall", "plant/hall", "", "1h", HOUR0)]["kw"] == pytest.approx(
        sum(powers) / len(powers), rel=1e-12
    )
    log.close()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["metrics", *arguments], env={"COLUMNS": "100"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_the_verb_shows_them_and_what_another_file_changes(path: Path, tmp_path: Path) -> None:
    (old, new) = (tmp_path / name for name in ("old.toml", "new.toml"))
    old.write_text(COP, "utf-8")
    new.write_text(COP.replace("mean(cooling_kw) /", "2 * mean(cooling_kw) /"), "utf-8")
    span = ("--log", f"sqlite:{path}", "--from", iso(HOUR0), "--to", iso(HOUR0 + HOUR))

    listed, tried = run("ls", "--plant", str(old)), run("try", str(old), "--window", "1h", *span)
    differs = run("diff", str(old), str(new), *span)

    assert "mean(cooling_kw) / mean(power_kw)" in listed
    assert "chiller: 1 rows, of which nothing was written" in tried
    assert "3.96" in tried
    assert "chiller  changed    65" in differs  # 60 minutes, four quarters and the hour
    assert "no row changes" in run("diff", str(old), str(old), *span)
