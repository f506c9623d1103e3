"""A station and a block of plants for tests, and their weather by the hour."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.place import operators_for
from tests.processing.engine_rig import SECOND, EngineRig, Row

HOUR = 3600 * SECOND
DAY = 24 * HOUR
BEGIN = 19_844 * DAY
"""1 May 2024, 00:00 UTC."""

STATION, BLOCK = "farm/north/weather", "farm/north/block"
_PLANT = """\
line_depth = 2
time_zone = "{zone}"
[[asset]]
path = "farm/north/weather"
station = {{ latitude_deg = 48.0, longitude_deg = 11.0, altitude_m = 500 }}
[[asset]]
path = "farm/north/block"
ties = {{ station = "farm/north/weather" }}
{tables}
"""


def plant_of(tables: str, zone: str = "UTC") -> Plant:
    """tables : what else the plant file says of the block, and further assets."""
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(_PLANT.format(tables=tables, zone=zone)), "$", wrong)
    assert not wrong, wrong
    return Plant(file)


NEEDS = ("et0", "leaf_wetness", "rain", "telemetry")


def rig_of(
    tables: str, *names: str, needs: Sequence[str] = NEEDS, zone: str = "UTC", log: SqliteLog | None = None
) -> EngineRig:
    """An engine with these operators. Of the block itself nothing is ever heard but events: its weather is the station's."""
    plant = plant_of(tables, zone)
    return EngineRig(plant, operators=operators_for([*names, *needs], plant), windows=("1h", "day"), log=log)


def hourly(columns: Mapping[str, Iterable[float]], first: int = 0) -> list[Row]:
    """Two samples of each hour, from the first one on; a column names a tag of the station."""
    return sorted(
        (
            Row(STATION, tag, BEGIN + (first + hour) * HOUR + minute * 60 * SECOND, float(value))
            for tag, values in columns.items()
            for hour, value in enumerate(values)
            for minute in (10, 40)
        ),
        key=lambda row: (row.time, row.tag),
    )


def at_hours(rig: EngineRig, kind: str, field: str, hours: Iterable[int], asset: str = BLOCK) -> list[float]:
    """What a field says in hours from the beginning on."""
    found = rig.values(kind, asset, "1h")
    return [found[BEGIN + hour * HOUR][field] for hour in hours]
