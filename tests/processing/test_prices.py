"""What events tell of prices is what energy costs: to the minute, whatever came first, and until it is taken back."""

import json
import tempfile
from collections.abc import Iterator
from math import fsum, isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.frames import event_value
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, TariffEntry
from processing.operators import energy
from processing.timeline.timing import Timing
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

LINE = "plant/hall/line1"
OVEN, PRESS = f"{LINE}/oven", f"{LINE}/press"
MINUTE = 60 * SECOND
START = T0 // (86400 * SECOND) * 86400 * SECOND + 6 * 3600 * SECOND
ENTERED_S = 1_700_100_000
PLANT = Plant(PlantFile(tariff=(TariffEntry(currency="EUR", price=0.25, co2_kg_per_kwh=0.5),)))


@pytest.fixture(scope="module")
def log() -> Iterator[SqliteLog]:
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(Path(folder) / "checkpoints.db")
        yield log
        log.close()


def at(minute: float) -> int:
    return START + round(minute * MINUTE)


def told(minute: float, asset: str = LINE, entered: int | None = None, **said: object) -> Row:
    """An event of a minute; `since` and `until` are minutes, too, and `entered` is in seconds."""
    said = {{"since": "from"}.get(name, name): value for name, value in said.items()}
    said |= {name: at(float(str(said[name]))) / SECOND for name in ("from", "until") if name in said}
    said |= {"recorded": ENTERED_S + entered} if entered is not None else {}
    payload = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return Row(asset, "@price", at(minute), event_value(payload), 0, payload)


METER = [Row(OVEN, "energy_kwh", at(minute), float(minute)) for minute in range(0, 241, 10)]
"""A kilowatt-hour a minute for four hours."""


def rig_of(plant: Plant = PLANT, **options: object) -> EngineRig:
    return EngineRig(plant, operators=[energy.COMPONENT], **options)  # type: ignore[arg-type]


def run(rows: list[Row], size: int = 1) -> EngineRig:
    return rig_of().send(frames_of(rows, size)).finish()


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.time)


def cost(rig: EngineRig, window: str, asset: str = OVEN) -> list[float]:
    return [row["energy_cost"] for _, row in sorted(rig.values("energy", asset, window).items())]


SAID: dict[str, tuple[list[Row], float]] = {
    "from then on": ([told(60, price_per_kwh=0.5)], 60 * 0.25 + 180 * 0.5),
    "by the megawatt-hour": ([told(60, price_per_mwh=500)], 60 * 0.25 + 180 * 0.5),
    "from the next whole minute on": ([told(59.25, price_per_kwh=0.5)], 60 * 0.25 + 180 * 0.5),
    "until the next one": (
        [told(60, price_per_kwh=0.5), told(75, price_per_kwh=-1)],
        60 * 0.25 + 15 * 0.5 - 165,
    ),
    "for a time": ([told(60, price_per_kwh=0.5, until=75)], 225 * 0.25 + 15 * 0.5),
    "for a time within another": (
        [told(60, price_per_kwh=0.5), told(90, price_per_kwh=2, until=105)],
        60 * 0.25 + 165 * 0.5 + 15 * 2,
    ),
    "until it is stopped": ([told(60, price_per_kwh=0.5), told(90, phase="stop")], 210 * 0.25 + 30 * 0.5),
    "ahead": ([told(1, since=60, price_per_kwh=0.5)], 60 * 0.25 + 180 * 0.5),
    "of the past": ([told(200, since=60, price_per_kwh=0.5)], 60 * 0.25 + 180 * 0.5),
    "as a list": ([told(1, since=60, every_s=900, price_per_kwh=[0, 1, 2])], 195 * 0.25 + 15 * (0 + 1 + 2)),
    "on a machine of the line": ([told(60, PRESS, price_per_kwh=0.5)], 60 * 0.25 + 180 * 0.5),
    "once more by a list": (
        [told(1, since=60, every_s=900, price_per_kwh=[0, 1]), told(2, since=75, every_s=900, price_per_kwh=[5])],
        210 * 0.25 + 15 * 0 + 15 * 5,
    ),
    "by who entered it last": (
        [told(60, price_per_kwh=9, entered=5), told(1, since=60, price_per_kwh=0.5, entered=6)],
        60 * 0.25 + 180 * 0.5,
    ),
    "and taken back": ([told(60, price_per_kwh=0.5), told(60, phase="void", entered=1)], 240 * 0.25),
    "and taken back of a later time": ([told(1, since=60, price_per_kwh=9), told(2, since=60, phase="void")], 60.0),
}


@pytest.mark.parametrize("name", SAID)
def test_energy_costs_what_was_told_whenever_it_was_told(name: str) -> None:
    events, money = SAID[name]

    early = run(in_order([*METER, *events]))
    late = run([*METER, *events])
    backwards = run([*METER, *reversed(events)], size=2)

    assert fsum(cost(early, "day")) == pytest.approx(money)
    assert differences(early.table, late.table) == []
    assert differences(early.table, backwards.table) == []


@pytest.mark.parametrize("window", ["1m", "15m", "1h", "day", "week", "month"])
def test_every_window_costs_what_its_minutes_do_though_its_readings_lie_apart(window: str) -> None:
    events = [told(7, price_per_kwh=0.5), told(37, price_per_kwh=0.125), told(133, price_per_kwh=1.5)]

    rig = run(in_order([*METER, *events]))

    assert fsum(cost(rig, window)) == pytest.approx(7 * 0.25 + 30 * 0.5 + 96 * 0.125 + 107 * 1.5)
    assert fsum(row["co2_kg"] for row in rig.values("energy", OVEN, window).values()) == pytest.approx(120)


def test_a_quarter_hour_in_which_the_price_changes_costs_both_prices() -> None:
    rig = run(in_order([*METER, told(7, price_per_kwh=0.5)]))

    assert cost(rig, "15m")[:2] == pytest.approx([7 * 0.25 + 8 * 0.5, 15 * 0.5])


def test_a_price_that_comes_late_says_what_closed_windows_cost_with_a_higher_revision() -> None:
    rig = rig_of().send(frames_of(METER, 5))
    rig.wait(300, turns=3)
    before = dict(rig.revisions)

    rig.send([frame_of([told(60, price_per_kwh=0.5)])]).finish()

    changed = {key for key, rev in rig.revisions.items() if rev > before.get(key, rev) and key[3] == "15m"}
    assert {(int(key[4]) - START) // MINUTE for key in changed} == set(range(60, 240, 15))


def test_a_line_without_a_tariff_costs_what_events_tell_and_nothing_is_known_before() -> None:
    rig = rig_of(Plant()).send(frames_of(in_order([*METER, told(60, price_per_kwh=0.5)]), 5)).finish()

    assert str(cost(rig, "1h")[:4]) == str([nan, 30.0, 30.0, 30.0])
    assert isnan(cost(rig, "day")[0])


def test_a_price_is_that_of_its_line_alone() -> None:
    other = [row._replace(asset="plant/hall/line2/oven") for row in METER]

    rig = run(in_order([*METER, *other, told(0, price_per_kwh=1)]), size=7)

    assert fsum(cost(rig, "day")) == pytest.approx(240)
    assert fsum(cost(rig, "day", "plant/hall/line2/oven")) == pytest.approx(60)


def test_what_nothing_in_memory_depends_on_any_more_is_let_go(log: SqliteLog) -> None:
    meter = [Row(OVEN, "energy_kwh", at(10 * k), float(k)) for k in range(1, 6000)]
    prices = [told(2 * k, price_per_kwh=k % 7 / 8) for k in range(30_000)]
    rig = rig_of(log=log, timing=Timing(horizon=2 * 3600 * SECOND), windows=("15m", "1h"))

    rows = in_order([*meter, *prices])
    for k in range(0, len(rows), 6000):
        rig.send([frame_of(rows[k : k + 6000])])
        rig.checkpoint()
    rig.finish()

    assert len(rig.engine.context.prices.names()) < 8000
    assert len(rig.engine.context.events) < 16_000
    # Ten minutes hold five prices.
    assert cost(rig, "1h")[500] == pytest.approx(fsum(k % 7 / 8 / 5 for k in range(15_000, 15_030)))


@st.composite
def price_rows(draw: st.DrawFn) -> list[Row]:
    """Readings of two meters, and prices of all sorts; no two of a series and time."""
    rows = {("", row.asset, row.time): row for row in METER[:13]}
    rows |= {("", PRESS, at(k * 7)): Row(PRESS, "power_kw", at(k * 7), 60.0) for k in range(15)}
    sort = st.sampled_from(["plain", "until", "list", "stop", "void"])
    one = st.tuples(
        sort, st.sampled_from([LINE, PRESS]), *[st.sampled_from([0, 5, 5.5, 15, 30, 60, 61, 90]) for _ in range(2)]
    )
    for kind, asset, minute, since in draw(st.lists(one, max_size=6)):
        said: dict[str, object] = {"since": since} if draw(st.booleans()) else {}
        if kind == "list":
            said |= {"price_per_kwh": draw(st.lists(st.sampled_from([0.5, 1.5, -0.25]), min_size=1, max_size=3))}
            said |= {"every_s": draw(st.sampled_from([60, 900, 1000]))}
        elif kind in ("stop", "void"):
            said["phase"] = kind
        else:
            said["price_per_kwh"] = draw(st.sampled_from([0.5, 1.5, -0.25]))
            said |= {"until": draw(st.sampled_from([10, 20.25, 70]))} if kind == "until" else {}
        row = told(minute, asset, draw(st.sampled_from([None, 1, 2])), **said)
        rows["@", asset, row.time] = row
    return in_order(list(rows.values()))


@given(data=st.data())
@fuzz(20)
def test_costs_are_a_function_of_the_set_of_readings_and_events(log: SqliteLog, data: st.DataObject) -> None:
    rows = data.draw(price_rows())
    want = run(rows, size=50)
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))

    got = arrival.play(rig_of(log=log, node_cache=0, row_cache=1))

    assert differences(want.table, got.table) == []
