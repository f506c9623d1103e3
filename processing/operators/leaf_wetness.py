"""`leaf_wetness`: per hour, whether leaves are wet, and for how long they have been: what most plant diseases wait for.

    leaf_wetness,asset=farm/north/field1,window=1h is_wet=1,wet_h=9,wet_degc=14.2,air_degc=13.1,rain_mm=0.6,
        source="rain, though the sensor is dry",coverage=1,rev=0

Rows are of assets with `[asset.disease]`; weather is that of their `station` (`ties`), and a station that has the table is its own. Its
tags are `leaf_wetness_pct` (the share of the leaf or of the hour that is wet, optional) and `air_temperature_c`; dew point and rain are
those of `et0` and `rain`. `source` says what an hour goes by: the sensor, rain where the sensor is dry, rain alone, or an estimate by
the dew point (`processing/formulas/leaf_wetness.py`). A field that is named by its own path has rows as soon as what it is tied to is
heard of, one that a glob names once anything was heard of it itself.

A wet period goes on over dry hours until eight of them follow one another. `wet_h` and `wet_degc` are its wet hours and their mean
temperature, also while it dries; 0 and null without one. An hour that is running counts as a whole one. Where `is_wet` is null nothing
says it, and the period neither grows nor ends.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.disease import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.leaf_wetness import SOURCES, leaf_wetness
from processing.formulas.weather import Doubt, doubts
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    "wetness_pct": "mean(station.leaf_wetness_pct)",
    **{f"temperature_{one}": f"{one}(station.air_temperature_c)" for one in ("mean", "min", "max", "count")},
    "rain_mm": "station.rain.rain_mm",
    "dew_point": "station.et0.dew_point_degc",
    "start_s": "window.start_s",
}

STATE = first_of(
    record(
        ("was_wet", "f8"),
        ("wet_s", "f8"),  # when the last wet hour began [s since 1970]
        ("wet_h", "f8"),  # hours of the period
        ("degc_h", "f8"),  # sum of their temperatures
    ),
    wet_s=-np.inf,
)

REASONS = (
    "no air temperature",
    "impossible air temperature",
    "no leaf wetness, rain or dew point",
    "no wet hour",
    "no rain gauge",
)
_HOUR_S = 3600.0
_DRY_H = 8.0
"""Hours that end a wet period (W. E. MacHardy and D. M. Gadoury, 1989)."""


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n places; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    doubt = doubts(given, "temperature", np.zeros(len(state), bool))
    degc = np.where(doubt == Doubt.NONE, given["temperature_mean"], np.nan)
    rain = given["rain_mm"]
    found = leaf_wetness(given["wetness_pct"] / 100.0, rain, degc - given["dew_point"], state["was_wet"])
    counts = (found.is_wet == 1.0) & ~np.isnan(degc)
    is_over = given["start_s"] - state["wet_s"] > _DRY_H * _HOUR_S
    hours = np.where(is_over, 0.0, state["wet_h"]) + counts
    warmth = np.where(is_over, 0.0, state["degc_h"]) + np.where(counts, degc, 0.0)
    mean = np.divide(warmth, hours, out=np.full(len(hours), np.nan), where=hours > 0.0)
    holds = [doubt == Doubt.MISSING, doubt == Doubt.IMPOSSIBLE, np.isnan(found.is_wet), hours == 0.0, np.isnan(rain)]
    reason = np.select(holds, list(range(len(holds))), np.nan)
    out[:] = np.stack([found.is_wet, hours, mean, degc, rain, found.source, reason], axis=1)
    state["was_wet"] = np.where(np.isnan(found.is_wet), state["was_wet"], found.is_wet)
    state["wet_s"] = np.where(counts, given["start_s"], state["wet_s"])
    state["wet_h"], state["degc_h"] = hours, warmth


_GILLESPIE = "T. J. Gillespie et al., J. Applied Meteorology 32 (1993) 1475; P. C. Sentelhas et al., Agr. Forest Meteorology 148 (2008) 392"
_MILLS = "W. E. MacHardy and D. M. Gadoury, Phytopathology 79 (1989) 304"

COMPONENT = derived(
    name="leaf_wetness",
    meaning="Whether leaves are wet, and for how long they have been.",
    inputs=INPUTS,
    fields=(
        (
            "is_wet",
            "1",
            "1 where leaves are wet",
            "sensor ≥ 0.5, else rain ≥ 0.2 mm, else T − T_dew ≤ 1.8 K",
            _GILLESPIE,
        ),
        ("wet_h", "h", "wet hours of the wet period", "Σ is_wet since 8 dry hours", _MILLS),
        ("wet_degc", "degC", "their mean temperature", "Σ is_wet · air_degc / wet_h", _MILLS),
        ("air_degc", "degC", "air temperature, where it may be one", "mean(station.air_temperature_c)", OWN),
        ("rain_mm", "mm", "rain", "station.rain.rain_mm", OWN),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("1h",),
    needs=("et0", "rain", "telemetry"),
    terms=Terms(
        texts={
            "source": Spelled("what says whether leaves are wet", "source", SOURCES.__getitem__),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        only=f"{PREFIX}season_start",
        by_any=True,
        is_default=True,
        parameters=("asset.disease",),
        is_needed=lambda plant: plant.has_diseases,
    ),
)
