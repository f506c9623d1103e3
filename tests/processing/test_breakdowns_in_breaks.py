"""A breakdown counts once, where its scheduled time begins, whatever breaks it begins in, spans or ends in."""

from random import Random

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.calendars import BreakEntry, CalendarEntry, ShiftEntry
from processing.operators import machine
from tests.processing.engine_rig import SECOND, EngineRig, frame_of, frames_of
from tests.processing.machine_sets import OVEN, PACKER, PRESS, machine_rows
from tests.processing.test_machine_operator import CODES, HOUR_S, LINE, modes
from tests.processing.test_oee_properties import WITH_SHIFTS
from tests.twins.machine import Window, figures, known_of, told
from tests.twins.windows import window_of

MINUTE = 60 * SECOND
LATE = CalendarEntry(
    shift=(
        ShiftEntry(
            name="late",
            start="23:00",
            end="23:50",
            breaks=(BreakEntry(start="23:10", end="23:15"), BreakEntry(start="23:25", end="23:30")),
        ),
    )
)
"""From 23:00 on, with breaks from 600 s to 900 s and from 1500 s to 1800 s, unscheduled from 3000 s on."""


def plant(microstop_s: float = 0.0) -> Plant:
    tags = {"mode": TagEntry(kind="state", codes=CODES, max_gap_s=90_000.0)}
    return Plant(PlantFile(asset=(AssetEntry(path=f"{LINE}/*", tags=tags, microstop_s=microstop_s),), calendar=(LATE,)))


def hour_of(rig: EngineRig) -> dict[str, float]:
    return rig.values("oee", PRESS, "1h")[HOUR_S * SECOND]


@pytest.mark.parametrize(
    ("changes", "stops", "down_s"),
    [
        pytest.param([(700, 0), (1000, 1)], 1, 100, id="begins in a break and goes on"),
        pytest.param([(600, 0), (1000, 1)], 1, 100, id="begins with the break"),
        pytest.param([(700, 0), (900, 1)], 0, 0, id="begins and ends in a break"),
        pytest.param([(500, 0), (700, 1)], 1, 100, id="ends in a break"),
        pytest.param([(500, 0), (1000, 1)], 1, 200, id="spans a break"),
        pytest.param([(700, 0), (1600, 1)], 1, 600, id="begins in a break, ends in the next"),
        pytest.param([(700, 0), (2000, 1)], 1, 800, id="begins in a break and spans the next"),
        pytest.param([(500, 0), (2000, 1)], 1, 900, id="spans two breaks"),
        pytest.param([(700, 0), (800, 2), (850, 0), (1000, 1)], 1, 100, id="two in one break, of which one goes on"),
        pytest.param([(700, 2), (800, 0), (1000, 1)], 1, 100, id="waits and then breaks down in a break"),
        pytest.param([(700, 0), (800, 2), (1000, 1)], 0, 0, id="is repaired in the break and waits"),
        pytest.param([(500, 0), (700, 2), (800, 0), (1000, 1)], 2, 200, id="two, of which one begins in a break"),
        pytest.param([(700, 0), (900, 2), (1000, 1)], 0, 0, id="is repaired as the break ends"),
        pytest.param([(3100, 0), (3500, 1)], 0, 0, id="outside shifts"),
    ],
)
def test_a_breakdown_counts_once_where_its_scheduled_time_begins(
    changes: list[tuple[float, int]], stops: int, down_s: int
) -> None:
    rows = modes((0, 1), *changes, (3600, 1))

    rig = EngineRig(plant(), operators=[machine.COMPONENT]).send(frames_of(rows, 20)).finish()

    found = hour_of(rig)
    assert (found["stop_count"], found["actual_unit_down_time_s"]) == (stops, down_s)
    minutes = sum(row["stop_count"] for row in rig.values("oee", PRESS, "1m").values())
    assert minutes == stops


def test_a_breakdown_that_begins_before_the_shift_counts_with_its_first_minute() -> None:
    rows = modes((-4000, 1), (-3000, 0), (120, 1), (3600, 1))

    rig = EngineRig(plant(), operators=[machine.COMPONENT]).send(frames_of(rows, 20)).finish()

    shift = rig.values("oee", PRESS, "shift")[HOUR_S * SECOND]
    assert (shift["stop_count"], shift["actual_unit_down_time_s"], shift["mttr_s"]) == (1.0, 120.0, 120.0)
    assert rig.values("oee", PRESS, "1m")[HOUR_S * SECOND]["stop_count"] == 1.0


@pytest.mark.parametrize(
    ("changes", "minor_stops", "stops"),
    [
        ([(890, 2), (920, 1)], 1, 0),  # begins in the break, 20 s of it after it
        ([(890, 0), (970, 1)], 1, 0),  # over a minute's end
        ([(890, 0), (1100, 1)], 0, 1),  # too long for a minor stop
        ([(850, 0), (890, 1)], 0, 0),
        ([(590, 0), (610, 1)], 1, 0),
    ],
)
def test_a_minor_stop_that_begins_in_a_break_is_one_too(
    changes: list[tuple[float, int]], minor_stops: int, stops: int
) -> None:
    rows = modes((0, 1), *changes, (3600, 1))

    rig = EngineRig(plant(100.0), operators=[machine.COMPONENT]).send(frames_of(rows, 20)).finish()

    found = hour_of(rig)
    assert (found["minor_stop_count"], found["stop_count"]) == (minor_stops, stops)


def test_late_rows_move_the_beginning_of_a_breakdown_into_the_break_and_out_again() -> None:
    rows = modes((0, 1), (500, 0), (1000, 1), (3600, 1))
    rig = EngineRig(plant(), operators=[machine.COMPONENT]).send([frame_of(rows)]).finish()
    before = hour_of(rig)["stop_count"]

    rig.send([frame_of(modes((580, 1), (650, 0)), received=rig.wall)]).finish()
    twice = hour_of(rig)["stop_count"]
    rig.send([frame_of(modes((650.5, 1)), received=rig.wall)]).finish()

    assert (before, twice, hour_of(rig)["stop_count"]) == (1.0, 2.0, 1.0)


def rests_of(of: Plant, start: int, end: int) -> tuple[tuple[int, int], ...]:
    bounds, kinds = of.calendar(LINE).plan(start, end)
    return tuple((int(a), int(b)) for a, b, kind in zip(bounds, bounds[1:], kinds, strict=False) if kind)


@pytest.mark.parametrize("asset", [PRESS, OVEN, PACKER])
@pytest.mark.parametrize("seed", range(3))
def test_stops_of_every_window_are_what_the_twin_counts(seed: int, asset: str) -> None:
    rows = machine_rows(Random(seed), 180, HOUR_S * SECOND - 15 * 3600 * SECOND)
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    rig = EngineRig(WITH_SHIFTS, operators=[machine.COMPONENT]).send(frames_of(shuffled, 37)).finish()
    known = known_of(rows, asset, WITH_SHIFTS)
    rests = rests_of(WITH_SHIFTS, rows[0].time - 2 * 86_400 * SECOND, rows[-1].time + 2 * 86_400 * SECOND)

    wrong = []
    for window in ("1m", "15m", "1h", "day"):
        for start, row in rig.values("oee", asset, window).items():
            want = told(figures(known, Window(*window_of(start, window), [], rests), lambda _: 1.0))["oee"]
            wrong += [
                (window, start, name, want[name], row[name])
                for name in ("stop_count", "minor_stop_count")
                if want[name] != row[name]
            ]

    assert wrong == []
