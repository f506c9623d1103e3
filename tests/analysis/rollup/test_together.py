"""Rows of lines together: sums, ratios of sums, and why a ratio does not exist."""

from typing import Any

import pytest

from analysis.rollup.together import FIELDS, together
from fieldline.across import ROLLED_UP
from fieldline.catalogue import kinds

HOUR = 3600.0


def losses(production: float, down: float, ideal_total: float, ideal_good: float) -> dict[str, Any]:
    """Of an hour, the rest of which was changeover [s]."""
    return {
        "calendar_time_s": HOUR,
        "unscheduled_time_s": 0.0,
        "planned_stop_time_s": 0.0,
        "unqualified_time_s": 0.0,
        "down_time_loss_s": down,
        "setup_loss_s": HOUR - production - down,
        "delay_loss_s": 0.0,
        "minor_stop_loss_s": 0.0,
        "actual_production_time_s": production,
        "speed_loss_s": production - ideal_total,
        "quality_loss_s": ideal_total - ideal_good,
        "fully_productive_time_s": ideal_good,
        "rev": 0.0,
    }


def oee(production: float, down: float, stops: float) -> dict[str, Any]:
    return {
        "planned_busy_time_s": HOUR,
        "actual_production_time_s": production,
        "actual_unit_down_time_s": down,
        "stop_count": stops,
        "machine_count": 1.0,
        "rev": 2.0,
    }


def test_oee_of_lines_is_of_their_times_and_no_mean_of_ratios() -> None:
    found = {
        "losses": {"a": losses(3000.0, 600.0, 2400.0, 2300.0), "b": losses(1000.0, 0.0, 900.0, 450.0)},
        "oee": {"a": oee(3000.0, 600.0, 3.0), "b": oee(1000.0, 0.0, 1.0)},
    }

    row = together(found)["oee"]

    assert row["availability"] == 4000.0 / 7200.0
    assert row["performance"] == 3300.0 / 4000.0
    assert row["quality"] == 2750.0 / 3300.0
    assert row["oee"] == pytest.approx(2750.0 / 7200.0, rel=1e-15)
    assert (row["planned_busy_time_s"], row["stop_count"], row["machine_count"]) == (7200.0, 4.0, 2.0)
    assert (row["mtbf_s"], row["mttr_s"]) == (7200.0 / 4.0, 600.0 / 4.0)
    assert (row["rev"], row["coverage"], row["null_reason"]) == (4.0, 1.0, None)


def test_times_are_sums_whatever_is_not_known_of_pieces() -> None:
    unknown = losses(1000.0, 0.0, 0.0, 0.0) | dict.fromkeys(
        ("speed_loss_s", "quality_loss_s", "fully_productive_time_s")
    )
    unknown["null_reason"] = "no ideal cycle"
    found = {
        "losses": {"a": losses(3000.0, 600.0, 2400.0, 2300.0), "b": unknown},
        "oee": {"a": oee(3000.0, 600.0, 3.0), "b": oee(1000.0, 0.0, 0.0)},
    }

    rows = together(found)

    assert rows["losses"]["actual_production_time_s"] == 4000.0
    assert rows["losses"]["fully_productive_time_s"] is None
    assert rows["losses"]["null_reason"] == rows["oee"]["null_reason"] == "no ideal cycle: b"
    assert (rows["oee"]["availability"], rows["oee"]["oee"]) == (4000.0 / 7200.0, None)


def test_energy_of_lines_that_make_nothing_is_in_what_a_good_piece_takes() -> None:
    found = {
        "production_order": {
            "press": {
                "good_count": 90.0,
                "total_count": 100.0,
                "active_energy_kwh": 45.0,
                "co2_per_good_unit_kg": 0.2,
                "coverage": 0.9,
                "duration_s": HOUR,
                "rev": 1.0,
            },
            "compressors": {"active_energy_kwh": 15.0, "coverage": 0.5, "duration_s": HOUR, "rev": 0.0},
        }
    }

    row = together(found)["production_order"]

    assert (row["good_count"], row["active_energy_kwh"], row["energy_per_good_unit_kwh"]) == (90.0, 60.0, 60.0 / 90.0)
    assert (row["coverage"], row["duration_s"], row["rev"]) == (0.5, HOUR, 1.0)
    assert row["co2_per_good_unit_kg"] is None  # that of the compressors is not known
    assert row["null_reason"] is None


def test_a_line_that_makes_pieces_and_has_no_meter_leaves_no_energy_a_piece_and_is_named() -> None:
    found = {
        "production_order": {
            "a": {"good_count": 90.0, "active_energy_kwh": 45.0, "rev": 0.0},
            "b": {"good_count": 10.0, "active_energy_kwh": None, "null_reason": "no meter", "rev": 0.0},
        }
    }

    row = together(found)["production_order"]

    assert (row["active_energy_kwh"], row["energy_per_good_unit_kwh"]) == (45.0, None)
    assert row["null_reason"] == "no meter: b"


def test_shares_of_pieces_are_of_lines_that_know_all_of_theirs() -> None:
    found = {
        "quality": {
            "a": {"good_count": 95.0, "scrap_count": 5.0, "rework_count": 1.0, "total_count": 100.0, "rev": 0.0},
            "b": {"good_count": 280.0, "scrap_count": 20.0, "rework_count": 2.0, "total_count": 300.0, "rev": 0.0},
            "c": {"good_count": 7.0, "scrap_count": None, "total_count": None, "rev": 0.0},
        }
    }

    row = together(found)["quality"]

    assert (row["good_count"], row["scrap_count"], row["total_count"]) == (382.0, 25.0, 400.0)
    assert (row["quality"], row["scrap_ratio"], row["first_pass_yield"]) == (0.9375, 0.0625, 0.93)
    assert row["null_reason"] == "no good count or no total: c"


def test_a_sum_beyond_what_a_number_holds_is_none() -> None:
    found = {"quality": {line: {"good_count": 1.7e308, "total_count": 1.7e308, "rev": 0.0} for line in "ab"}}

    row = together(found)["quality"]

    assert (row["good_count"], row["quality"]) == (None, None)


def test_every_figure_is_one_of_the_catalogues() -> None:
    for kind, fields in FIELDS.items():
        known = {metric.field for metric in kinds()[kind].metrics}
        assert {*fields, "rev", "retracted"} <= known


def test_the_order_of_lines_changes_no_bit() -> None:
    lines = {f"line{k}": losses(1000.0 + 0.1 * k, 0.3 * k, 900.0 + 0.7 * k, 800.0 + 0.01 * k) for k in range(9)}

    forward, backward = (
        together({"losses": dict(rows)})["losses"] for rows in (lines.items(), reversed([*lines.items()]))
    )

    assert forward == backward


def test_areas_have_the_kinds_that_the_plant_s_own_metrics_take_them_to_have() -> None:
    assert FIELDS.keys() == ROLLED_UP
