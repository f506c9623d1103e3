"""Power that is read each quarter-hour is energy: which spans between its samples count, in any order of arrival."""

import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.operators import energy, machine
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz
from tests.processing.test_twins import assert_near
from tests.twins.energy import energy as twin

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
OPERATORS = (energy.COMPONENT, machine.COMPONENT)

CASES: dict[str, tuple[list[float], float]] = {
    "a quarter-hour's rhythm": ([0, 15, 30, 45, 60], 60),
    "a clock that jitters": ([0, 15, 29, 45, 60.5], 60.5),
    "hours": ([0, 60, 121, 180], 180),
    "an hour and a quarter, twice": ([0, 75, 150], 150),
    "too slow for a rhythm": ([0, 76, 152, 228], 0),
    "minutes around a gap": ([0, 1, 2, 42, 43, 44], 4),
    "silent while off": ([0, 17, 18], 1),
    "one of a rhythm was lost": ([0, 15, 30, 60, 75, 90], 60),
    "two samples": ([0, 15], 0),
    "one sample": ([0], 0),
    "a sample between those of a rhythm": ([0, 15, 30, 37, 45, 60, 75], 75),
    "just over five minutes": ([0, 5.02, 10.01, 15.05], 15.05),
    "a rhythm that ends": ([0, 15, 30, 400], 30),
}
"""Minutes at which 60 kW was read, and how many of them are energy [kWh]."""


def read(minutes: list[float], kw: float = 60.0) -> list[Row]:
    return [Row(METER, "power_kw", START + round(minute * MINUTE), kw) for minute in minutes]


@pytest.mark.parametrize("name", CASES)
def test_a_power_is_energy_as_far_as_its_rhythm_reaches(name: str) -> None:
    minutes, counted = CASES[name]

    rig = EngineRig(operators=OPERATORS).send(frames_of(read(minutes), 1)).finish()

    (day,) = rig.values("energy", METER, "day").values()
    assert day["coverage"] == pytest.approx(counted / 1440)
    assert day["active_energy_kwh"] == pytest.approx(counted)
    assert math.isnan(day["mean_power_kw"]) == (counted == 0)
    hours = rig.values("energy", METER, "1h")
    assert set(hours) >= {START + int(minute // 60) * 60 * MINUTE for minute in minutes}


def test_power_without_a_rhythm_says_why_it_is_no_energy() -> None:
    rig = EngineRig(operators=OPERATORS).send(frames_of(read([0, 20]), 1)).finish()

    said = rig.texts("energy", METER, "15m")
    reasons = [said[START + k * 15 * MINUTE]["null_reason"] for k in (0, 1)]
    assert (
        reasons
        == ["no two readings lie near enough to each other: within max_gap_s, or in a rhythm of up to 75 min"] * 2
    )


def test_a_declared_gap_is_the_only_one() -> None:
    plant = Plant(PlantFile(asset=(AssetEntry(path=METER, tags={"power_kw": TagEntry(max_gap_s=600.0)}),)))

    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(read([0, 15, 30, 39, 54]), 1)).finish()

    (day,) = rig.values("energy", METER, "day").values()
    assert day["active_energy_kwh"] == pytest.approx(9.0)


def test_the_first_span_is_split_among_windows_and_states_once_the_second_confirms_it() -> None:
    # 60 kW from :00, known at :30; producing until :20, down after. Windows add up to the whole.
    rows = [*read([0, 15]), event(METER, "@state", START, b'{"state":"producing"}')]
    rows += [event(METER, "@state", START + 20 * MINUTE, b'{"state":"down"}')]
    rig = EngineRig(operators=OPERATORS).send([frame_of([row]) for row in sorted(rows, key=lambda row: row.time)])
    rig.wait(0.5)
    before = rig.values("energy", METER, "1h")[START]

    rig.send(frames_of(read([30]), 1)).finish()

    assert (before["active_energy_kwh"], before["coverage"]) == (0.0, 0.0)
    quarters = rig.values("energy", METER, "15m")
    assert [quarters[START + k * 15 * MINUTE]["active_energy_kwh"] for k in (0, 1)] == pytest.approx([15.0, 15.0])
    hour = rig.values("energy", METER, "1h")[START]
    assert (hour["producing_energy_kwh"], hour["idle_energy_kwh"]) == pytest.approx((20.0, 10.0))
    minutes = rig.values("energy", METER, "1m")
    assert sum(minutes[START + k * MINUTE]["active_energy_kwh"] for k in range(30)) == pytest.approx(30.0)


def test_a_sample_long_after_a_span_that_waits_touches_nothing_that_has_left_memory(tmp_path: Path) -> None:
    other = [Row(f"{LINE}/other", "power_kw", START + k * MINUTE, 6.0) for k in range(13 * 60)]
    rows = sorted([*other, *read([0.5, 50.5, 12 * 60 + 0.5])], key=lambda row: row.time)
    want = EngineRig(operators=OPERATORS).send(frames_of(rows, 20)).finish()
    log = SqliteLog(tmp_path / "log.db")
    rig = EngineRig(operators=OPERATORS, log=log, node_cache=0)

    for frame in frames_of(rows, 20):
        rig.send([frame]).checkpoint()
    rig.finish()

    log.close()
    assert differences(want.table, rig.table) == []


@pytest.mark.parametrize("newest", [40.5, 100.5, 12 * 60 + 0.5])
def test_spans_wait_for_the_same_samples_when_their_line_is_run_again(tmp_path: Path, newest: float) -> None:
    other = [Row(f"{LINE}/other", "power_kw", START + k * 3 * MINUTE, 6.0) for k in range(13 * 20)]
    frames = frames_of(sorted([*other, *read([2.5, 17.5, newest])], key=lambda row: row.time), 10)
    told = Plant(PlantFile(asset=(AssetEntry(path=METER, state_max_gap_s=7200.0),)))
    log = SqliteLog(tmp_path / "log.db")

    rig = EngineRig(operators=OPERATORS, log=log).send(frames).restart(plant=told).finish()

    log.close()
    assert rig.adapted
    assert differences(EngineRig(told, operators=OPERATORS).send(frames).finish().table, rig.table) == []


@pytest.mark.parametrize("minute", [2.7, 5.5, 10.2, 10.8])
def test_a_span_that_waits_still_does_where_an_order_that_comes_late_cuts_it(minute: float) -> None:
    other = [Row(f"{LINE}/other", "power_kw", START + k * 3 * MINUTE, 6.0) for k in range(100)]
    rows = sorted([*other, *read([2.6, 10.6])], key=lambda row: row.time)
    order = event(LINE, "@order", START + round(minute * MINUTE), b'{"order":"4711","phase":"start"}')
    want = EngineRig(operators=OPERATORS).send(frames_of(sorted([*rows, order], key=lambda row: row.time), 1))

    rig = EngineRig(operators=OPERATORS).send([*frames_of(rows, 10), frame_of([order])])

    assert differences(want.finish().table, rig.finish().table) == []


def random_rows(random: Random) -> list[Row]:
    """A power that changes its rhythm, with samples lost and others between; another one, and states, on the same line."""
    rows: list[Row] = []
    pairs = ((METER, "power_kw"), (METER, "q_kvar"), (f"{LINE}/other", "power_w"))
    for asset, tag in pairs:
        time = START + random.randrange(0, 20 * 60) * SECOND
        while time < START + 9 * 3600 * SECOND and len(rows) < 400:
            step = random.choice([20, 60, 200, 310, 900, 900, 1800, 3600])
            for _ in range(random.randrange(1, 7)):
                time += round(step * SECOND * random.uniform(0.9, 1.1))
                if random.random() < 0.85:
                    rows.append(Row(asset, tag, time, random.uniform(0.0, 50.0)))
                if random.random() < 0.1:
                    rows.append(Row(asset, tag, time + random.randrange(1, 200) * SECOND, random.uniform(0.0, 50.0)))
    state = [b'{"state":"producing"}', b'{"state":"idle"}', b'{"state":"off"}']
    rows += [
        event(METER, "@state", START + random.randrange(0, 9 * 3600) * SECOND, random.choice(state)) for _ in range(12)
    ]
    return sorted({(row.asset, row.tag, row.time): row for row in rows}.values(), key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(6))
def test_random_rhythms_equal_the_twin(seed: int) -> None:
    rows = random_rows(Random(seed))

    rig = EngineRig(operators=OPERATORS).send(frames_of(rows, 7)).finish()

    plant = Plant()
    series = [
        (plant.tag_info(METER, tag), [(row.time, row.value) for row in rows if row.asset == METER and row.tag == tag])
        for tag in ("power_kw", "q_kvar")
    ]
    for window in ("1m", "15m", "1h", "day"):
        assert_near(twin(series, window), rig.values("energy", METER, window), (window,))


@given(data=st.data())
@fuzz(12)
def test_any_order_of_arrival_and_any_crash_gives_the_same_bits(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    rows = random_rows(random)
    first = random.randrange(len(rows))
    rows = rows[first : first + data.draw(st.integers(2, 40))]
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = EngineRig(operators=OPERATORS).send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(operators=OPERATORS, log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(want.table, rig.table) == []
