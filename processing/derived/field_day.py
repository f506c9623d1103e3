"""A day of fields, out of what the stream has of it and of the state in which the day before left them: what `soil_water` remembers.

`given` are the columns of `soil_water`'s inputs by their names, float64[n]; the state is changed, and comes to be that after the day.
"""

import numpy as np

from processing.formulas import crop_water
from processing.formulas.advice import System, Wants, irrigation_advice
from processing.formulas.soil_water import Crop, Day, Field, Given, Soil, day_of
from processing.kernels.jit import record
from processing.kernels.kept import first_of

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
_DRIEST, _WETTEST, _STUCK_FROM = 0.01, 0.6, 24  # water contents that no soil goes beyond; samples of a day
_USUAL_WIND_M_S, _USUAL_HUMIDITY = 2.0, 0.45  # those of which FAO-56 has its tables

IN_DAYS = 3
"""From this number on advice is to irrigate in so many days less it."""


def field_day(given: dict[str, np.ndarray], state: np.ndarray) -> dict[str, np.ndarray]:
    """The fields of the rows, and the numbers `advised`, `basis` and `reason` that texts are made of."""
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
    correction, is_odd = _correction(given, after, came.available_mm)
    after = after._replace(root_depletion_mm=after.root_depletion_mm + np.nan_to_num(correction))
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
        ~np.isnan(correction),
        is_odd,
    ]
    basis = np.sum([bit * (1 << place) for place, bit in enumerate(said)], axis=0)
    found["correction_mm"] = np.where(is_known, np.nan_to_num(correction), np.nan)
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


def _correction(given: dict[str, np.ndarray], after: Field, available: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much a probe moves the depletion [mm], NaN where it does not; and whether there is one that can't be right, bool[n]."""
    mean, least, most = (given[f"probe_{one}"] / 100.0 for one in ("mean", "min", "max"))
    is_stuck = (least == most) & (given["probe_count"] >= _STUCK_FROM)
    is_odd = (least < _DRIEST) | (most > _WETTEST) | is_stuck
    told = np.minimum(crop_water.depletion_mm(given["field_capacity"], mean, after.root_m), available)
    correction = given["probe_weight"] * (told - after.root_depletion_mm)
    return np.where(is_odd, np.nan, correction), is_odd


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
        "advised_cost": of_crop["advised_energy_kwh"] * given["price_per_kwh"],
        "advised_start_hour": np.where(grows, given["price_hour"], np.nan),
    }
    advised = np.where(advice.days < 1.0, 2.0, IN_DAYS + np.floor(np.minimum(advice.days, 365.0)))
    advised = np.where(grows, np.where(np.isnan(given["flow_m3_h"]), 1.0, advised), 0.0)
    lacks = [grows & np.isnan(given[name]) for name in ("flow_m3_h", "power_kw", "price_per_kwh")]
    holds = [~is_known, *lacks]
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
