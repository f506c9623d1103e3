"""Seasons of cotton with USDA's pyfao56 (folders like fao56_water_balance_cotton): the field's balance, day by day.

Each `.out` is compared with the field's rows of the same days. The weather and the irrigations go through the engine as readings; so does
the reference evapotranspiration that the file names, as a service would tell it (`reference_et_mm`), since the expected balance stands on
it. What the same weather gives by itself is the second comparison.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.fields.line import Line, compared
from benchmarks.fields.place import MARICOPA
from benchmarks.fields.stream import Series, column, plant_of
from benchmarks.fields.stream import run as run_stream
from benchmarks.fields.tables import days_in_year, found, text_of
from fieldline.errors import SettingsError
from processing.formulas.division import Floats

_STATION, _FIELD = "farm/weather", "farm/field"
_ZONE_S = MARICOPA.zone_s
_PUBLISHED = {
    "basal_coefficient": "Kcb",
    "height_m": "h",
    "cover": "fc",
    "surface_depletion_mm": "De",
    "evaporation_coefficient": "Ke",
    "evaporation_mm": "E",
    "available_mm": "TAW",
    "root_m": "Zr",
    "readily_available_mm": "RAW",
    "stress": "Ks",
    "unstressed_et_mm": "ETc",
    "crop_et_mm": "ETa",
    "transpiration_mm": "T",
    "percolation_mm": "DP",
    "depletion_mm": "Dr",
}
"""What pyfao56 calls the fields of `soil_water`."""


class Columns(NamedTuple):
    """A table of pyfao56: days since 1970, and columns by name, float64[n]."""

    days: Floats
    of: dict[str, Floats]


def run(folder: Path) -> Iterator[Line]:
    """Every season of the folder that has its expected output."""
    for path in found(folder, "*.out"):
        season = path.name.split(".")[0]
        year = season.split("_")[0]
        parameters = _parameters(_one(folder, f"{year}_*.par"))
        weather, expected = columns_of(_one(folder, f"{year}_*.wth")), columns_of(path)
        irrigation = columns_of(_one(folder, f"{season}.irr"))
        yield from _season(season, parameters, weather, irrigation, expected)


def _one(folder: Path, pattern: str) -> Path:
    return found(folder, pattern)[0]


def _parameters(path: Path) -> dict[str, float]:
    return {name: float(value) for value, name in re.findall(r"^\s*(-?[\d.]+) (\w+),", text_of(path), re.M)}


def columns_of(path: Path) -> Columns:
    """A table whose line of names begins with `Year-DOY`. Raises SettingsError where there is none."""
    names: list[str] = []
    rows: list[list[str]] = []
    for line in text_of(path).splitlines():
        words = line.split()
        if words[:1] == ["Year-DOY"]:
            names = words
        elif names and re.fullmatch(r"\d{4}-\d{3}", words[0] if words else ""):
            rows.append(words)
    if not rows:
        raise SettingsError(f"{path}: expected lines under one that begins with Year-DOY")
    year, of_year = (np.array([float(row[0].split("-")[place]) for row in rows]) for place in (0, 1))
    return Columns(
        days_in_year(year, of_year),
        {name: np.array([_number(row[place]) for row in rows]) for place, name in enumerate(names)},
    )


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def _season(
    name: str, parameters: dict[str, float], weather: Columns, irrigation: Columns, expected: Columns
) -> Iterator[Line]:
    plant, first, last = plant_of(_plant(parameters, expected.days[0])), expected.days[0], expected.days[-1]
    of_weather, given = _weather(weather, first, last), _irrigation(irrigation, first, last)
    rows = run_stream(plant, [*of_weather, *given], ("day",))
    by_weather = run_stream(plant, [*(one for one in of_weather if one.tag != "reference_et_mm"), *given], ("day",))
    start = expected.days * 86_400.0 + _ZONE_S
    where = [str(date(1970, 1, 1) + timedelta(days=day)) for day in expected.days]
    for field, published in _PUBLISHED.items():
        got, want = column(rows, "soil_water", _FIELD, start, field), expected.of[published]
        yield compared(f"{name} {published}", _unit(field), got, want, where, near=0.0006, goal=0.002, share=0.99)
    for field, published in (("crop_et_mm", "ETa"), ("evaporation_mm", "E"), ("percolation_mm", "DP")):
        want = np.array([expected.of[published].sum()])
        for told, found_rows, goal in (("", rows, 0.1), (", ET0 of the weather", by_weather, 5.0)):
            got = np.array([np.nansum(column(found_rows, "soil_water", _FIELD, start, field))])
            yield compared(f"{name} season's {published}{told}", "mm", got, want, [name], near=goal, goal=goal)


def _unit(field: str) -> str:
    return "mm" if field.endswith("_mm") else "m" if field.endswith("_m") else ""


def _weather(weather: Columns, first: float, last: float) -> list[Series]:
    """As readings: extremes of temperature at five and fifteen hours, the rest at noon; rain as the amount of the day."""
    mine = (weather.days >= first) & (weather.days <= last)
    of = {name: values[mine] for name, values in weather.of.items()}
    start = weather.days[mine] * 86_400.0 + _ZONE_S
    noon = start + 43_200.0
    told = {
        "dew_point_c": of["Tdew"],
        "wind_speed_m_s": of["Wndsp"],
        "irradiance_w_m2": of["Srad"] / 0.0864,
        "rain_interval_mm": of["Rain"],
        "reference_et_mm": of["ETref"],
    }
    extremes = [
        Series(_STATION, tag, start + after_s, of[name])
        for tag, names in (("air_temperature_c", ("Tmin", "Tmax")), ("humidity_pct", ("RHmax", "RHmin")))
        for after_s, name in zip((18_000.0, 54_000.0), names, strict=True)
    ]
    return [*extremes, *(Series(_STATION, tag, noon, values) for tag, values in told.items())]


def _irrigation(irrigation: Columns, first: float, last: float) -> list[Series]:
    """Depths as they are told; the field's own tag makes it known from its first day on."""
    days = np.arange(first, last + 1.0)
    depth, wetted = np.zeros(len(days)), np.full(len(days), np.nan)
    told = (irrigation.days, *(irrigation.of[name] for name in ("Depth", "IrrEff", "fw")))
    for day, mm, share, wets in zip(*told, strict=True):
        if first <= day <= last:
            depth[int(day - first)] += mm * share / 100.0
            wetted[int(day - first)] = wets
    time_s = days * 86_400.0 + _ZONE_S + 21_600.0
    return [Series(_FIELD, "irrigation_mm", time_s, depth), Series(_FIELD, "wetted_ratio", time_s, wetted)]


def _plant(of: dict[str, float], first: float) -> str:
    planted = date(1970, 1, 1) + timedelta(days=first)
    return f"""
{MARICOPA.plant(_STATION)}
[[crop]]
name = "cotton"
kcb = [{of["Kcbini"]}, {of["Kcbmid"]}, {of["Kcbend"]}]
stage_days = [{of["Lini"]}, {of["Ldev"]}, {of["Lmid"]}, {of["Lend"]}]
height_m = [{of["hini"]}, {of["hmax"]}]
root_m = [{of["Zrini"]}, {of["Zrmax"]}]
p = {of["pbase"]}
[[soil]]
name = "field"
field_capacity = {of["thetaFC"]}
wilting_point = {of["thetaWP"]}
surface_m = {of["Ze"]}
readily_mm = {of["REW"]}
[[irrigation_system]]
name = "sprinkler"
kind = "sprinkler"
efficiency = 1.0
flow_m3_h = 100.0
[[asset]]
path = "{_FIELD}"
ties = {{ station = "{_STATION}" }}
[asset.field]
crop = "cotton"
planted = {planted}
soil = "field"
system = "sprinkler"
area_ha = 1.0
initial_water = {of["theta0"]}
"""
