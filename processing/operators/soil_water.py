"""`soil_water`: per field and day, what its soil lacks, what its crop takes of it, and when it wants water.

    soil_water,asset=farm/north/field3,window=day depletion_mm=38.2,available_mm=112,readily_available_mm=61.3,stress=1,
        basal_coefficient=1.08,crop_et_mm=5.6,evaporation_mm=0.3,transpiration_mm=5.3,rain_mm=0,irrigation_mm=0,
        run_off_mm=0,percolation_mm=0,root_m=0.9,cover=0.82,days_since_planting=64,days_to_irrigation=4.1,advised_net_mm=61.3,
        advised_gross_mm=68.1,advised_volume_m3=2860,advised_hours=63.6,advised_energy_kwh=700,waiting_stress=1,
        advice="irrigate in 4 days: then the crop is short of water",basis="weather of the station",coverage=1,rev=0

A field is an asset with `[asset.field]` that is tied to a weather station (`ties = { station = … }`). Its root zone and the surface that
dries by evaporation are balanced day by day with the dual crop coefficient of FAO-56 (`processing/formulas/soil_water.py`): reference
evapotranspiration and rain are those of the station (`et0`, `rain`), water those of `irrigation`. A late reading changes its day and those
after it.

A day without reference evapotranspiration goes with the mean of those before, and a day without any row is made up for on the next one,
the same way, 30 at most. Where the station says nothing of rain there is none, and what rain or water can't be is left out. `basis`
tells all of this. An irrigation that wets another share of the surface than its system does says so by the field's tag `wetted_ratio`.
`days_to_irrigation` goes by what the crop took of late; `waiting_stress` is what comes of waiting for three more days. A field that is
named by its own path has rows as soon as what it is tied to is heard of, one that a glob names once anything was heard of it itself.
While a day runs its row stands on what is known so far.

A field that is tied to a soil probe (`ties = { probe = … }`) of its root zone (`moisture_pct`, by volume) is corrected by it: each day a
share of the difference between the probe's depletion and the balance's, `probe_weight` of the field. `correction_mm` shows it. A probe
that says less than 1 or more than 60 %, or one value all day, counts nothing.

Where a field is null `null_reason` says why: "no reference evapotranspiration yet", "no irrigation system", "no power_kw of the system",
"no price of energy".
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.fields import NUMBERS, PREFIX
from fieldline.plantfile.stations import PREFIX as STATION
from processing.derived.definition import Spelled
from processing.derived.field_day import IN_DAYS, STATE, field_day
from processing.derived.metric import Carried, Terms, derived

INPUTS = {
    "et0_mm": "station.et0.et0_short_mm",
    "wind_m_s": "station.et0.wind_2m_m_s",
    "least_humidity": "station.et0.humidity_min_ratio",
    "highest_c": "max(station.air_temperature_c)",
    "lowest_c": "min(station.air_temperature_c)",
    "rain_mm": "station.rain.rain_mm",
    "irrigation_mm": "irrigation.net_mm",
    "rain_rows": "station.rain.rev",  # there is a row, though its rain may be none that can be
    "irrigation_rows": "irrigation.rev",
    **{f"probe_{one}": f"{one}(probe.moisture_pct)" for one in ("min", "max", "mean", "count")},
    "told_wetted": "last(wetted_ratio)",
    "longitude_deg": f"station.asset.{STATION}longitude_deg",
    **{name.removeprefix(PREFIX): f"asset.{name}" for name in NUMBERS},
    "start_s": "window.start_s",
    "price_per_kwh": "window.cheapest_per_kwh",
    "price_hour": "window.cheapest_hour",
}

REASONS = (
    "no reference evapotranspiration yet",
    "no irrigation system",
    "no power_kw of the system",
    "no price of energy",
)
BASES = (
    "reference evapotranspiration of the days before",
    "days without rows made up for",
    "no rain told",
    "impossible rain left out",
    "impossible flow left out",
    "corrected by the probe",
    "probe left out: it says what can't be, or one value all day",
)
"""What may be said of a day's basis, as bits."""


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """A day of each of n fields; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    with np.errstate(all="ignore"):
        found = field_day(given, state)
    out[:] = np.stack(
        [found[name] for name in (*(field for field, *_ in FIELDS), "advised", "basis", "reason")], axis=1
    )


def basis_text(bits: int) -> str:
    """What a day stands on, in words."""
    return "; ".join(["weather of the station", *(text for place, text in enumerate(BASES) if bits >> place & 1)])


def advice_text(number: int) -> str:
    """What the number of an advice means."""
    if number < IN_DAYS:
        return ("nothing grows", "no irrigation system", "irrigate now: the crop is short of water")[number]
    days = number - IN_DAYS
    return f"irrigate in {days} day{'s' * (days != 1)}: then the crop is short of water"


_FAO = "Allen et al., FAO Irrigation and Drainage Paper 56, 1998"
_MANUAL = "FAO Training Manual 4, Irrigation Scheduling, 1989"
FIELDS = (
    ("depletion_mm", "mm", "what the root zone lacks of field capacity", "D_r", f"{_FAO}, equation 85"),
    ("available_mm", "mm", "water of the root zone between field capacity and wilting point", "TAW", f"{_FAO}, eq. 82"),
    ("readily_available_mm", "mm", "what of it the crop takes without stress", "RAW = p TAW", f"{_FAO}, equation 83"),
    ("stress", "1", "how freely the crop takes water, 1 to 0", "K_s = (TAW − D_r) / (TAW − RAW)", f"{_FAO}, eq. 84"),
    ("basal_coefficient", "1", "basal crop coefficient", "K_cb by stage", f"{_FAO}, equation 66"),
    ("evaporation_coefficient", "1", "soil evaporation coefficient", "K_e", f"{_FAO}, equation 71"),
    ("crop_et_mm", "mm", "what crop and soil evaporated", "(K_s K_cb + K_e) ET_o", f"{_FAO}, equation 80"),
    ("evaporation_mm", "mm", "what of it is the soil's", "K_e ET_o", f"{_FAO}, equation 71"),
    ("transpiration_mm", "mm", "what of it is the crop's", "K_s K_cb ET_o", f"{_FAO}, equation 80"),
    ("unstressed_et_mm", "mm", "what it would have been without stress", "(K_cb + K_e) ET_o", f"{_FAO}, equation 69"),
    ("rain_mm", "mm", "rain of the station; 0 where it has no gauge", "P", f"{_FAO}, equation 85"),
    ("irrigation_mm", "mm", "irrigation that reached the root zone", "I", f"{_FAO}, equation 85"),
    ("run_off_mm", "mm", "rain that ran off", "(P − 0.2 S)² / (P + 0.8 S)", "USDA-SCS, NEH-4, 1972"),
    (
        "correction_mm",
        "mm",
        "by how much the probe moved the depletion",
        "w (D_r of the probe − D_r)",
        f"{_FAO}, eq. 87",
    ),
    ("percolation_mm", "mm", "what drained below the root zone", "DP", f"{_FAO}, equation 88"),
    ("surface_depletion_mm", "mm", "what the drying surface lacks", "D_e", f"{_FAO}, equation 77"),
    ("root_m", "m", "rooted depth", "Z_r, with K_cb", f"{_FAO}, annex 8"),
    ("height_m", "m", "height of the crop", "h, with K_cb", f"{_FAO}, annex 8"),
    ("cover", "1", "share of the ground that the crop covers", "f_c", f"{_FAO}, equation 76"),
    ("days_since_planting", "d", "days since it was planted", "day − planted", "definition"),
    ("days_to_irrigation", "d", "days until the crop is short of water", "(RAW − D_r) / ET_c of late", _MANUAL),
    ("advised_net_mm", "mm", "depth to fill the root zone up then", "max(D_r, RAW), at most the system's", _MANUAL),
    ("advised_gross_mm", "mm", "the same with what is lost on the way", "net / efficiency", f"{_MANUAL}, annex I"),
    ("advised_volume_m3", "m3", "the same on the field", "10 · gross · area_ha", "1 mm = 10 m³/ha"),
    ("advised_hours", "h", "how long the system runs for it", "volume / flow", "definition"),
    ("advised_energy_kwh", "kWh", "what its pump draws", "hours · power_kw", "definition"),
    ("advised_cost", "currency", "what that costs at the lowest price of the day after", "energy · price", "tariff"),
    ("advised_start_hour", "h", "hour of the day from which that price holds", "by the tariff", "tariff"),
    ("waiting_stress", "1", "stress after three more days without water", "K_s at D_r + 3 ET_c", f"{_FAO}, eq. 84"),
)

COMPONENT = derived(
    name="soil_water",
    meaning="What a field's soil lacks, what its crop takes of it, and when it wants water.",
    inputs=INPUTS,
    fields=FIELDS,
    formula=Carried(STATE, step),
    windows=("day",),
    needs=("et0", "irrigation", "rain", "telemetry"),
    terms=Terms(
        texts={
            "advice": Spelled("what should be done", "advised", advice_text),
            "basis": Spelled("what the day stands on", "basis", basis_text),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        only=f"{PREFIX}area_ha",
        by_any=True,
        is_default=True,
        parameters=("asset.field", "asset.station", "tariff.price"),
        is_needed=lambda plant: plant.has_fields,
    ),
)
