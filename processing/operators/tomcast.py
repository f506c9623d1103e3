"""`tomcast`: per hour, the disease severity value of the day so far, and the sum since the last spray: early blight, Septoria, anthracnose.

    tomcast,asset=farm/north/field1,window=1h severity=2,severity_sum=16,wet_h=11,is_due=1,coverage=1,rev=0

Rows are of assets whose `[asset.disease]` has the model `tomcast`; wet hours are those of `leaf_wetness`, and an estimate where those
are. A day is the local one. The sum begins anew with `season_start`, and with an event `spray` of the asset, from which on the day's wet
hours count anew, too; one that is told late, or taken back, changes what came after it. `is_due` says that the sum has reached
`spray_at`.
"""

import numpy as np

from fieldline.plantfile.disease import PREFIX
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.disease import since_spray, tomcast_severity
from processing.formulas.seasons import season_of
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    "is_wet": "leaf_wetness.is_wet",
    "degc": "leaf_wetness.air_degc",
    "day": "window.day_number",
    "spray_s": "spray.time_s",
    "season_start": f"asset.{PREFIX}season_start",
    "spray_at": f"asset.{PREFIX}spray_at",
}

STATE = first_of(
    record(
        ("season", "f8"),
        ("day", "f8"),
        ("spray_s", "f8"),
        ("wet_h", "f8"),  # of the day, and the sum of their temperatures
        ("degc_h", "f8"),
        ("sum", "f8"),  # of days before
    ),
    season=-1.0,
    day=-1.0,
)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n places; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    # Clocks that change by half an hour put an hour over midnight: it belongs to the day in which it begins.
    day = np.where(np.isnan(given["day"]), state["day"], given["day"])
    season = season_of(np.where(day < 0.0, np.nan, day), given["season_start"])
    is_new = day != state["day"]
    is_anew = (season != state["season"]) | (given["spray_s"] != state["spray_s"])
    before = state["sum"] + np.where(is_new, _severity(state), 0.0)
    begins = is_new | is_anew
    counts = (given["is_wet"] == 1.0) & ~np.isnan(given["degc"])
    state["wet_h"] = np.where(begins, 0.0, state["wet_h"]) + counts
    state["degc_h"] = np.where(begins, 0.0, state["degc_h"]) + np.where(counts, given["degc"], 0.0)
    state["season"], state["day"], state["spray_s"] = np.where(np.isnan(season), -1.0, season), day, given["spray_s"]
    severity = _severity(state)
    total = since_spray(before, severity, is_anew)
    state["sum"] = np.where(is_anew, 0.0, before)
    is_due = np.where(np.isnan(given["spray_at"]), np.nan, total >= given["spray_at"])
    out[:] = np.stack([severity, total, state["wet_h"], is_due], axis=1)


def _severity(state: np.ndarray) -> np.ndarray:
    """Of the day that the state has hours of, float64[n]."""
    hours = state["wet_h"]
    mean = np.divide(state["degc_h"], hours, out=np.full(len(hours), np.nan), where=hours > 0.0)
    return np.asarray(tomcast_severity(hours, mean))


_SOURCE = "R. E. Pitblado, TOMCAST, Ridgetown 1992; UC IPM"

COMPONENT = derived(
    name="tomcast",
    meaning="TOMCAST: when tomatoes and others should be sprayed against early blight, Septoria and anthracnose.",
    inputs=INPUTS,
    fields=(
        (
            "severity",
            "1",
            "disease severity value of the local day so far",
            "table(wet_h, their mean temperature)",
            _SOURCE,
        ),
        ("severity_sum", "1", "the sum since the last spray, or the season's start", "Σ severity", _SOURCE),
        ("wet_h", "h", "wet hours of the local day so far", "Σ leaf_wetness.is_wet", _SOURCE),
        ("is_due", "1", "1 where a spray is due", "severity_sum ≥ spray_at", _SOURCE),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("1h",),
    needs=("leaf_wetness",),
    terms=Terms(
        only=f"{PREFIX}tomcast",
        is_default=True,
        parameters=("asset.disease",),
        is_needed=lambda plant: plant.has_diseases,
    ),
)
