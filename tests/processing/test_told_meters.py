"""A register of which everything is told: exchanges, amounts, readings that were wrong. Against a count from first principles.

`energy_of` knows no slices, no state and no order of arrival: it has the readings as they should have been and what was said of the meter,
makes stretches of time with an amount each of them, and cuts these by windows.
"""

from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.operators import energy
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frame_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

METER = "plant/hall/line1/meter"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
LENGTHS = {"1m": MINUTE, "15m": 15 * MINUTE, "1h": 60 * MINUTE, "day": 1440 * MINUTE}
PLANT = Plant(PlantFile(asset=(AssetEntry(path=METER, tags={"e": TagEntry(unit="kWh", kind="register")}),)))


class Exchange(NamedTuple):
    """When a meter was exchanged [s], what the old one showed last and the new one first."""

    at: int
    old: float
    new: float


class Amount(NamedTuple):
    """What a meter is said to have counted from a time until another [s], whatever it showed; by whole minutes, from the next one on."""

    at: int
    until: int
    kwh: float

    @property
    def start(self) -> int:
        return -(-self.at // 60) * 60


class Stretch(NamedTuple):
    """Energy that was drawn evenly from a time until another [s]."""

    start: float
    end: float
    kwh: float

    def within(self, start: float, end: float) -> float:
        """Its part from a time until another."""
        share = max(min(self.end, end) - max(self.start, start), 0.0)
        return self.kwh * share / (self.end - self.start) if share else 0.0


class Told(NamedTuple):
    """What a meter showed by second, as it should have been, and what was said of it in order of time."""

    shown: dict[int, float]
    exchanges: list[Exchange]
    amounts: list[Amount]


def energy_of(told: Told, start: float, end: float) -> float:
    """What was drawn from a time until another [kWh]."""
    said = sorted(told.amounts)
    ends = [min([one.until, *(later.at // 60 * 60 for later in said[k + 1 :])]) for k, one in enumerate(said)]
    amounts = [(one, one.start, stop) for one, stop in zip(said, ends, strict=True) if one.start < stop]
    total = sum(Stretch(one.start, one.until, one.kwh).within(max(start, a), min(end, b)) for one, a, b in amounts)
    for stretch in stretches_of(told):
        total += stretch.within(start, end)
        total -= sum(stretch.within(max(start, a), min(end, b)) for _, a, b in amounts)
    return total


def stretches_of(told: Told) -> list[Stretch]:
    """What lies between two things that the meter showed, one after the other; an exchange is the end of one and the start of another."""
    points = [(time, value, value) for time, value in told.shown.items()]
    points += [(one.at, one.old, one.new) for one in told.exchanges]
    points.sort()
    return [
        Stretch(a, b, max(last - first, 0.0))
        for (a, _, first), (b, last, _) in zip(points, points[1:], strict=False)
        if b > a
    ]


def event_row(kind: str, second: int, rest: str, recorded: int = 0) -> Row:
    payload = f'{{"tag":"e",{rest},"recorded":{1_700_100_000 + recorded}}}'.encode()
    return Row(METER, f"@{kind}", START + second * SECOND, event_value(payload), 0, payload)


def rows_of_meter(random: Random) -> tuple[list[Row], Told]:
    """Rows as they come, readings wrong and put right among them, and what they come to."""
    told = Told({}, [], [])
    rows: list[Row] = []
    second, shown = random.randrange(60), float(random.randrange(1000))
    for _ in range(random.randrange(3, 25)):
        told.shown[second] = shown
        rows += rows_of_reading(random, second, shown)
        step = random.choice([50, 60, 90, 180, 600, 1800])
        if random.random() < 0.2:
            at, old = second + random.randrange(1, step), shown + random.randrange(0, 9)
            new = float(random.choice([0, 0, 7, 500]))
            told.exchanges.append(Exchange(at, old, new))
            rows += rows_that_count(random, at, f'"old":{old},"new":{new}', '"old":1,"new":99999')
            shown = new
        second, shown = second + step, shown + random.randrange(0, 9)
    for _ in range(random.choice([0, 0, 1, 2, 3])):
        at = 60 * random.randrange(second // 60 + 1) + random.choice([0, 0, 17])
        amount = Amount(at, at // 60 * 60 + 60 * random.randrange(2, 45), float(random.randrange(50)))
        if amount.at not in [one.at for one in (*told.exchanges, *told.amounts)] and amount.until < second:
            told.amounts.append(amount)
            until = START // SECOND + amount.until
            rows += rows_that_count(
                random, amount.at, f'"amount":{amount.kwh},"until":{until}', f'"amount":7,"until":{until}'
            )
    return sorted(rows, key=lambda row: row.time), told


def rows_of_reading(random: Random, second: int, value: float) -> list[Row]:
    """A reading as it should have been, or wrong and put right, or one that never was and is withdrawn."""
    time = START + second * SECOND
    match random.choice(["right"] * 4 + ["wrong", "withdrawn", "restored"]):
        case "wrong":
            wrong = float(random.choice([0, 5, 400, 100_000]))
            said = [
                event_row("reading", second, '"phase":"withdrawn"'),
                event_row("reading", second, f'"value":{value}', 2),
            ]
            return [Row(METER, "e", time, wrong), *said[random.randrange(2) :]]
        case "withdrawn":
            gone = Row(METER, "e", time + SECOND, float(random.choice([0, 3, 100_000])))
            return [Row(METER, "e", time, value), gone, event_row("reading", second + 1, '"phase":"withdrawn"')]
        case "restored":
            said = [event_row("reading", second, '"value":12345'), event_row("reading", second, '"phase":"void"', 1)]
            return [Row(METER, "e", time, value), *said]
    return [Row(METER, "e", time, value)]


def rows_that_count(random: Random, second: int, right: str, wrong: str) -> list[Row]:
    """What is said of the meter at a time, or first something else."""
    first = [event_row("meter", second, wrong, 1)] if random.random() < 0.3 else []
    return [*first, event_row("meter", second, right, 2)]


def check(rig: EngineRig, told: Told) -> None:
    for window, length in LENGTHS.items():
        rows = rig.values("energy", METER, window)
        for start, row in rows.items():
            begin = (start - START) / SECOND
            want = energy_of(told, begin, begin + length / SECOND)
            assert row["active_energy_kwh"] == pytest.approx(want, abs=1e-6), (window, begin / 60)
        whole = energy_of(told, -1e9, 1e9)
        assert sum(row["active_energy_kwh"] for row in rows.values()) == pytest.approx(whole, abs=1e-6), window


@given(data=st.data())
@fuzz(8)
def test_a_meter_of_which_everything_is_told_counts_the_truth_in_every_window(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows, told = rows_of_meter(Random(data.draw(st.integers(0, 2**32 - 1))))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = EngineRig(PLANT, operators=(energy.COMPONENT,), log=log, node_cache=0, row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    check(rig, told)


def test_of_two_amounts_that_meet_within_a_minute_neither_has_that_minute() -> None:
    shown = {60 * minute: 10.0 * minute for minute in range(0, 61, 10)}
    rows = [Row(METER, "e", START + second * SECOND, value) for second, value in shown.items()]
    until = START // SECOND + 3000
    rows += [
        event_row("meter", 1200, f'"amount":30,"until":{until}'),
        event_row("meter", 1830, f'"amount":95,"until":{until}'),
    ]
    told = Told(shown, [], [Amount(1200, 3000, 30.0), Amount(1830, 3000, 95.0)])

    rig = EngineRig(PLANT, operators=(energy.COMPONENT,))
    rig.send([frame_of([row]) for row in sorted(rows, key=lambda row: row.time)]).finish()

    check(rig, told)


def test_a_minute_that_a_late_event_leaves_without_energy_has_no_row_any_more() -> None:
    until = START // SECOND + 3000
    first = [
        Row(METER, "e", START + 60 * SECOND, 10.0),
        event_row("meter", 440, f'"amount":2,"until":{until}'),
        Row(METER, "other", START + 3600 * SECOND, 1.0),
    ]
    begins_within_a_minute = event_row("meter", 1455, f'"amount":40,"until":{until + 1000}')

    rig = EngineRig(PLANT, operators=(energy.COMPONENT,)).send([frame_of([row]) for row in first])
    before = rig.values("energy", METER, "1m")
    rig.send([frame_of([begins_within_a_minute])]).finish()

    minute = START + 1440 * SECOND
    assert before[minute]["active_energy_kwh"] > 0.0
    assert rig.values("energy", METER, "1m")[minute]["retracted"] == 1.0
