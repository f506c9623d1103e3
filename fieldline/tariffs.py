"""Prices and emission factors by the local clock, as instants: what a kilowatt-hour cost and emitted when it was drawn.

The plant file tells them by the local clock, in whole minutes, and by days (`fieldline/plantfile/tariffs.py`). An instant has the price of
the minute that the clock shows then: one that clocks skip costs nothing, one that they repeat costs twice. A holiday is a day of its own
where a tariff says anything of holidays. A period that goes past midnight gives way when one of the next day begins.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import nan
from typing import NamedTuple

import numpy as np

from fieldline.localtime import DAY_MINUTES, MINUTE_NS, day_number, offsets, year_of
from fieldline.plantfile.tariffs import HOLIDAY, PERIOD_DAYS, TariffEntry
from fieldline.public_holidays import public_holidays
from fieldline.shifts import Site

_HOUR_MINUTES = 60
_ON_HOLIDAY = PERIOD_DAYS.index(HOLIDAY)
_EPOCH_DAY = date(1970, 1, 1)


class Period(NamedTuple):
    """A value from a minute of some days on to another. days : 0 is Monday, 7 a holiday; begin, end : minutes since the day's midnight."""

    days: frozenset[int]
    begin: int
    end: int
    value: float


class ClockTable:
    """A number for each local minute of any day, looked up by instants. Safe to use from several threads.

    zone : IANA name
    rest : outside all periods
    is_holiday : whether a day, as days since 1970, is a holiday
    """

    def __init__(
        self, zone: str, rest: float, periods: Sequence[Period] = (), is_holiday: Callable[[int], bool] | None = None
    ) -> None:
        self.zone = zone
        self._rest, self._periods, self._is_holiday = rest, tuple(periods), is_holiday
        # By what kind of day yesterday was and today is: minutes from which a value holds, and those values.
        self._of_days: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def values_at(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """What held in [first_ns, last_ns), in as few stretches as there are.

        bounds : int64[n + 1], from `first_ns` to `last_ns`, those between at whole minutes. [ns UTC]
        values : float64[n]; NaN where nothing is declared; n is 0 when the range is empty.

        Raises ValueError when `last_ns` is before `first_ns`.
        """
        if last_ns < first_ns:
            raise ValueError(f"last_ns: expected a time not before first_ns {first_ns}, got {last_ns}")
        if first_ns == last_ns:
            return np.array([first_ns], np.int64), np.empty(0)
        if not self._periods:
            return np.array([first_ns, last_ns], np.int64), np.array([self._rest])
        starts, values = self._stretches(first_ns, last_ns)
        keep = np.concatenate([[True], _differ(values[1:], values[:-1])])
        return np.append(starts[keep], last_ns), values[keep]

    def _stretches(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts of stretches of one value and of one offset in the range, and the value from each on."""
        years = [self._year(year, first_ns, last_ns) for year in range(year_of(first_ns), year_of(last_ns) + 1)]
        starts = np.concatenate([starts for starts, _ in years])
        return starts, np.concatenate([values for _, values in years])

    def _year(self, year: int, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """The same of the part of the range within a UTC year."""
        begin = max(first_ns, day_number(date(year, 1, 1)) * DAY_MINUTES * MINUTE_NS)
        end = min(last_ns, day_number(date(year + 1, 1, 1)) * DAY_MINUTES * MINUTE_NS)
        changes, offset = offsets(self.zone, year)
        parts: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0, np.int64), np.empty(0))]
        for at, shift in enumerate(offset.tolist()):
            low = max(begin, int(changes[at]) * MINUTE_NS)
            high = min(end, int(changes[at + 1]) * MINUTE_NS)
            if low < high:
                parts.append(self._one_offset(low, high, shift))
        return np.concatenate([starts for starts, _ in parts]), np.concatenate([values for _, values in parts])

    def _one_offset(self, low: int, high: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
        day_ns, shift_ns = DAY_MINUTES * MINUTE_NS, shift * MINUTE_NS
        days = range((low + shift_ns) // day_ns, -(-(high + shift_ns) // day_ns))
        of_days = [self._of_day(day) for day in days]
        minutes = [day * DAY_MINUTES + starts for day, (starts, _) in zip(days, of_days, strict=True)]
        starts = np.concatenate(minutes) * MINUTE_NS - shift_ns
        values = np.concatenate([each for _, each in of_days])
        first = int(np.searchsorted(starts, low, "right")) - 1
        last = int(np.searchsorted(starts, high, "left"))
        return np.maximum(starts[first:last], low), values[first:last]

    def _of_day(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        kinds = self._kind(day - 1), self._kind(day)
        found = self._of_days.get(kinds)
        if found is None:
            found = self._of_days[kinds] = self._work_out(*kinds)
        return found

    def _kind(self, day: int) -> int:
        # 1970-01-01 was a Thursday, three days into its week.
        is_holiday = self._is_holiday is not None and self._is_holiday(day)
        return _ON_HOLIDAY if is_holiday else (day + 3) % 7

    def _work_out(self, yesterday: int, today: int) -> tuple[np.ndarray, np.ndarray]:
        """The values of a day, minute by minute: periods in the order in which they begin, a later one on top."""
        minutes = np.full(DAY_MINUTES, self._rest)
        for kind, midnight in ((yesterday, -DAY_MINUTES), (today, 0)):
            for period in sorted(
                (period for period in self._periods if kind in period.days), key=lambda each: each.begin
            ):
                minutes[max(period.begin + midnight, 0) : max(period.end + midnight, 0)] = period.value
        starts = np.concatenate([[0], np.flatnonzero(_differ(minutes[1:], minutes[:-1])) + 1])
        return starts.astype(np.int64), minutes[starts]


class PriceTable:
    """What energy costs and emits on a line, by the local clock. Safe to use from several threads.

    price : the tariff that tells prices, or None
    emission : the tariff that tells emission factors, or None; often the same
    currency : ISO 4217 code, "" without a tariff
    """

    def __init__(self, site: Site, price: TariffEntry | None, emission: TariffEntry | None) -> None:
        self.currency = (price.currency if price is not None else None) or ""
        self._prices = _price_table(site, price)
        self._factors = _factor_table(site.zone, emission)

    def price_at(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Prices in a range, as `ClockTable.values_at` gives them; NaN without a tariff [currency/kWh]."""
        return self._prices.values_at(first_ns, last_ns)

    def co2_at(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Emission factors in a range, as `ClockTable.values_at` gives them; NaN where none is declared [kg CO2e/kWh]."""
        return self._factors.values_at(first_ns, last_ns)


def _price_table(site: Site, tariff: TariffEntry | None) -> ClockTable:
    if tariff is None:
        return ClockTable(site.zone, nan)
    periods = [
        Period(frozenset(map(PERIOD_DAYS.index, period.begins_on)), *period.span(), period.price)
        for period in tariff.period
    ]
    rest = nan if tariff.price is None else tariff.price
    return ClockTable(site.zone, rest, periods, _holidays(site, tariff) if tariff.knows_holidays else None)


def _holidays(site: Site, tariff: TariffEntry) -> Callable[[int], bool]:
    country = site.country if tariff.public_holidays else None

    def is_holiday(day: int) -> bool:
        on = _EPOCH_DAY + timedelta(days=day)
        return on in tariff.holidays or on in public_holidays(country, site.subdivision, on.year)

    return is_holiday


def _factor_table(zone: str, tariff: TariffEntry | None) -> ClockTable:
    factors = tariff.co2_kg_per_kwh if tariff is not None else None
    if not isinstance(factors, tuple):
        return ClockTable(zone, nan if factors is None else factors)
    always = frozenset(range(len(PERIOD_DAYS)))
    hours = [
        Period(always, hour * _HOUR_MINUTES, (hour + 1) * _HOUR_MINUTES, value) for hour, value in enumerate(factors)
    ]
    return ClockTable(zone, nan, hours)


def _differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a != b) & ~(np.isnan(a) & np.isnan(b))
