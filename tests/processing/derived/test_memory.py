"""What derived metrics remember from window to window: a running mean that forgets is that of the hours in order, however they come."""

import math
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.kernels.jit import FLOATS2, NOTHING, kernel, record, records
from processing.kernels.kept import first_of
from processing.operators import machine, telemetry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

HOUR = 3600 * SECOND
ASSETS = ["p/h/line1/oven", "p/h/line1/press", "p/h/line2/saw"]
WINDOWS = ("1m", "15m", "1h", "day")
STATE = first_of(record(("mean", "f8"), ("windows", "i8")))


@kernel(NOTHING, FLOATS2, records(STATE.dtype), FLOATS2)
def halved(inputs, state, out):
    for k in range(state.size):
        one, value = state[k], inputs[k, 0]
        if not np.isnan(value):
            one.mean = 0.5 * one.mean + 0.5 * value if one.windows > 0 else value
            one.windows = 1
            out[k, 0] = one.mean


SMOOTH = derived(
    name="smooth",
    meaning="A running mean.",
    inputs={"value": "mean(temp_c)"},
    fields=(("running", "degC", "running mean", "(before + mean) / 2", "ours"),),
    formula=Carried(STATE, halved),
    windows=("15m", "1h", "day"),
    needs=("telemetry",),
)
OPERATORS = (telemetry.COMPONENT, SMOOTH)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def rig_of(**options: object) -> EngineRig:
    return EngineRig(operators=OPERATORS, windows=WINDOWS, **options)  # type: ignore[arg-type]


def at(hour: float, value: float, asset: str = ASSETS[0], tag: str = "temp_c") -> Row:
    return Row(asset, tag, T0 + round(hour * HOUR), value)


def running(rig: EngineRig, asset: str = ASSETS[0], window: str = "1h", kind: str = "smooth") -> list[float]:
    return [row["running"] for _, row in sorted(rig.values(kind, asset, window).items())]


def by_hand(means: list[float]) -> list[float]:
    found: list[float] = []
    for mean in means:
        found.append(mean if not found else (found[-1] + mean) / 2)
    return found


def some_rows(random: Random, count: int) -> list[Row]:
    rows, time = dict[tuple[str, str, int], Row](), T0
    for _ in range(count):
        time += round(random.choice([1, 60, 400, 900, 1800, 3600]) * SECOND)
        asset, tag = random.choice(ASSETS), random.choice(["temp_c", "temp_c", "power_kw"])
        rows[asset, tag, time] = Row(
            asset, tag, time, random.choice([1.0, 2.0, 5.0, -3.0, 100.0]), random.choice([0, 0, 0, 2])
        )
    return list(rows.values())


@given(data=st.data())
@fuzz(20)
def test_hours_in_any_order_with_any_crash_give_the_running_mean_of_hours_in_order(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = some_rows(Random(data.draw(st.integers(0, 2**32 - 1))), data.draw(st.integers(2, 45)))
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = rig_of().send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        rig = rig_of(log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(want.table, rig.table)[:3] == []
    for asset in ASSETS:
        for window in ("15m", "1h"):
            means = [row["mean"] for _, row in sorted(rig.values("telemetry", asset, window, "temp_c").items())]
            assert running(rig, asset, window) == pytest.approx(by_hand(means))


def test_an_hour_without_an_input_leaves_the_state_as_it_is() -> None:
    rows = [at(0, 8.0), at(1, 1.0, tag="power_kw"), at(2, 4.0), at(3, 9.0, ASSETS[1]), at(4, 2.0)]

    rig = rig_of().send(frames_of(rows, 1)).finish()

    assert running(rig) == [8.0, 6.0, 4.0]
    assert running(rig, ASSETS[1]) == [9.0]


def test_a_late_hour_revises_those_after_it_and_none_before() -> None:
    rig = rig_of().send(frames_of([at(hour, float(hour)) for hour in (0, 1, 2, 4, 5)], 1)).finish()
    before = dict(rig.revisions)

    rig.send([frame_of([at(3, 100.0)])]).finish()

    assert running(rig) == pytest.approx(by_hand([0.0, 1.0, 2.0, 100.0, 4.0, 5.0]))
    revised = {
        int(key[4])
        for key, rev in rig.revisions.items()
        if key[0] == "smooth" and key[3] == "1h" and rev > before.get(key, rev)
    }
    first = T0 // HOUR * HOUR
    assert revised == {first + 4 * HOUR, first + 5 * HOUR}


def test_a_late_row_is_carried_on_only_as_far_as_the_state_differs() -> None:
    # Halving 2 ** -60 of a difference away leaves the bits of a mean as they were.
    rig = rig_of().send(frames_of([at(hour / 4, 1.0) for hour in range(90)], 1)).finish()
    rig.emitted_since_restart.clear()

    rig.send([frame_of([at(0.01, 1.0 + 2**-40)])]).finish()

    emitted = {key[4] for key in rig.emitted_since_restart if key[0] == "smooth" and key[3] == "15m"}
    assert 10 < len(emitted) < 20


def test_windows_that_left_memory_are_carried_through_again(log: SqliteLog) -> None:
    rows = [at(hour, float(hour % 7)) for hour in range(20)]
    rig = rig_of(log=log, node_cache=0, row_cache=1)
    for row in rows[:3] + rows[4:]:
        rig.send([frame_of([row])])
        rig.checkpoint()
    rig.crash()
    rig.send([frame_of([rows[3]])]).finish()

    assert running(rig) == pytest.approx(by_hand([float(hour % 7) for hour in range(20)]))


def test_a_metric_that_comes_later_begins_with_nothing_and_leaves_what_stands_before_it(log: SqliteLog) -> None:
    rig = EngineRig(operators=(telemetry.COMPONENT,), windows=WINDOWS, log=log)
    rig.send(frames_of([at(hour, 8.0) for hour in range(4)], 1))

    rig.restart(operators=list(OPERATORS)).send(frames_of([at(hour, 2.0) for hour in range(4, 10)], 1)).finish()

    found = running(rig)
    assert found and all(math.isfinite(value) for value in found)
    assert found[-1] == pytest.approx(2.0, abs=6.0 / 2**4)
    assert len(found) <= 10


def test_state_of_each_length_of_window_is_its_own() -> None:
    rows = [at(0, 8.0), at(0.3, 4.0), at(1, 2.0)]

    rig = rig_of().send(frames_of(rows, 1)).finish()

    assert running(rig, window="15m") == [8.0, 6.0, 4.0]
    assert running(rig, window="1h") == [6.0, 4.0]


PIECES = derived(
    name="pieces",
    meaning="A running number of pieces.",
    inputs={"good": "quality.good_count"},
    fields=(("running", "1", "running mean", "(before + good_count) / 2", "ours"),),
    formula=Carried(STATE, halved, of_lines=True),
    windows=("15m", "1h", "day"),
    needs=("machine",),
    terms=Terms(
        texts={"told": Spelled("how many that is", "running", lambda mean: "many" if mean > 10 else "")},
        no_coverage="none: counts tell none",
        every="reported_every",
    ),
)
REPORTED = Plant(
    PlantFile(
        asset=(
            AssetEntry(path="p/h/line1", values={"reported_every": 3.0}),  # places in `fieldline.windows.WINDOWS`
            AssetEntry(path=ASSETS[0], values={"reported_every": 2.0}),
        )
    )
)


def counted(*steps: float) -> list[Row]:
    """A counter that steps once an hour, after a reading to begin with."""
    totals = np.cumsum([0.0, *steps]).tolist()
    return [at(hour + (0.1 if hour else 0.0), total, tag="good_count") for hour, total in enumerate(totals)]


def test_a_line_without_readings_of_its_own_remembers_in_the_window_that_the_plant_file_tells(log: SqliteLog) -> None:
    rows = counted(*range(2, 12), 40)
    # The first hour has the reading that the counter begins with, and no piece.
    means = by_hand([0.0, *range(2, 12), 40.0])
    late = rows[4]

    rig = EngineRig(REPORTED, operators=(machine.COMPONENT, PIECES), windows=WINDOWS, log=log, node_cache=0)
    rig.send(frames_of([row for row in rows if row != late], 2)).checkpoint()
    rig.crash()
    rig.finish().send([frame_of([late])]).finish()

    line = rig.values("pieces", "p/h/line1", "1h")
    assert [row["running"] for _, row in sorted(line.items())][: len(means)] == pytest.approx(means)
    assert all("coverage" not in row for row in line.values())
    told = [row.get("told", "") for _, row in sorted(rig.texts("pieces", "p/h/line1", "1h").items())]
    assert told[: len(means)] == ["many" if int(mean) > 10 else "" for mean in means]
    assert {key[1:4] for key in rig.table if key[0] == "pieces"} == {("p/h/line1", "", "1h"), (ASSETS[0], "", "15m")}


@given(data=st.data())
@fuzz(5)
def test_what_a_line_remembers_is_the_same_in_any_order_with_any_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = data.draw(st.lists(st.integers(0, 60), min_size=3, max_size=25))
    rows = counted(*steps)
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = EngineRig(REPORTED, operators=(machine.COMPONENT, PIECES), windows=WINDOWS)
    want.send([frame_of([row]) for row in rows]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        cache = data.draw(st.sampled_from([0, 1 << 30]))
        rig = EngineRig(REPORTED, operators=(machine.COMPONENT, PIECES), windows=WINDOWS, log=log, node_cache=cache)
        arrival.play(rig)
    finally:
        log.close()

    assert differences(want.table, rig.table)[:3] == []
    made = [row["good_count"] for _, row in sorted(rig.values("quality", "p/h/line1", "1h").items())]
    assert running(rig, "p/h/line1", kind="pieces") == pytest.approx(by_hand(made))
