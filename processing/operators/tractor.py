"""`tractor`: per window, what a tractor with its implement gets done, and what it costs in fuel, slip and idling.

    tractor,asset=farm/north/field1/tractor,window=15m area_ha=0.59,field_capacity_ha_h=2.37,slip=0.09,fuel_l_h=14.2,fuel_l_ha=6.0,
        engine_kw=61.7,engine_load=0.75,fuel_l_kwh=0.23,expected_fuel_l_h=23.4,idle_share=0.12,coverage=1,rev=0

Rows are of assets whose `values` have `implement_width_m`. Tags, as far as there are some: `speed_km_h` over ground, `wheel_speed_km_h`,
`engine_rpm`, `engine_torque_nm`, `fuel_rate_l_per_h`. `rated_pto_kw` and `rated_rpm` of `values` give the load and what fuel ASABE
D497.7 expects. `implement_efficiency` of `values`, 1 where it is not said, is the share of the driven strips that counts: turns and overlap
take the rest.

`idle_share` is the mean of a tag `is_idling`, which the plant file calculates of the others, since no mean tells it:

    [asset.tags.is_idling]
    formula = "engine_rpm > 300 and speed_km_h < 0.5"

A speed that is negative or above 60 km/h, as a receiver tells that lost its satellites, has no area.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.catalogue import NULL_REASON
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas.division import divide
from processing.formulas.tractors import (
    diesel_fuel,
    engine_power,
    field_capacity,
    load_fraction,
    specific_fuel,
    wheel_slip,
)

_WIDTH = "implement_width_m"
INPUTS = {
    "speed": "time_weighted_mean(speed_km_h)",
    "slowest": "min(speed_km_h)",
    "fastest": "max(speed_km_h)",
    "wheel_speed": "time_weighted_mean(wheel_speed_km_h)",
    "rpm": "time_weighted_mean(engine_rpm)",
    "torque": "time_weighted_mean(engine_torque_nm)",
    "fuel": "time_weighted_mean(fuel_rate_l_per_h)",
    "is_idling": "time_weighted_mean(is_idling)",
    "length_s": "window.length_s",
    "width": f"asset.{_WIDTH}",
    **{name: f"asset.{name}" for name in ("implement_efficiency", "rated_pto_kw", "rated_rpm")},
}

_FURTHER = {
    "wheel_speed": "no wheel speed",
    "rpm": "no engine speed",
    "torque": "no engine torque",
    "fuel": "no fuel rate",
    "rated_pto_kw": "no rated_pto_kw",
    "rated_rpm": "no rated_rpm",
    "is_idling": "no is_idling",
}
REASONS = ("no speed", "impossible speed", *_FURTHER.values())
_FASTEST_KM_H = 60.0


def formula(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of windows, float64[n] each."""
    is_speed = (columns["slowest"] >= 0.0) & (columns["fastest"] <= _FASTEST_KM_H)
    speed = np.where(is_speed, columns["speed"], np.nan)
    efficiency = np.where(np.isnan(columns["implement_efficiency"]), 1.0, columns["implement_efficiency"])
    capacity = np.asarray(field_capacity(speed, columns["width"], efficiency))
    power = np.asarray(engine_power(columns["torque"], columns["rpm"]))
    load = np.asarray(load_fraction(power, columns["rated_pto_kw"]))
    turns = np.asarray(divide(columns["rpm"], columns["rated_rpm"]))
    holds = [np.isnan(columns["speed"]), ~is_speed, *(np.isnan(columns[name]) for name in _FURTHER)]
    return {
        "reason": np.select(holds, list(range(len(holds))), np.nan),
        "area_ha": capacity * columns["length_s"] / 3600.0,
        "field_capacity_ha_h": capacity,
        "slip": np.asarray(wheel_slip(speed, columns["wheel_speed"])),
        "fuel_l_h": columns["fuel"],
        "fuel_l_ha": np.asarray(specific_fuel(columns["fuel"], capacity)),
        "engine_kw": power,
        "engine_load": load,
        "fuel_l_kwh": np.asarray(specific_fuel(columns["fuel"], power)),
        "expected_fuel_l_h": np.asarray(diesel_fuel(load, turns, columns["rated_pto_kw"])),
        "idle_share": columns["is_idling"],
    }


_EP496, _D497 = "ASABE EP496.3", "ASABE D497.7"

COMPONENT = derived(
    name="tractor",
    meaning="What a tractor and its implement get done, and at what cost.",
    inputs=INPUTS,
    fields=(
        ("area_ha", "ha", "area worked, of driven strips", "field_capacity_ha_h · window", _EP496),
        (
            "field_capacity_ha_h",
            "ha/h",
            "area worked in an hour",
            "v · implement_width_m · implement_efficiency / 10",
            _EP496,
        ),
        ("slip", "1", "how much faster the wheels turn than the ground passes", "1 − v / v_wheel", "ASABE S296.5"),
        ("fuel_l_h", "L/h", "fuel", "mean(fuel_rate_l_per_h)", _EP496),
        ("fuel_l_ha", "L/ha", "fuel for each hectare", "fuel_l_h / field_capacity_ha_h", _EP496),
        ("engine_kw", "kW", "engine power", "torque · 2π · engine_rpm / 60", _EP496),
        ("engine_load", "1", "of the rated PTO power", "engine_kw / rated_pto_kw", _D497),
        ("fuel_l_kwh", "L/kWh", "specific fuel", "fuel_l_h / engine_kw", _D497),
        (
            "expected_fuel_l_h",
            "L/h",
            "fuel of a diesel at that load and speed",
            "(0.22 X + 0.096)(1 − (N − 1)(0.45 X − 0.877)) P",
            _D497,
        ),
        ("idle_share", "1", "share of the window in which it idled", "mean(is_idling)", _EP496),
    ),
    formula=formula,
    windows=("1m", "15m", "1h", "day"),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=_WIDTH,
        is_default=True,
        is_needed=lambda plant: plant.says_value(_WIDTH),
    ),
)
