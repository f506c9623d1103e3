"""`grain_store`: per day, the temperatures of a grain store by its sensors, and whether a hot spot grows.

    grain_store,asset=farm/north/silo1,window=day hottest_degc=24.6,median_degc=14.2,hottest_sensor=3,excess_k=10.4,rise_k_per_d=1.3,
        is_hot_spot=1,sensors=8,coverage=1,rev=0

Rows are of assets whose `values` have `hot_spot_k`, by how much one sensor may be above the median of all. Tags are `grain_1_c` to
`grain_16_c`; those that do not exist count nothing, and neither does a sensor outside of -40 to 90 °C. From three sensors on there is a
hot spot where the hottest exceeds the median by `hot_spot_k` and its daily mean rises by `hot_rise_k_per_d` (0.5) or more since the day
on which it was last heard, at most a week before: grain that warms by itself, while a wall in the sun cools again.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.division import divide
from processing.kernels.jit import record
from processing.kernels.kept import first_of

_LIMIT, _RISE = "hot_spot_k", "hot_rise_k_per_d"
SENSORS = 16
INPUTS = {
    **{f"degc_{k}": f"mean(grain_{k}_c)" for k in range(1, SENSORS + 1)},
    "day": "window.day_number",
    **{name: f"asset.{name}" for name in (_LIMIT, _RISE)},
}
STATE = first_of(record(("degc", "f8", SENSORS), ("day", "f8", SENSORS)), degc=np.nan, day=np.nan)
"""What each sensor's mean was on the day on which it was last heard."""

REASONS = ("no sensor", "less than three sensors", "no day of the week before to compare with")
_LOWEST, _HIGHEST = -40.0, 90.0
_LONGEST_DAYS, _USUAL_RISE = 7.0, 0.5
_FEWEST = 3


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One day of each of n stores; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    degc = inputs[:, :SENSORS]
    degc = np.where((degc >= _LOWEST) & (degc <= _HIGHEST), degc, np.nan)
    is_heard = ~np.isnan(degc)
    sensors = is_heard.sum(axis=1)
    middle = np.where(sensors >= _FEWEST, _median(degc, sensors), np.nan)
    place = np.argmax(np.where(is_heard, degc, -np.inf), axis=1)
    row = np.arange(len(degc))
    hottest = degc[row, place]
    days = given["day"] - state["day"][row, place]
    before = np.where(days <= _LONGEST_DAYS, state["degc"][row, place], np.nan)
    rise = divide(hottest - before, days)
    excess = hottest - middle
    least = np.where(np.isnan(given[_RISE]), _USUAL_RISE, given[_RISE])
    known = ~np.isnan(excess) & ~np.isnan(rise)
    is_hot = np.where(known, (excess >= given[_LIMIT]) & (rise >= least), np.nan)
    holds = [sensors == 0, sensors < _FEWEST, np.isnan(rise)]
    which = np.where(sensors > 0, place + 1.0, np.nan)
    reason = np.select(holds, list(range(len(holds))), np.nan)
    out[:] = np.stack([hottest, middle, which, excess, rise, is_hot, sensors, reason], axis=1)
    state["degc"] = np.where(is_heard, degc, state["degc"])
    state["day"] = np.where(is_heard, given["day"][:, None], state["day"])


def _median(degc: np.ndarray, sensors: np.ndarray) -> np.ndarray:
    """Of the sensors that are there, float64[n]; any number where none is."""
    ranked = np.sort(degc, axis=1)  # NaN last
    row = np.arange(len(degc))
    return np.asarray((ranked[row, np.maximum(sensors - 1, 0) // 2] + ranked[row, sensors // 2 % SENSORS]) / 2.0)


COMPONENT = derived(
    name="grain_store",
    meaning="Temperatures of a grain store, and hot spots.",
    inputs=INPUTS,
    fields=(
        ("hottest_degc", "degC", "the hottest sensor's mean", "max of mean(grain_k_c)", "definition"),
        ("median_degc", "degC", "the median of all sensors", "median of mean(grain_k_c)", "definition"),
        ("hottest_sensor", "1", "number of the hottest sensor", "k", "definition"),
        ("excess_k", "K", "by how much it is above the median", "hottest_degc − median_degc", "definition"),
        ("rise_k_per_d", "K/d", "how fast it warms", "(hottest_degc − its mean before) / days between", "definition"),
        ("is_hot_spot", "1", "1 where grain warms by itself", "excess_k ≥ hot_spot_k, rise ≥ hot_rise_k_per_d", "ours"),
        ("sensors", "1", "sensors that count", "count", "definition"),
    ),
    formula=Carried(STATE, step),
    windows=("day",),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=_LIMIT,
        is_default=True,
        is_needed=lambda plant: plant.says_value(_LIMIT),
    ),
)
