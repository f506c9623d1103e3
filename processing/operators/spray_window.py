"""`spray_window`: per hour, whether wind, rain, delta-T and heat suit spraying, and what speaks most against it.

    spray_window,asset=farm/north/weather,window=1h quality=2,delta_t_k=1.2,wind_km_h=9.4,rain_mm=0,quality_name="unsuitable",
        against="delta-T below 2 K",coverage=1,rev=0

Rows are of weather stations (`[asset.station]`), of their tags `wind_speed_m_s` and `air_temperature_c`; wet bulb and rain are those of
`et0` and `rain`. A station without a rain gauge is judged by the rest. The hour is what was, not what comes: the hours after it need a
forecast, and a label may ask for less wind or heat.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.stations import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas.spraying import CLASSES, REASONS, spray_hour
from processing.formulas.weather import Doubt, doubts

INPUTS = {
    **{f"temperature_{one}": f"{one}(air_temperature_c)" for one in ("mean", "min", "max", "count")},
    **{f"wind_{one}": f"{one}(wind_speed_m_s)" for one in ("mean", "min", "max", "count")},
    "wet_bulb": "et0.wet_bulb_degc",
    "rain_mm": "rain.rain_mm",
}
WHY = ("no air temperature", "impossible air temperature", "no wind", "impossible wind", "no wet bulb", "no rain gauge")


def formula(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of hours, float64[n] each."""
    is_day = np.zeros(len(given["rain_mm"]), bool)
    of_degc, of_wind = (doubts(given, what, is_day) for what in ("temperature", "wind"))
    degc = np.where(of_degc == Doubt.NONE, given["temperature_mean"], np.nan)
    wind = np.where(of_wind == Doubt.NONE, given["wind_mean"], np.nan)
    delta_t = np.maximum(degc - given["wet_bulb"], 0.0)
    found = spray_hour(wind, given["rain_mm"], delta_t, degc)
    holds = [
        of_degc == Doubt.MISSING,
        of_degc == Doubt.IMPOSSIBLE,
        of_wind == Doubt.MISSING,
        of_wind == Doubt.IMPOSSIBLE,
        np.isnan(delta_t),
        np.isnan(given["rain_mm"]),
    ]
    return {
        "quality": np.asarray(found.quality),
        "delta_t_k": delta_t,
        "wind_km_h": 3.6 * wind,
        "rain_mm": given["rain_mm"],
        "against_number": np.asarray(found.reason),
        "why": np.select(holds, list(range(len(holds))), np.nan),
    }


_GRDC = "GRDC, GrowNotes Spray Drift, 2017; Bureau of Meteorology, Delta T"

COMPONENT = derived(
    name="spray_window",
    meaning="Whether the weather suits spraying.",
    inputs=INPUTS,
    fields=(
        ("quality", "1", "0 suitable, 1 marginal, 2 unsuitable", "bounds of wind, rain, delta-T and heat", _GRDC),
        ("delta_t_k", "K", "how far the wet bulb lies below the temperature", "T − T_wet", _GRDC),
        ("wind_km_h", "km/h", "wind at the anemometer", "mean(wind_speed_m_s)", OWN),
        ("rain_mm", "mm", "rain", "rain.rain_mm", OWN),
    ),
    formula=formula,
    windows=("1h",),
    needs=("et0", "rain", "telemetry"),
    terms=Terms(
        texts={
            "quality_name": Spelled("`quality` in words", "quality", CLASSES.__getitem__),
            "against": Spelled("what speaks most against it", "against_number", REASONS.__getitem__),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "why", WHY.__getitem__),
        },
        only=f"{PREFIX}latitude_deg",
        is_default=True,
        parameters=("asset.station",),
        is_needed=lambda plant: plant.has_stations,
    ),
)
