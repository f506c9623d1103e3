"""Prices and emission factors by local hour, as instants: what a kilowatt-hour cost and emitted when it was drawn.

The plant file tells them by the hours of the local clock (`fieldline/plantfile/tariffs.py`). An instant has the price of the
hour that the clock shows then: an hour that clocks skip costs nothing, one that they repeat costs twice.
"""

from datetime import date
from math import nan

import numpy as np

from fieldline.localtime import DAY_MINUTES, MINUTE_NS, day_number, offsets, year_of
from fieldline.plantfile.tariffs import TariffEntry

WEEK_HOURS = 168
_HOUR_MINUTES = 60


class HourTable:
    """A number for each local hour of the week, looked up by instants. Immutable, safe to use from several threads.

    zone : IANA name
    hours : float64[168], from Monday's first hour on
    """

    def __init__(self, zone: str, hours: np.ndarray) -> None:
        if hours.shape != (WEEK_HOURS,):
            raise ValueError(f"hours: expected {WEEK_HOURS} numbers, one for each hour of the week, got {hours.shape}")
        self.zone = zone
        self.hours = np.array(hours, np.float64)
        self.hours.flags.writeable = False

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
        if len(np.unique(self.hours)) == 1:
            return np.array([first_ns, last_ns], np.int64), self.hours[:1].copy()
        starts, values = self._stretches(first_ns, last_ns)
        keep = np.concatenate([[True], _differ(values[1:], values[:-1])])
        return np.append(starts[keep], last_ns), values[keep]

    def _stretches(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts of hours and of stretches of one offset in the range, and the value from each on."""
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
        hour_ns, shift_ns = _HOUR_MINUTES * MINUTE_NS, shift * MINUTE_NS
        hours = np.arange((low + shift_ns) // hour_ns, -(-(high + shift_ns) // hour_ns), dtype=np.int64)
        # 1970-01-01 was a Thursday, three days into its week.
        return np.maximum(hours * hour_ns - shift_ns, low), self.hours[(hours + 3 * 24) % WEEK_HOURS]


class PriceTable:
    """What energy costs and emits on a line, by the local hour. Immutable, safe to use from several threads.

    price : the tariff that tells prices, or None
    emission : the tariff that tells emission factors, or None; often the same
    currency : ISO 4217 code, "" without a tariff
    """

    def __init__(self, zone: str, price: TariffEntry | None, emission: TariffEntry | None) -> None:
        self.currency = (price.currency if price is not None else None) or ""
        self._prices = HourTable(zone, _price_hours(price))
        self._factors = HourTable(zone, _factor_hours(emission))

    def price_at(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Prices in a range, as `HourTable.values_at` gives them; NaN without a tariff and where tiers price energy [currency/kWh]."""
        return self._prices.values_at(first_ns, last_ns)

    def co2_at(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Emission factors in a range, as `HourTable.values_at` gives them; NaN where none is declared [kg CO2e/kWh]."""
        return self._factors.values_at(first_ns, last_ns)


def _price_hours(tariff: TariffEntry | None) -> np.ndarray:
    hours = np.full(WEEK_HOURS, nan)
    if tariff is not None:
        hours[:] = nan if tariff.price is None else tariff.price
        for period in tariff.period:
            hours[period.hours()] = period.price
    return hours


def _factor_hours(tariff: TariffEntry | None) -> np.ndarray:
    factors = tariff.co2_kg_per_kwh if tariff is not None else None
    if isinstance(factors, tuple):
        return np.tile(np.array(factors), 7)
    return np.full(WEEK_HOURS, nan if factors is None else factors)


def _differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a != b) & ~(np.isnan(a) & np.isnan(b))
