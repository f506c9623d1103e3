"""A field shown: its last days' water as bars, the weather that they stand on, and what is advised and why."""

from collections.abc import Iterator
from typing import Any

from analysis.overview.asked import Asked
from analysis.overview.field import Days, days_of
from analysis.results import Row
from cli.report import Data, Note, Piece, Quantity, Report, View
from cli.report.depletion import Days as Drawn
from cli.report.depletion import day_of
from cli.report.drawing import picture
from fieldline.moments import Moment

_WEATHER = ("et0_short_mm", "vpd_kpa", "dew_point_degc", "wind_2m_m_s", "solar_radiation_mj_m2", "method")
_ADVISED = (
    *("days_to_irrigation", "advised_net_mm", "advised_gross_mm", "advised_volume_m3"),
    *("advised_hours", "advised_energy_kwh", "advised_cost", "advised_start_hour", "waiting_stress"),
)


def report(asked: Asked) -> Report:
    """The days of a field up to the one that is asked for."""
    return Report(list(_pieces(asked, days_of(asked))))


def _pieces(asked: Asked, found: Days) -> Iterator[Piece]:
    moments = [Moment(int(row["time"]), asked.zone) for row in found.rows]
    newest, weather = found.newest, found.weather.get(int(found.newest["time"]), {})
    for name, value in (("asset", found.asset), ("station", found.station or None), ("day", moments[-1])):
        yield Data(name, value)

    def draw(view: View) -> Any:
        title = f"{found.asset}: water that the root zone lacks, short from | on"
        days = [day_of(view.time(moment)[:10], row) for moment, row in zip(moments, found.rows, strict=True)]
        return Drawn(title, days)

    yield picture("days", [{**row, "time": at} for row, at in zip(found.rows, moments, strict=True)], draw)
    yield Data("weather", {name: weather.get(name) for name in _WEATHER})
    yield from _told_of_weather(weather)
    yield Data("advice", {"advice": newest.get("advice"), **{name: newest.get(name) for name in _ADVISED}})
    yield from _told(newest, asked.plant.price_table(asked.line).currency)


def notes(found: Days, currency: str) -> Iterator[Note]:
    """The newest day in words: its weather, its water, and what is advised."""
    yield from _told_of_weather(found.weather.get(int(found.newest["time"]), {}))
    yield from _told(found.newest, currency)


def _told_of_weather(weather: Row) -> Iterator[Note]:
    if not weather:
        yield Note("weather: its station has no row of this day")
        return
    quantities = (("et0_short_mm", "mm", 1), ("vpd_kpa", "kPa", 2), ("solar_radiation_mj_m2", "MJ/m2", 1))
    told = tuple(Quantity(weather.get(name), unit, digits) for name, unit, digits in quantities)
    yield Note("weather: reference evapotranspiration {}, vapour pressure deficit {}, radiation {}", told)
    if weather.get("method"):
        yield Note(f"  by {weather['method']}")


def _told(row: Row, currency: str) -> Iterator[Note]:
    """What is advised, why, and what it comes to."""
    depths = ("depletion_mm", "readily_available_mm", "available_mm")
    yield Note(
        "water: {} below field capacity; the crop is short of it from {} on, of {} in all",
        tuple(Quantity(row.get(name), "mm", 1) for name in depths),
    )
    if row.get("basis"):
        yield Note(f"  by {row['basis']}")
    yield Note(f"advice: {row.get('advice') or row.get('null_reason') or 'none'}")
    if row.get("advised_volume_m3") is None:
        return
    named = (("advised_gross_mm", "mm", 1), ("advised_volume_m3", "m3", 0), ("advised_hours", "h", 1))
    yield Note("  {} on the field, that is {}, {} of the system", tuple(Quantity(row[n], u, d) for n, u, d in named))
    if row.get("advised_energy_kwh") is not None:
        yield Note("  {} for its pump", (Quantity(row["advised_energy_kwh"], "kWh", 0),))
    if row.get("advised_cost") is not None:
        hour, minute = divmod(round(row["advised_start_hour"] * 60), 60)
        yield Note(
            f"  {{}} at the day's lowest price, from {hour:02}:{minute:02} on",
            (Quantity(row["advised_cost"], currency, 2),),
        )
    yield Note(
        "  after three more days without water the crop takes {} of what it could",
        (Quantity(row.get("waiting_stress"), digits=2),),
    )
