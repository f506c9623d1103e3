"""Irrigation lines on the stream: what is expected at a pressure, and what is told of an open, a closed and a switched line."""

import numpy as np
import pytest

from processing.formulas.irrigation import emitter_flow_ratio
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of
from tests.processing.farm_sets import BEGIN, HOUR, at_hours, rig_of

LINE = "farm/north/lateral"
TABLES = '[[asset]]\npath = "farm/north/lateral"\nvalues = {{ line_flow_m3_h = 40.0{more} }}\n'
PRESSED = ", line_pressure_bar = 2.0"


def told_of(more: str, **hours: list[float]) -> EngineRig:
    """A sample every five minutes of hours of tags, which holds until the next."""
    rows = [
        Row(LINE, tag, BEGIN + k * 300 * SECOND, value)
        for tag, values in hours.items()
        for k, value in enumerate(value for value in values for _ in range(12))
    ]
    rig = rig_of(TABLES.format(more=more), "water_line", needs=("telemetry",))
    return rig.send(frames_of(sorted(rows, key=lambda row: (row.time, row.tag)), 20)).finish()


def at(rig: EngineRig, field: str, *hours: int) -> list[float]:
    return at_hours(rig, "water_line", field, hours, LINE)


def reason(rig: EngineRig, hour: int) -> str:
    return rig.texts("water_line", LINE, "1h")[BEGIN + hour * HOUR].get("null_reason", "")


def test_flow_is_held_against_the_pressure_of_an_open_line() -> None:
    # At 0.5 bar of 2 turbulent emitters give half: 20 m³/h. At the far end 0.32 of 0.5 bar leave 0.8.
    rig = told_of(
        PRESSED,
        flow_m3_h=[20.0, 16.0, 24.0, 40.0],
        pressure_bar=[0.5, 0.5, 0.5, 2.0],
        end_pressure_bar=[0.32] * 4,
        is_open=[1.0] * 4,
    )

    assert at(rig, "flow_ratio", 0, 1, 2, 3) == pytest.approx([1.0, 0.8, 1.2, 1.0])
    assert at(rig, "end_flow_ratio", 0, 3) == pytest.approx([0.8, 0.4])
    assert at(rig, "is_blocked", 0, 1, 2) == [0, 1, 0] and at(rig, "is_leaking", 0, 1, 2) == [0, 0, 1]
    assert at(rig, "leak_m3", 0) == [0.0] and reason(rig, 0) == ""


def test_what_flows_through_a_closed_line_is_a_leak_and_a_switched_one_says_nothing() -> None:
    rig = told_of(
        PRESSED + ", leaking_from_m3_h = 1.0",
        flow_m3_h=[0.5, 3.0, -9.0],
        pressure_bar=[0.0] * 3,
        is_open=[0.0, 0.0, 0.0],
    )
    half = told_of(PRESSED, flow_m3_h=[40.0, 0.0], pressure_bar=[2.0, 0.0], is_open=[1.0, 0.0])

    assert at(rig, "leak_m3", 0, 1) == pytest.approx([0.5, 3.0], rel=1e-9)
    assert at(rig, "is_leaking", 0, 1) == [0, 1] and np.isnan(at(rig, "flow_ratio", 1)[0])
    assert reason(rig, 1) == "closed: no flow is expected" and reason(rig, 2) == "impossible flow"
    day = half.values("water_line", LINE, "day")[BEGIN]
    assert np.isnan([day[name] for name in ("flow_ratio", "leak_m3", "is_leaking", "is_blocked")]).all()


def test_compensating_emitters_need_no_pressure_and_a_line_without_a_state_is_open_while_it_flows() -> None:
    rig = told_of(", emitter_exponent = 0.0", flow_m3_h=[30.0, 0.0])
    turbulent = told_of(PRESSED, flow_m3_h=[30.0])

    assert at(rig, "flow_ratio", 0) == [0.75] and at(rig, "is_blocked", 0) == [1]
    assert np.isnan(at(rig, "flow_ratio", 1)[0]) and reason(rig, 1) == "open for part of the window"
    assert np.isnan(at(turbulent, "flow_ratio", 0)[0]) and reason(turbulent, 0).startswith("no pressure")
    assert emitter_flow_ratio([4.0, 0.0, -1.0, np.nan], 1.0, 0.5) == pytest.approx(
        [2.0, 0.0, np.nan, np.nan], nan_ok=True
    )
