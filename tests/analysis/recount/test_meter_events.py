"""The plain recount of meters that people speak of against the engine's own."""

from math import isnan
from pathlib import Path
from random import Random

import pytest

from analysis.recount.energy import energy
from processing.metric_rows import WINDOWS
from processing.operators import energy as operator
from processing.operators import machine
from tests.analysis.recount.worked_line import LINE, SECOND, differences, history_of, plant_of, said
from tests.processing.engine_rig import T0, EngineRig, Row, frames_of

METER = f"{LINE}/press"
START = T0 // (3600 * SECOND) * 3600 * SECOND
TAGS = ("energy_kwh", "good_count")


def rows_of(random: Random) -> list[Row]:
    """Readings of a register and a counter, with exchanges and amounts; `energy_kwh` has a gap of 5 min."""
    rows: dict[tuple[str, str, int], Row] = {}
    for tag in TAGS:
        shown, time = 100.0, START
        for _ in range(60):
            time += random.choice([20, 60, 100, 400]) * SECOND
            shown += random.randrange(0, 3)
            rows[tag, "", time] = Row(METER, tag, time, shown)
            chance = random.random()
            if chance < 0.08:
                old, shown = shown + random.randrange(0, 3), random.choice([0.0, 50.0])
                fields = {"tag": tag, "old": old, "new": shown}
                rows["@meter", tag, time + SECOND] = said(METER, "meter", time + SECOND, **fields)
            elif chance < 0.18:
                until = (time + random.choice([90, 700, 2000]) * SECOND) / SECOND
                # Amounts follow each other closely: of two the second begins while the first counts, at a minute's beginning or within it.
                within = random.choice([60, 60, 77])
                begun = time // (60 * SECOND) * 60 * SECOND + within * SECOND
                rows["@meter", tag, begun] = said(
                    METER, "meter", begun, tag=tag, amount=random.randrange(9), until=until
                )
    return sorted(rows.values(), key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(3))
def test_what_events_say_of_meters_is_counted_as_the_engine_does(seed: int, tmp_path: Path) -> None:
    plant, rows = plant_of(tmp_path), rows_of(Random(seed))
    rig = EngineRig(plant, windows=WINDOWS, operators=[operator.COMPONENT, machine.COMPONENT])
    rig.send(frames_of(rows, 500)).finish()
    history, wrong = history_of(plant, rows), list[object]()

    for window, length in (("1m", 60), ("15m", 900), ("1h", 3600)):
        emitted = rig.values("energy", METER, window)
        for start in sorted(emitted):
            figures = energy(history, METER, start, start + length * SECOND)
            wrong += [(window, (start - START) / SECOND, *row) for row in differences(figures, emitted[start])]
    for start, row in rig.values("quality", METER, "15m").items():
        steps = [step.pieces for step in history.steps(METER) if start <= step.time < start + 900 * SECOND]
        if not isnan(row["good_count"]) and abs(sum(steps) - row["good_count"]) > 1e-9:
            wrong.append(("good_count", (start - START) / SECOND, sum(steps), row["good_count"]))

    assert wrong == []
