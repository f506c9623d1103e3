"""Seasons that begin on a day of each year: which one a date lies in, and how far it is in."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain, where_valid


def season_of(day_number: ArrayLike, begins: ArrayLike) -> Floats:
    """The year in which the season of a date began.

    day_number : float64[...], days since 1 January 1970; begins : float64[...], 100 · month + day on which seasons begin, a day that each
    year has. NaN where either is.
    """
    days, first = floats(day_number), floats(begins)
    is_known = ~(np.isnan(days) | np.isnan(first))
    year, of_year = _dated(np.where(is_known, days, 0.0))
    return where_valid(is_known, np.where(of_year >= first, year, year - 1.0))


def days_into(day_number: ArrayLike, begins: ArrayLike) -> Floats:
    """How many days of its season a date has behind it, 0 on the first. NaN as of `season_of`."""
    season, first = season_of(day_number, begins), floats(begins)
    is_known = ~np.isnan(season)
    months = np.where(is_known, (season - 1970.0) * 12.0 + first // 100.0 - 1.0, 0.0).astype("i8").astype("M8[M]")
    start = months.astype("M8[D]").astype("i8") + np.where(is_known, first % 100.0 - 1.0, 0.0)
    return plain(np.where(is_known, floats(day_number) - start, np.nan))


def _dated(days: Floats) -> tuple[Floats, Floats]:
    """The year of dates, and 100 · month + day."""
    dates = days.astype("i8").astype("M8[D]")
    months, years = dates.astype("M8[M]"), dates.astype("M8[Y]")
    month = (months - years.astype("M8[M]")).astype("i8") + 1
    day = (dates - months.astype("M8[D]")).astype("i8") + 1
    return floats(years.astype("i8") + 1970), floats(100 * month + day)
