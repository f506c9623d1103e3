"""The plain recount of control charts against the engine's own points, through orders, limits and every rule."""

import random
from pathlib import Path

import pytest

from analysis.explain.taken_apart import cells_of
from analysis.recount.chart_memory import points_of, remembered
from fieldline.plantfile.spc import RULES
from processing.metric_rows import WINDOWS
from processing.operators import spc
from tests.analysis.recount.worked_line import LINE, PLANT, SECOND, differences, history_of, plant_of, rows_of_line
from tests.processing.engine_rig import T0, EngineRig, Row, frames_of

OVEN = f"{LINE}/oven"
_TABLE = """
[[asset]]
path = "plant/hall1/line1/oven"

[asset.tags.temp_c.spc]
chart = "{chart}"
every = "{every}"
{size}
center = 180.0
sigma = 2.0
lsl = 174.0
usl = 188.0
rules = {rules}

[[asset.tags.temp_c.spc.limits]]
product = "A"
version = 3
center = 179.0
sigma = 1.5
"""


@pytest.mark.parametrize(
    ("chart", "every", "size"), [("i_mr", "1m", ""), ("xbar_s", "1m", "n = 4"), ("xbar_r", "15m", "n = 20")]
)
def test_every_point_is_the_engines(tmp_path: Path, chart: str, every: str, size: str) -> None:
    rng = random.Random(8)
    table = _TABLE.format(chart=chart, every=every, size=size, rules=list(RULES))
    plant = plant_of(tmp_path, PLANT + table)
    rows = [row for row in rows_of_line(9, 3 * 3600) if row.tag == "@order"]
    level = 180.0
    for k in range(1080):
        level = 180.0 + 0.98 * (level - 180.0) + rng.gauss(0.0, 0.5)
        rows.append(Row(OVEN, "temp_c", T0 + k * 10 * SECOND + rng.randrange(SECOND), level + rng.gauss(0.0, 1.0)))
    rows.sort(key=lambda row: row.time)
    rig = EngineRig(plant, windows=WINDOWS, operators=[spc.COMPONENT])
    rig.send(frames_of(rows, 300)).finish()
    history, entry = history_of(plant, rows), plant.tag_info(OVEN, "temp_c").spc
    assert entry is not None

    emitted = rig.values("spc", OVEN, every, "temp_c")
    points = points_of(history, OVEN, "temp_c", entry, cells_of(history, every), T0 + 4 * 3600 * SECOND)

    assert len(points) > 10
    wrong = []
    for count, point in enumerate(points, start=1):
        figures = point.figures | remembered(entry, points[:count])
        told = {name: value for name, value in emitted[point.start].items() if name in figures}
        assert figures.keys() == told.keys()
        wrong += [((point.start - T0) / SECOND, *row) for row in differences(figures, told)]
    assert wrong == []
