"""A series of a case as a plant's: one reading in each quarter of an hour, and what an expression of `[[metric]]` gives of it."""

import tomllib
from collections.abc import Sequence

from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.place import operators_for
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

QUARTER = 900 * SECOND
START = 1_700_000_100 * SECOND // QUARTER * QUARTER
PROBE = "plant/hall/line1/probe"


def given(expression: str, values: Sequence[float]) -> list[float]:
    """The expression's value at each of the values, which it calls `mean(x)`; NaN where it has none."""
    text = f"[[metric]]\nkind = 'watch'\nwindows = ['15m']\nfield.y = {{ value = '{expression}' }}\n"
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert not wrong, wrong
    plant = Plant(file)
    rig = EngineRig(plant, operators=operators_for(["telemetry"], plant), windows=("15m",))
    rows = [Row(PROBE, "x", START + k * QUARTER + 60 * SECOND, float(value)) for k, value in enumerate(values)]
    rig.send(frames_of(rows, 200)).finish()
    found = rig.values("watch", PROBE, "15m")
    assert len(found) == len(values)
    return [found[start]["y"] for start in sorted(found)]
