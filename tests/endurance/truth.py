"""What windows hold, worked out anew from the ledger by plain numpy: no code of processing takes part."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tests.endurance.ledger import Series
from tests.endurance.traffic import SECOND

_LENGTHS = {"1m": 60 * SECOND, "15m": 900 * SECOND, "1h": 3600 * SECOND}
_MAX_GAP = {"power_kw": 300 * SECOND, "energy_kwh": 7200 * SECOND}
_HOURS = 1.0 / (3600 * SECOND)


def edges(window: str, zone: str, begin: int, end: int) -> np.ndarray:
    """Where windows of a level begin, from the one that holds `begin` to the first after `end` [ns UTC]."""
    if window in _LENGTHS:
        length = _LENGTHS[window]
        return np.arange(begin // length * length, end + 2 * length, length)
    return np.array(list(_local_edges(window, ZoneInfo(zone), begin, end)), np.int64)


def _local_edges(window: str, zone: ZoneInfo, begin: int, end: int) -> Iterator[int]:
    moment = datetime.fromtimestamp(begin // SECOND, zone)
    day = datetime(moment.year, moment.month, 1) if window == "month" else datetime(moment.year, moment.month, moment.day)  # fmt: skip
    if window == "week":
        day -= timedelta(days=day.weekday())
    while True:
        at = round(day.replace(tzinfo=zone).timestamp()) * SECOND
        yield at
        if at > end:
            return
        if window == "month":
            day = datetime(day.year + day.month // 12, day.month % 12 + 1, 1)
        else:
            day += timedelta(days=7 if window == "week" else 1)


def statistics(series: Series, starts: np.ndarray) -> dict[str, np.ndarray]:
    """count, min, max, mean and last of the windows between `starts`; those without a sample have count 0."""
    times, values = series
    at = np.searchsorted(times, starts)
    count = np.diff(at)
    found = {name: np.full(len(count), np.nan) for name in ("min", "max", "mean", "last")}
    for k in np.flatnonzero(count):
        mine = values[at[k] : at[k + 1]]
        found["min"][k], found["max"][k], found["mean"][k], found["last"][k] = mine.min(), mine.max(), mine.mean(), mine[-1]  # fmt: skip
    return {"count": count.astype(float), **found}


def energy_kwh(tag: str, series: Series, starts: np.ndarray) -> np.ndarray:
    """Energy of the windows between `starts`, of power by the trapezoid rule, of a register by differences [kWh]."""
    times, values = series
    if len(times) < 2:
        return np.zeros(len(starts) - 1)
    gaps = np.diff(times)
    near = gaps <= _MAX_GAP[tag]
    whole = np.diff(values) if tag == "energy_kwh" else np.where(near, (values[1:] + values[:-1]) / 2 * gaps * _HOURS, 0.0)  # fmt: skip
    until = np.concatenate([[0.0], np.cumsum(whole)])
    pair = np.clip(np.searchsorted(times, starts) - 1, 0, len(gaps) - 1)
    into = np.clip(starts - times[pair], 0, gaps[pair]).astype(float)
    if tag == "energy_kwh":
        part = whole[pair] * into / gaps[pair]
    else:
        slope = np.diff(values)[pair] / gaps[pair]
        part = (values[pair] * into + slope * into**2 / 2) * _HOURS
    # A register's span that is too long counts whole at its later sample, a window's first moment included.
    is_over = starts > times[pair + 1]
    booked = until[pair] + np.where(near[pair], part, np.where(is_over & (tag == "energy_kwh"), whole[pair], 0.0))
    return np.diff(booked)


def steps(series: Series, starts: np.ndarray) -> np.ndarray:
    """By how much a counter grew in the windows between `starts`; a step counts at its later sample."""
    times, values = series
    until = np.concatenate([[0.0], np.cumsum(np.diff(values))]) if len(values) else np.zeros(1)
    return np.diff(until[np.clip(np.searchsorted(times, starts) - 1, 0, None)])
