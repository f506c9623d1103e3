"""What energy costs: prices by local hour across daylight-saving changes, tiers of consumption, ratcheted demand charges.

A price (or an emission factor) per kWh that holds for spans of time is a `RateTable`; the pipeline looks the rate of a window up in
it. Prices are inputs, in any one currency. Formulas are those of published utility tariffs, named at each function.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.formulas.division import Floats, divide, floats, plain, where_valid

_SECOND = 1_000_000_000
_QUARTER = 900 * _SECOND
_DAY = 86_400 * _SECOND
_HOURS = 24
_WEEKDAYS = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY = 3  # a Thursday


class RateTable(NamedTuple):
    """A rate per kWh that is constant within spans of time.

    bounds_ns : int64[n + 1], ascending. [ns UTC]
    rates : float64[n], of bounds_ns[k] <= t < bounds_ns[k + 1]; NaN where none is known. [currency/kWh or kg/kWh]
    """

    bounds_ns: NDArray[np.int64]
    rates: Floats

    def at(self, times_ns: ArrayLike) -> Floats:
        """The rate at each time of int64[...] ns UTC; NaN outside the table."""
        times = np.asarray(times_ns, np.int64)
        span = np.searchsorted(self.bounds_ns, times, side="right") - 1
        is_inside = (span >= 0) & (span < self.rates.size)
        return where_valid(is_inside, self.rates[np.where(is_inside, span, 0)])

    def mean(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Floats:
        """The rate of windows by time, int64[...] ns UTC, end exclusive; what energy drawn evenly in them is charged.

        NaN where a window is empty or any part of it has no rate.
        """
        start, end = np.asarray(start_ns, np.int64), np.asarray(end_ns, np.int64)
        first = self.at(start)
        is_one_rate = self._span(start) == self._span(end - 1)
        blended = divide(self._integral(end) - self._integral(start), (end - start) / _SECOND)
        known = np.where(self._unknown_s(end) == self._unknown_s(start), blended, np.nan)
        # Most windows lie within one span: they get its very rate, free of the integral's rounding.
        return where_valid(end > start, np.where(is_one_rate, first, known))

    def _span(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.bounds_ns, times, side="right")

    def _integral(self, times: NDArray[np.int64]) -> Floats:
        return self._summed(np.nan_to_num(self.rates, nan=0.0), times, np.nan)

    def _unknown_s(self, times: NDArray[np.int64]) -> Floats:
        return self._summed(np.isnan(self.rates).astype(np.float64), times, np.nan)

    def _summed(self, rates: Floats, times: NDArray[np.int64], outside: float) -> Floats:
        """Rate times seconds from the table's start to each time."""
        seconds = (self.bounds_ns - self.bounds_ns[0]) / _SECOND
        sums = np.concatenate(([0.0], np.cumsum(rates * np.diff(seconds))))
        return np.interp((times - self.bounds_ns[0]) / _SECOND, seconds, sums, left=outside, right=outside)


def time_of_use_cost(table: RateTable, start_ns: ArrayLike, end_ns: ArrayLike, energy_kwh: ArrayLike) -> Floats:
    """Cost of the energy of each window, spread evenly over it, W·mean rate [currency].

    table : prices. [currency/kWh]
    start_ns, end_ns : int64[n], windows, end exclusive. [ns UTC]
    energy_kwh : float64[n]. [kWh]

    NaN where the energy is missing or a part of its window has no price.
    """
    return plain(floats(energy_kwh) * table.mean(start_ns, end_ns))


def is_within_hours(hour: ArrayLike, from_hour: int, to_hour: int) -> NDArray[np.bool_]:
    """Whether local hours 0 .. 23 lie in from_hour <= h < to_hour; 22 to 6 wraps midnight, 0 to 24 is all day.

    Raises ValueError for hours out of range and for from_hour equal to to_hour, which may mean all or nothing.
    """
    if not 0 <= from_hour < _HOURS or not 0 <= to_hour <= _HOURS or from_hour == to_hour:
        raise ValueError(f"hours: expected from 0 to 23 and another to of 0 to 24, got {from_hour} and {to_hour}")
    hours = np.asarray(hour, np.int64)
    if from_hour < to_hour:
        return (hours >= from_hour) & (hours < to_hour)
    return (hours >= from_hour) | (hours < to_hour)


def two_price_hours(offpeak_from_hour: int, offpeak_to_hour: int, peak_price: float, offpeak_price: float) -> Floats:
    """Prices of the 24 local hours for a tariff of two prices, float64[24]. Raises as `is_within_hours`."""
    is_offpeak = is_within_hours(np.arange(_HOURS), offpeak_from_hour, offpeak_to_hour)
    return np.where(is_offpeak, offpeak_price, peak_price)


def local_hour_rates(hour_rates: ArrayLike, time_zone: str, first_ns: int, last_ns: int) -> RateTable:
    """A table of rates that follow the local clock, exact across daylight-saving changes.

    hour_rates : float64[24] by local hour, or float64[7, 24] by weekday too, Monday first. [currency/kWh or kg/kWh]
    time_zone : IANA name; the hour that autumn repeats is priced twice, the one that spring skips never
    first_ns, last_ns : what the table must cover; it is widened to whole quarter-hours. [ns UTC]

    Since 1990 every zone's offset is a whole number of quarter-hours, hence the step; memory grows with the span (a year takes
    35,040 steps and keeps one bound a change of rate). Raises ValueError for another shape, an unknown zone or an empty span.
    """
    rates = floats(hour_rates)
    if rates.shape not in ((_HOURS,), (_WEEKDAYS, _HOURS)):
        raise ValueError(f"hour_rates: expected shape (24,) or (7, 24), got {rates.shape}")
    if first_ns >= last_ns:
        raise ValueError(f"first_ns: expected a time before last_ns {last_ns}, got {first_ns}")
    begin, end = first_ns - first_ns % _QUARTER, -(-last_ns // _QUARTER) * _QUARTER
    starts = np.arange(begin, end, _QUARTER, dtype=np.int64)
    local = starts + _offsets(time_zone, begin, end)
    hour, day = local // (4 * _QUARTER) % _HOURS, local // _DAY
    found = rates[hour] if rates.ndim == 1 else rates[(day + _EPOCH_WEEKDAY) % _WEEKDAYS, hour]
    is_change = np.concatenate(([True], ~((found[1:] == found[:-1]) | (np.isnan(found[1:]) & np.isnan(found[:-1])))))
    return RateTable(np.append(starts[is_change], np.int64(end)), found[is_change])


def _offsets(time_zone: str, begin: int, end: int) -> NDArray[np.int64]:
    """Local time minus UTC of each quarter-hour from `begin` to `end` [ns]."""
    _zone(time_zone)
    days = range(begin // _DAY, -(-end // _DAY))
    of_days = np.concatenate([_day_offsets(time_zone, day) for day in days])
    skipped = (begin - days[0] * _DAY) // _QUARTER
    return of_days[skipped : skipped + (end - begin) // _QUARTER]


@lru_cache(maxsize=4096)
def _day_offsets(time_zone: str, day: int) -> NDArray[np.int64]:
    """Local time minus UTC of the quarter-hours of a UTC day, int64[96] [ns]."""
    zone, midnight = _zone(time_zone), _EPOCH + timedelta(days=day)
    steps = _DAY // _QUARTER
    if _offset(zone, midnight) == _offset(zone, midnight + timedelta(days=1)):
        return np.full(steps, _offset(zone, midnight), np.int64)
    return np.array([_offset(zone, midnight + timedelta(minutes=15 * k)) for k in range(steps)], np.int64)


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return (offset.days * 86_400 + offset.seconds) * _SECOND


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"time_zone: expected an IANA name such as 'Europe/Berlin', got {name!r}") from error


def tier_cost(energy_kwh: ArrayLike, upto_kwh: Sequence[float], prices: Sequence[float]) -> Floats:
    """Cost of a period's energy under increasing blocks: each kWh at the price of the tier that it falls in [currency].

    energy_kwh : float64[...], of whole billing periods. [kWh]
    upto_kwh : cumulative upper bounds of the tiers, ascending; infinity: no bound. [kWh]
    prices : one for each tier. [currency/kWh]

    NaN for negative energy and for energy beyond the last bound, which the tariff does not price. Raises ValueError for
    bounds that do not ascend from above zero, or another number of prices. (Increasing-block tariff, as utilities publish it)
    """
    bounds = floats(upto_kwh)
    if bounds.ndim != 1 or not bounds.size or len(prices) != bounds.size:
        raise ValueError(f"tiers: expected a price for each bound, got {len(prices)} prices and {bounds.size} bounds")
    lower = np.concatenate(([0.0], bounds[:-1]))
    if not np.all(bounds > lower):
        raise ValueError(f"upto_kwh: expected bounds that ascend from above zero, got {bounds.tolist()}")
    energy = floats(energy_kwh)
    within = np.clip(energy[..., None], lower, bounds) - lower
    is_priced = (energy >= 0.0) & (energy <= bounds[-1])
    return where_valid(is_priced, within @ floats(prices))


def billed_demand(
    peak_power_kw: ArrayLike, ratchet_share: float = 0.0, highest_earlier_peak_kw: ArrayLike = np.nan
) -> Floats:
    """Demand that is billed: the period's peak, or a share of the highest peak before it, if that is more [kW].

    peak_power_kw : float64[...], of the billing period. [kW]
    ratchet_share : 0 .. 1, of the tariff; 0 is no ratchet. [1]
    highest_earlier_peak_kw : float64[...], usually of the 11 months before; NaN: there were none. [kW]

    NaN where the period has no peak. Raises ValueError for a share out of range. (Ratcheted demand charge, as utilities
    publish it)
    """
    if not 0.0 <= ratchet_share <= 1.0:
        raise ValueError(f"ratchet_share: expected 0 to 1, got {ratchet_share}")
    peak, earlier = floats(peak_power_kw), floats(highest_earlier_peak_kw)
    floor = np.where(np.isnan(earlier), -np.inf, ratchet_share * np.nan_to_num(earlier))
    return plain(np.maximum(peak, floor))


def demand_charge(
    peak_power_kw: ArrayLike, rate: float, ratchet_share: float = 0.0, highest_earlier_peak_kw: ArrayLike = np.nan
) -> Floats:
    """Cost of a period's demand, billed kW times rate. [currency] `rate` is per kW and period, the rest as `billed_demand`."""
    return billed_demand(peak_power_kw, ratchet_share, highest_earlier_peak_kw) * rate
