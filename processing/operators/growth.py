"""`growth`: per local day, the growing degree days of what grows at an asset, their sum since the season began, and its stage.

    growth,asset=farm/north/field1,window=day degree_days_kd=11.4,degree_days_sum_kd=812,stage=2,next_stage_kd=588,missing_days=0,
        coverage=1,rev=0

Rows are of assets with `[asset.growth]`, which says thresholds, method and stages; the temperature is `air_temperature_c` of the asset's
`station` (`ties`). A day that runs counts with its extremes so far. The sum begins anew on `season_start`.

A day of which nothing was measured, or whose samples can't be of the air or are all one value, has no degree days, with the reason, and
`missing_days` counts it: the sum and the stage are then at least that. `stage` is how many sums of `stages_kd` are reached.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.growth import PREFIX, STAGES
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.seasons import days_into, season_of
from processing.formulas.weather import Doubt, doubts
from processing.kernels.growing_degree_days import growing_degree_days
from processing.kernels.jit import record
from processing.kernels.kept import first_of

_OF_CROP = ("lower_degc", "upper_degc", "method", "season_start")
INPUTS = {
    **{f"temperature_{one}": f"{one}(station.air_temperature_c)" for one in ("mean", "min", "max", "count")},
    "day": "window.day_number",
    **{name: f"asset.{PREFIX}{name}" for name in _OF_CROP},
    **{name: f"asset.{name}" for name in STAGES},
}

STATE = first_of(record(("season", "f8"), ("sum", "f8"), ("days", "f8")), season=-1.0)
"""The year in which the season began, and of its days the sum and how many have degree days."""

REASONS = ("no air temperature", "impossible air temperature", "stuck air temperature", "no further stage")


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One day of each of n crops; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    doubt = doubts(given, "temperature", np.ones(len(state), bool))
    lowest, highest = (np.where(doubt == Doubt.NONE, given[f"temperature_{one}"], np.nan) for one in ("min", "max"))
    grown = np.empty(len(state))
    crop = [np.ascontiguousarray(given[name]) for name in _OF_CROP[:-1]]
    growing_degree_days(lowest, highest, *crop, grown)
    season = np.nan_to_num(season_of(given["day"], given["season_start"]), nan=-1.0)
    is_new = season != state["season"]
    total = np.where(is_new, 0.0, state["sum"]) + np.nan_to_num(grown)
    days = np.where(is_new, 0.0, state["days"]) + ~np.isnan(grown)
    state["season"], state["sum"], state["days"] = season, total, days
    missing = np.maximum(days_into(given["day"], given["season_start"]) + 1.0 - days, 0.0)
    stages = np.stack([given[name] for name in STAGES])
    stage = (total >= stages).sum(axis=0).astype(np.float64)
    left = np.where(total < stages, stages - total, np.inf).min(axis=0)
    left = np.where(np.isfinite(left), left, np.nan)
    holds = [doubt == Doubt.MISSING, doubt == Doubt.IMPOSSIBLE, doubt == Doubt.STUCK, np.isnan(left)]
    reason = np.select(holds, list(range(len(holds))), np.nan)
    out[:] = np.stack([grown, total, stage, left, missing, reason], axis=1)


_BASKERVILLE = "G. L. Baskerville and P. Emin, Ecology 50 (1969) 514; UC IPM, Degree-days and phenology models"

COMPONENT = derived(
    name="growth",
    meaning="Growing degree days, and how far a crop or a pest has come by them.",
    inputs=INPUTS,
    fields=(
        (
            "degree_days_kd",
            "K.d",
            "degree days of the local day",
            "as the method says, of T_min and T_max",
            _BASKERVILLE,
        ),
        ("degree_days_sum_kd", "K.d", "their sum since the season began", "Σ degree_days_kd", _BASKERVILLE),
        ("stage", "1", "stages that are reached", "number of stages_kd ≤ degree_days_sum_kd", "plant file"),
        ("next_stage_kd", "K.d", "what is left until the next stage", "stages_kd − degree_days_sum_kd", "plant file"),
        (
            "missing_days",
            "1",
            "days of the season without degree days",
            "days since season_start − days with some",
            OWN,
        ),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("day",),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=f"{PREFIX}lower_degc",
        by_any=True,
        is_default=True,
        parameters=("asset.growth",),
        is_needed=lambda plant: plant.has_growth,
    ),
)
