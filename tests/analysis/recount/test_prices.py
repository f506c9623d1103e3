"""What energy cost by the prices that events told, worked out minute by minute, against the engine's own."""

from pathlib import Path
from random import Random

import pytest

from analysis.recount.energy import energy
from analysis.recount.prices import stretches
from processing.metric_rows import WINDOWS
from processing.operators import energy as operator
from tests.analysis.recount.worked_line import LINE, SECOND, differences, history_of, plant_of, said
from tests.processing.engine_rig import T0, EngineRig, Row, frames_of

METER = f"{LINE}/press"
START = T0 // (3600 * SECOND) * 3600 * SECOND
MINUTE = 60 * SECOND


def rows_of(random: Random) -> list[Row]:
    """Five hours of a register, and prices of all sorts, told before, at and after their time."""
    rows: dict[tuple[str, str, int], Row] = {}
    shown, time = 100.0, START
    while time < START + 300 * MINUTE:
        time += random.choice([20, 60, 250]) * SECOND
        shown += random.randrange(0, 3)
        rows[METER, "energy_kwh", time] = Row(METER, "energy_kwh", time, shown)
    for _ in range(25):
        asset = random.choice([LINE, METER])
        told = START + random.randrange(0, 300 * 6) * 10 * SECOND
        since = random.choice([told, START + random.randrange(0, 30) * 10 * MINUTE])
        fields: dict[str, object] = {"from": since / SECOND} if since != told else {}
        if random.random() < 0.3:
            fields["recorded"] = 1_700_100_000 + random.randrange(5)
        kind = random.choice(["plain", "until", "list", "stop", "void"])
        if kind in ("stop", "void"):
            fields["phase"] = kind
        elif kind == "list":
            fields |= {"price_per_mwh": [random.randrange(-50, 200) for _ in range(4)], "every_s": 900}
        else:
            fields["price_per_kwh"] = random.choice([0.1, 0.35, -0.02])
            if kind == "until":
                fields["until"] = (since + random.choice([90, 1800, 4000]) * SECOND) / SECOND
        rows[asset, "@price", told] = said(asset, "price", told, **fields)
    return sorted(rows.values(), key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(6))
def test_energy_costs_what_the_engine_says_that_it_costs(seed: int, tmp_path: Path) -> None:
    plant, rows = plant_of(tmp_path), rows_of(Random(seed))
    rig = EngineRig(plant, windows=WINDOWS, operators=[operator.COMPONENT]).send(frames_of(rows, 500)).finish()
    history, wrong, costs = history_of(plant, rows), list[object](), set[float]()

    for window, length in (("1m", 60), ("15m", 900), ("1h", 3600)):
        emitted = rig.values("energy", METER, window)
        for start in sorted(emitted):
            figures = energy(history, METER, start, start + length * SECOND)
            wrong += [(window, (start - START) / MINUTE, *row) for row in differences(figures, emitted[start])]
            costs.add(figures["energy_cost"])

    assert wrong == []
    assert len(costs) > 20


def test_prices_are_listed_by_who_told_them(tmp_path: Path) -> None:
    rows = [
        said(LINE, "price", START, price_per_kwh=0.1, **{"from": START / SECOND + 660, "until": START / SECOND + 930})
    ]
    history = history_of(plant_of(tmp_path), rows)

    found = stretches(history, START, START + 30 * MINUTE)

    # 22:00 to 23:00 costs 0.18, the rest of the day 0.30.
    assert [((one.start - START) // MINUTE, one.per_kwh, one.is_told) for one in found] == [
        (0, 0.18, False),
        (11, 0.1, True),
        (16, 0.18, False),
    ]
