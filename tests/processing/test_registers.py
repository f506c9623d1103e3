"""Which readings of registers and counters are believed: worked cases, a known truth under all that goes wrong, any order of arrival."""

import math
import os
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, SiteEntry, TagEntry
from processing.operators import energy, machine
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, event, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.twins.energy import energy as twin
from tests.twins.registers import told_by

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
MINUTE = 60 * SECOND
START = T0 // (3600 * SECOND) * 3600 * SECOND
OPERATORS = (energy.COMPONENT, machine.COMPONENT)
MOST = TagEntry(max_delta=100.0)

CASES: dict[str, tuple[TagEntry, list[float], float, int, str]] = {
    "a dip to zero": (TagEntry(), [1307.2, 0, 1307.9, 1308.0], 0.8, 1, "glitch"),
    "a dip of several readings": (TagEntry(), [1307.2, 0, 0, 0, 0, 1307.9], 0.7, 4, "glitch"),
    "a dip to different values": (TagEntry(), [1000.0, 40, 0, 700, 3, 1001], 1.0, 4, "glitch"),
    "jitter": (TagEntry(), [100.0, 99.9] * 20 + [100.0], 0.0, 20, "glitch"),
    "jitter that rests below": (TagEntry(), [100.0, *[99.9] * 30, 100.0, 100.1], 0.1, 30, "glitch"),
    "two gateways": (TagEntry(), [1000.0, 999, 1001, 1000, 1002, 1001, 1003, 1002], 3.0, 3, "glitch"),
    "a backlog with the times of its reception": (TagEntry(), [1000.0, 700, 800, 900, 950, 990, 1001], 1.0, 5, "glitch"),
    "a spike": (MOST, [50000.0, 50001, 99999999, 50002, 50003], 3.0, 1, "spike"),
    "a spike that stays": (MOST, [50000.0, 99999999, 99999999, 99999999, 50003], 3.0, 3, "spike"),
    "beyond the range": (TagEntry(low=0, high=1e6), [5.0, -1, 9e9, 9.1e9, 9.2e9, 6], 1.0, 4, "out of range"),
    "no number": (TagEntry(), [5.0, math.nan, math.inf, 7], 2.0, 2, "out of range"),
    "a reset": (TagEntry(), [500.0, 520, 0, 5, 30, 60], 80.0, 0, "reset"),
    "a reset that rests at zero": (TagEntry(), [500.0, 520, 0, 0, 0, 0, 5, 30], 50.0, 0, "reset"),
    "a reset seen late": (TagEntry(), [500.0, 40, 45, 60], 60.0, 0, "reset"),
    "a reset seen by two gateways": (TagEntry(), [500.0, 4, 2, 8, 6, 10, 9, 12], 12.0, 3, "glitch, reset"),
    "a reset not confirmed yet": (TagEntry(), [500.0, 520, 0, 5], 20.0, 0, ""),
    "a reset that few readings confirm": (TagEntry(confirm_readings=2), [500.0, 520, 0, 5], 25.0, 0, "reset"),
    "a reset that time confirms": (TagEntry(confirm_s=60.0), [500.0, 520, 0, 5], 25.0, 0, "reset"),
    "a rollover": (TagEntry(modulus=65536, max_delta=1000), [65000.0, 65500, 64, 194, 300], 836.0, 0, "rollover"),
    "a rollover without a largest step": (TagEntry(modulus=655.36), [655.30, 655.35, 0.04, 0.10], 0.16, 0, "rollover"),
    "a dip to zero before the end": (TagEntry(modulus=1000, max_delta=50), [980.0, 0, 985, 990], 10.0, 1, "glitch"),
    "a step back with a modulus": (TagEntry(modulus=1e5, max_delta=50), [50000.0, 50001, 50000.5, 50002], 2.0, 1, "glitch"),
    "another meter, lower": (TagEntry(confirm_s=1800.0), [5e4, 4e4, 40002, 40004, 40006, 40008], 8.0, 0, "fall"),
    "another meter, higher": (MOST, [500.0, 510, 9000, 9010, 9020], 30.0, 0, "jump"),
    "a shift's counter": (TagEntry(starts_over="any"), [0.0, 100, 60, 200], 300.0, 0, "reset"),
}  # fmt: skip
"""What is declared, readings each ten minutes, what they count, how many are refused, and what they show."""


def fuzz(examples: int) -> settings:
    """The same examples every time; `FIELDLINE_TEST_EXAMPLES` of them where it is set, for a longer search."""
    return settings(
        max_examples=int(os.environ.get("FIELDLINE_TEST_EXAMPLES", str(examples))),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


class ShownRig(EngineRig):
    """Keeps what the meters of energy rows showed."""

    def __init__(self, plant: Plant) -> None:
        self.shown: dict[tuple[int, int, int], str] = {}
        super().__init__(plant, operators=OPERATORS)

    def collect(self) -> None:
        for batch in self.engine.outbox:
            column = batch.texts.get("meter_events")
            if batch.kind == "energy" and column is not None and batch.window is not None:
                keys = zip(batch.asset.tolist(), batch.window.tolist(), batch.time.tolist(), strict=True)
                names = ["" if code < 0 else column.names[code] for code in column.codes.tolist()]
                self.shown |= dict(zip(keys, names, strict=True))
        super().collect()


@pytest.mark.parametrize("name", CASES)
def test_a_register_and_a_counter_count_what_can_be_believed(name: str) -> None:
    entry, readings, counted, refused, shown = CASES[name]
    declared = {field: getattr(entry, field) for field in _DECLARED}
    tags = {"m_kwh": entry, "n": TagEntry(kind="good_count", **declared)}
    kinds = {"m_kwh": ("energy", "active_energy_kwh"), "n": ("quality", "good_count")}
    rows = [Row(METER, tag, START + k * 10 * MINUTE, value) for k, value in enumerate(readings) for tag in kinds]

    rig = ShownRig(Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),)))).send(frames_of(rows, 3)).finish()

    for tag, (kind, field) in kinds.items():
        days = rig.values(kind, METER, "day").values()
        assert sum(day[field] for day in days) == pytest.approx(counted, abs=1e-9), tag
        # A counter takes no row that is no number for a reading.
        if tag == "m_kwh" or all(map(math.isfinite, readings)):
            assert sum(day["rejected_readings"] for day in days) == refused, tag
    assert {word for names in rig.shown.values() for word in names.split(", ")} - {""} == set(shown.split(", ")) - {""}


_DECLARED = ("modulus", "max_delta", "low", "high", "confirm_readings", "confirm_s", "starts_over")


def test_a_daily_register_counts_from_zero_at_midnight_of_its_site() -> None:
    # Berlin is an hour ahead: midnight lies an hour after the first reading. 4.5 kWh before it, 0.5 and 0.5 after it.
    meter = "berlin/hall/line1/plug"
    plant = Plant(PlantFile(site=(SiteEntry(path="berlin", time_zone="Europe/Berlin"),)))
    readings = [(0, 4.0), (50, 4.5), (70, 0.5), (80, 0.4), (90, 1.0)]
    rows = [Row(meter, "energy_today_kwh", START + k * MINUTE, value) for k, value in readings]

    hours = EngineRig(plant, operators=OPERATORS).send([frame_of(rows)]).finish().values("energy", meter, "1h")

    assert [row["active_energy_kwh"] for _, row in sorted(hours.items())] == pytest.approx([0.5, 1.0])


def test_what_is_held_back_is_booked_at_its_own_times_when_it_is_confirmed() -> None:
    # A reset seen at :10, 12 kWh until :20 and :30. Until then the windows show what is confirmed: none.
    rows = [Row(METER, "energy_kwh", START + k * 10 * MINUTE, v) for k, v in enumerate([500.0, 0.0, 12.0, 24.0])]
    rows += [Row(METER, "good_count", row.time, row.value) for row in rows]
    rig = EngineRig(operators=OPERATORS).send([frame_of([row]) for row in rows if row.time < START + 30 * MINUTE])
    rig.wait(0.5)
    before = [rig.values("energy", METER, "15m")[START]["active_energy_kwh"]]

    rig.send([frame_of([row]) for row in rows if row.time == START + 30 * MINUTE]).finish()

    assert before == [0.0]
    quarters = sorted(rig.values("energy", METER, "15m").items())
    assert [row["active_energy_kwh"] for _, row in quarters] == pytest.approx([6.0, 18.0, 0.0])
    pieces = sorted(rig.values("quality", METER, "15m").items())
    assert [row["good_count"] for _, row in pieces[:3]] == [0.0, 12.0, 12.0]


def test_what_is_confirmed_after_the_maximum_gap_is_booked_where_it_is_confirmed() -> None:
    rows = [Row(METER, "energy_kwh", START + k * 50 * MINUTE, v) for k, v in enumerate([500.0, 0.0, 12.0, 24.0])]

    hours = EngineRig(operators=OPERATORS).send([frame_of(rows)]).finish().values("energy", METER, "1h")

    found = [(row["active_energy_kwh"], row["coverage"]) for _, row in sorted(hours.items())]
    assert [amount for amount, _ in found] == [0.0, 0.0, 24.0]
    assert [coverage for _, coverage in found] == pytest.approx([1.0, 1.0, 0.5])


def test_a_register_counts_no_faster_than_the_rated_power_draws() -> None:
    # 60 kW: 15 kWh a quarter-hour, and as much at once.
    asset = AssetEntry(path=METER, rated_power_kw=60.0)
    readings = [100.0, 105.0, 400.0, 110.0, 139.0, 170.0, 180.0]
    rows = [Row(METER, "energy_kwh", START + k * 15 * MINUTE, value) for k, value in enumerate(readings)]

    day = EngineRig(Plant(PlantFile(asset=(asset,))), operators=OPERATORS).send([frame_of(rows)]).finish()

    # 400 and 170, 31 kWh on, are spikes; 180 is 41 kWh on from 139 in half an hour.
    rows_of_day = list(day.values("energy", METER, "day").values())
    assert sum(row["active_energy_kwh"] for row in rows_of_day) == pytest.approx(80.0)
    assert sum(row["rejected_readings"] for row in rows_of_day) == 2


# -- a known truth


class Fault(NamedTuple):
    """What goes wrong with a reading: it comes with another value, or a copy of an older one comes beside it."""

    dips: float = 0.0
    jitters: float = 0.0
    spikes: float = 0.0
    behind: int = 0  # readings that a second gateway lags behind; 0: there is none
    ahead: bool = False  # a second device shows the register with a clock that is an hour ahead


def measured(random: Random, values: list[float], turn: int, fault: Fault, step: int) -> Iterator[tuple[int, float]]:
    """Readings of a register that showed `values`, one each `step` ns; right are the first, the last few, and that before number `turn`."""
    spoiled = 0
    for number, value in enumerate(values):
        time = START + number * step
        is_clean = number < 4 or number >= len(values) - 8 or number == turn - 1
        chance = random.random()
        # Three in a row that agree with each other would be believed, and rightly so.
        if not is_clean and spoiled < 2 and chance < fault.dips + fault.jitters + fault.spikes:
            spoiled += 1
            spoilt = value + 500.0 + 7.0 * number if chance < fault.spikes else max(value - 0.1, 0.0)
            yield time, 0.0 if fault.spikes <= chance < fault.spikes + fault.dips else spoilt
        else:
            spoiled = 0
            yield time, value
        if fault.behind and number >= fault.behind:
            yield time + step // 2, values[number - fault.behind]
        if fault.ahead and number % 5 == 0 and not is_clean:
            yield time + 3600 * SECOND + step // 3, value


@pytest.mark.parametrize("how", ["on", "reset", "rollover"])
@pytest.mark.parametrize("limit", [None, 60.0])
@given(seed=st.integers(0, 2**32 - 1))
@fuzz(8)
def test_the_sum_over_windows_is_what_the_meter_counted(how: str, limit: float | None, seed: int) -> None:
    random = Random(seed)
    count, step = 60, random.choice([20, 60, 300]) * SECOND
    drawn = [random.choice([0.0, 0.5, random.uniform(0.0, 4.0)]) + 0.01 for _ in range(count)]
    turn = count // 2 if how == "reset" else count
    begun = 4900.0 if how == "rollover" else 3000.0
    modulus = 5000.0 if how == "rollover" else None
    shown = [begun + sum(drawn[1 : k + 1]) if k < turn else sum(drawn[turn : k + 1]) for k in range(count)]
    shown = [value % modulus for value in shown] if modulus else shown
    fault = Fault(
        random.choice([0.0, 0.1, 0.3]),
        random.choice([0.0, 0.2]) if how == "on" else 0.0,
        random.choice([0.0, 0.1]) if limit else 0.0,
        random.choice([0, 1, 3]) if how != "rollover" else 0,
        random.random() < 0.5 and how == "on",
    )
    entry = TagEntry(unit="kWh", kind="register", max_delta=limit, modulus=modulus)
    counter = TagEntry(kind="good_count", max_delta=limit, modulus=modulus)
    plant = Plant(PlantFile(asset=(AssetEntry(path=METER, tags={"e": entry, "n": counter}),)))
    readings = list(measured(random, shown, turn, fault, step))
    rows = [Row(METER, tag, time, value) for time, value in readings for tag in ("e", "n")]

    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(random.sample(rows, len(rows)), 40)).finish()

    for kind, field in (("energy", "active_energy_kwh"), ("quality", "good_count")):
        for window in ("1m", "15m", "1h", "day"):
            total = math.fsum(row[field] for row in rig.values(kind, METER, window).values())
            assert total == pytest.approx(math.fsum(drawn[1:]), abs=1e-6), (fault, kind, window)


# -- any order of arrival

_READINGS_S = [1.0, 20.0, 59.0, 60.0, 61.0, 200.0, 400.0, 900.0, 1300.0]
_SHOWN = [0.0, 1.0, 2.0, 3.0, 5.0, 40.0, 41.0, 43.0, 95.0, 96.0, 100.0, 101.0, 102.0, 103.0, 110.0, 150.0, 900.0, 990.0]


def _entry(random: Random) -> dict[str, object]:
    return {
        "max_delta": random.choice([None, 8.0, 100.0]),
        "modulus": random.choice([None, 1000.0]),
        "register_max_gap_s": random.choice([300.0, 1000.0, 3600.0]),
        "confirm_readings": random.choice([2, 3, 4]),
        "confirm_s": random.choice([60.0, 600.0]),
        "starts_over": random.choice([None, None, "day", "any"]),
        "high": random.choice([None, 950.0]),
    }


def dirty_plant(random: Random) -> Plant:
    """Registers and counters with anything declared of them."""
    tags = {
        "e1": TagEntry(unit="kWh", kind="register", **_entry(random)),  # type: ignore[arg-type]
        "e2": TagEntry(unit="kWh", kind="register", **_entry(random)),  # type: ignore[arg-type]
        "n1": TagEntry(kind="good_count", **_entry(random)),  # type: ignore[arg-type]
        "n2": TagEntry(kind="good_count", **_entry(random)),  # type: ignore[arg-type]
        "n3": TagEntry(kind="scrap_count", **_entry(random)),  # type: ignore[arg-type]
    }
    rated = random.choice([None, 60.0])
    return Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags, rated_power_kw=rated, ideal_cycle_s=1.5),)))


def dirty_rows(random: Random, count: int) -> list[Row]:
    """Readings of all sorts in time order, with states and orders among them; no two of a series and time."""
    rows: dict[tuple[str, int], Row] = {}
    time = START + 50 * MINUTE
    for _ in range(count):
        time += round(random.choice(_READINGS_S) * SECOND)
        tag = random.choice(["e1", "e1", "e1", "e2", "n1", "n1", "n2", "n3", "@state", "@order"])
        if tag == "@state":
            row = event(METER, tag, time, b'{"state":"%s"}' % random.choice([b"producing", b"down"]))
        elif tag == "@order":
            row = event(LINE, tag, time, b'{"order":"%d"}' % random.randrange(9))
        else:
            row = Row(METER, tag, time, random.choice(_SHOWN), random.choice([0, 0, 0, 0, 1, 2]))
        rows[tag, time] = row
    return list(rows.values())


def standing(table: Table) -> Table:
    """The rows that were not retracted: an order that another one took over on the way leaves one that was."""
    return {key: fields for key, fields in table.items() if fields.get("retracted") != np.ones(1).tobytes()}


@given(data=st.data())
@fuzz(12)
def test_readings_in_any_order_and_with_any_crash_give_the_same_bits(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    plant, rows = dirty_plant(Random(seed)), dirty_rows(Random(seed + 1), data.draw(st.integers(2, 45)))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = EngineRig(plant, operators=OPERATORS).send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(plant, operators=OPERATORS, log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(standing(want.table), standing(rig.table)) == []


@pytest.mark.parametrize("seed", range(4))
def test_dirty_registers_in_every_window_are_what_the_twin_measures(seed: int) -> None:
    random = Random(seed)
    plant, rows = dirty_plant(random), [row for row in dirty_rows(random, 250) if row.tag[0] == "e" and row.quality < 2]
    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(rows, 7)).finish()
    rated = plant.asset_info(METER).rated_power_kw
    series = [
        (plant.tag_info(METER, tag), [(row.time, row.value) for row in rows if row.tag == tag]) for tag in ("e1", "e2")
    ]

    for window in ("1m", "15m", "1h", "day"):
        want, got = twin(series, window, rated_kw=rated), rig.values("energy", METER, window)
        assert want.keys() == got.keys()
        for fields in want.values():
            del fields["peak_demand_kw"]  # exists or not by the last bit of a sum of seconds
        for start, fields in want.items():
            assert {name: got[start][name] for name in fields} == pytest.approx(fields, rel=1e-9, abs=1e-9, nan_ok=True)
    assert any(told_by(mine, info, rated).refused for info, mine in series)
