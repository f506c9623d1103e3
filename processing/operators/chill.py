"""`chill`: per hour, the winter chill of a fruit tree since autumn, by three models, and the warmth that follows it.

    chill,asset=farm/orchard/block3,window=1h chill_hours=612,utah_units=704,portions=38.2,growing_degree_hours_kh=1204,hours=1388,
        air_degc=6.1,coverage=1,rev=0

Rows are of assets whose `[asset.growth]` has a `chill_start`, the day on which all sums begin anew; the temperature is
`air_temperature_c` of the asset's `station` (`ties`). An hour of which nothing was measured, or whose samples can't be of the air,
counts nothing: `hours` says how many did. Portions of the Dynamic model bridge such a gap as if the hours after it followed those
before.
"""

import numpy as np

from fieldline.catalogue import OWN
from fieldline.plantfile.growth import PREFIX
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.seasons import season_of
from processing.formulas.weather import Doubt, doubts
from processing.kernels.chill import CHILL, carry_chill
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    **{f"temperature_{one}": f"{one}(station.air_temperature_c)" for one in ("mean", "min", "max", "count")},
    "day": "window.day_number",
    "chill_start": f"asset.{PREFIX}chill_start",
}

_SUMS = ("chill_hours", "utah_units", "portions", "growing_degree_hours")
STATE = first_of(
    record(("season", "f8"), ("product", "f8"), ("released", "f8"), ("hours", "f8"), *((name, "f8") for name in _SUMS)),
    season=-1.0,
)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n places; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    season = season_of(given["day"], given["chill_start"])
    season = np.where(np.isnan(season), state["season"], season)  # an hour over midnight: as the one before
    is_new = season != state["season"]
    state[is_new] = STATE
    state["season"] = season
    dynamic, found = np.zeros(len(state), CHILL), np.empty((len(state), len(_SUMS)))
    for name in CHILL.names or ():
        dynamic[name] = state[name]
    is_air = doubts(given, "temperature", np.zeros(len(state), bool)) == Doubt.NONE
    degc = np.where(is_air, given["temperature_mean"], np.nan)
    carry_chill(degc, dynamic, found)
    for name in CHILL.names or ():
        state[name] = dynamic[name]
    state["hours"] += ~np.isnan(degc)
    for name, column in zip(_SUMS, found.T, strict=True):
        state[name] += np.nan_to_num(column)
    out[:] = np.stack([*(state[name] for name in _SUMS), state["hours"], degc], axis=1)


_DYNAMIC = "S. Fishman, A. Erez and G. A. Couvillon, J. Theoretical Biology 124 (1987) 473"
_ANDERSON = "J. L. Anderson, E. A. Richardson and C. D. Kesner, Acta Horticulturae 184 (1986) 71"

COMPONENT = derived(
    name="chill",
    meaning="Winter chill of fruit trees, and the warmth after it.",
    inputs=INPUTS,
    fields=(
        (
            "chill_hours",
            "h",
            "hours between 0 and 7.2 °C",
            "Σ (0 ≤ T ≤ 7.2)",
            "J. H. Weinberger, ASHS Proceedings 56 (1950) 122",
        ),
        (
            "utah_units",
            "1",
            "weighted hours, less what warmth undid",
            "Σ w(T)",
            "E. A. Richardson et al., HortScience 9 (1974) 331",
        ),
        ("portions", "1", "chill portions of the Dynamic model", "Σ x · ξ where x ≥ 1", _DYNAMIC),
        ("growing_degree_hours_kh", "K.h", "warmth that buds can use", "Σ between 4, 25 and 36 °C", _ANDERSON),
        ("hours", "h", "hours that count", "number of hours with a temperature", OWN),
        ("air_degc", "degC", "air temperature, where it may be one", "mean(station.air_temperature_c)", OWN),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("1h",),
    needs=("telemetry",),
    terms=Terms(
        only=f"{PREFIX}chill_start",
        by_any=True,
        is_default=True,
        parameters=("asset.growth",),
        is_needed=lambda plant: plant.has_growth,
    ),
)
