"""Registers and counters that start over with each day, shift or order: a fall there is a reset at once, one elsewhere waits."""

import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, CalendarEntry, PlantFile, TagEntry
from fieldline.plantfile.calendars import ShiftEntry
from processing.operators import energy, machine
from tests.analysis.recount.worked_line import LINE, history_of, said
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz, standing

METER = f"{LINE}/press"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND
OPERATORS = (energy.COMPONENT, machine.COMPONENT)
FIELDS = {"e": ("energy", "active_energy_kwh"), "n": ("quality", "good_count")}
SHIFTS = tuple(
    ShiftEntry(name=name, start=start, end=end)
    for name, start, end in (("early", "06:00", "14:00"), ("late", "14:00", "22:00"))
)


def plant(starts_over: str | None, shifts: tuple[ShiftEntry, ...] = SHIFTS) -> Plant:
    tags = {
        "e": TagEntry(unit="kWh", kind="register", starts_over=starts_over),  # type: ignore[arg-type]
        "n": TagEntry(kind="good_count", starts_over=starts_over),  # type: ignore[arg-type]
    }
    return Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),), calendar=(CalendarEntry(shift=shifts),)))


def readings(tag: str, values: dict[float, float]) -> list[Row]:
    """By the hour of the day."""
    return [Row(METER, tag, START + round(hour * 60 * MINUTE), value) for hour, value in values.items()]


def order(hour: float, number: str = "1", phase: str = "start", asset: str = LINE) -> Row:
    return said(asset, "order", START + round(hour * 60 * MINUTE), order=number, phase=phase)


def run(rows: list[Row], starts_over: str | None, size: int = 1) -> EngineRig:
    return EngineRig(plant(starts_over), operators=OPERATORS).send(frames_of(rows, size)).finish()


def total(rig: EngineRig, tag: str) -> float:
    kind, field = FIELDS[tag]
    return math.fsum(row[field] for row in rig.values(kind, METER, "day").values() if not math.isnan(row[field]))


FELL = {13.0: 80.0, 13.5: 90.0, 14.25: 60.0, 14.5: 70.0}
"""At 14:00 the shift changes: 10, then 60 since zero, then 10. Where it is not known, 60 is a glitch, or jitter."""

CASES: dict[str, tuple[str | None, dict[float, float], list[Row], float]] = {
    "not declared": (None, FELL, [], 10),
    "a shift": ("shift", FELL, [], 80),
    "a shift, read as it changes": ("shift", {13.0: 80.0, 14.0: 90.0, 14.25: 60.0}, [], 70),
    "a shift, first read as it changes": ("shift", {13.0: 80.0, 13.5: 90.0, 14.0: 60.0}, [], 70),
    "a fall within a shift": ("shift", {12.0: 80.0, 12.5: 60.0, 12.75: 82.0}, [], 2),
    "a reset within a shift": ("shift", {11.0: 80.0, 11.5: 1.0, 12.0: 2.0, 12.5: 5.0}, [], 5),
    "the end of a shift": ("shift", {21.5: 80.0, 22.25: 60.0}, [], 60),
    "an order": ("order", FELL, [order(13.9)], 80),
    "an order that ends": ("order", FELL, [order(8), order(13.9, phase="stop")], 80),
    "an order that pauses": ("order", FELL, [order(8), order(13.9, phase="pause")], 80),
    "an order of a machine": ("order", FELL, [order(13.9, asset=METER)], 80),
    "an order that was a mistake": ("order", FELL, [order(13.9, phase="void")], 10),
    "no order": ("order", FELL, [order(9)], 10),
    "an order, read as it begins": ("order", {13.0: 80.0, 14.0: 90.0, 14.25: 60.0}, [order(14)], 70),
    "orders, not a shift": ("order", FELL, [], 10),
    "a day": ("day", FELL, [], 10),
}


@pytest.mark.parametrize("tag", FIELDS)
@pytest.mark.parametrize("name", CASES)
def test_a_fall_where_it_starts_over_counts_from_zero_at_once(name: str, tag: str) -> None:
    starts_over, values, events, counted = CASES[name]
    rows = readings(tag, values)

    early = run(sorted([*rows, *events], key=lambda row: row.time), starts_over)
    late = run([*rows, *events], starts_over)

    assert total(early, tag) == pytest.approx(counted)
    assert differences(standing(early.table), standing(late.table)) == []
    history = history_of(plant(starts_over), sorted([*rows, *events], key=lambda row: row.time))
    assert math.fsum(one.counted for one in history.judgement(METER, tag).settled) == pytest.approx(counted)


def test_midnight_may_be_the_last_moment_of_a_day() -> None:
    rows = readings("e", {23.0: 80.0, 24.0: 90.0, 24.25: 60.0})

    assert total(run(rows, "day"), "e") == pytest.approx(70)


@pytest.mark.parametrize("tag", FIELDS)
def test_a_calendar_without_that_shift_makes_a_reset_none(tag: str, tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    rig = EngineRig(plant("shift"), operators=OPERATORS, log=log).send(frames_of(readings(tag, FELL), 1))

    rig.restart(plant=plant("shift", (ShiftEntry(name="long", start="06:00", end="22:00"),))).finish()
    log.close()

    assert total(rig, tag) == pytest.approx(10)


def random_rows(random: Random, starts_over: str) -> list[Row]:
    """A register and a counter over ten hours that start over, and readings of a gateway that is behind."""
    rows: dict[tuple[str, int], Row] = {}
    orders = sorted(random.sample(range(300, 900), 3)) if starts_over == "order" else [6 * 60, 14 * 60, 22 * 60]
    for minute in orders if starts_over == "order" else ():
        rows["@order", minute] = order(minute / 60, number=str(minute), phase=random.choice(["start", "start", "stop"]))
    for tag in FIELDS:
        shown, begun = 0.0, 0
        for minute in range(300, 900, random.choice([7, 30])):
            begun, before = sum(at <= minute for at in orders), begun
            shown = 0.0 if begun != before else shown
            shown += random.randrange(9)
            stray = random.random() < 0.1
            rows[tag, minute] = Row(METER, tag, START + minute * MINUTE, max(shown - 5, 0.0) if stray else shown)
    return sorted(rows.values(), key=lambda row: row.time)


@given(data=st.data())
@fuzz(6)
def test_what_is_counted_is_a_function_of_the_set_of_readings_and_orders(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    starts_over = data.draw(st.sampled_from(["shift", "order"]))
    rows = random_rows(Random(data.draw(st.integers(0, 2**32 - 1))), starts_over)
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = EngineRig(plant(starts_over), operators=OPERATORS).send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(plant(starts_over), operators=OPERATORS, log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(standing(want.table), standing(rig.table)) == []
    history = history_of(plant(starts_over), rows)
    for tag in FIELDS:
        counted = math.fsum(one.counted for one in history.judgement(METER, tag).settled)
        assert total(rig, tag) == pytest.approx(counted)
