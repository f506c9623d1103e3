"""`barn`: per hour, the temperature-humidity index of a barn, its class of heat stress, and how long each class held today.

    barn,asset=farm/north/barn1/climate,window=1h thi=76.4,stress=1,mild_h=5,moderate_h=0,severe_h=0,over_limit_h=9,relief_h=6,
        stress_name="mild",coverage=1,rev=0

Rows are of assets whose `values` have `thi_limit`, the index from which on the herd gives less milk: 68 of high yield, 72 of others.
Tags are `temperature_c` and `humidity_pct`. The hours are those of the local day so far, the running one as a whole; `relief_h` are
those with an index below 68, in which cows lose the heat of the day. Where a sensor is missing or can't be right there is no index, and
the hour counts nowhere.
"""

import numpy as np

from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.heat_stress import CLASSES, HIGH_YIELD, stress_class, temperature_humidity_index
from processing.formulas.weather import Doubt, doubts
from processing.kernels.jit import record
from processing.kernels.kept import first_of

_LIMIT = "thi_limit"
INPUTS = {
    **{f"temperature_{one}": f"{one}(temperature_c)" for one in ("mean", "min", "max", "count")},
    **{f"humidity_{one}": f"{one}(humidity_pct)" for one in ("mean", "min", "max", "count")},
    "day": "window.day_number",
    "limit": f"asset.{_LIMIT}",
}

_HOURS = ("mild", "moderate", "severe", "over_limit", "relief")
STATE = first_of(record(("day", "f8"), *((name, "f8") for name in _HOURS)), day=-1.0)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n barns; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    is_hour = np.zeros(len(state), bool)
    is_air = np.all([doubts(given, what, is_hour) == Doubt.NONE for what in ("temperature", "humidity")], axis=0)
    humidity = np.minimum(given["humidity_mean"] / 100.0, 1.0)
    index = np.where(is_air, temperature_humidity_index(given["temperature_mean"], humidity), np.nan)
    stress = np.asarray(stress_class(index))
    day = np.where(np.isnan(given["day"]), state["day"], given["day"])
    is_new = day != state["day"]
    state["day"] = day
    counts = [*(stress == number for number in (1.0, 2.0, 3.0)), index >= given["limit"], index < HIGH_YIELD]
    for name, is_one in zip(_HOURS, counts, strict=True):
        state[name] = np.where(is_new, 0.0, state[name]) + is_one
    out[:] = np.stack([index, stress, *(state[name] for name in _HOURS)], axis=1)


_NRC = "NRC, A Guide to Environmental Research on Animals, 1971"
_ARMSTRONG = "D. V. Armstrong, J. Dairy Science 77 (1994) 2044"
_ZIMBELMAN = "R. B. Zimbelman et al., Southwest Nutrition and Management Conference 2009, 158"

COMPONENT = derived(
    name="barn",
    meaning="Heat stress of the animals in a barn.",
    inputs=INPUTS,
    fields=(
        ("thi", "1", "temperature-humidity index", "(1.8 T + 32) − (0.55 − 0.55 RH)(1.8 T − 26)", _NRC),
        ("stress", "1", "0 none, 1 mild, 2 moderate, 3 severe", "thi ≥ 72, 79, 89", _ARMSTRONG),
        ("mild_h", "h", "hours of the local day so far with mild stress", "Σ (72 ≤ thi < 79)", _ARMSTRONG),
        ("moderate_h", "h", "the same, moderate", "Σ (79 ≤ thi < 89)", _ARMSTRONG),
        ("severe_h", "h", "the same, severe", "Σ (thi ≥ 89)", _ARMSTRONG),
        (
            "over_limit_h",
            "h",
            "hours of the local day so far over the herd's limit",
            "Σ (thi ≥ thi_limit)",
            "plant file",
        ),
        (
            "relief_h",
            "h",
            "hours of the local day so far without stress even of high yield",
            "Σ (thi < 68)",
            _ZIMBELMAN,
        ),
    ),
    formula=Carried(STATE, step),
    windows=("1h",),
    needs=("telemetry",),
    terms=Terms(
        texts={"stress_name": Spelled("`stress` in words", "stress", CLASSES.__getitem__)},
        only=_LIMIT,
        is_default=True,
        is_needed=lambda plant: plant.says_value(_LIMIT),
    ),
)
