"""Metrics of the plant's own by the recount against those of the engine, for every form that inputs and expressions have."""

from random import Random

import pytest

from analysis.explain.taken_apart import recount
from analysis.explain.wanted import Asked
from analysis.recount import derived, effectiveness
from analysis.recount.history import History
from analysis.spans import span_at
from fieldline.expressions import inputs_of
from fieldline.plantfile import MetricEntry, MetricField
from processing.place import operators_for
from tests.contracts.operator_inputs import PLANT, busy_rows, installed, subject_of
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of

KINDS = {"heat": 40, "share": 40, "line_index": 40, "beside": 40, "watch": 6, "smoother": 6}
"""Rows of each that are compared: of what remembers all windows before are worked out, too."""


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    # What events say of readings is put into them before they are worked out once more (`analysis/corrected.py`), so there are none.
    kept = ("@order", "@state")
    every = busy_rows(subject_of(installed()["share"]), 3, minutes=65.0)
    return [row for row in every if row.payload is None or row.tag in kept]


@pytest.fixture(scope="module")
def rig(rows: list[Row]) -> EngineRig:
    made = EngineRig(PLANT, operators=operators_for(None, PLANT)).send(frames_of(rows, 400))
    return made.finish()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_whole_windows_is_the_engines(kind: str, rig: EngineRig, rows: list[Row]) -> None:
    lines: dict[str, History] = {}
    for line in {PLANT.line_of(row.asset) for row in rows}:
        mine: dict[tuple[str, str], list[tuple[int, float]]] = {}
        payloads = {}
        for row in rows:
            if PLANT.line_of(row.asset) == line and row.quality < 2:
                mine.setdefault((row.asset, row.tag), []).append((row.time, row.value))
                if row.payload is not None:
                    payloads[row.value] = row.payload
        lines[line] = History(PLANT, line, mine, payloads)
    compared = 0
    for key in Random(1).sample(keys := _whole(rig, kind), min(len(keys), KINDS[kind])):
        _, asset, _, window, start, *_ = key
        span = span_at(PLANT, PLANT.line_of(asset), window, int(start))
        history = lines[PLANT.line_of(asset)]
        machines = effectiveness.machines_of(history, asset, span.start, span.end)
        counted = recount(history, Asked(kind, asset, "", span.start, window), window, machines, span)
        for name, value in counted.items():
            said = rig.values(kind, asset, window)[int(start)][name]
            assert said == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)
            compared += said == said
    assert compared > 2


@pytest.mark.parametrize(
    "text",
    [
        'mean("power_kw")',
        "mean(pump['power_kw'])",
        "mean('in')",
        """mean('a"b')""",
        "mean('a\\\\b')",
        "mean('vibration_\u00b5m')",
        'mean("1.8.0")',
        "min(mean(a), 7)",
        "min + mean - 4.5",
        "mean(quantity.temperature)",
    ],
)
def test_an_input_is_put_into_its_expression_however_it_is_written(text: str) -> None:
    fields = {"min": MetricField(value="2"), "mean": MetricField(value="4"), "it": MetricField(value=text)}
    entry = MetricEntry(kind="x", field=fields, assets={"pump": "a/b/c/d"})

    inputs = {one: derived.Read(str(one), "a/b/c/e", 1.5) for one in inputs_of(fields["it"].tree)}

    assert derived.figures(entry, inputs)["it"] == 1.5


def _whole(rig: EngineRig, kind: str) -> list[tuple[str, ...]]:
    """Rows of windows that neither begin before the first reading nor go on after the last one."""
    lengths = {"1m": 60, "15m": 900}
    return sorted(
        key
        for key, row in rig.table.items()
        if key[0] == kind and key[3] in lengths and "retracted" not in row
        if int(key[4]) >= T0 and int(key[4]) + lengths[key[3]] * SECOND <= T0 + 3600 * SECOND
    )
