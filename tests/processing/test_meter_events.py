"""Meters that were exchanged, or counted what an event says: energy registers and counters of pieces by one rule, in any order."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.operators import energy, machine
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz, standing

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
OPERATORS = (energy.COMPONENT, machine.COMPONENT)
PLANT = Plant(
    PlantFile(
        asset=(
            AssetEntry(path=METER, tags={"e": TagEntry(unit="kWh", kind="register"), "n": TagEntry(kind="good_count")}),
        )
    )
)
FIELDS = {"e": ("energy", "active_energy_kwh"), "n": ("quality", "good_count")}


def said(tag: str, minute: float, rest: str, recorded: int = 0) -> Row:
    """An event about a tag's meter, entered some seconds after another."""
    entered = f',"recorded":{1_700_100_000 + recorded}'
    payload = f'{{"tag":"{tag}",{rest}{entered}}}'.encode()
    return Row(METER, "@meter", START + round(minute * MINUTE), event_value(payload), 0, payload)


def readings(tag: str, values: dict[float, float]) -> list[Row]:
    return [Row(METER, tag, START + round(minute * MINUTE), value) for minute, value in values.items()]


def until(minute: float) -> str:
    return f'"until":{(START + round(minute * MINUTE)) / SECOND:.0f}'


def total(rig: EngineRig, tag: str, window: str = "day") -> float:
    kind, field = FIELDS[tag]
    return math.fsum(row[field] for row in rig.values(kind, METER, window).values() if not math.isnan(row[field]))


OLD = {0: 1000.0, 10: 1010.0, 20: 1020.0}
NEW = {40: 8.0, 50: 18.0}
CASES: dict[str, tuple[str, float]] = {
    "old and new": ('"old":1027,"new":0', 20 + 7 + 8 + 10),
    "a new one that begins at a number": ('"old":1027,"new":5', 20 + 7 + 3 + 10),
    "the old one's end is not known": ('"new":0', 20 + 8 + 10),
    "an end below what was believed": ('"old":900,"new":0', 20 + 8 + 10),
}


@pytest.mark.parametrize("tag", FIELDS)
@pytest.mark.parametrize("name", CASES)
def test_an_exchanged_meter_counts_what_both_of_them_did(name: str, tag: str) -> None:
    rest, counted = CASES[name]
    rows = [*readings(tag, OLD), said(tag, 27, rest), *readings(tag, NEW)]

    early = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1)).finish()
    late = EngineRig(PLANT, operators=OPERATORS).send(frames_of([*rows[:3], *rows[4:], rows[3]], 1)).finish()

    assert total(early, tag) == pytest.approx(counted)
    assert differences(early.table, late.table) == []
    shown = early.texts(FIELDS[tag][0], METER, "day").values()
    assert any("exchanged" in row.get("meter_events", "") for row in shown)


def test_an_exchange_is_booked_at_its_own_time() -> None:
    rows = [*readings("e", OLD), said("e", 30, '"old":1030,"new":0'), *readings("e", NEW)]

    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1)).finish()

    quarters = [row["active_energy_kwh"] for _, row in sorted(rig.values("energy", METER, "15m").items())]
    assert quarters == pytest.approx([15.0, 15.0, 8 + 5.0, 5.0])


@pytest.mark.parametrize("tag", FIELDS)
def test_what_a_meter_is_said_to_have_counted_is_booked_in_place_of_its_readings(tag: str) -> None:
    rows = readings(tag, {0: 100.0, 10: 110.0, 20: 120.0, 30: 500.0, 40: 505.0, 50: 510.0})
    fix = said(tag, 20, f'"amount":12,{until(40)}')

    late = EngineRig(PLANT, operators=OPERATORS).send(frames_of([*rows, fix], 1)).finish()
    early = EngineRig(PLANT, operators=OPERATORS).send(frames_of([*rows[:2], fix, *rows[2:]], 1)).finish()

    # 20 up to :20, 12 until :40, 5 after.
    assert total(late, tag) == pytest.approx(20 + 12 + 5)
    assert total(late, tag, "1m") == pytest.approx(total(late, tag))
    assert differences(early.table, late.table) == []


def test_what_is_said_counts_once_where_the_next_reading_is_hours_away() -> None:
    rows = [*readings("e", {0: 100.0, 10: 110.0, 20: 120.0, 300: 400.0}), said("e", 20, f'"amount":12,{until(40)}')]
    beside = [Row(METER, "x", START + k * 5 * MINUTE, 1.0) for k in range(60)]

    for others in ([], beside):
        in_order = sorted([*rows, *others], key=lambda row: row.time)
        rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of(in_order, 1)).finish()
        # 280 in 280 minutes, of which 20 are those that the event tells of.
        assert total(rig, "e") == pytest.approx(20 + 12 + 260)


@pytest.mark.parametrize("tag", FIELDS)
@pytest.mark.parametrize("rest", ['"old":1027,"new":0', f'"amount":99,{until(45)}'])
def test_what_was_said_of_a_meter_can_be_withdrawn(tag: str, rest: str) -> None:
    rows = readings(tag, {0: 1000.0, 10: 1010.0, 60: 1060.0, 70: 1070.0})
    want = EngineRig(PLANT, operators=OPERATORS).send(frames_of(rows, 1)).finish()

    rig = EngineRig(PLANT, operators=OPERATORS).send(frames_of([*rows, said(tag, 27, rest)], 1))
    rig.wait(3.0, turns=3)
    wrong = total(rig, tag)
    rig.send([frame_of([said(tag, 27, '"phase":"void"', recorded=9)])]).finish()

    assert wrong != pytest.approx(total(want, tag))
    assert differences(standing(want.table), standing(rig.table)) == []


def random_rows(random: Random) -> tuple[list[Row], dict[str, float]]:
    """A register and a counter with exchanges at known readings, and what they counted in truth."""
    rows: list[Row] = []
    truth: dict[str, float] = {}
    for tag in FIELDS:
        shown = counted = float(random.randrange(1000))
        begun, minute = counted, 0.0
        for _ in range(random.randrange(2, 25)):
            rows += readings(tag, {minute: shown})
            if random.random() < 0.25:
                step, first = random.randrange(0, 20), float(random.choice([0, 0, 7, 500]))
                rows.append(said(tag, minute + 2, f'"old":{shown + step},"new":{first}'))
                counted, shown = counted + step, first
            step = random.randrange(1, 20)
            counted, shown, minute = counted + step, shown + step, minute + random.choice([3, 10, 30])
        rows += readings(tag, {minute: shown})
        truth[tag] = counted - begun
    return sorted(rows, key=lambda row: row.time), truth


@given(data=st.data())
@fuzz(10)
def test_exchanged_meters_in_any_order_and_with_any_crash_count_the_truth(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(data.draw(st.integers(0, 2**32 - 1)))
    rows, truth = random_rows(random)
    extra = [said("e", 41, f'"amount":5,{until(80)}'), said("n", 13, f'"amount":5,{until(55)}', 1)]
    with_amounts = data.draw(st.booleans())
    voids = [said("e", 41, '"phase":"void"', 7), said("n", 13, '"phase":"void"', 8)]
    rows += [*extra, *voids] if with_amounts else []
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    in_order = sorted(rows, key=lambda row: row.time)
    want = EngineRig(PLANT, operators=OPERATORS).send([frame_of([row]) for row in in_order]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(PLANT, operators=OPERATORS, log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(standing(want.table), standing(rig.table)) == []
    for tag in FIELDS:
        for window in ("1m", "15m", "1h", "day"):
            assert total(rig, tag, window) == pytest.approx(truth[tag], abs=1e-6), (tag, window)
