"""Amounts that a device stamps with the beginning of their time: they lie after the message, whatever comes first."""

from math import fsum, isnan, nan
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.recount.energy import energy as recounted
from fieldline.errors import SettingsError
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant, load_plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry, TariffEntry
from fieldline.plantfile.tariffs import PeriodEntry
from processing.operators import energy
from tests.analysis.recount.worked_line import LINE, history_of, said
from tests.analysis.recount.worked_line import differences as differing
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz, standing

METER = f"{LINE}/press"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
TAG = "interval_energy_kwh"


def plant(**declared: object) -> Plant:
    tag = TagEntry(stamp="start", **declared)  # type: ignore[arg-type]
    tariff = TariffEntry(currency="EUR", price=0.25, period=(PeriodEntry(start="06:10", end="06:20", price=1.0),))
    meter = AssetEntry(path=METER, state_max_gap_s=1200.0, tags={TAG: tag})
    return Plant(PlantFile(asset=(meter,), tariff=(tariff,)))


def amounts(told: dict[float, float]) -> list[Row]:
    return [Row(METER, TAG, START + round(minute * MINUTE), kwh) for minute, kwh in told.items()]


def run(rows: list[Row], of: Plant, size: int = 1) -> EngineRig:
    return EngineRig(of, operators=[energy.COMPONENT]).send(frames_of(rows, size)).finish()


def quarters(rig: EngineRig, field: str = "active_energy_kwh") -> list[float]:
    rows = rig.values("energy", METER, "15m")
    return [rows.get(START + k * 15 * MINUTE, {}).get(field, nan) for k in range(8)]


QUARTERLY = {0: 15.0, 15: 30.0, 30: 45.0, 45: 60.0}

CASES: dict[str, tuple[dict[str, object], dict[float, float], list[float]]] = {
    "as long as is declared": ({"interval_s": 900.0}, QUARTERLY, [15, 30, 45, 60]),
    "hours that are declared": ({"interval_s": 3600.0}, {0: 60.0, 60: 120.0}, [15, 15, 15, 15, 30, 30, 30, 30]),
    "one alone": ({"interval_s": 1800.0}, {5: 30.0}, [10, 15, 5]),
    "in their rhythm, the first one at its own time": ({}, QUARTERLY, [15, 30, 45, 60]),
    "in the rhythm of the minute between": ({}, {0: 15.0, 10: 10.0, 20: 20.0}, [15 + 5, 5 + 20, nan]),
    "with one that is missing": (
        {},
        {0: 10.0, 10: 10.0, 20: 10.0, 40: 10.0, 50: 10.0},
        [10 + 5, 5 + 10, 5, 5 + 10, nan],
    ),
    # What is left of the first, 5, is booked at 10, what is left of the second at 20.
    "sooner than is declared": ({"interval_s": 900.0}, {0: 15.0, 10: 15.0, 20: 15.0}, [15 + 5, 5 + 5 + 10, 5]),
    "after more than the longest gap": ({}, {0: 15.0, 10: 10.0, 300: 7.0}, [20, 5]),
}


@pytest.mark.parametrize("name", CASES)
def test_amounts_lie_after_their_stamps(name: str) -> None:
    declared, told, kwh = CASES[name]
    of, rows = plant(**declared), amounts(told)

    rig = run(rows, of)
    mixed = run(rows[::-1], of)

    found = quarters(rig)[: len(kwh)]
    assert str([round(value, 9) for value in found]) == str([round(float(value), 9) for value in kwh])
    assert fsum(row["active_energy_kwh"] for row in rig.values("energy", METER, "day").values()) == pytest.approx(
        fsum(told.values())
    )
    assert differences(rig.table, mixed.table) == []


def test_they_cost_what_the_time_after_them_costs() -> None:
    rig = run(amounts({0: 15.0, 15: 15.0}), plant(interval_s=900.0))

    assert quarters(rig, "energy_cost")[:2] == pytest.approx([10 * 0.25 + 5 * 1.0, 5 * 1.0 + 10 * 0.25])


def test_they_are_shared_among_the_states_that_follow() -> None:
    states = [
        said(METER, "state", START + k * 10 * MINUTE, state=state) for k, state in enumerate(("running", "standby"))
    ]

    rig = run(sorted([*amounts({0: 15.0, 15: 15.0}), *states], key=lambda row: row.time), plant(interval_s=900.0))

    assert quarters(rig, "producing_energy_kwh")[:2] == pytest.approx([10, 0])
    assert quarters(rig, "standby_energy_kwh")[:2] == pytest.approx([5, 15])


def test_a_quarter_hour_that_one_amount_fills_has_a_demand_and_is_covered() -> None:
    rig = run(amounts({0: 15.0, 15: 30.0}), plant(interval_s=900.0))

    assert quarters(rig, "peak_demand_kw")[:2] == pytest.approx([60, 120])
    assert quarters(rig, "coverage")[:2] == [1.0, 1.0]


def rows_of(random: Random, most: int = 16) -> list[Row]:
    """Amounts with jitter, gaps and messages that are missing, states and orders."""
    rows: dict[tuple[str, str, int], Row] = {}
    time = START + random.choice([0, 30 * SECOND])
    rhythm = random.choice([60, 900, 1000])
    for _ in range(most):
        time += random.choice([rhythm, rhythm, rhythm, rhythm, rhythm, 2 * rhythm, rhythm + 7, 7300]) * SECOND
        rows[METER, TAG, time] = Row(METER, TAG, time, float(random.randrange(8)))
    end = time
    for _ in range(most):
        time = START + random.randrange((end - START) // SECOND) * SECOND
        rows[METER, "@state", time] = said(METER, "state", time, state=random.choice(["running", "idle", "standby"]))
        time += random.randrange(60) * SECOND
        rows[LINE, "@order", time] = said(LINE, "order", time, order=str(random.randrange(3)))
    return sorted(rows.values(), key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("declared", [{}, {"interval_s": 900.0}])
def test_the_recount_says_the_same(seed: int, declared: dict[str, object]) -> None:
    of, rows = plant(**declared), rows_of(Random(seed))
    rig = run(rows, of, size=20)
    history, wrong, told = history_of(of, rows), list[object](), 0

    for window, length in (("15m", 900), ("1h", 3600)):
        for start, row in sorted(rig.values("energy", METER, window).items()):
            figures = recounted(history, METER, start, start + length * SECOND)
            wrong += [(window, (start - START) / MINUTE, *each) for each in differing(figures, row)]
            told += not isnan(row["active_energy_kwh"])

    assert wrong == []
    assert told >= 5


@given(data=st.data())
@fuzz(8)
def test_amounts_are_a_function_of_the_set_of_readings_and_add_up(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = rows_of(Random(data.draw(st.integers(0, 2**32 - 1))), most=5)
    of = plant(**data.draw(st.sampled_from([{}, {"interval_s": 900.0}])))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = EngineRig(of, operators=[energy.COMPONENT]).send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(of, operators=[energy.COMPONENT], log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(standing(want.table), standing(rig.table)) == []
    for window in ("15m", "1h", "day", "week", "month"):
        total = fsum(row["active_energy_kwh"] for row in rig.values("energy", METER, window).values())
        assert total == pytest.approx(fsum(row.value for row in rows if row.tag == TAG), rel=1e-12)


def test_only_amounts_of_an_interval_have_a_stamp(tmp_path: Path) -> None:
    for text, fault in (
        ('[asset.tags.energy_kwh]\nstamp = "start"', "stamp: only amounts of an interval have it"),
        (
            "[asset.tags.interval_energy_kwh]\ninterval_s = 900",
            "interval_s: only amounts that are stamped at their start",
        ),
    ):
        (tmp_path / "plant.toml").write_text(f'[[asset]]\npath = "a/b/c"\n{text}\n')
        with pytest.raises(SettingsError, match=fault):
            load_plant(tmp_path / "plant.toml")
