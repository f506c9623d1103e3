"""`soil_water`: per field and day, what its soil lacks, what its crop takes of it, and when it wants water.

    soil_water,asset=farm/north/field3,window=day depletion_mm=38.2,available_mm=112,readily_available_mm=61.3,stress=1,
        basal_coefficient=1.08,crop_et_mm=5.6,evaporation_mm=0.3,transpiration_mm=5.3,rain_mm=0,irrigation_mm=0,
        run_off_mm=0,percolation_mm=0,root_m=0.9,cover=0.82,days_since_planting=64,days_to_irrigation=4.1,advised_net_mm=61.3,
        advised_gross_mm=68.1,advised_volume_m3=2860,advised_hours=63.6,advised_energy_kwh=700,waiting_stress=1,
        advice="irrigate in 4 days",basis="weather of the station",coverage=1,rev=0

A field is an asset with `[asset.field]` that is tied to a weather station (`ties = { station = … }`). Its root zone and the surface that
dries by evaporation are balanced day by day with the dual crop coefficient of FAO-56 (`processing/formulas/soil_water.py`): reference
evapotranspiration and rain are those of the station (`et0`, `rain`), water those of `irrigation`. A late reading changes its day and those
after it.

A day without reference evapotranspiration goes with the mean of those before, and a day without any row is made up for on the next one,
the same way, 30 at most. Where the station says nothing of rain there is none, and what rain or water can't be is left out. `basis` tells
all of this. An irrigation that wets another share of the surface than its system does says so by the field's tag `wetted_ratio`.
`days_to_irrigation` goes by what the crop took of late; `waiting_stress` is what comes of waiting for three more days. A field has rows
once anything was heard of it: a tag, or an event. While a day runs its row stands on what is known so far.

Where a field is null `null_reason` says why: "no reference evapotranspiration yet", "no irrigation system", "no power_kw of the system".
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.fields import NUMBERS, PREFIX
from fieldline.plantfile.stations import PREFIX as STATION
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas import crop_water
from processing.formulas.advice import System, Wants, irrigation_advice
from processing.formulas.soil_water import Crop, Day, Field, Given, Soil, day_of
from processing.kernels.jit import record
from processing.kernels.kept import first_of

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
    "told_wetted": "last(wetted_ratio)",
    "longitude_deg": f"station.asset.{STATION}longitude_deg",
    **{name.removeprefix(PREFIX): f"asset.{name}" for name in NUMBERS},
    "start_s": "window.start_s",
}

STATE = first_of(
    record(
        ("day", "f8"),  # the newest day that is in it, from 1970-01-01; NaN: none
        ("planted", "f8"),  # when what grows was planted; NaN: nothing grows
        ("root_mm", "f8"),
        ("surface_mm", "f8"),
        ("wetted", "f8"),
        ("height_m", "f8"),
        ("root_m", "f8"),
        ("degree_days", "f8"),
        ("usual_et0_mm", "f8"),
        ("usual_crop_mm", "f8"),
    ),
    day=np.nan,
    planted=np.nan,
    usual_et0_mm=np.nan,
    usual_crop_mm=np.nan,
)
"""A field after a day, see `Field`; with the means of reference evapotranspiration and of what the crop would take, which fade."""

_FADES = 0.25  # of the weight of the days before, each day: a mean of some four days
_MOST_MADE_UP = 30.0  # days
_USUAL_WIND_M_S, _USUAL_HUMIDITY = 2.0, 0.45  # those of which FAO-56 has its tables

REASONS = ("no reference evapotranspiration yet", "no irrigation system", "no power_kw of the system")
BASES = (
    "reference evapotranspiration of the days before",
    "days without rows made up for",
    "no rain told",
    "impossible rain left out",
    "impossible flow left out",
)
"""What may be said of a day's basis, as bits."""
_IN_DAYS = 3  # from this number on advice is to irrigate in so many days less it


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """A day of each of n fields; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    with np.errstate(all="ignore"):
        found = _day(given, state)
    out[:] = np.stack(
        [found[name] for name in (*(field for field, *_ in FIELDS), "advised", "basis", "reason")], axis=1
    )


def _day(given: dict[str, np.ndarray], state: np.ndarray) -> dict[str, np.ndarray]:
    day = np.floor((given["start_s"] + 43_200.0 + given["longitude_deg"] * 240.0) / 86_400.0)
    grows = (given["planted_day"] <= day) & (day < given["harvested_day"])
    _begin(given, state, day, grows)
    et0 = np.where(np.isnan(given["et0_mm"]), state["usual_et0_mm"], given["et0_mm"])
    is_known = ~np.isnan(et0)
    missed = _make_up(given, state, day)
    since = day - given["planted_day"]
    crop, basal = _crop(given, state, since, grows)
    today = Given(
        basal, np.maximum(et0, 0.0), _or(given["wind_m_s"], _USUAL_WIND_M_S), _or(given["least_humidity"], _USUAL_HUMIDITY),
        _or(given["rain_mm"], 0.0), _or(given["irrigation_mm"], 0.0), _or(given["told_wetted"], given["wetted"]),
    )  # fmt: skip
    soil = Soil(
        *(given[name] for name in ("field_capacity", "wilting_point", "surface_m", "readily_mm", "curve_number"))
    )
    before = Field(*(state[name] for name in _OF_FIELD))
    came, after = day_of(crop, soil, today, before)
    _keep(state, after, is_known)
    state["day"] = np.where(is_known, day, state["day"])
    for name, value in (("usual_et0_mm", given["et0_mm"]), ("usual_crop_mm", came.unstressed_mm)):
        state[name] = np.where(is_known, _mean(state[name], value), state[name])
    state["degree_days"] += np.where(is_known & grows, _degree_days(given), 0.0)
    found = _fields(given, state, came, today, since, is_known, grows)
    said = [
        np.isnan(given["et0_mm"]),
        missed > 0.0,
        np.isnan(given["rain_rows"]),
        np.isnan(given["rain_mm"]) & ~np.isnan(given["rain_rows"]),
        np.isnan(given["irrigation_mm"]) & ~np.isnan(given["irrigation_rows"]),
    ]
    basis = np.sum([bit * (1 << place) for place, bit in enumerate(said)], axis=0)
    return found | {"basis": np.where(is_known, basis, np.nan)}


_OF_FIELD = ("root_mm", "surface_mm", "wetted", "height_m", "root_m")


def _begin(given: dict[str, np.ndarray], state: np.ndarray, day: np.ndarray, grows: np.ndarray) -> None:
    """What a field is at its very first day, and what changes when something is planted or harvested."""
    is_first = np.isnan(state["day"])
    water = _or(given["initial_water"], given["field_capacity"])
    lacking = crop_water.depletion_mm(given["field_capacity"], water, given["root_initial_m"])
    # The surface is taken to be dry: how long ago it rained nobody knows (FAO-56, chapter 7).
    dry = crop_water.total_evaporable_mm(given["field_capacity"], given["wilting_point"], given["surface_m"])
    for name, value in (("root_mm", lacking), ("surface_mm", dry), ("wetted", 1.0)):
        state[name] = np.where(is_first, value, state[name])
    planted = np.where(grows, given["planted_day"], np.nan)
    is_new = is_first | ~((planted == state["planted"]) | (np.isnan(planted) & np.isnan(state["planted"])))
    height = np.where(grows, given["height_initial_m"], 0.0)
    for name, value in (("height_m", height), ("root_m", given["root_initial_m"]), ("degree_days", 0.0)):
        state[name] = np.where(is_new, value, state[name])
    state["planted"] = planted


def _make_up(given: dict[str, np.ndarray], state: np.ndarray, day: np.ndarray) -> np.ndarray:
    """How many days before this one have no row: the crop took of the root zone then what it took of late, as far as it could."""
    missed = np.clip(_or(day - state["day"] - 1.0, 0.0), 0.0, _MOST_MADE_UP)
    taken = missed * _or(state["usual_crop_mm"], 0.0)
    available = crop_water.available_mm(given["field_capacity"], given["wilting_point"], state["root_m"])
    state["root_mm"] = np.where(missed > 0.0, np.minimum(state["root_mm"] + taken, available), state["root_mm"])
    return missed


def _crop(
    given: dict[str, np.ndarray], state: np.ndarray, since: np.ndarray, grows: np.ndarray
) -> tuple[Crop, np.ndarray]:
    """The crop of a day and its basal coefficient; bare soil where nothing grows."""
    progress = np.where(np.isnan(given["base_degc"]), since, state["degree_days"])
    stages = crop_water.Stages(*(given[f"stage_{stage}"] for stage in ("initial", "development", "mid", "late")))
    curve = crop_water.Curve(*(np.where(grows, given[f"kcb_{at}"], bare) for at, bare in _BARE))
    height = tuple(np.where(grows, given[name], 0.0) for name in ("height_initial_m", "height_most_m"))
    root = given["root_initial_m"], np.where(grows, given["root_most_m"], given["root_initial_m"])
    basal = np.where(grows, crop_water.coefficient_at(progress, stages, curve), 0.0)
    return Crop(curve, (height[0], height[1]), root, given["p"]), basal


_BARE = (("initial", 0.0), ("mid", 1.0), ("end", 0.0))
"""A curve whose beginning bare soil stays at."""


def _degree_days(given: dict[str, np.ndarray]) -> np.ndarray:
    """Growing degree days of the day by the mean of its extremes, each at most the upper temperature; 0 where none are counted."""
    most = np.where(np.isnan(given["upper_degc"]), np.inf, given["upper_degc"])
    mean = (np.minimum(given["highest_c"], most) + np.minimum(given["lowest_c"], most)) / 2.0
    return _or(np.maximum(mean - given["base_degc"], 0.0), 0.0)


def _keep(state: np.ndarray, after: Field, is_known: np.ndarray) -> None:
    for name, value in zip(_OF_FIELD, after, strict=True):
        state[name] = np.where(is_known, value, state[name])


def _mean(before: np.ndarray, value: np.ndarray) -> np.ndarray:
    """A mean that fades, which begins at the first value; a value that does not exist leaves it."""
    value = np.where(np.isnan(value), before, value)
    return np.where(np.isnan(before), value, before + _FADES * (value - before))


def _or(values: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    return np.where(np.isnan(values), other, values)


def _fields(
    given: dict[str, np.ndarray],
    state: np.ndarray,
    came: Day,
    today: Given,
    since: np.ndarray,
    is_known: np.ndarray,
    grows: np.ndarray,
) -> dict[str, np.ndarray]:
    """The fields of the row, with the numbers of its texts."""
    daily = np.where(grows, state["usual_crop_mm"], np.nan)
    wants = Wants(state["root_mm"], came.readily_mm, came.available_mm, daily)
    system = System(*(given[name] for name in ("efficiency", "flow_m3_h", "power_kw", "most_mm", "area_ha")))
    advice = irrigation_advice(wants, system)
    of_crop = dict(zip(_ADVISED, (np.where(grows, value, np.nan) for value in advice), strict=True))
    found = {
        "depletion_mm": state["root_mm"],
        "available_mm": came.available_mm,
        "readily_available_mm": came.readily_mm,
        "stress": came.stress,
        "basal_coefficient": today.basal,
        "evaporation_coefficient": came.evaporation_coefficient,
        "crop_et_mm": came.evaporation_mm + came.transpiration_mm,
        "evaporation_mm": came.evaporation_mm,
        "transpiration_mm": came.transpiration_mm,
        "unstressed_et_mm": came.unstressed_mm,
        "rain_mm": today.rain_mm,
        "irrigation_mm": today.irrigation_mm,
        "run_off_mm": came.run_off_mm,
        "percolation_mm": came.percolation_mm,
        "surface_depletion_mm": state["surface_mm"],
        "root_m": state["root_m"],
        "height_m": state["height_m"],
        "cover": came.cover,
        "days_since_planting": np.where(grows, since, np.nan),
        **of_crop,
    }
    advised = np.where(advice.days < 1.0, 2.0, _IN_DAYS + np.floor(np.minimum(advice.days, 365.0)))
    advised = np.where(grows, np.where(np.isnan(given["flow_m3_h"]), 1.0, advised), 0.0)
    holds = [~is_known, grows & np.isnan(given["flow_m3_h"]), grows & np.isnan(given["power_kw"])]
    reason = np.select(holds, list(range(len(holds))), np.nan)
    return {name: np.where(is_known, value, np.nan) for name, value in (found | {"advised": advised}).items()} | {
        "reason": reason
    }


_ADVISED = (
    "days_to_irrigation",
    "advised_net_mm",
    "advised_gross_mm",
    "advised_volume_m3",
    "advised_hours",
    "advised_energy_kwh",
    "waiting_stress",
)


def basis_text(bits: int) -> str:
    """What a day stands on, in words."""
    return "; ".join(["weather of the station", *(text for place, text in enumerate(BASES) if bits >> place & 1)])


def advice_text(number: int) -> str:
    """What the number of an advice means."""
    if number < _IN_DAYS:
        return ("nothing grows", "no irrigation system", "irrigate now")[number]
    days = number - _IN_DAYS
    return f"irrigate in {days} day{'s' * (days != 1)}"


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
        parameters=("asset.field", "asset.station"),
        is_needed=lambda plant: plant.has_fields,
    ),
)
