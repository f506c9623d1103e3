"""`novelty(x)` in the stream: what the twin says of the windows' values, rounded to float32, and late readings, crashes and `explain` agree."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from analysis.recount.novelty import novelty
from fieldline.log.sqlite import SqliteLog
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.derived.plant_faults import faults
from tests.processing.derived.test_plant_metrics import plant, rig
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frames_of
from tests.twins import novelty as twin

OVEN, START = "plant/hall/line1/oven", 1_700_000_100_000_000_000 // (86_400 * SECOND) * 86_400 * SECOND
TEXT = """
[[metric]]
kind = "watch"
windows = ["15m"]
field.news = { value = "novelty(mean(temp_degc))", unit = "1" }
"""


def values() -> np.ndarray:
    """Five days with a rhythm and two spikes."""
    number = np.arange(480)
    found = 200 + 10 * np.sin(number * 2 * np.pi / 96) + np.random.default_rng(3).normal(size=480)
    found[[250, 440]] += [25.0, 60.0]
    return found


def rows() -> list[Row]:
    return [Row(OVEN, "temp_degc", START + (900 * k + 60) * SECOND, v) for k, v in enumerate(values().tolist())]


def news(got: EngineRig) -> list[float]:
    return [row["news"] for _, row in sorted(got.values("watch", OVEN, "15m").items())]


def test_it_is_what_the_twin_says_of_the_windows() -> None:
    got = news(rig(TEXT).send(frames_of(rows(), 50)).finish())

    told = values().astype(np.float32).astype(float).tolist()
    want = [alarm for _, alarm in twin.watch([900 * SECOND * k for k in range(480)], told, 512)]
    assert got == pytest.approx(want, rel=1e-9, abs=1e-12)
    assert got[440] > 1.8
    say = novelty(())
    assert [say(value, 900.0) for value in values().tolist()] == pytest.approx(got, rel=1e-9, abs=1e-12)


def test_late_readings_and_a_crash_give_what_order_gives(tmp_path: Path) -> None:
    late = [row for k, row in enumerate(rows()) if k in (390, 391, 440)]  # 22 h at most
    log = SqliteLog(tmp_path / "log.db")
    try:
        got = rig(TEXT, log=log).send(frames_of([row for row in rows() if row not in late], 40))
        got.wait(3600, turns=2)
        got.checkpoint()
        got.crash()
        got.send(frames_of(late, 3)).finish()
    finally:
        log.close()

    assert differences(rig(TEXT).send(frames_of(rows(), 50)).finish().table, got.table) == []


def test_it_has_one_argument_and_no_unit_and_two_of_them_are_too_much_to_remember() -> None:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(TEXT.replace("temp_degc))", "temp_degc), 3)")), "$", wrong)
    assert "novelty(…): expected novelty(x), got 2 arguments" in wrong[0]

    (fault,) = faults(plant(TEXT.replace('"1" }', '"degC" }')), ["telemetry"])
    assert "its value is in 1" in fault

    (fault,) = faults(plant(TEXT + 'field.also = { value = "novelty(mean(power_kw))" }\n'), ["telemetry"])
    assert "watch remembers 818 numbers of an asset: expected at most 512" in fault
