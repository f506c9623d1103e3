"""Lines with slices of a quarter-hour and an hour, worked out once more: what holds at a slice's beginning holds all through it."""

from pathlib import Path
from random import Random

import pytest

from analysis.recount.effectiveness import machines_of
from analysis.recount.energy import energy
from processing.operators import energy as energy_operator
from processing.operators import machine
from tests.analysis.recount import test_meter_events, test_prices
from tests.analysis.recount.test_machine import figures_of
from tests.analysis.recount.worked_line import (
    LINE,
    PLANT,
    SECOND,
    differences,
    filler_rows,
    history_of,
    plant_of,
    rows_of_line,
)
from tests.processing.engine_rig import EngineRig, Row, frames_of

METER, START = test_prices.METER, test_prices.START
LENGTHS_S = {"15m": 900, "1h": 3600}


def text_of(length: str) -> str:
    """The worked line with longer slices, and without its breaks, which begin within them."""
    head, rest = PLANT.split("[[calendar]]")
    return f'[[site]]\npath = "plant"\nslice = "{length}"\n{head}[[tariff]]{rest.split("[[tariff]]")[1]}'


def run(folder: Path, length: str, rows: list[Row]) -> EngineRig:
    plant = plant_of(folder, text_of(length))
    operators = [energy_operator.COMPONENT, machine.COMPONENT]
    return EngineRig(plant, windows=("1h",) if length == "1h" else ("15m", "1h"), operators=operators).send(
        frames_of(rows, 500)
    )


@pytest.mark.parametrize("length", ["15m", "1h"])
@pytest.mark.parametrize("seed", range(3))
def test_energy_with_prices_meters_that_people_speak_of_and_orders(length: str, seed: int, tmp_path: Path) -> None:
    told = [row for row in test_meter_events.rows_of(Random(seed)) if row.tag.startswith("@")]
    cuts = [row for row in rows_of_line(seed, 5 * 3600, START) if row.tag in ("@order", "@state")]
    every = {(row.asset, row.tag, row.time): row for row in (*test_prices.rows_of(Random(seed)), *told, *cuts)}
    rows = sorted(every.values(), key=lambda row: row.time)
    rig = run(tmp_path, length, rows).finish()
    history, wrong, costs = history_of(plant_of(tmp_path, text_of(length)), rows), list[object](), set[float]()

    for window, length_s in LENGTHS_S.items():
        emitted = rig.values("energy", METER, window)
        for start in sorted(emitted):
            figures = energy(history, METER, start, start + length_s * SECOND)
            wrong += [(window, (start - START) / SECOND, *row) for row in differences(figures, emitted[start])]
            costs.add(figures["energy_cost"])

    assert wrong == []
    assert len(costs) >= 5


@pytest.mark.parametrize("length", ["15m", "1h"])
def test_times_pieces_and_ratios(length: str, tmp_path: Path) -> None:
    rows = sorted(rows_of_line(1, 2 * 3600, START) + filler_rows(1, 5400, START), key=lambda row: row.time)
    rig = run(tmp_path, length, rows).finish()
    history, wrong, compared = history_of(plant_of(tmp_path, text_of(length)), rows), list[object](), 0

    for asset in (LINE, f"{LINE}/press", f"{LINE}/packer", f"{LINE}/filler"):
        for window, length_s in LENGTHS_S.items():
            emitted = {kind: rig.values(kind, asset, window) for kind in ("oee", "losses", "quality")}
            for start in sorted(emitted["oee"]):
                end = start + length_s * SECOND
                counted = figures_of(history, asset, machines_of(history, asset, start, end), start, end)
                for kind, figures in counted.items():
                    wrong += [(window, asset, kind, *row) for row in differences(figures, emitted[kind].get(start, {}))]
                compared += 1

    assert wrong == []
    assert compared >= 8
