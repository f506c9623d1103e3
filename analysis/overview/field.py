"""A field's days up to the newest: weather of its station, what its soil lacks, and what is advised."""

from typing import NamedTuple

from analysis.overview.asked import ALL_TIME, Asked
from analysis.results import Row
from fieldline.errors import SettingsError

DAYS = 21
_DAY_NS = 86_400_000_000_000
_SLACK_NS = 3_600_000_000_000
"""A day may be an hour longer."""


class Days(NamedTuple):
    """Rows of days by time, at most `DAYS`. station : path; "": none; weather : rows of `et0` by the days' starts."""

    asset: str
    station: str
    rows: list[Row]
    weather: dict[int, Row]

    @property
    def newest(self) -> Row:
        """The day that advice is of."""
        return self.rows[-1]


def days_of(asked: Asked) -> Days:
    """The days of a field up to the one that is asked for. Raises SettingsError where it has none."""
    end = ALL_TIME if asked.at is None else asked.at + 1
    rows = asked.rows("soil_water", "day", 0, end)[-DAYS:]
    if not rows:
        raise SettingsError(
            f"there is no row of soil_water of {asked.asset}: a field is an asset with [asset.field] that is tied to a station, "
            "of which anything was heard (docs/fields.md)"
        )
    station = asked.plant.tie(asked.asset, "station")
    first, last = int(rows[0]["time"]), int(rows[-1]["time"])
    found: list[Row] = []
    if station:
        found = asked._replace(asset=station).rows("et0", "day", first - _SLACK_NS, last + _DAY_NS)
    return Days(asked.asset, station, rows, {int(row["time"]): row for row in found})
