"""The water of a field, worked out once more: day by day from the first row on, by Python's own arithmetic.

Nothing here is shared with `processing/formulas`; equations are those of FAO Irrigation and Drainage Paper 56, chapters 7 and 8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, inf, isnan, nan
from typing import NamedTuple

from analysis.recount.given_water import Days, irrigation, newest_irrigation, newest_rain, rain
from analysis.recount.history import History
from analysis.recount.station import TAGS, et0
from analysis.spans import Span
from fieldline.expressions import Label
from fieldline.window_labels import cheapest

_DAY_S = 86_400
_ET0_TAGS = (*TAGS, "reference_et_mm")


_FIELDS = (
    *("depletion_mm", "available_mm", "readily_available_mm", "stress", "basal_coefficient", "evaporation_coefficient"),
    *("crop_et_mm", "evaporation_mm", "transpiration_mm", "unstressed_et_mm", "rain_mm", "irrigation_mm", "run_off_mm"),
    *("correction_mm", "percolation_mm", "surface_depletion_mm", "root_m", "height_m", "cover", "days_since_planting"),
)
_ADVISED = (
    *("days_to_irrigation", "advised_net_mm", "advised_gross_mm", "advised_volume_m3", "advised_hours"),
    *("advised_energy_kwh", "advised_cost", "advised_start_hour", "waiting_stress"),
)


@dataclass
class Field:
    """A field after a day."""

    day: float = nan
    planted: float = nan
    root_mm: float = 0.0
    surface_mm: float = 0.0
    wetted: float = 1.0
    height_m: float = 0.0
    root_m: float = 0.0
    degree_days: float = 0.0
    usual_et0: float = nan
    usual_crop: float = nan


class Told(NamedTuple):
    """What is told of a day; NaN: nothing."""

    et0: float
    wind: float
    humidity: float
    warmest: float
    coldest: float
    rain: float
    irrigation: float
    wetted: float
    probe: list[float]


def soil_water(days: Days, asset: str) -> dict[str, float]:
    """The fields of `soil_water` of the newest day, but for coverage."""
    plant = days.history.plant
    of = {name.removeprefix("field_"): value for name, value in plant.field_numbers(asset).items()}
    station, field, found = plant.tie(asset, "station"), Field(), dict[str, float]()
    at = plant.asset_info(station).station if station else None
    if at is None or not of:
        return {}
    rained, given = rain(days, station), irrigation(days, asset)
    for span in days.spans:
        told = _told(days, span, (asset, station), rained, given)
        if told is not None:
            day = floor((span.start / 1e9 + 43_200 + at.longitude_deg * 240) / _DAY_S)
            prices = [_price(days.history, one, span.end) for one in ("cheapest_per_kwh", "cheapest_hour")]
            found = _day(field, of, float(day), told) | {"price": prices[0], "hour": prices[1]}
    return _advised(found, field, of) if found else {}


def _price(history: History, name: str, end: int) -> float:
    plant = history.plant
    return cheapest(plant.price_table(history.line), plant.time_zone(history.line), Label(name), end)


def _told(
    days: Days, span: Span, whose: tuple[str, str], rained: dict[int, float], given: dict[int, dict[str, float]]
) -> Told | None:
    asset, station = whose
    probe = days.history.plant.tie(asset, "probe")
    moisture = days.samples(probe, "moisture_pct", span) if probe else []
    has_weather = any(days.samples(station, tag, span) for tag in _ET0_TAGS)
    wets = days.samples(asset, "wetted_ratio", span)
    if not (has_weather or span.start in rained or span.start in given or moisture or wets):
        return None
    weather = et0(days.history, station, span.start, span.end) if has_weather else {}
    warmth = days.samples(station, "air_temperature_c", span)
    return Told(
        weather.get("et0_short_mm", nan),
        weather.get("wind_2m_m_s", nan),
        weather.get("humidity_min_ratio", nan),
        max(warmth, default=nan),
        min(warmth, default=nan),
        rained.get(span.start, nan),
        given.get(span.start, {}).get("net_mm", nan),
        wets[-1] if wets else nan,
        moisture,
    )


def _or(value: float, other: float) -> float:
    return other if isnan(value) else value


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _begin(field: Field, of: dict[str, float], day: float, grows: bool) -> None:
    is_first = isnan(field.day)
    if is_first:
        water = _or(of["initial_water"], of["field_capacity"])
        field.root_mm = max(1000 * (of["field_capacity"] - water) * of["root_initial_m"], 0.0)
        field.surface_mm, field.wetted = _evaporable(of), 1.0
    planted = of["planted_day"] if grows else nan
    if is_first or not (planted == field.planted or (isnan(planted) and isnan(field.planted))):
        field.height_m, field.root_m = of["height_initial_m"] if grows else 0.0, of["root_initial_m"]
        field.degree_days = 0.0
    field.planted = planted


def _evaporable(of: dict[str, float]) -> float:
    return 1000 * (of["field_capacity"] - 0.5 * of["wilting_point"]) * of["surface_m"]


def _holds(of: dict[str, float], root_m: float) -> float:
    return 1000 * (of["field_capacity"] - of["wilting_point"]) * root_m


def _basal(of: dict[str, float], progress: float) -> float:
    stages = [of[f"stage_{stage}"] for stage in ("initial", "development", "mid", "late")]
    ends = [sum(stages[: k + 1]) for k in range(4)]
    first, mid, last = of["kcb_initial"], of["kcb_mid"], of["kcb_end"]
    if progress <= ends[2]:
        share = (progress - ends[0]) / stages[1] if stages[1] else float(progress >= ends[1])
        return first + (mid - first) * _within(share, 0.0, 1.0)
    share = (progress - ends[2]) / stages[3] if stages[3] else float(progress > ends[3])
    return mid + (last - mid) * _within(share, 0.0, 1.0)


def _day(field: Field, of: dict[str, float], day: float, told: Told) -> dict[str, float]:
    grows = of["planted_day"] <= day < of["harvested_day"]
    _begin(field, of, day, grows)
    et0_mm = _or(told.et0, field.usual_et0)
    missed = _within(_or(day - field.day - 1, 0.0), 0.0, 30.0)
    if missed > 0:
        taken = missed * _or(field.usual_crop, 0.0)
        field.root_mm = min(field.root_mm + taken, _holds(of, field.root_m))
    if isnan(et0_mm):
        return {}
    et0_mm, rained, watered = max(et0_mm, 0.0), _or(told.rain, 0.0), _or(told.irrigation, 0.0)
    since = day - of["planted_day"]
    basal = _basal(of, since if isnan(of["base_degc"]) else field.degree_days) if grows else 0.0
    first, mid = (of["kcb_initial"], of["kcb_mid"]) if grows else (0.0, 1.0)
    grown = (basal - first) / (mid - first) if mid != first else 1.0
    heights = (of["height_initial_m"], of["height_most_m"]) if grows else (0.0, 0.0)
    roots = of["root_initial_m"], of["root_most_m"] if grows else of["root_initial_m"]
    field.height_m = max(heights[0] + (heights[1] - heights[0]) * grown, field.height_m)
    field.root_m = max(roots[0] + (roots[1] - roots[0]) * grown, field.root_m)
    climate = 0.04 * (_within(_or(told.wind, 2.0), 1, 6) - 2) - 0.004 * (
        100 * _within(_or(told.humidity, 0.45), 0.2, 0.8) - 45
    )
    most = max(1.2 + climate * (max(field.height_m, 0.001) / 3) ** 0.3, basal + 0.05)
    covered = _within(max((basal - first) / (most - first), 0.0) ** (1 + 0.5 * field.height_m), 0.0, 0.99)
    if watered > 0:
        field.wetted = _or(told.wetted, of["wetted"])
    elif rained >= 3:
        field.wetted = 1.0
    run_off = _run_off(rained, of["curve_number"])
    exposed = max(min(1 - covered, field.wetted), 0.01)
    total = _evaporable(of)
    freely = _within((total - field.surface_mm) / (total - of["readily_mm"]), 0.0, 1.0)
    coefficient = min(freely * (most - basal), exposed * most)
    into = rained - run_off + watered / field.wetted
    drained = max(into - field.surface_mm, 0.0)
    field.surface_mm = _within(field.surface_mm - into + coefficient * et0_mm / exposed + drained, 0.0, total)
    holds = _holds(of, field.root_m)
    unstressed = (basal + coefficient) * et0_mm
    readily = _within(of["p"] + 0.04 * (5 - unstressed), 0.1, 0.8) * holds
    stress = _within((holds - field.root_mm) / (holds - readily), 0.0, 1.0)
    evaporation, transpiration = coefficient * et0_mm, stress * basal * et0_mm
    after = field.root_mm - (rained - run_off + watered) + evaporation + transpiration
    field.root_mm = _within(after, 0.0, holds)
    correction = _correction(field, of, told.probe, holds)
    field.root_mm += correction
    field.day = day
    field.usual_et0 = _mean(field.usual_et0, told.et0)
    field.usual_crop = _mean(field.usual_crop, unstressed)
    if grows and not isnan(of["base_degc"]) and not isnan(told.warmest):
        upper = _or(of["upper_degc"], inf)
        field.degree_days += max((min(told.warmest, upper) + min(told.coldest, upper)) / 2 - of["base_degc"], 0.0)
    return {
        "depletion_mm": field.root_mm,
        "available_mm": holds,
        "readily_available_mm": readily,
        "stress": stress,
        "basal_coefficient": basal,
        "evaporation_coefficient": coefficient,
        "crop_et_mm": evaporation + transpiration,
        "evaporation_mm": evaporation,
        "transpiration_mm": transpiration,
        "unstressed_et_mm": unstressed,
        "rain_mm": rained,
        "irrigation_mm": watered,
        "run_off_mm": run_off,
        "correction_mm": correction,
        "percolation_mm": max(-after, 0.0),
        "surface_depletion_mm": field.surface_mm,
        "root_m": field.root_m,
        "height_m": field.height_m,
        "cover": covered,
        "days_since_planting": since if grows else nan,
    }


def _run_off(rained: float, curve_number: float) -> float:
    if isnan(curve_number):
        return 0.0
    storage = 25_400 / curve_number - 254
    beyond = rained - 0.2 * storage
    return beyond**2 / (rained + 0.8 * storage) if beyond > 0 else 0.0


def _correction(field: Field, of: dict[str, float], told: list[float], holds: float) -> float:
    if not told or min(told) < 1 or max(told) > 60 or (len(told) >= 24 and min(told) == max(told)):
        return 0.0
    lacks = max(1000 * (of["field_capacity"] - sum(told) / len(told) / 100) * field.root_m, 0.0)
    return of["probe_weight"] * (min(lacks, holds) - field.root_mm)


def _mean(before: float, value: float) -> float:
    if isnan(value) or isnan(before):
        return _or(value, before)
    return before + 0.25 * (value - before)


def _advised(found: dict[str, float], field: Field, of: dict[str, float]) -> dict[str, float]:
    """The fields, with what is advised of the newest day."""
    price, hour = found.pop("price"), found.pop("hour")
    if "depletion_mm" not in found:  # nothing is known of the first days' evapotranspiration yet
        return dict.fromkeys((*_FIELDS, *_ADVISED), nan)
    if isnan(found["days_since_planting"]):
        return found | dict.fromkeys(_ADVISED, nan)
    lacks, readily, holds = (found[name] for name in ("depletion_mm", "readily_available_mm", "available_mm"))
    daily = field.usual_crop
    net = min(max(lacks, readily), _or(of["most_mm"] * of["efficiency"], inf))
    gross = net / of["efficiency"]
    volume = 10 * gross * of["area_ha"]
    hours = volume / of["flow_m3_h"]
    energy = hours * of["power_kw"]
    days = 0.0 if lacks >= readily else (readily - lacks) / daily if daily else nan
    waiting = _within((holds - lacks - 3 * daily) / (holds - readily), 0.0, 1.0)
    return found | dict(
        zip(_ADVISED, (days, net, gross, volume, hours, energy, energy * price, hour, waiting), strict=True)
    )


Worked = Callable[[Days, str], dict[str, float]]
"""The fields of the newest window of some."""


KINDS: dict[str, Worked] = {"rain": newest_rain, "irrigation": newest_irrigation, "soil_water": soil_water}
"""How kinds that remember from day to day are worked out."""
