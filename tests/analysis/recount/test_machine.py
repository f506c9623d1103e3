"""The plain recount of times, pieces and ratios against the engine's own, and at the edges by hand."""

from pathlib import Path

import pytest

from analysis.recount.effectiveness import Figures, Machine, effectiveness, losses, machines_of, quality
from analysis.recount.history import History
from processing.metric_rows import WINDOWS
from processing.operators import machine
from tests.analysis.recount.worked_line import (
    LINE,
    SECOND,
    differences,
    filler_rows,
    history_of,
    plant_of,
    rows_of_line,
)
from tests.processing.engine_rig import T0, EngineRig, frames_of

_WINDOWS = {"1m": (60, 7), "15m": (900, 1), "1h": (3600, 1)}
"""Length [s], and of which share of windows is looked at."""


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_of_every_window_is_the_engines(tmp_path: Path, seed: int) -> None:
    plant = plant_of(tmp_path)
    rows = sorted(rows_of_line(seed, 2 * 3600) + filler_rows(seed, 5400), key=lambda row: row.time)
    rig = EngineRig(plant, windows=WINDOWS, operators=[machine.COMPONENT])
    rig.send(frames_of(rows, 500)).finish()
    history = history_of(plant, rows)

    wrong = []
    for asset in (LINE, f"{LINE}/press", f"{LINE}/packer", f"{LINE}/filler"):
        for window, (length, every) in _WINDOWS.items():
            emitted = {kind: rig.values(kind, asset, window) for kind in ("oee", "losses", "quality")}
            for start in sorted(emitted["oee"])[::every]:
                machines = machines_of(history, asset, start, start + length * SECOND)
                counted = figures_of(history, asset, machines, start, start + length * SECOND)
                wrong += [
                    (window, asset, (start - T0) / SECOND, kind, *difference)
                    for kind, figures in counted.items()
                    for difference in differences(figures, emitted[kind].get(start, {}))
                ]

    assert wrong == []


def figures_of(history: History, asset: str, machines: list[Machine], start: int, end: int) -> dict[str, Figures]:
    return {
        "oee": effectiveness(machines, start, end),
        "losses": losses(machines, start, end),
        "quality": quality(history, asset, machines),
    }
