"""`et0`: per weather station and window, what a reference crop evaporates, and how dry the air is.

    et0,asset=farm/north/weather,window=day et0_short_mm=5.12,et0_tall_mm=6.61,vpd_kpa=1.21,dew_point_degc=11.9,wet_bulb_degc=15.2,
        wind_2m_m_s=1.9,solar_radiation_mj_m2=24.1,net_radiation_mj_m2=13.8,humidity_min_ratio=0.39,
        method="Penman-Monteith; radiation measured; humidity measured; wind 2 m/s, none measured",coverage=1,rev=0

A station is an asset with `[asset.station]`, which says where it stands. It sends tags of these names; one that is called otherwise can be
calculated of another (`formula`, docs/own-metrics.md): `air_temperature_c`, `humidity_pct`, `dew_point_c`, `wind_speed_m_s`,
`irradiance_w_m2` and `sunshine_ratio`, the share of the time with sun.

`et0_short_mm` (ET_o) is of clipped grass, `et0_tall_mm` (ET_r) of alfalfa: the standardized Penman-Monteith equation of ASCE-EWRI (2005),
of which the daily one of grass is that of FAO-56. A day is the station's local day, and its figure that of the daily equation, not the sum
of its hours; while it runs it stands on what was measured so far. Where a sensor is missing or can't be right another value takes its
place, as FAO-56 has it, and `method` says which (`processing/formulas/weather.py`); of temperatures alone a day has Hargreaves' estimate.
At night an hour's clouds are those of the last hour in which the sun stood 0.3 rad high.

A service that tells reference evapotranspiration itself sends `reference_et_mm`, that of grass since its message before: between 0 and 20
mm it counts before what the weather gives.

Where a field is null `null_reason` says why: "no air temperature", "no radiation", "no humidity" (of hours), "temperatures alone" (of the
tall crop). Dew makes it negative.
"""

from typing import Any

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.stations import NUMBERS, PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas import evapotranspiration as et
from processing.formulas import humid_air
from processing.formulas.weather import Doubt, Place, Weather, doubts, weather_of
from processing.kernels.jit import record
from processing.kernels.kept import first_of

TAGS = {
    "temperature": "air_temperature_c",
    "dew_point": "dew_point_c",
    "humidity": "humidity_pct",
    "wind": "wind_speed_m_s",
    "irradiance": "irradiance_w_m2",
    "sunshine": "sunshine_ratio",
}
"""What a station's tags are called, by what they measure."""

INPUTS = {
    **{f"{what}_{one}": f"{one}({tag})" for what, tag in TAGS.items() for one in ("mean", "min", "max", "count")},
    "told_mm": "mean(reference_et_mm)",
    "tellings": "count(reference_et_mm)",
    **{name: f"asset.{name}" for name in NUMBERS},
    "start_s": "window.start_s",
    "length_s": "window.length_s",
}

STATE = first_of(record(("clearness", "f8")), clearness=0.7)
"""R_s / R_so of the last hour with a high sun; before there is one, between what is usual in humid and in arid places."""

_HIGH_SUN = np.sin(0.3)
"""From here on R_s / R_so says how cloudy it is (ASCE-EWRI 2005)."""

REASONS = (
    "no air temperature",
    "impossible air temperature",
    "stuck air temperature",
    "no humidity",
    "no radiation",
    "temperatures alone",
    "no wet bulb below 5 % humidity",
)
_RADIATION = ("measured", "of sunshine", "of temperatures", "none at night")
_VAPOUR = ("of the dew point", "measured", "of the lowest temperature")
_WIND = ("measured", "2 m/s")
_DOUBTS = ("", ", none measured", ", what was measured can't be", ", stuck sensor", ", darker than any cloud")
_DIGITS = 8
_HARGREAVES, _TOLD = 1, 2
_MOST_TOLD_MM = 20.0


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Reference evapotranspiration of one window of each of n stations; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    with np.errstate(all="ignore"):
        found = _figures(given, state)
    out[:] = np.stack([found[name] for name in (*(field for field, *_ in FIELDS), "method", "reason")], axis=1)


def _figures(given: dict[str, np.ndarray], state: np.ndarray) -> dict[str, np.ndarray]:
    latitude, *others = (given[name] for name in NUMBERS)
    is_day = given["length_s"] > 20.0 * 3600.0
    place = Place(np.radians(latitude), *others)
    weather = weather_of(given, place, given["start_s"] + given["length_s"] / 2.0, given["length_s"])
    net = et.net_radiation(weather.radiation, _long_wave(weather, is_day, state))
    short, tall = (
        _of_surface(weather, net, is_day, of_day, of_hour)
        for of_day, of_hour in ((et.SHORT_DAY, et.SHORT_HOUR), (et.TALL_DAY, et.TALL_HOUR))
    )
    is_bare = is_day & _is_temperature_alone(weather)
    by_swing = et.hargreaves(weather.highest_c, weather.lowest_c, weather.extraterrestrial)
    told = given["told_mm"] * given["tellings"]
    is_told = (told >= 0.0) & (told <= _MOST_TOLD_MM)
    humidity = weather.vapour_kpa / humid_air.saturation_kpa(weather.mean_c)
    found = {
        "et0_short_mm": np.where(is_told, told, np.where(is_bare, by_swing, short)),
        "et0_tall_mm": np.where(is_bare, np.nan, tall),
        "vpd_kpa": weather.saturated_kpa - weather.vapour_kpa,
        "dew_point_degc": humid_air.dew_point_c(weather.vapour_kpa),
        "wet_bulb_degc": np.where(
            humidity > 0.99, weather.mean_c, humid_air.wet_bulb_c(weather.mean_c, np.minimum(humidity, 0.99))
        ),
        "wind_2m_m_s": weather.wind_m_s,
        "solar_radiation_mj_m2": weather.radiation,
        "net_radiation_mj_m2": net,
        "humidity_min_ratio": _least_humidity(given, weather, is_day),
        "method": np.where(is_told, _TOLD * _DIGITS**6, _coded(weather, is_bare)),
    }
    return found | {"reason": _reasons(weather, is_bare, found)}


def _least_humidity(given: dict[str, np.ndarray], weather: Weather, is_day: np.ndarray) -> np.ndarray:
    """Measured, else by the vapour pressure at the highest temperature."""
    is_measured = doubts(given, "humidity", is_day) == Doubt.NONE
    by_vapour = np.minimum(weather.vapour_kpa / humid_air.saturation_kpa(weather.highest_c), 1.0)
    return np.where(is_measured, np.minimum(given["humidity_min"], 100.0) / 100.0, by_vapour)


def _long_wave(weather: Weather, is_day: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Net long-wave radiation; the state of hours is set to how clear the sky is under a high sun."""
    clear = et.clearness(weather.radiation, weather.clear_sky)
    is_seen = (weather.height_sine >= _HIGH_SUN) & ~np.isnan(clear)
    of_hour = np.where(is_seen, clear, state["clearness"])
    state["clearness"] = np.where(is_day, state["clearness"], of_hour)
    # A day on which the sun does not rise is as cloudy as hours before any sun.
    of_day = np.where(np.isnan(clear), STATE["clearness"][0], clear)
    return np.where(
        is_day,
        et.net_long_wave_of_day(weather.highest_c, weather.lowest_c, weather.vapour_kpa, of_day),
        et.net_long_wave_of_hour(weather.mean_c, weather.vapour_kpa, of_hour),
    )


def _of_surface(
    weather: Weather, net: np.ndarray, is_day: np.ndarray, of_day: et.Surface, of_hour: et.Surface
) -> np.ndarray:
    air = et.Air(weather.mean_c, weather.saturated_kpa - weather.vapour_kpa, weather.wind_m_s, weather.pressure_kpa)
    by_hour = et.penman_monteith(air, net, et.soil_heat_of_hour(net, of_hour), of_hour)
    return np.where(is_day, et.penman_monteith(air, net, 0.0, of_day), by_hour)


def _is_temperature_alone(weather: Weather) -> np.ndarray:
    """bool[n], of which windows nothing but temperature was measured."""
    missing = [rung.doubt == Doubt.MISSING for rung in (weather.radiation_rung, weather.vapour_rung, weather.wind_rung)]
    return np.asarray(
        np.all(missing, axis=0) & (weather.radiation_rung.number == 2) & (weather.vapour_rung.number == 2)
    )


def _coded(weather: Weather, is_bare: np.ndarray) -> np.ndarray:
    """The rungs as one number, NaN where there is no figure: digits that `method_name` spells."""
    rungs = (weather.radiation_rung, weather.vapour_rung, weather.wind_rung)
    code = np.where(is_bare, _HARGREAVES, 0)
    for digit in (one for rung in rungs for one in rung):
        code = code * _DIGITS + digit
    is_known = ~np.isnan(weather.radiation + weather.vapour_kpa + weather.mean_c)
    return np.where(is_known, code, np.nan)


def method_name(code: int) -> str:
    """What a method's number means, in words."""
    digits = [code // _DIGITS**place % _DIGITS for place in range(6, -1, -1)]
    if digits[0]:
        return "told by the station" if digits[0] == _TOLD else "Hargreaves; temperatures alone"
    said: list[Any] = ["Penman-Monteith"]
    ladders = (("radiation", _RADIATION), ("humidity", _VAPOUR), ("wind", _WIND))
    for (what, rungs), number, doubt in zip(ladders, digits[1::2], digits[2::2], strict=True):
        said.append(f"{what} {rungs[number]}{_DOUBTS[doubt]}")
    return "; ".join(said)


def _reasons(weather: Weather, is_bare: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
    """Places in `REASONS`, float64[n]; NaN where no field is null."""
    of_temperature = weather.temperature_doubt
    holds = [
        of_temperature == Doubt.MISSING,
        of_temperature == Doubt.IMPOSSIBLE,
        of_temperature == Doubt.STUCK,
        np.isnan(weather.vapour_kpa),
        np.isnan(weather.radiation),
        is_bare,
        np.isnan(found["wet_bulb_degc"]),
    ]
    return np.select(holds, list(range(len(holds))), np.nan)


_ASCE = "ASCE-EWRI 2005, equation 1; Allen et al., FAO Irrigation and Drainage Paper 56, 1998, equation 6"
_FAO = "FAO Irrigation and Drainage Paper 56, 1998"
_PM = "(0.408 Δ (R_n − G) + γ C_n u₂ (e_s − e_a) / (T + 273)) / (Δ + γ (1 + C_d u₂))"
FIELDS = (
    ("et0_short_mm", "mm", "what clipped grass of 0.12 m evaporates, ET_o; below 0 where dew falls", _PM, _ASCE),
    ("et0_tall_mm", "mm", "what alfalfa of 0.5 m evaporates, ET_r", _PM, _ASCE),
    ("vpd_kpa", "kPa", "vapour pressure deficit", "e_s − e_a", _FAO),
    ("dew_point_degc", "degC", "temperature at which dew falls", "e°(T_dew) = e_a", f"{_FAO}, equation 14"),
    (
        "wet_bulb_degc",
        "degC",
        "temperature of a wet bulb, to some 0.3 °C",
        "fit by T and humidity",
        "R. Stull, J. Applied Meteorology and Climatology 50 (2011) 2267",
    ),
    ("wind_2m_m_s", "m/s", "wind, brought to 2 m", "u 4.87 / ln(67.8 z − 5.42)", f"{_FAO}, equation 47"),
    ("solar_radiation_mj_m2", "MJ/m2", "what the sun sent", "R_s", f"{_FAO}, chapter 3"),
    ("net_radiation_mj_m2", "MJ/m2", "what of it the reference crop keeps", "0.77 R_s − R_nl", f"{_FAO}, equation 40"),
    (
        "humidity_min_ratio",
        "1",
        "lowest relative humidity, measured or estimated",
        "e_a / e°(T_max)",
        f"{_FAO}, eq. 65",
    ),
)

COMPONENT = derived(
    name="et0",
    meaning="What a reference crop evaporates at a weather station, and how dry the air is.",
    inputs=INPUTS,
    fields=FIELDS,
    formula=Carried(STATE, step),
    windows=("1h", "day"),
    needs=("telemetry",),
    terms=Terms(
        texts={
            "method": Spelled("which equation, and what its inputs stand on", "method", method_name),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        only=f"{PREFIX}latitude_deg",
        is_default=True,
        parameters=("asset.station",),
        is_needed=lambda plant: plant.has_stations,
    ),
)
