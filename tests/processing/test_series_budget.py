"""More topics than the budget of series allows: what is new beyond it is counted, nothing else suffers, and the stage says so."""

import time
from pathlib import Path

from analysis.audit.balance import Verdict, audit
from analysis.series import crowded_paths, known_series
from cli.answers.doctor import examine
from fieldline.frames import encode_readings
from fieldline.overflow import OVERFLOW
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings, Settings
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.processing.test_stage import StageRig, stage

__all__ = ["stage"]


def send(stage: StageRig, assets: list[str], values: int = 3) -> None:
    """A frame with some values of a tag of each asset."""
    rows = [Row(a, "power_kw", stage.start + k * SECOND, 1.0) for a in assets for k in range(values)]
    stage.append(encode_readings(frame_of(rows, time.time_ns())), len(rows))


def devices(line: int, count: int, first: int = 0) -> list[str]:
    return [f"plant/hall/line{line}/dev{number:03}" for number in range(first, first + count)]


def test_series_beyond_the_budget_are_overflow_and_the_others_go_on(stage: StageRig) -> None:
    stage.run(max_series=100, max_series_of_line=60)
    send(stage, devices(1, 50))
    stage.until(stage.is_drained)
    stage.until(
        lambda: stage.health.state == "degraded" and "50 of 60 series of plant/hall/line1" in stage.health.reason
    )

    send(stage, devices(1, 40, first=50) + devices(2, 30))
    stage.until(stage.is_drained)
    send(stage, devices(2, 30, first=30) + devices(3, 20))
    send(stage, devices(1, 50))  # all duplicates
    stage.until(stage.is_drained)
    stage.until(lambda: "100 of 100 series" in stage.health.reason)
    stage.end()
    stage.run(max_series=100, max_series_of_line=60)
    send(stage, devices(4, 5))
    stage.until(stage.is_drained)

    found = audit(stage.log, Plant().line_of)
    account = {
        source.source: (source.received, source.stored, source.duplicate, source.overflow) for source in found.sources
    }
    assert found.verdict is Verdict.OK
    assert account == {
        "plant/hall/line1": (420, 180, 150, 90),  # 60 of its 90 devices
        "plant/hall/line2": (180, 120, 0, 60),  # 40 are left for it
        OVERFLOW: (75, 0, 0, 75),
    }
    assert known_series(stage.log) == (100, 225)


def test_the_doctor_names_the_paths_that_make_the_series(stage: StageRig, tmp_path: Path) -> None:
    stage.run(max_series=20)
    send(stage, devices(1, 30) + [f"plant/hall/line2/cell/m{k}" for k in range(9)])
    stage.until(stage.is_drained)
    stage.end()

    settings = Settings(log=f"sqlite:{tmp_path / 'plant.db'}", process=ProcessSettings(max_series=20))
    (found,) = [finding for finding in examine(settings) if finding.part == "series"]

    assert crowded_paths(stage.log) == [("plant/hall/line1", 30), ("plant/hall/line2/cell", 9)]
    assert found.verdict == "warn"
    assert found.detail == (
        "20 in the fullest partition, 20 are allowed (max_series); 57 rows are beyond the budget and in no metric;"
        " paths with the most assets: plant/hall/line1 (30), plant/hall/line2/cell (9)"
    )
