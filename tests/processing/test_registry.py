"""Series get their numbers one at a time or many at once: what kernels are told of them is the same, and none takes longer for those before it."""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fieldline.plant import Plant, load_plant
from processing.timeline.registry import Registry
from tests.processing.engine_rig import EngineRig

PLANT = """
[[product]]
name = "A"
ideal_cycle_s = 2.0
[[product]]
name = "B"
asset = "plant/hall/line1/dev1*"
ideal_cycle_s = 3.0
[[line]]
path = "plant/hall/line1"
output = "plant/hall/line1/dev11"
meters = ["plant/hall/line1/dev10", "plant/hall/line1/dev12"]
[[asset]]
path = "plant/hall/line1/dev13"
state_of = "plant/hall/line1/dev11"
"""
NAMES = [
    (f"plant/hall/line{line}/dev{device}", tag)
    for line in (1, 2)
    for device in range(10, 20)
    for tag in ("power_kw", "energy_kwh", "@state", "good_count")
]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    path = tmp_path / "plant.toml"
    path.write_text(PLANT)
    return load_plant(path)


def registry(plant: Plant, batches: Sequence[Sequence[tuple[str, str]]]) -> Registry:
    found = EngineRig(plant).engine.registry
    for batch in batches:
        for asset, tag in batch:
            found.series_of(asset, tag)
        found.settle()
        found.product_of(random.Random(len(found.series)).choice(["A", "B", "C"]))
    for product in ("A", "B", "C"):
        found.product_of(product)
    return found


def told(found: Registry) -> dict[str, object]:
    """What the kernels are told, by names instead of numbers."""
    tables = found._tables
    series, ideal = tables.series, tables.ideal_cycle_s
    lead = {int(k): found.series[int(s)] for s, k in enumerate(series["local"])}
    by_rank = [found.series[k] for k in np.argsort(series["rank"]).tolist()]
    line_of = {k: [found.lines[n] for n in np.flatnonzero(tables.line_output == k)] for k in range(len(found.assets))}
    name = found.assets.__getitem__
    local = {
        (int(a), int(row)): int(t) for a, row, t in zip(series["asset"], series["local"], series["tag"], strict=True)
    }
    assert lead
    return {
        "ranks": [(name(a), found.tags[t]) for a, t in by_rank],
        "rows": {
            name(a): [
                found.tags[local[a, row]] for row in tables.asset_rows[slice(*tables.asset_first[a : a + 2])].tolist()
            ]
            for a in range(len(found.assets))
        },
        "outputs": {name(k): lines for k, lines in line_of.items() if lines},
        "meters": {name(k): int(tables.line_meter[k]) for k in range(len(found.assets))},
        "ideal": {
            (name(a), found.products[p]): float(ideal[a, p])
            for a, p in np.ndindex(ideal.shape)
            if not np.isnan(ideal[a, p])
        },
        "states": {
            (name(int(one["asset"])), found.tags[one["tag"]]): _named(found, int(one["line"]), int(one["state_row"]))
            for one in series
        },
    }


def _named(found: Registry, line: int, row: int) -> str:
    """The asset whose first row in the line it is."""
    series = found._tables.series
    mine = series[(series["line"] == line) & (series["local"] == row)]
    return found.assets[int(mine["asset"][0])] if len(mine) else ""


@pytest.mark.parametrize("seed", range(6))
def test_series_that_come_one_by_one_are_told_of_as_those_that_come_together(plant: Plant, seed: int) -> None:
    chance = random.Random(seed)
    names = NAMES.copy()
    chance.shuffle(names)
    batches = [names[k : k + 1] for k in range(len(names))] if seed % 2 else _cut(names, chance)

    found = told(registry(plant, batches))

    assert found == told(registry(plant, [names]))
    assert found["ranks"] == sorted(names)
    assert found["rows"] == {
        asset: sorted(tag for other, tag in names if other == asset)
        for asset in found["rows"]  # type: ignore[attr-defined]
    }
    assert found["outputs"] == {"plant/hall/line1/dev11": ["plant/hall/line1"]}
    states = found["states"]
    assert isinstance(states, dict)
    assert states["plant/hall/line1/dev13", "power_kw"] == "plant/hall/line1/dev11"
    assert states["plant/hall/line2/dev15", "power_kw"] == "plant/hall/line2/dev15"


def _cut(names: list[tuple[str, str]], chance: random.Random) -> list[list[tuple[str, str]]]:
    cuts = sorted(chance.sample(range(1, len(names)), 12))
    return [names[a:b] for a, b in zip([0, *cuts], [*cuts, len(names)], strict=True)]


def test_a_new_series_takes_the_same_steps_however_many_there_are(plant: Plant) -> None:
    found = registry(plant, [[(f"plant/hall/line{k % 50}/old{k:06d}", "power_kw") for k in range(500)]])
    few = _steps(found, "plant/hall/line7/new1")
    registry_of_many = registry(plant, [[(f"plant/hall/line{k % 50}/old{k:06d}", "power_kw") for k in range(20_000)]])
    many = _steps(registry_of_many, "plant/hall/line7/new1")

    assert many < 1.5 * few, (few, many)


def _steps(found: Registry, asset: str) -> int:
    """How many calls a new series takes."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    found.series_of(f"{asset}-before", "power_kw")
    found.settle()
    sys.setprofile(note)
    try:
        found.series_of(asset, "power_kw")
        found.settle()
    finally:
        sys.setprofile(None)
    return count
