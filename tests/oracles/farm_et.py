"""`farm_et.json` through the formulas of humid air, the sun and evapotranspiration."""

from collections.abc import Callable
from math import radians
from typing import Any

from processing.formulas import evapotranspiration as et
from processing.formulas import humid_air, sun


def _vapour(given: dict[str, Any]) -> Any:
    if "ea_kpa" in given:
        return given["ea_kpa"]
    humidities = (given["rhmax"] / 100.0, given["rhmin"] / 100.0)
    return humid_air.vapour_of_extremes_kpa(given["tmax"], given["tmin"], *humidities)


def _wind(given: dict[str, Any]) -> Any:
    return given["u2"] if "u2" in given else et.wind_at_2m(given["wind_kmh_10m"] / 3.6, 10.0)


def _daily(given: dict[str, Any], surface: et.Surface = et.SHORT_DAY) -> dict[str, Any]:
    latitude, highest, lowest = radians(given["lat_deg"]), given["tmax"], given["tmin"]
    extraterrestrial, daylight = (
        sun.extraterrestrial_of_day(latitude, given["doy"]),
        sun.daylight_h(latitude, given["doy"]),
    )
    measured = given.get("rs_mj")
    radiation = (
        et.radiation_of_sunshine(given["sunshine_h"], daylight, extraterrestrial) if measured is None else measured
    )
    clear = et.clear_sky(extraterrestrial, given["elev_m"])
    mean, vapour = given.get("tmean", (highest + lowest) / 2.0), _vapour(given)
    saturated, pressure = humid_air.mean_saturation_kpa(highest, lowest), humid_air.pressure_kpa(given["elev_m"])
    long_wave = et.net_long_wave_of_day(highest, lowest, vapour, et.clearness(radiation, clear))
    net = et.net_radiation(radiation, long_wave)
    air = et.Air(mean, saturated - vapour, _wind(given), pressure)
    return {
        "eto_mm": et.penman_monteith(air, net, given.get("g_mj", 0.0), surface),
        "pressure_kpa": pressure,
        "gamma": humid_air.psychrometric_kpa_k(pressure),
        "delta": humid_air.saturation_slope_kpa_k(mean),
        "es_kpa": saturated,
        "ea_kpa": vapour,
        "vpd_kpa": saturated - vapour,
        "ra_mj": extraterrestrial,
        "daylight_h": daylight,
        "rs_mj": radiation,
        "rso_mj": clear,
        "rn_mj": net,
        "rnl_mj": long_wave,
        "u2": air.wind_m_s,
    }


def _asce_daily(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "eto_short_mm": _daily(given)["eto_mm"],
        "etr_tall_mm": _daily(given, et.TALL_DAY)["eto_mm"],
    }


def _hourly(given: dict[str, Any]) -> dict[str, Any]:
    # The sun's mean time at the place, of a zone's clock: its meridian and the place's are told in degrees west, and an hour
    # of 15 degrees is 0.06667 to each in the paper's equation 31.
    hour = given["t_mid_h"] + 0.06667 * (given["tz_west"] - given["lon_west"])
    latitude, moment = radians(given["lat_deg"]), sun.Moment(float(given["doy"]), hour)
    extraterrestrial = sun.extraterrestrial_of_span(latitude, moment)
    clear = et.clear_sky(extraterrestrial, given["elev_m"])
    vapour = humid_air.vapour_kpa(given["t"], given["rh"] / 100.0)
    shares = (
        et.clearness(given["rs_rso_ratio"], 1.0) if "rs_rso_ratio" in given else et.clearness(given["rs_mj"], clear)
    )
    long_wave = et.net_long_wave_of_hour(given["t"], vapour, shares)
    net = et.net_radiation(given["rs_mj"], long_wave)
    ground, deficit = et.soil_heat_of_hour(net, et.FAO_HOUR), humid_air.saturation_kpa(given["t"]) - vapour
    air = et.Air(float(given["t"]), deficit, given["u2"], humid_air.pressure_kpa(given["elev_m"]))
    return {
        "eto_mm": et.penman_monteith(air, net, ground, et.FAO_HOUR),
        "ra_mj": extraterrestrial,
        "rso_mj": clear,
        "rn_mj": net,
        "rnl_mj": long_wave,
        "g_mj": ground,
        "vpd_kpa": deficit,
    }


def _humidity(given: dict[str, Any]) -> dict[str, Any]:
    t, humidity = given["t"], given["rh"] / 100.0
    vapour, saturated = humid_air.vapour_kpa(t, humidity), humid_air.saturation_kpa(t)
    return {
        "es_kpa": saturated,
        "ea_kpa": vapour,
        "vpd_kpa": saturated - vapour,
        "tdew_c": humid_air.dew_point_c(vapour),
        "abs_humidity_g_m3": humid_air.absolute_humidity_g_m3(t, vapour),
        "twet_stull_c": humid_air.wet_bulb_c(t, humidity),
    }


def _value(function: Callable[..., Any], *names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda given: {"value": function(*(given[name] for name in names))}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "eto_daily": _daily,
    "asce_standardized_daily": _asce_daily,
    "eto_hourly": _hourly,
    "vpd_dewpoint": _humidity,
    "hargreaves": lambda given: {"eto_mm": et.hargreaves(given["tmax"], given["tmin"], given["ra_mj"])},
    "pressure": _value(humid_air.pressure_kpa, "elev_m"),
    "psychrometric_constant": _value(humid_air.psychrometric_kpa_k, "pressure_kpa"),
    "mean_svp": _value(humid_air.mean_saturation_kpa, "tmax", "tmin"),
    "svp_slope": _value(humid_air.saturation_slope_kpa_k, "t"),
    "ea_from_rh": lambda given: {"value": _vapour(given)},
    "ea_from_wet_dry": _value(humid_air.vapour_of_psychrometer_kpa, "t_wet", "t_dry", "pressure_kpa", "a_psy"),
    "extraterrestrial": lambda given: {"value": sun.extraterrestrial_of_day(radians(given["lat_deg"]), given["doy"])},
    "daylight_hours": lambda given: {"value": sun.daylight_h(radians(given["lat_deg"]), given["doy"])},
    "rs_from_sunshine": _value(et.radiation_of_sunshine, "n", "N", "ra_mj"),
    "wind_2m": _value(et.wind_at_2m, "u", "z_m"),
}
"""Name of a function in the case file → inputs → outputs."""
