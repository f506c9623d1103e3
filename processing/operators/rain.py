"""`rain`: per weather station and window, how much it rained.

    rain,asset=farm/north/weather,window=day rain_mm=6.2,coverage=1,rev=0

A station (`[asset.station]`) sends `rain_mm`, what its gauge counted since midnight or since it was emptied, or `rain_interval_mm`, what
fell since the message before; of both the gauge counts. A gauge that falls has started over (`processing/formulas/gauges.py`).
More than 300 mm in an hour or 1000 mm in a day, or less than nothing, is no rain: then `null_reason` says so, and the gauge counts on from
what it showed before. Where it does that twice, what it shows is believed from then on. A row exists where one of the two was sent.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.stations import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.gauges import counted
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    **{one: f"{one}(rain_mm)" for one in ("min", "max", "last")},
    "interval_mm": "mean(rain_interval_mm)",
    "intervals": "count(rain_interval_mm)",
    "length_s": "window.length_s",
}
STATE = first_of(record(("last_mm", "f8"), ("doubted", "i8")), last_mm=np.nan)
"""What the gauge showed last, and whether what it shows now was not believed once."""

MOST_MM = {"hour": 300.0, "day": 1000.0}
"""More has hardly ever fallen anywhere: 305 mm in 42 minutes at Holt, Missouri, and 1825 mm in a day on Réunion are the records."""

REASONS = ("impossible rain",)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Rain of one window of each of n stations; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    with np.errstate(all="ignore"):
        by_gauge = counted(state["last_mm"], given["min"], given["max"], given["last"])
        by_messages = given["interval_mm"] * given["intervals"]
    is_gauge = ~np.isnan(given["last"])
    rain = np.where(is_gauge, by_gauge, by_messages)
    most = np.where(given["length_s"] > 20.0 * 3600.0, MOST_MM["day"], MOST_MM["hour"])
    is_possible = (rain >= 0.0) & (rain <= most)
    is_doubted = is_gauge & ~is_possible
    is_shown = is_gauge & (given["last"] >= 0.0) & (is_possible | (state["doubted"] > 0))
    state["last_mm"] = np.where(is_shown, given["last"], state["last_mm"])
    state["doubted"] = np.where(is_gauge, is_doubted & ~is_shown, state["doubted"])
    out[:, 0] = np.where(is_possible, rain, np.nan)
    out[:, 1] = np.where(is_possible, np.nan, 0.0)


COMPONENT = derived(
    name="rain",
    meaning="How much it rained at a weather station.",
    inputs=INPUTS,
    fields=(
        (
            "rain_mm",
            "mm",
            "rain of the window",
            "what the gauge shows more than before, or Σ of the messages' amounts",
            "WMO-No. 8, Guide to Instruments and Methods of Observation, 2021, chapter 6",
        ),
    ),
    formula=Carried(STATE, step),
    windows=("1h", "day"),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=f"{PREFIX}latitude_deg",
        is_default=True,
        parameters=("asset.station",),
        is_needed=lambda plant: plant.has_stations,
    ),
)
