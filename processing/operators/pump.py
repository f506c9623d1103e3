"""`pump`: per window, what a pump makes of its electricity, and how far it is from what it should do at its speed.

    pump,asset=farm/north/field1/pump,window=1h wire_to_water_efficiency=0.64,kwh_per_m3=0.21,head_m=54.8,hydraulic_kw=5.4,
        flow_deviation=-0.06,head_deviation=-0.11,power_deviation=0.02,coverage=1,rev=0

Rows are of assets whose `values` have `lift_m`, by how much the water is lifted up to the gauge. Tags are `flow_m3_h`, `pressure_bar` at
the gauge, and `power_kw`. `wire_to_water_efficiency` and the deviations are of windows through which the pump ran, since the mean
pressure of a pump that stands part of the time is none that it pumped against; `kwh_per_m3` is of all.

Deviations are from `rated_flow_m3_h`, `rated_head_m` and `rated_kw` of `values`, brought to the measured speed (`speed_rpm`) by the
affinity laws with `rated_rpm`; where the plant file says no `rated_rpm` the speed is fixed. Less flow and head at the same speed are
wear or a blockage; more power with less flow is wear.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.catalogue import NULL_REASON
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas.division import divide
from processing.formulas.pumping import (
    DutyPoint,
    at_speed,
    energy_per_volume,
    head_of_pressure,
    hydraulic_power,
    wire_to_water,
)

REASONS = (
    "no flow",
    "no power",
    "it stood for part of the window",
    "no pressure",
    "no speed",
    "no rated flow, head and power",
)
_LIFT = "lift_m"
_RATED = ("rated_flow_m3_h", "rated_head_m", "rated_kw", "rated_rpm")
INPUTS = {
    "flow": "time_weighted_mean(flow_m3_h)",
    "least_flow": "min(flow_m3_h)",
    "pressure": "time_weighted_mean(pressure_bar)",
    "power": "time_weighted_mean(power_kw)",
    "speed": "time_weighted_mean(speed_rpm)",
    "lift": f"asset.{_LIFT}",
    **{name: f"asset.{name}" for name in _RATED},
}


def formula(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of windows, float64[n] each."""
    flow, power = columns["flow"], columns["power"]
    runs = (columns["least_flow"] > 0.0) & (power > 0.0)
    head = np.where(runs, columns["lift"] + head_of_pressure(100.0 * columns["pressure"]), np.nan)
    rated_rpm = columns["rated_rpm"]
    is_fixed = np.isnan(rated_rpm)
    speed = np.where(is_fixed, 1.0, columns["speed"])
    rated = DutyPoint(*(columns[name] for name in _RATED[:-1]))
    expected = at_speed(rated, np.where(is_fixed, 1.0, rated_rpm), speed)
    measured = DutyPoint(*(np.where(runs, value, np.nan) for value in (flow, head, power)))
    deviations = [divide(is_now, should) - 1.0 for is_now, should in zip(measured, expected, strict=True)]
    holds = [
        np.isnan(flow),
        np.isnan(power),
        ~runs,
        np.isnan(columns["pressure"]),
        np.isnan(speed),
        np.isnan(np.stack(rated)).any(axis=0),
    ]
    return {
        "reason": np.select(holds, list(range(len(holds))), np.nan),
        "wire_to_water_efficiency": np.asarray(wire_to_water(flow, head, power)),
        "kwh_per_m3": np.asarray(energy_per_volume(flow, power)),
        "head_m": head,
        "hydraulic_kw": np.asarray(hydraulic_power(flow, head)),
        **dict(zip(("flow_deviation", "head_deviation", "power_deviation"), deviations, strict=True)),
    }


_HI = "ANSI/HI 14.6; R. Evans, Irrigation Pumping Plant Performance Handbook, University of Nebraska 1982"
_LAWS = "affinity laws, ANSI/HI 14.3"

COMPONENT = derived(
    name="pump",
    meaning="How well a pump makes flow and pressure of its electricity.",
    inputs=INPUTS,
    fields=(
        ("wire_to_water_efficiency", "1", "hydraulic over electric power", "ρ g Q H / P", _HI),
        ("kwh_per_m3", "kWh/m3", "electricity for each cubic metre", "P / Q", _HI),
        ("head_m", "m", "total head: lift and pressure", "lift_m + p / (ρ g)", _HI),
        ("hydraulic_kw", "kW", "power that the water gets", "ρ g Q H", _HI),
        ("flow_deviation", "1", "flow against the rated one at the speed", "Q / (rated Q · n / rated n) − 1", _LAWS),
        ("head_deviation", "1", "head against the rated one at the speed", "H / (rated H · (n / rated n)²) − 1", _LAWS),
        (
            "power_deviation",
            "1",
            "power against the rated one at the speed",
            "P / (rated P · (n / rated n)³) − 1",
            _LAWS,
        ),
    ),
    formula=formula,
    windows=("1m", "15m", "1h", "day"),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=_LIFT,
        is_default=True,
        is_needed=lambda plant: plant.says_value(_LIFT),
    ),
)
