"""Scores worked out a second time: each family's walk against its kernel, and who is in force against the engine's rules."""

import numpy as np
import pytest

from analysis.recount.history import History
from analysis.recount.model_parts import WALKS
from analysis.recount.scores import in_force
from fieldline.event_kinds import SHADOW
from processing.scoring.family import Family, families
from tests.contracts.family_checks import rows_of
from tests.processing.derived.test_plant_metrics import plant
from tests.processing.derived.test_scored import LINE, PRESS, TEXT, WHO, at
from tests.processing.engine_rig import Row


@pytest.mark.parametrize("family", families().values(), ids=lambda family: family.name)
def test_a_walk_says_what_the_kernel_says(family: Family) -> None:
    part = family.sample()
    rows, arrays = rows_of(part), {name: array.tolist() for name, array in part.arrays.items()}

    found = [WALKS[family.name](part.settings, arrays, row) for row in rows.tolist()]

    scorer = family.load(part)
    np.testing.assert_allclose([one.outputs for one in found], scorer.score(rows), rtol=1e-12, atol=1e-12)
    if family.name == "trees":
        added = np.array([one.contributions for one in found])
        np.testing.assert_allclose(added, scorer.explain(rows).contributions, rtol=1e-12, atol=1e-12)  # type: ignore[attr-defined]


def history_of(events: list[Row]) -> History:
    rows: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for number, event in enumerate(sorted(events, key=lambda row: row.time)):
        said = event.payload or b""
        model = "another" if b"another" in said else "press_health"
        series = f"@model/{model}/{SHADOW}" if b"shadow" in said else f"@model/{model}"
        rows.setdefault((event.asset, series), []).append((event.time, float(number)))
    payloads = {float(number): event.payload for number, event in enumerate(sorted(events, key=lambda row: row.time))}
    return History(plant(TEXT), LINE, rows, payloads)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WHO)
def test_the_version_in_force_is_the_one_that_scored(name: str) -> None:
    events, want = WHO[name]
    told = {minute: int(version) for minutes, version in want.items() for minute in minutes}

    found = {
        minute: in_force(history_of(events), "press_health", "champion", PRESS, at(minute)) for minute in range(60)
    }

    assert {minute: version[0] for minute, version in found.items() if version is not None} == told
