"""REF-ET's daily evapotranspiration of AZMET's station at Maricopa (folders like azmet_maricopa_daily)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.fields.line import Line, compared
from benchmarks.fields.place import MARICOPA, Station
from benchmarks.fields.stream import Series, column, plant_of
from benchmarks.fields.stream import run as run_stream
from benchmarks.fields.tables import Table, days_in_year, found

STATION = "farm/weather"


def run(folder: Path, station: Station = MARICOPA) -> Iterator[Line]:
    """Each file's days."""
    for path in found(folder, "*.csv"):
        table = Table(path)
        day = days_in_year(table.column("Year"), table.column("DOY"))
        start = day * 86_400.0 + station.zone_s
        names = {"low": "Tmin", "high": "Tmax", "dew": "Tdew", "wind": "Wndsp", "sun": "Srad"}
        rows = run_stream(
            plant_of(station.plant(STATION)),
            weather(start, {key: table.column(name) for key, name in names.items()}),
            ("day",),
        )
        got = column(rows, "et0", STATION, start, "et0_short_mm")
        where = [f"{row['Year']}-{row['DOY']}" for row in table.rows]
        yield compared(
            f"{path.name} ETref", "mm", got, table.column("ETref"), where, near=0.0061, goal=0.01, share=0.99
        )


def weather(start_s: np.ndarray, told: dict[str, np.ndarray]) -> list[Series]:
    """Days of weather as readings: both extremes of temperature, at five and at fifteen hours, and the rest at noon."""
    noon = start_s + 43_200.0
    return [
        Series(STATION, "air_temperature_c", start_s + 18_000.0, told["low"]),
        Series(STATION, "air_temperature_c", noon + 10_800.0, told["high"]),
        Series(STATION, "dew_point_c", noon, told["dew"]),
        Series(STATION, "wind_speed_m_s", noon, told["wind"]),
        Series(STATION, "irradiance_w_m2", noon, told["sun"] / 0.0864),
    ]
