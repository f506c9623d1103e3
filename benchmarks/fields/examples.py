"""Worked examples of FAO Irrigation and Drainage Paper 56 (folders like fao56_examples), by the formulas, beside the printed figures."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.fields.line import Line, compared
from benchmarks.fields.tables import Table, found
from processing.formulas import evapotranspiration as et
from processing.formulas import humid_air, sun

Given = dict[str, float]

_NUMBER = re.compile(r"(\w+)\s*=\s*(-?\d+(?:\.\d+)?)\s*([NS]\b)?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"(?:(\d{{1,2}})\s+)?({'|'.join(_MONTHS)})[a-z]*")


def run(folder: Path) -> Iterator[Line]:
    """A line for each example; quantities that no formula here has are named and not met."""
    for path in found(folder, "*.csv"):
        for row in Table(path).rows:
            name, formula = f"{row['example']} {row['quantity']}", FORMULAS.get(row["quantity"])
            got = np.nan if formula is None else float(formula(_given(row["inputs"])))
            # Tolerances are those of a printed figure, whose own inputs are rounded too.
            goal = float(row["tolerance"])
            yield compared(
                name, row["unit"], np.array([got]), np.array([float(row["expected"])]), [row["inputs"]], near=goal, goal=goal
            )  # fmt: skip


def _given(text: str) -> Given:
    """The numbers of an example by their names, and `J` by its date, a month's being its fifteenth."""
    found = {name: float(value) * (-1.0 if side == "S" else 1.0) for name, value, side in _NUMBER.findall(text)}
    if "J" not in found and (told := _DATE.search(text)):
        day, month = int(told[1] or 15), 1 + _MONTHS.index(told[2])
        found["J"] = float((date(2015, month, day) - date(2014, 12, 31)).days)
    return found


def _latitude(given: Given) -> float:
    return float(np.radians(given["lat"]))


def _day(given: Given) -> float:
    """Reference evapotranspiration of a day, or of a mean day of a month whose soil warms."""
    latitude, highest, lowest = _latitude(given), given["Tmax"], given["Tmin"]
    outside, daylight = sun.extraterrestrial_of_day(latitude, given["J"]), sun.daylight_h(latitude, given["J"])
    radiation = given["Rs"] if "Rs" in given else et.radiation_of_sunshine(given["n"], daylight, outside)
    if "ea" in given:
        vapour = given["ea"]
    else:
        vapour = humid_air.vapour_of_extremes_kpa(highest, lowest, given["RHmax"] / 100.0, given["RHmin"] / 100.0)
    clear = et.clearness(radiation, et.clear_sky(outside, given["z"]))
    net = et.net_radiation(radiation, et.net_long_wave_of_day(highest, lowest, vapour, clear))
    mean = np.float64(given.get("Tmean", (highest + lowest) / 2.0))
    wind = given["u2"] if "u2" in given else et.wind_at_2m(given["u10"], 10.0)
    # As the example has it, a month's flux is told by the month before alone (equation 44).
    ground = 0.14 * (mean - given["Tmean_prev_month"]) if "Tmean_prev_month" in given else 0.0
    deficit = humid_air.mean_saturation_kpa(highest, lowest) - vapour
    air = et.Air(mean, deficit, np.float64(wind), humid_air.pressure_kpa(given["z"]))
    return float(et.penman_monteith(air, net, ground, et.SHORT_DAY))


def _net_long_wave(given: Given) -> float:
    clear = et.clearness(given["Rs"], given["Rso"])
    return float(et.net_long_wave_of_day(given["Tmax"], given["Tmin"], given["ea"], clear))


def _psychrometer(given: Given) -> float:
    pressure = given["P"] if "P" in given else humid_air.pressure_kpa(given["z"])
    return float(humid_air.vapour_of_psychrometer_kpa(given["Twet"], given["Tdry"], pressure, given["a"]))


def _humid(given: Given) -> float:
    shares = (given["RHmax"] / 100.0, given["RHmin"] / 100.0)
    return float(humid_air.vapour_of_extremes_kpa(given["Tmax"], given["Tmin"], *shares))


def _hargreaves(given: Given) -> float:
    outside = given["Ra"] if "Ra" in given else sun.extraterrestrial_of_day(_latitude(given), given["J"])
    return float(et.hargreaves(given["Tmax"], given["Tmin"], outside))


FORMULAS: dict[str, Callable[[Given], float]] = {
    "atmospheric_pressure": lambda given: float(humid_air.pressure_kpa(given["z"])),
    "psychrometric_constant": lambda given: float(humid_air.psychrometric_kpa_k(given["P"])),
    "mean_saturation_vapour_pressure": lambda given: float(humid_air.mean_saturation_kpa(given["Tmax"], given["Tmin"])),
    "actual_vapour_pressure_psychrometer": _psychrometer,
    "actual_vapour_pressure_RH": _humid,
    "inverse_relative_distance": lambda given: float(sun.inverse_distance(given["J"])),
    "solar_declination": lambda given: float(sun.declination_rad(given["J"])),
    "sunset_hour_angle": lambda given: float(sun.sunset_rad(_latitude(given), given["J"])),
    "extraterrestrial_radiation": lambda given: float(sun.extraterrestrial_of_day(_latitude(given), given["J"])),
    "daylight_hours": lambda given: float(sun.daylight_h(_latitude(given), given["J"])),
    "solar_radiation_from_sunshine": lambda given: float(et.radiation_of_sunshine(given["n"], given["N"], given["Ra"])),
    "net_longwave": _net_long_wave,
    "soil_heat_flux_month": lambda given: float(et.soil_heat_of_month(given["Tprev"], given["Tnext"])),
    "solar_radiation_from_temperature": lambda given: float(
        et.radiation_of_temperature(given["Tmax"], given["Tmin"], given["Ra"], given["kRs"])
    ),
    "wind_2m_from_10m": lambda given: float(et.wind_at_2m(given["u10"], 10.0)),
    "ETo_month": _day,
    "ETo_day": _day,
    "ETo_hargreaves": _hargreaves,
}
"""By the name of a quantity."""
