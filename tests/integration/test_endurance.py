"""A random plant lives for a while, is disturbed in every way there is, and nothing that stands is wrong afterwards."""

import os
from pathlib import Path

from tests.endurance.disturbances import DISTURBANCES
from tests.endurance.sweep import Plan, sweep

SEED = int(os.environ.get("FIELDLINE_TEST_SEED", "1"))


def test_nothing_that_disturbs_a_plant_makes_a_figure_wrong(_warm: None, tmp_path: Path) -> None:
    plan = Plan(SEED, lines=3, is_over=lambda number: number >= len(DISTURBANCES))

    faults = sweep(plan, tmp_path / "plant")

    assert faults == [], f"seed {SEED}:\n" + "\n".join(faults)
