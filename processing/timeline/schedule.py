"""A line's shifts, planned stops and prices, as arrays that slices and windows are looked up in."""

import numpy as np

from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.labels import Calendar

_MARGIN_NS = 400 * 86_400_000_000_000
_NO_BOUNDS, _NO_PRICES = np.empty(0, np.int64), np.empty(0)
_NOTHING = Calendar(
    first=0,
    last=0,
    plan_bounds=_NO_BOUNDS,
    plan=_NO_BOUNDS,
    stopped=_NO_BOUNDS,
    unscheduled=_NO_BOUNDS,
    price_bounds=_NO_BOUNDS,
    price=_NO_PRICES,
    co2_bounds=_NO_BOUNDS,
    co2=_NO_PRICES,
)


class Schedule:
    """The calendar of one line. `calendar` is asked for in spans of a year or more: `reach` makes it longer."""

    def __init__(self, plant: Plant, line: str) -> None:
        self._shifts, self._prices = plant.calendar(line), plant.price_table(line)
        self.calendar = _NOTHING
        self._names: dict[int, tuple[str, str]] = {}

    def shifts(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts and ends of the shifts that hold a time from first to last [ns UTC]."""
        found = self._shifts.shifts(first, last + 1)
        self._names.update({shift.start_ns: (shift.name, shift.crew) for shift in found})
        starts = np.array([shift.start_ns for shift in found], np.int64)
        return starts, np.array([shift.end_ns for shift in found], np.int64)

    def shift_name(self, start: int) -> str:
        """The name of the shift that begins at `start` [ns UTC]."""
        return self._named(start)[0]

    def crew_name(self, start: int) -> str:
        """Who works the shift that begins at `start` [ns UTC]; "" where the calendar has no rota."""
        return self._named(start)[1]

    def _named(self, start: int) -> tuple[str, str]:
        if start not in self._names:
            self.shifts(start, start)
        return self._names.get(start, ("", ""))

    def reach(self, first: int, last: int) -> None:
        """Have the calendar from `first` to `last` [ns UTC]."""
        known = self.calendar
        first, last = min(first, known.first or first) - _MARGIN_NS, max(last, known.last) + _MARGIN_NS
        bounds, kinds = self._shifts.plan(first, last)
        prices, price = self._prices.price_at(first, last)
        factors, co2 = self._prices.co2_at(first, last)
        self.calendar = Calendar(
            first=first,
            last=last,
            plan_bounds=bounds,
            plan=kinds.astype(np.int64),
            stopped=_spent(bounds, kinds == at.PLANNED_STOP),
            unscheduled=_spent(bounds, kinds == at.UNSCHEDULED),
            price_bounds=prices,
            price=price.astype(np.float64),
            co2_bounds=factors,
            co2=co2.astype(np.float64),
        )


def _spent(bounds: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Time before each bound in the steps that count [ns]."""
    return np.concatenate([[0], np.cumsum(np.where(counts, np.diff(bounds), 0))])
