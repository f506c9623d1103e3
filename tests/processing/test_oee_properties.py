"""What must hold of OEE and its losses for any sequence of events: parts add up, lines lie between their machines."""

import os
from collections import defaultdict
from collections.abc import Iterator
from math import isnan

import msgspec
from hypothesis import HealthCheck, given, settings

from fieldline.plant import Plant
from fieldline.plantfile.calendars import BreakEntry, CalendarEntry, ShiftEntry
from processing.operators import machine
from tests.processing.engine_rig import EngineRig, Row, frames_of
from tests.processing.machine_sets import FILE, LINE, OVEN, PACKER, PRESS, machine_row_lists

_EXAMPLES = int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "25"))
_ANY = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

SHIFTS = CalendarEntry(
    shift=(
        ShiftEntry(name="day", start="06:00", end="18:00", breaks=(BreakEntry(start="09:01", end="09:32"),)),
        ShiftEntry(name="evening", start="18:00", end="22:15", breaks=(BreakEntry(start="22:05", end="22:15"),)),
    )
)
WITH_SHIFTS = Plant(msgspec.structs.replace(FILE, calendar=(SHIFTS,)))
PARTS = (
    "unscheduled_time_s",
    "planned_stop_time_s",
    "unqualified_time_s",
    "down_time_loss_s",
    "setup_loss_s",
    "delay_loss_s",
    "minor_stop_loss_s",
)
OF_MINUTES = (
    "actual_production_time_s",
    "actual_unit_setup_time_s",
    "actual_unit_delay_time_s",
    "actual_unit_down_time_s",
    "minor_stop_time_s",
    "stop_count",
    "minor_stop_count",
)
DAY = 86_400 * 10**9
OF_PRODUCTION = ("speed_loss_s", "quality_loss_s", "fully_productive_time_s")
WINDOWS = ("1m", "15m", "1h", "day", "week", "month", "shift", "order")


def run(rows: list[Row], plant: Plant = WITH_SHIFTS) -> EngineRig:
    return EngineRig(plant, operators=[machine.COMPONENT]).send(frames_of(rows, 50)).finish()


def standing(rig: EngineRig, kind: str, asset: str, window: str) -> dict[int, dict[str, float]]:
    """Rows that were not taken back."""
    return {start: row for start, row in rig.values(kind, asset, window).items() if row.get("retracted", 0.0) == 0.0}


def all_rows(rig: EngineRig, kind: str) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Window, asset and fields of every row of a kind."""
    for window in WINDOWS:
        for asset in (LINE, PRESS, OVEN, PACKER):
            for row in standing(rig, kind, asset, window).values():
                yield window, asset, row


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


@_ANY
@given(rows=machine_row_lists(60))
def test_the_losses_of_any_window_add_up_to_its_calendar_time_to_the_nanosecond(rows: list[Row]) -> None:
    rig = run(rows)

    for window, asset, row in all_rows(rig, "losses"):
        known = sum(ns(row[name]) for name in PARTS)
        assert known + ns(row["actual_production_time_s"]) == ns(row["calendar_time_s"]), (window, asset)
        if not any(isnan(row[name]) for name in OF_PRODUCTION):
            assert known + sum(ns(row[name]) for name in OF_PRODUCTION) == ns(row["calendar_time_s"]), (window, asset)
        assert all(row[name] >= 0.0 for name in (*PARTS, "actual_production_time_s")), (window, asset)


@_ANY
@given(rows=machine_row_lists(60))
def test_the_oee_of_a_line_lies_between_the_bounds_of_its_machines(rows: list[Row]) -> None:
    rig = run(rows)

    for window in WINDOWS:
        machines = [standing(rig, "oee", asset, window) for asset in (PRESS, OVEN, PACKER)]
        for start, line in standing(rig, "oee", LINE, window).items():
            found = [rows[start] for rows in machines if start in rows]
            assert line["machine_count"] == len(found)
            for name in ("availability", "oee"):
                values = [row[name] for row in found if row["planned_busy_time_s"] > 0.0]
                if values and not any(isnan(value) for value in values):
                    assert min(values) - 1e-12 <= line[name] <= max(values) + 1e-12, (window, start, name)


@_ANY
@given(rows=machine_row_lists(60))
def test_a_day_is_the_sum_of_its_minutes(rows: list[Row]) -> None:
    rig = run(rows)

    for asset in (LINE, PRESS, OVEN, PACKER):
        minutes: defaultdict[tuple[int, str], float] = defaultdict(float)
        for start, row in standing(rig, "oee", asset, "1m").items():
            for name in OF_MINUTES:
                minutes[start // DAY * DAY, name] += row[name]
        days = standing(rig, "oee", asset, "day")
        for (day, name), total in minutes.items():
            assert ns(days[day][name]) == ns(total), (asset, name)


@_ANY
@given(rows=machine_row_lists(60))
def test_ratios_never_leave_what_they_can_be(rows: list[Row]) -> None:
    rig = run(rows)

    for window, asset, row in all_rows(rig, "oee"):
        where = (window, asset, row)
        assert isnan(row["availability"]) or 0.0 <= row["availability"] <= 1.0, where
        assert isnan(row["performance"]) or row["performance"] >= 0.0, where
        assert 0.0 <= row["coverage"] <= 1.0, where
        assert isnan(row["performance"]) == isnan(row["performance_above_one"]), where
        assert (row["planned_busy_time_s"] == 0.0) == isnan(row["availability"]), where
        product = row["availability"] * row["performance"] * row["quality"]
        assert isnan(product) or isnan(row["oee"]) or abs(product - row["oee"]) <= 1e-12 * abs(product), where
