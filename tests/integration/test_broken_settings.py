"""Settings and plant file that break under a running stage: it goes on with what it began with, and nothing starts with them."""

from pathlib import Path

import pytest

from fieldline.frames import encode_readings
from fieldline.log import Stream, open_log
from tests.integration.pipe_rig import Process, fieldline, until
from tests.processing.engine_rig import SECOND, T0, Row, frame_of

GOOD_PLANT = '[[product]]\nname = "A"\nideal_cycle_s = 1.0\n'
BROKEN_PLANT = '[[product]]\nname = "A"\nideal_cycle_s = -1.0\ncolour = "red"\n'
SETTINGS = 'log = "sqlite:plant.db"\nplant = "plant.toml"\n'


@pytest.mark.usefixtures("_warm")
def test_a_running_stage_goes_on_when_its_files_break_and_check_and_a_start_name_every_fault(tmp_path: Path) -> None:
    (tmp_path / "fieldline.toml").write_text(SETTINGS)
    (tmp_path / "plant.toml").write_text(GOOD_PLANT)
    with_log = open_log(f"sqlite:{tmp_path / 'plant.db'}")
    stage = Process("process", tmp_path, "process", "--config", "fieldline.toml").start()
    try:
        stage.until_ready()

        (tmp_path / "fieldline.toml").write_text(SETTINGS + "lgo = 1\n[process]\nsettle_s = -5.0\n")
        (tmp_path / "plant.toml").write_text(BROKEN_PLANT)
        value = encode_readings(
            frame_of([Row("plant/hall/line1/oven", "power_kw", T0 + k * SECOND, 1.0) for k in range(60)])
        )
        with_log.append(Stream.READINGS, 0, b"plant/hall/line1", value, {"rows": b"60"}).result(30)
        until(
            lambda: with_log.commits(Stream.READINGS, "process").get(0, (0,))[0] == 1,
            60.0,
            lambda: f"{stage.health()} {stage.last_words()}",
        )

        assert [each["state"] for each in stage.health()] in (["active"], ["idle"])
        fieldline("check", "--config", "fieldline.toml", folder=tmp_path, code=2)
        stage.stop()
        fieldline("process", "--config", "fieldline.toml", folder=tmp_path, code=2)
    finally:
        stage.abandon()
        with_log.close()
