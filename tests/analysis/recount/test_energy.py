"""The plain recount of energy against the engine's own."""

from pathlib import Path

from analysis.recount.energy import energy
from processing.metric_rows import WINDOWS
from processing.operators import energy as operator
from tests.analysis.recount.worked_line import LINE, SECOND, differences, history_of, plant_of, rows_of_line
from tests.processing.engine_rig import T0, EngineRig, frames_of

_WINDOWS = {"1m": (60, 5), "15m": (900, 1), "1h": (3600, 1)}
"""Length [s], and of which share of windows is looked at."""


def test_every_figure_of_every_window_is_the_engines(tmp_path: Path) -> None:
    plant = plant_of(tmp_path)
    rows = rows_of_line(4, 2 * 3600)
    rig = EngineRig(plant, windows=WINDOWS, operators=[operator.COMPONENT])
    rig.send(frames_of(rows, 500)).finish()
    history = history_of(plant, rows)

    wrong = []
    for asset in (f"{LINE}/press", f"{LINE}/packer"):
        for window, (length, every) in _WINDOWS.items():
            emitted = rig.values("energy", asset, window)
            assert len(emitted) > 2, window
            for start in sorted(emitted)[::every]:
                figures = energy(history, asset, start, start + length * SECOND)
                assert figures.keys() == emitted[start].keys()
                wrong += [(window, asset, (start - T0) / SECOND, *row) for row in differences(figures, emitted[start])]

    assert wrong == []
