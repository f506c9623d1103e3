"""`spray_window`: per hour, whether wind, rain, delta-T and heat suit spraying, and what speaks most against it.

    spray_window,asset=farm/north/weather,window=1h quality=2,delta_t_k=1.2,wind_km_h=9.4,rain_mm=0,quality_name="unsuitable",
        against="delta-T below 2 K",coverage=1,rev=0

Rows are of weather stations (`[asset.station]`), of their tags `wind_speed_m_s`, `air_temperature_c` and `rain_mm`, a count that begins
anew; the wet bulb is that of `et0`. A station without a rain gauge is judged by the rest. The hour is what was, not what comes: a label
may ask for less, and a forecast for the hours after it.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.stations import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.rain import fallen
from processing.formulas.spraying import CLASSES, REASONS, spray_hour
from processing.formulas.weather import Doubt, doubts
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    **{f"temperature_{one}": f"{one}(air_temperature_c)" for one in ("mean", "min", "max", "count")},
    **{f"wind_{one}": f"{one}(wind_speed_m_s)" for one in ("mean", "min", "max", "count")},
    **{f"rain_{one}": f"{one}(rain_mm)" for one in ("min", "max", "last")},
    "wet_bulb": "et0.wet_bulb_degc",
}

STATE = first_of(record(("rain", "f8")), rain=np.nan)
"""The gauge's last count [mm]."""

WHY = ("no air temperature", "impossible air temperature", "no wind", "impossible wind", "no wet bulb", "no rain gauge")


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n stations; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    of_degc, of_wind = (doubts(given, what, np.zeros(len(state), bool)) for what in ("temperature", "wind"))
    degc = np.where(of_degc == Doubt.NONE, given["temperature_mean"], np.nan)
    wind = np.where(of_wind == Doubt.NONE, given["wind_mean"], np.nan)
    rain = fallen(state["rain"], given["rain_min"], given["rain_max"], given["rain_last"])
    delta_t = np.maximum(degc - given["wet_bulb"], 0.0)
    found = spray_hour(wind, rain, delta_t, degc)
    holds = [
        of_degc == Doubt.MISSING,
        of_degc == Doubt.IMPOSSIBLE,
        of_wind == Doubt.MISSING,
        of_wind == Doubt.IMPOSSIBLE,
        np.isnan(delta_t),
        np.isnan(rain),
    ]
    why = np.select(holds, list(range(len(holds))), np.nan)
    state["rain"] = np.where(np.isnan(given["rain_last"]), state["rain"], given["rain_last"])
    out[:] = np.stack([found.quality, delta_t, 3.6 * wind, rain, found.reason, why], axis=1)


_GRDC = "GRDC, GrowNotes Spray Drift, 2017; Bureau of Meteorology, Delta T"

COMPONENT = derived(
    name="spray_window",
    meaning="Whether the weather suits spraying.",
    inputs=INPUTS,
    fields=(
        ("quality", "1", "0 suitable, 1 marginal, 2 unsuitable", "bounds of wind, rain, delta-T and heat", _GRDC),
        ("delta_t_k", "K", "how far the wet bulb lies below the temperature", "T − T_wet", _GRDC),
        ("wind_km_h", "km/h", "wind at the anemometer", "mean(wind_speed_m_s)", OWN),
        ("rain_mm", "mm", "rain", "rise of the gauge's count", OWN),
    ),
    formula=Carried(STATE, step),
    windows=("1h",),
    needs=("et0", "telemetry"),
    terms=Terms(
        texts={
            "quality_name": Spelled("`quality` in words", "quality", CLASSES.__getitem__),
            "against": Spelled("what speaks most against it", "reason", REASONS.__getitem__),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "why", WHY.__getitem__),
        },
        only=f"{PREFIX}latitude_deg",
        is_default=True,
        parameters=("asset.station",),
        is_needed=lambda plant: plant.has_stations,
    ),
)
