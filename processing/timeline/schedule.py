"""A line's shifts, planned stops and prices, as arrays that slices and windows are looked up in."""

import numpy as np

from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.timeline.tables import Tables

_MARGIN_NS = 400 * 86_400_000_000_000


class Steps:
    """A quantity that is constant between bounds; it is asked for in spans of a year or more."""

    def __init__(self, source: object) -> None:
        self._source = source
        self._first = self._last = 0
        self.bounds = np.empty(0, np.int64)
        self.values = np.empty(0)
        self._before: dict[float, np.ndarray] = {}

    def reach(self, first: int, last: int) -> None:
        """Have it from `first` to `last` [ns UTC]."""
        if self._first <= first and last <= self._last:
            return
        self._first, self._last = min(first, self._first or first) - _MARGIN_NS, max(last, self._last) + _MARGIN_NS
        self.bounds, values = self._source(self._first, self._last)  # type: ignore[operator]
        self.values = np.asarray(values, np.float64)
        self._before.clear()

    def at(self, time: np.ndarray) -> np.ndarray:
        """What it is at each time [ns UTC]."""
        self.reach(int(time.min()), int(time.max()))
        return self.values[np.searchsorted(self.bounds, time, "right") - 1]

    def lasting(self, value: float, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How long it is `value` between start and end [ns]."""
        self.reach(int(start.min()), int(end.max()))
        before = self._before.get(value)
        if before is None:
            held = np.where(self.values == value, np.diff(self.bounds), 0)
            before = self._before[value] = np.concatenate([[0], np.cumsum(held)])

        def until(time: np.ndarray) -> np.ndarray:
            step = np.searchsorted(self.bounds, time, "right") - 1
            inside = np.where(self.values[np.minimum(step, len(self.values) - 1)] == value, time - self.bounds[step], 0)
            return before[step] + inside

        return until(end) - until(start)


class Schedule:
    """The calendar of one line."""

    def __init__(self, plant: Plant, line: str) -> None:
        self._calendar = plant.calendar(line)
        prices = plant.price_table(line)
        self._plan = Steps(self._calendar.plan)
        self._price, self._co2 = Steps(prices.price_at), Steps(prices.co2_at)
        self._names: dict[int, str] = {}

    def shifts(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts and ends of the shifts that hold a time from first to last [ns UTC]."""
        found = self._calendar.shifts(first, last + 1)
        self._names.update({shift.start_ns: shift.name for shift in found})
        starts = np.array([shift.start_ns for shift in found], np.int64)
        return starts, np.array([shift.end_ns for shift in found], np.int64)

    def shift_name(self, start: int) -> str:
        """The name of the shift that begins at `start` [ns UTC]."""
        if start not in self._names:
            self.shifts(start, start)
        return self._names.get(start, "")

    def label(self, tables: Tables, ids: np.ndarray) -> None:
        """Fill in the plan, the prices and the time of planned stops of `ids`, whose lengths `labels` has."""
        labels, start, level = tables.labels, tables.windows["start"][ids], tables.windows["level"][ids]
        end = start + labels["length"][ids]
        slices, times = ids[level == at.SLICES], start[level == at.SLICES]
        if len(slices):
            labels["plan"][slices] = self._plan.at(times)
            labels["price"][slices] = self._price.at(times)
            labels["co2"][slices] = self._co2.at(times)
        labels["planned"][ids] = self._plan.lasting(at.PLANNED_STOP, start, end)
        labels["unscheduled"][ids] = self._plan.lasting(at.UNSCHEDULED, start, end)
