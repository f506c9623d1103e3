"""Lines rolled up to their area: times are added, then divided."""

from pathlib import Path
from typing import Any

import pytest

from analysis.rollup.effectiveness import lines_of, of_one_window, roll_up
from fieldline.plant import Plant
from tests.analysis.recount.worked_line import plant_of

HOUR = 3_600_000_000_000
# 2024-01-15T05:00Z, a Monday.
FIVE = 1_705_294_800_000_000_000
PARTS = (
    "unscheduled_time_s",
    "planned_stop_time_s",
    "unqualified_time_s",
    "down_time_loss_s",
    "setup_loss_s",
    "delay_loss_s",
    "minor_stop_loss_s",
    "speed_loss_s",
    "quality_loss_s",
    "fully_productive_time_s",
)
SHIFTS = """
[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
[[calendar]]
path = "plant/hall1/line3"
[[calendar.shift]]
name = "early"
start = "05:00"
end = "13:00"
[[calendar]]
path = "plant/hall1/line4"
[[calendar.shift]]
name = "long"
start = "06:00"
end = "18:00"
"""


def line(
    planned: float, down: float, minor: float, total: float | None, good: float | None, **more: Any
) -> dict[str, Any]:
    """A row of `losses` of an hour, of which `planned` was planned busy time [s]."""
    production = planned - down - minor
    return {
        "calendar_time_s": 3_600.0,
        "unscheduled_time_s": 3_600.0 - planned,
        "planned_stop_time_s": 0.0,
        "unqualified_time_s": 0.0,
        "down_time_loss_s": down,
        "setup_loss_s": 0.0,
        "delay_loss_s": 0.0,
        "minor_stop_loss_s": minor,
        "actual_production_time_s": production,
        "speed_loss_s": None if total is None else production - total,
        "quality_loss_s": None if total is None or good is None else total - good,
        "fully_productive_time_s": good,
        "null_reason": "no ideal cycle" if total is None else None,
        **more,
    }


LARGE = line(3_600.0, 600.0, 100.0, 2_700.0, 2_520.0)
"""OEE 2520 / 3600 = 0.7."""
SMALL = line(900.0, 450.0, 0.0, 360.0, 180.0)
"""OEE 180 / 900 = 0.2."""


def test_lines_weigh_by_their_planned_time_and_not_alike() -> None:
    row = roll_up({"a": LARGE, "b": SMALL}, {}).row

    assert row["availability"] == pytest.approx((3_000 + 450) / 4_500)
    assert row["performance"] == pytest.approx((2_700 + 360) / (3_000 + 450))
    assert row["quality"] == pytest.approx((2_520 + 180) / (2_700 + 360))
    # (2520 + 180) / (3600 + 900) = 0.6; the mean of 0.7 and 0.2 would be 0.45.
    assert row["oee"] == pytest.approx(0.6)
    assert row["oee"] != pytest.approx((0.7 + 0.2) / 2)
    assert row["teep"] == pytest.approx(2_700 / 7_200)
    assert row["null_reason"] is None


def test_the_parts_add_up_to_the_calendar_time_of_all_lines() -> None:
    row = roll_up({"a": LARGE, "b": SMALL, "c": line(0.0, 0.0, 0.0, None, None)}, {}).row

    assert row["calendar_time_s"] == 3 * 3_600.0
    assert sum(row[name] for name in PARTS) == pytest.approx(row["calendar_time_s"], abs=1e-9)


def test_a_line_without_ideal_cycle_makes_what_needs_it_unknown_and_is_named() -> None:
    rolled = roll_up({"a": LARGE, "b": line(900.0, 450.0, 0.0, None, None)}, {})

    assert rolled.row["availability"] == pytest.approx(3_450 / 4_500)
    assert [rolled.row[name] for name in ("performance", "quality", "oee", "teep", "speed_loss_s")] == [None] * 5
    assert rolled.row["null_reason"] == "no ideal cycle: b"


@pytest.mark.parametrize("pieces", [(None, None), (0.0, 0.0), (500.0, 500.0)])
def test_a_line_that_rests_has_no_share_in_oee_but_its_calendar_time(pieces: tuple[float | None, float | None]) -> None:
    rolled = roll_up({"a": LARGE, "c": line(0.0, 0.0, 0.0, *pieces)}, {"c": {"null_reason": "no state"}})

    assert rolled.row["oee"] == pytest.approx(0.7)
    assert rolled.row["performance"] == pytest.approx(2_700 / 3_000)
    assert rolled.row["teep"] == pytest.approx((2_520 + (pieces[1] or 0.0)) / 7_200)
    assert rolled.resting == {"c": "no state"}


def test_coverage_is_the_share_of_the_lines_time_whose_state_was_known() -> None:
    half = {**LARGE, "unqualified_time_s": 1_800.0}

    assert roll_up({"a": half, "b": LARGE}, {}).row["coverage"] == pytest.approx(5_400 / 7_200)


def test_where_no_line_was_planned_there_is_no_oee() -> None:
    row = roll_up({"c": line(0.0, 0.0, 0.0, 0.0, 0.0)}, {}).row

    assert row["oee"] is None
    assert row["null_reason"] == "no planned time"


def test_shifts_of_other_hours_are_left_out_by_name(tmp_path: Path) -> None:
    plant = plant_of(tmp_path, SHIFTS)
    starts = {"line1": FIVE + HOUR, "line2": FIVE + HOUR, "line3": FIVE, "line4": FIVE + HOUR}
    rows = [{**LARGE, "asset": f"plant/hall1/{name}", "time": start} for name, start in starts.items()]

    found = of_one_window(plant, rows, "shift", FIVE + 2 * HOUR)

    assert found is not None
    assert (found.span.start, found.span.end, found.span.shift) == (FIVE + HOUR, FIVE + 9 * HOUR, "early")
    assert list(found.rows) == ["plant/hall1/line1", "plant/hall1/line2"]
    # line4 begins with them, but its shift is longer.
    assert found.left_out == ["plant/hall1/line3", "plant/hall1/line4"]


def test_machines_in_a_line_and_paths_above_lines_are_no_lines() -> None:
    rows = [{"asset": path} for path in ("p/h", "p/h/l1", "p/h/l1/press", "p/compressor")]

    assert [row["asset"] for row in lines_of(Plant(), rows)] == ["p/h/l1", "p/compressor"]
