"""REF-ET's hourly and daily evapotranspiration of an AgriMet station (folders like asce_refet_fallon).

Hourly files end their hours with their times; a reading is put into the middle of its hour. Daily rows are compared with the row of the
same weather by day: the extremes of temperature as two readings, the rest as one.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.fields.line import Line, compared
from benchmarks.fields.place import FALLON, Station
from benchmarks.fields.stream import Series, column, plant_of
from benchmarks.fields.stream import run as run_stream
from benchmarks.fields.tables import Table, days_of, found

_STATION = "farm/weather"


def run(folder: Path, station: Station = FALLON) -> Iterator[Line]:
    """Both surfaces, hourly and daily."""
    for path in found(folder, "hourly_*.csv"):
        yield from _hourly(Table(path), station)
    for path in found(folder, "daily_*.csv"):
        yield from _daily(Table(path), station)


def _hourly(table: Table, station: Station) -> Iterator[Line]:
    day = days_of(*(table.column(name) for name in ("year", "month", "day")))
    hhmm = table.column("hhmm")
    start = day * 86_400.0 + np.floor(hhmm / 100.0) * 3600.0 + station.zone_s - 3600.0
    told = {
        "air_temperature_c": table.column("Tmax_C"),
        "dew_point_c": table.column("dewpoint_C"),
        "wind_speed_m_s": table.column("wind3m_ms"),
        "irradiance_w_m2": table.column("Rs_Wm2"),
    }
    rows = run_stream(
        plant_of(station.plant(_STATION)),
        (Series(_STATION, tag, start + 1800.0, value) for tag, value in told.items()),
        ("1h",),
    )
    where = [f"{row['month']}-{row['day']} {row['hhmm']}" for row in table.rows]
    for field, name in (("et0_short_mm", "ETo_mm_h"), ("et0_tall_mm", "ETr_mm_h")):
        got = column(rows, "et0", _STATION, start, field)
        want = table.column(name)
        yield compared(f"hourly {name}", "mm", got, want, where, near=0.05, goal=np.inf, share=0.99)
        lit = np.where(told["irradiance_w_m2"] > 50.0, want, np.nan)
        yield compared(f"hourly {name}, sun", "mm", got, lit, where, near=0.011, goal=np.inf, share=0.9)


def _daily(table: Table, station: Station) -> Iterator[Line]:
    day = days_of(*(table.column(name) for name in ("year", "month", "day")))
    start = day * 86_400.0 + station.zone_s
    noon = start + 43_200.0
    series = [
        Series(_STATION, "air_temperature_c", start + 18_000.0, table.column("Tmin_C")),
        Series(_STATION, "air_temperature_c", noon + 10_800.0, table.column("Tmax_C")),
        Series(_STATION, "dew_point_c", noon, table.column("dewpoint_C")),
        Series(_STATION, "wind_speed_m_s", noon, table.column("wind3m_ms")),
        Series(_STATION, "irradiance_w_m2", noon, table.column("Rs_MJm2") / 0.0864),
    ]
    rows = run_stream(plant_of(station.plant(_STATION)), series, ("day",))
    where = [f"{row['month']}-{row['day']}" for row in table.rows]
    for field, name, goal in (("et0_short_mm", "ETo_mm_d", 0.02), ("et0_tall_mm", "ETr_mm_d", 0.06)):
        got = column(rows, "et0", _STATION, start, field)
        yield compared(f"daily {name}", "mm", got, table.column(name), where, near=0.011, goal=goal, share=0.9)
