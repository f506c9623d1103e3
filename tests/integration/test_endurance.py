"""A random plant lives for a while, is disturbed, and nothing that stands is wrong afterwards.

The long form is `python -m benchmarks.endurance`.
"""

import os
from pathlib import Path

import pytest

from tests.endurance.disturbances import (
    DamagedCheckpoint,
    Disturbance,
    EditPlant,
    Freeze,
    Horizon,
    Kill,
    Operators,
    Prune,
    Rot,
    Settle,
    StoreDeleted,
    WallClock,
    Windows,
)
from tests.endurance.sweep import Plan, sweep

SEED = int(os.environ.get("FIELDLINE_TEST_SEED", "1"))


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param((Kill, EditPlant, Windows, Operators, Horizon, Settle, Prune), id="settings-change"),
        pytest.param((Kill, Freeze, WallClock, Rot, DamagedCheckpoint, StoreDeleted, EditPlant), id="disks-rot"),
    ],
)
def test_what_stands_stays_true(_warm: None, tmp_path: Path, kinds: tuple[type[Disturbance], ...]) -> None:
    plan = Plan(SEED, lines=2, is_over=lambda number: number >= len(kinds), kinds=kinds)

    faults = sweep(plan, tmp_path / "plant")

    assert faults == [], f"seed {SEED}:\n" + "\n".join(faults)
