"""`irrigation`: per field and day, how much water it was given.

    irrigation,asset=farm/north/field3,window=day volume_m3=310,gross_mm=7.4,net_mm=6.6,source="meter's flow",coverage=1,rev=0

A field is an asset with `[asset.field]`. Its water is measured by the asset that it is tied to as `water` (`ties = { water = … }`: a pump
or valve of its own), or by its own tags: `flow_m3_h`, or `water_m3`, which a meter counts. What nobody measures is told: `irrigation_mm`,
a depth that was given since the last such reading (`fieldline send`). Of these the first that has a sample in the day counts, and
`source` says which.

A flow below 0, or more than 500 mm in a day, is none that can be: then `null_reason` says so. `net_mm` is what the system's `efficiency`
leaves of it for the root zone. A row exists where any of the three was sent.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.fields import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.gauges import counted
from processing.formulas.irrigation import depth_mm
from processing.kernels.jit import record
from processing.kernels.kept import first_of


def _of_meter(scope: str) -> dict[str, str]:
    name, tag = scope or "own", f"{scope}." if scope else ""
    flow = {f"{name}_{one}": f"{one}({tag}flow_m3_h)" for one in ("time_weighted_mean", "coverage", "min")}
    return flow | {f"{name}_counter_{one}": f"{one}({tag}water_m3)" for one in ("min", "max", "last")}


INPUTS = {
    **_of_meter("water"),
    **_of_meter(""),
    "told_mm": "mean(irrigation_mm)",
    "tellings": "count(irrigation_mm)",
    **{name: f"asset.{PREFIX}{name}" for name in ("area_ha", "efficiency")},
    "length_s": "window.length_s",
}
STATE = first_of(record(("water_m3", "f8"), ("own_m3", "f8")), water_m3=np.nan, own_m3=np.nan)
"""What each meter showed last."""

MOST_MM = 500.0
"""More in a day is no irrigation of a field: a meter that jumped, or another area."""

SOURCES = ("meter's flow", "meter's counter", "field's flow", "field's counter", "told")
REASONS = ("impossible flow",)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Water of one day of each of n fields; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    volumes = []
    for name in ("water", "own"):
        volumes += [_by_flow(given, name), _by_counter(given, name, state)]
    told_m3 = given["told_mm"] * given["tellings"] * 10.0 * given["area_ha"]
    sources = [*volumes, told_m3]
    is_there = [~np.isnan(volume) for volume in sources]
    source = np.select(is_there, list(range(len(sources))), np.nan)
    volume = np.select(is_there, sources, np.nan)
    is_possible = (volume >= 0.0) & (depth_mm(volume, given["area_ha"]) <= MOST_MM)
    volume = np.where(is_possible, volume, np.nan)
    gross = depth_mm(volume, given["area_ha"])
    reason = np.where(is_possible, np.nan, 0.0)
    out[:] = np.stack([volume, gross, gross * given["efficiency"], source, reason], axis=1)


def _by_flow(given: dict[str, np.ndarray], name: str) -> np.ndarray:
    """What flowed while its flow is known [m³]; below 0 where a sample is, by more than a meter's noise."""
    flowed = given[f"{name}_time_weighted_mean"] * given[f"{name}_coverage"] * given["length_s"] / 3600.0
    return np.where(given[f"{name}_min"] < -0.5, -1.0, np.maximum(flowed, 0.0))


def _by_counter(given: dict[str, np.ndarray], name: str, state: np.ndarray) -> np.ndarray:
    shown = [given[f"{name}_counter_{one}"] for one in ("min", "max", "last")]
    with np.errstate(all="ignore"):
        found = counted(state[f"{name}_m3"], *shown)
    state[f"{name}_m3"] = np.where(shown[-1] >= 0.0, shown[-1], state[f"{name}_m3"])
    return np.where(shown[-1] < 0.0, -1.0, found)


COMPONENT = derived(
    name="irrigation",
    meaning="How much water a field was given.",
    inputs=INPUTS,
    fields=(
        ("volume_m3", "m3", "water that came to the field", "Σ flow Δt, or what the meter shows more", "definition"),
        ("gross_mm", "mm", "its depth on the field", "volume / area", "1 mm = 10 m³/ha"),
        (
            "net_mm",
            "mm",
            "what of it reaches the root zone",
            "efficiency · gross_mm",
            "FAO Training Manual 4, Irrigation Scheduling, 1989, annex I",
        ),
    ),
    formula=Carried(STATE, step),
    windows=("day",),
    needs=("telemetry",),
    terms=Terms(
        texts={
            "source": Spelled("what the volume is measured by", "source", lambda number: SOURCES[number]),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        only=f"{PREFIX}area_ha",
        by_any=True,
        is_default=True,
        parameters=("asset.field",),
        is_needed=lambda plant: plant.has_fields,
    ),
)
