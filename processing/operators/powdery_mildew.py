"""`powdery_mildew`: per hour, the risk index of grape powdery mildew as of the last whole day, and the day's run of warm hours so far.

    powdery_mildew,asset=farm/vineyard/block1,window=1h index=70,run_h=4,air_degc=22.4,risk="high",coverage=1,rev=0

Rows are of assets whose `[asset.disease]` has the model `powdery_mildew`; the temperature is that of `leaf_wetness`. A warm hour has a
mean of 21.1 to 29.4 °C, and a run is of hours that follow one another in one local day. The index is Gubler and Thomas's: before it
begins at 60, with the third warm day in a row, it is 20 for each of these; it begins anew with `season_start`. Up to 30 the risk is low,
up to 50 moderate. A day of which nothing was heard leaves the index as it is and breaks the row of days.
"""

import numpy as np

from fieldline.catalogue import OWN
from fieldline.plantfile.disease import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.disease import MILDEW_COOLEST_C, MILDEW_DEADLY_C, MILDEW_WARMEST_C, mildew_index
from processing.formulas.seasons import season_of
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    "degc": "leaf_wetness.air_degc",
    "highest": "max(station.air_temperature_c)",
    "day": "window.day_number",
    "start_s": "window.start_s",
    "season_start": f"asset.{PREFIX}season_start",
}

STATE = first_of(
    record(
        ("season", "f8"),
        ("day", "f8"),
        ("hour_s", "f8"),  # when the last warm hour began [s since 1970]
        ("run", "f8"),  # warm hours that followed one another up to it
        ("longest", "f8"),  # of the day
        ("is_deadly", "f8"),
        ("index", "f8"),
        ("days", "f8"),
    ),
    season=-1.0,
    day=-1.0,
    hour_s=-np.inf,
    index=np.nan,
)

RISKS = ("low", "moderate", "high")
_MODERATE, _HIGH = 40.0, 60.0
_A_DAY = 20.0


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n places; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    day = np.where(np.isnan(given["day"]), state["day"], given["day"])
    season = np.nan_to_num(season_of(np.where(day < 0.0, np.nan, day), given["season_start"]), nan=-1.0)
    _end_day(state, day, season != state["season"])
    state["season"], state["day"] = season, day
    is_warm = (given["degc"] >= MILDEW_COOLEST_C) & (given["degc"] <= MILDEW_WARMEST_C)
    follows = given["start_s"] - state["hour_s"] <= 3600.0
    state["run"] = np.where(is_warm, np.where(follows, state["run"], 0.0) + 1.0, state["run"])
    state["hour_s"] = np.where(is_warm, given["start_s"], state["hour_s"])
    state["longest"] = np.where(is_warm, np.maximum(state["longest"], state["run"]), state["longest"])
    is_known = ~np.isnan(given["degc"])
    state["is_deadly"] = np.where(is_known & (given["highest"] >= MILDEW_DEADLY_C), 1.0, state["is_deadly"])
    index = np.where(np.isnan(state["index"]), _A_DAY * state["days"], state["index"])
    risk = np.where(index >= _HIGH, 2.0, np.where(index >= _MODERATE, 1.0, 0.0))
    out[:] = np.stack([index, state["longest"], given["degc"], risk], axis=1)


def _end_day(state: np.ndarray, day: np.ndarray, is_anew: np.ndarray) -> None:
    """What comes of the day that the state has hours of, where another one has begun."""
    ends = (day != state["day"]) & (state["day"] >= 0.0)
    index, days = mildew_index(state["index"], state["days"], state["longest"], state["is_deadly"])
    days = np.where(day > state["day"] + 1.0, 0.0, days)
    state["index"] = np.where(is_anew, np.nan, np.where(ends, index, state["index"]))
    state["days"] = np.where(is_anew, 0.0, np.where(ends, days, state["days"]))
    for name, first in (("run", 0.0), ("longest", 0.0), ("is_deadly", 0.0), ("hour_s", -np.inf)):
        state[name] = np.where(ends | is_anew, first, state[name])


_GUBLER = (
    "W. D. Gubler, M. R. Rademacher, S. J. Vasquez and C. S. Thomas, UC Davis Powdery Mildew Risk Index, 1999; UC IPM"
)

COMPONENT = derived(
    name="powdery_mildew",
    meaning="Risk of grape powdery mildew (Erysiphe necator).",
    inputs=INPUTS,
    fields=(
        (
            "index",
            "1",
            "risk index, 0 to 100, as of the last whole day",
            "+20 by 6 h of 21.1 to 29.4 °C, else −10",
            _GUBLER,
        ),
        (
            "run_h",
            "h",
            "longest run of warm hours of the local day so far",
            "hours of 21.1 to 29.4 °C in a row",
            _GUBLER,
        ),
        ("air_degc", "degC", "air temperature of the hour", "leaf_wetness.air_degc", OWN),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("1h",),
    needs=("leaf_wetness", "telemetry"),
    terms=Terms(
        texts={"risk": Spelled("`index` in words", "risk_number", RISKS.__getitem__)},
        only=f"{PREFIX}powdery_mildew",
        is_default=True,
        parameters=("asset.disease",),
        is_needed=lambda plant: plant.has_diseases,
    ),
)
