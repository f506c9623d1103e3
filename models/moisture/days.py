"""A probe's days: which of them count, and which lies some days behind which.

A probe measures liquid water by its permittivity. In frozen soil it reads low, whatever water there is, so such days are left out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.table import Table

Values = NDArray[np.float64]

LOWEST_PCT, HIGHEST_PCT = 1.0, 60.0
"""By volume; what soil can't hold. The same bounds as of a probe that corrects `soil_water`."""

_DAY_H = 24.0
_LEAST_H = 20.0  # between two days; one of another zone's summer time is an hour shorter
_NEAR_H = 2.0  # a day that is meant, by that clock change


class Account(NamedTuple):
    """What became of the days from the first row to the last. usable + missing + impossible + unknown + frozen = days.

    unknown : with moisture, but nobody knows whether the soil was frozen
    """

    days: int
    usable: int
    missing: int
    impossible: int
    unknown: int
    frozen: int


class Days(NamedTuple):
    """In order of time, hours since 1970; moisture [% by volume] and soil temperature [°C], both NaN on a day that does not count."""

    time_h: Values
    moisture: Values
    degc: Values
    account: Account

    @property
    def now(self) -> Values:
        """What a forecast stands on, float64[n, 2]: moisture and temperature."""
        return np.column_stack([self.moisture, self.degc])

    def ahead(self, days: int) -> NDArray[np.int64]:
        """Of each day the number of the one that lies `days` behind it, int64[n]; -1 where one of them does not count."""
        wanted = self.time_h + days * _DAY_H
        at = np.minimum(np.searchsorted(self.time_h, wanted - _NEAR_H), len(wanted) - 1)
        is_there = np.abs(self.time_h[at] - wanted) <= _NEAR_H
        return np.where(is_there & np.isfinite(self.moisture) & np.isfinite(self.moisture[at]), at, -1)


def days_of(table: Table, columns: tuple[str, str, str], frost_degc: float) -> Days:
    """The days of a table. columns : time, moisture, soil temperature; frost_degc : up to which the soil may be frozen.

    Raises SettingsError for a row without a time, and for more than one row a day.
    """
    time_h, values = table.moments(columns[0]), table.numbers(columns[1:])
    if not np.isfinite(time_h).all():
        row = int(np.flatnonzero(~np.isfinite(time_h))[0]) + 1
        raise SettingsError(
            f"train: {table.path.name}: row {row}: expected a time in {columns[0]!r}, got an empty cell"
        )
    order = np.argsort(time_h, kind="stable")
    time_h, moisture, degc = time_h[order], values[order, 0], values[order, 1]
    if (np.diff(time_h) < _LEAST_H).any():
        least = float(np.diff(time_h).min())
        raise SettingsError(
            f"train: {table.path.name}: expected one row a day of one probe, got two rows {least:g} h apart"
        )
    is_told = np.isfinite(moisture)
    is_possible = (moisture >= LOWEST_PCT) & (moisture <= HIGHEST_PCT)
    is_known, is_warm = np.isfinite(degc), degc > frost_degc
    counts = is_possible & is_warm
    days = round(float(time_h[-1] - time_h[0]) / _DAY_H) + 1
    account = Account(
        days=days,
        usable=int(counts.sum()),
        missing=days - int(is_told.sum()),
        impossible=int((is_told & ~is_possible).sum()),
        unknown=int((is_possible & ~is_known).sum()),
        frozen=int((is_possible & is_known & ~is_warm).sum()),
    )
    return Days(time_h, np.where(counts, moisture, np.nan), np.where(counts, degc, np.nan), account)
