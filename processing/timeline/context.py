"""What held when: orders, products, shifts, planned stops and prices of the lines of a partition.

Orders (`order_book.py`), prices that are not the tariff's (`prices.py`), the models that score (`models_in_force.py`), repairs and sprays
(`done.py`) come as events and are a function of the set of these; shifts, stops and prices come from the plant's calendars and
tariffs. Kernels see it as `labels`, a row a slice or window. Nothing of it is part of the operators' state: when an order is corrected,
slices are cut anew where it begins, labels change, and windows are folded again; no reading is run for it.
"""

from collections.abc import Callable
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.labels import Stretches, label
from processing.timeline.assets import Assets
from processing.timeline.calendar import month_starts, week_starts
from processing.timeline.done import OF_ROLE, LastDone
from processing.timeline.events import METER, MODEL, ORDER, ORDER_STOP, READING, ROLES, Events
from processing.timeline.models_in_force import OF_LINE, ModelsInForce
from processing.timeline.order_book import OrderBook
from processing.timeline.prices import Prices
from processing.timeline.registry import Registry
from processing.timeline.schedule import Schedule
from processing.timeline.tables import Tables

_HELD = (at.ORDER_EVENT, at.PRICE_EVENT, at.MODEL_EVENT, *OF_ROLE)
_MARGIN_NS = 400 * 86_400_000_000_000


NOTHING = Stretches(*(np.empty(0, np.int64) for _ in Stretches._fields))


def _joined(levels: tuple[int, ...], of_levels: list[Stretches], lines: int) -> Stretches:
    """Stretches of some levels in one, those of level l and line n at l * lines + n; none of other levels."""
    first, last = np.zeros((2, at.LEVELS, lines), np.int64)
    begin = 0
    for level, found in zip(levels, of_levels, strict=True):
        first[level], last[level] = found.first + begin, found.last + begin
        begin += len(found.start)
    start = np.concatenate([NOTHING.start, *(found.start for found in of_levels)])
    end = np.concatenate([NOTHING.end, *(found.end for found in of_levels)])
    return Stretches(first.ravel(), last.ravel(), start, end, NOTHING.order, NOTHING.product)


class Context:
    """Orders, shifts, planned stops and prices of one partition's lines."""

    def __init__(self, tables: Tables, registry: Registry, plant: Plant) -> None:
        self._tables = tables
        self._registry = registry
        self._plant = plant
        self.events = Events(tables, plant.state_of)
        self.prices = Prices(tables, self.events)
        self.models = ModelsInForce(self.events)
        self.done = {name: LastDone(self.events) for name in OF_ROLE.values()}
        self.assets = Assets(registry, plant)
        self.order_book = OrderBook(tables, registry, self.events)
        self._known: dict[int, tuple[int, int, Stretches]] = {}
        self._above: tuple[list[Stretches], Stretches] = [], NOTHING
        self._schedules: list[Schedule] = []
        self._schedule_numbers: dict[tuple[int, int], int] = {}
        self._schedule_of = np.empty(0, np.int64)
        self.version = 0  # grows with what `names` would give

    @property
    def are_products_read(self) -> bool:
        """Whether metrics of the plant's own read of which product a window is."""
        return "product" in self._plant.labels_read

    @property
    def has_events(self) -> bool:
        """Whether any line has reported orders, prices, models, repairs or sprays."""
        return self._tables.has_held or bool(self._tables.lines["is_cut"].any())

    @property
    def orders(self) -> list[str]:
        """The names of orders by number; 0 is none."""
        return self.order_book.orders

    @property
    def products(self) -> list[str]:
        """The names of products, by column of `Plant.ideal_cycle_s`."""
        return self._registry.products

    def learn(self, frame: Readings) -> Readings:
        """Remember what the events of a frame say; the frame, with the numbers by which they are known as values."""
        codes = [code for code, tag in enumerate(frame.tags) if tag in ROLES]
        if not codes or frame.payload is None:
            return frame
        known, value = len(self.events), frame.value.copy()
        for row in np.flatnonzero(np.isin(frame.tag, codes)).tolist():
            payload = frame.payload[row]
            if payload is not None:
                value[row] = self.events.number(float(value[row]), payload)
        self.events.settle()
        self.version += len(self.events) > known
        return frame._replace(value=value)

    def series_of_events(self, frame: Readings, series: np.ndarray) -> np.ndarray:
        """The series of a frame's rows, with those of orders that end, and of events about a tag, in the series that is theirs."""
        for kind in (ORDER, METER, READING, MODEL):
            if kind in frame.tags:
                for row in np.flatnonzero(frame.tag == frame.tags.index(kind)).tolist():
                    series[row] = self._series_of_event(kind, frame, row, int(series[row]))
                self._registry.settle()
        return series

    def _series_of_event(self, kind: str, frame: Readings, row: int, series: int) -> int:
        asset, value = frame.assets[frame.asset[row]], float(frame.value[row])
        if kind == ORDER:
            is_end = self.events.order(value).is_end
            return self._registry.series_of(asset, ORDER_STOP) if is_end else series
        if kind == MODEL:
            model = self.events.model(value)  # with its role: both may be told of one moment
            return self._registry.series_of(asset, f"{MODEL}/{model}") if model else series
        tag = self.events.tag(value)
        # The tag's own series first: what is known of it must not depend on which of the two came first.
        if not tag or tag.startswith("@") or self._registry.series_of(asset, tag) < 0:
            return series
        return self._registry.series_of(asset, f"{kind}/{tag}")

    def note(
        self,
        time: np.ndarray,
        series: np.ndarray,
        value: np.ndarray,
        quality: np.ndarray,
        *,
        is_settled: bool = True,
    ) -> None:
        """Take the events about orders, prices, models, repairs and sprays among rows.

        is_settled : the timeline has chosen among those of one series and time; else the one with the smaller value counts
        """
        of_series = self._tables.series
        role = of_series["role"][series]
        for row in np.flatnonzero(np.isin(role, _HELD)).tolist():
            if quality[row] > at.UNCERTAIN:
                continue
            a, t = self._registry.series[int(series[row])]
            name = f"{self._registry.tags[t]} {self._registry.assets[a]}"
            line, moment, said = int(of_series["line"][series[row]]), int(time[row]), float(value[row])
            if role[row] == at.PRICE_EVENT:
                self.version += self.prices.enter((line,), moment, name, said, is_settled=is_settled)
            elif role[row] == at.MODEL_EVENT:
                whose = OF_LINE if a == self._tables.lines["asset"][line] else a
                self.version += self.models.note(line, whose, moment, name, said, is_settled=is_settled)
            elif role[row] in OF_ROLE:
                done = self.done[OF_ROLE[int(role[row])]]
                self.version += done.enter((line, a), moment, name, said, is_settled=is_settled)
            else:
                self.version += self.order_book.enter(line, moment, name, said, is_settled=is_settled)

    def intervals(self, level: int, first: int, last: int) -> Stretches:
        """The weeks, months, shifts or orders of all lines, at least those that hold a time from first to last [ns UTC]."""
        number = len(self._tables.lines)
        if level == at.ORDERS:
            return self.order_book.of_lines()
        known = self._known.get(level)
        if known is None or len(known[2].first) != number or first < known[0] or last > known[1]:
            span = first - _MARGIN_NS, last + _MARGIN_NS
            known = self._known[level] = (*span, self._spread_out(level, *span))
        return known[2]

    def _spread_out(self, level: int, first: int, last: int) -> Stretches:
        """Windows of a level between two times; lines of one zone or schedule share theirs."""
        if level == at.SHIFTS:
            of_line = self._schedules_of_lines()
            found = [schedule.shifts(first, last) for schedule in self._schedules]
        else:
            of_line = self._tables.lines["zone"]
            zones = self._registry.zones
            starts = [week_starts(zone) if level == at.WEEKS else month_starts(zone) for zone in zones]
            found = [(each[:-1], each[1:]) for each in starts]
        sizes = np.array([len(each[0]) for each in found], np.int64)
        last_of = np.cumsum(sizes)
        none = np.empty(0, np.int64)
        start, end = (np.concatenate([none, *(each[k] for each in found)]) for k in (0, 1))
        return Stretches((last_of - sizes)[of_line], last_of[of_line], start, end, none, none)

    def above(self, levels: tuple[int, ...], start: np.ndarray) -> Stretches:
        """Weeks, months, shifts and orders, of `levels`, at least those that hold a time of `start`, int64[n] [ns UTC]; see `_joined`."""
        first, last = int(start.min()), int(start.max())
        of_levels = [self.intervals(level, first, last) for level in levels]
        known, joined = self._above
        if len(known) == len(of_levels) and all(map(is_, known, of_levels)):
            return joined
        joined = _joined(levels, of_levels, len(self._tables.lines))
        self._above = of_levels, joined
        return joined

    def label(self, ids: np.ndarray) -> None:
        """Say in `labels` what held in the slices and windows `ids`."""
        of_line = self._schedules_of_lines()
        if len(self._schedules) == 1:
            self.label_by(ids, self._schedules[0])
            return
        which = of_line[self._tables.windows["line"][ids]]
        for one in np.unique(which).tolist():
            self.label_by(ids[which == one], self._schedules[one])

    def label_by(self, ids: np.ndarray, schedule: Schedule) -> None:
        """Say in `labels` what held in windows by a schedule."""
        tables, orders, prices, done = self._tables, self.intervals(at.ORDERS, 0, 0), self.prices.of_lines(), 0
        plant = tables.plant
        while done < len(ids):
            done = label(done, ids, plant, tables.windows, orders, schedule.calendar, prices, tables.labels)
            if done < len(ids):
                start = int(tables.windows["start"][ids[done]])
                schedule.reach(start, start + int(tables.labels["length"][ids[done]]))

    def _schedules_of_lines(self) -> np.ndarray:
        """The number of each line's schedule; lines with the same calendar and tariff share one."""
        lines = self._registry.lines
        if len(self._schedule_of) < len(lines):
            fresh = []
            for line in lines[len(self._schedule_of) :]:
                key = id(self._plant.calendar(line)), id(self._plant.price_table(line))
                if key not in self._schedule_numbers:
                    self._schedule_numbers[key] = len(self._schedules)
                    self._schedules.append(Schedule(self._plant, line))
                fresh.append(self._schedule_numbers[key])
            self._schedule_of = np.concatenate([self._schedule_of, np.array(fresh, np.int64)])
        return self._schedule_of

    def reach_shifts(self, first: int, last: int) -> None:
        """Have kernels know when shifts begin and end in a span of time [ns UTC]."""
        self._registry.shift_bounds.reach(first, last)

    def shift_name(self, line: int, start: int) -> str:
        """The name of the shift that begins at `start`."""
        return self._schedules[int(self._schedules_of_lines()[line])].shift_name(start)

    def crew_name(self, line: int, start: int) -> str:
        """Who works the shift that begins at `start`."""
        return self._schedules[int(self._schedules_of_lines()[line])].crew_name(start)

    def names(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        orders, prices = self.order_book.names(), self.prices.names()
        told = {"models": self.models.names(), **{name: one.names() for name, one in self.done.items()}}
        return {"events": self.events.names(), "orders": orders, "prices": prices, **told}

    def restore(self, names: dict[str, Any]) -> None:
        """Take what `names` gave; the registry has its names again."""
        self.events.restore(names["events"])
        self.order_book.restore(names["orders"])
        self.prices.restore(names["prices"])
        self.models.restore(names["models"])
        for name, one in self.done.items():
            one.restore(names.get(name, ()))  # a checkpoint of before sprays were read has none

    def forget_line(self, line: int) -> None:
        """Let go of everything that a line's events said."""
        self.order_book.forget_line(line)
        self.prices.forget_line(line)
        self.models.forget_line(line)
        for one in self.done.values():
            one.forget_line(line)
        self.version += 1

    def forget(self, oldest: Callable[[int], int], waiting: np.ndarray, at_hand: Callable[[], np.ndarray]) -> None:
        """Let go of events older than all windows of their line, but for those that still hold; oldest(line) [ns UTC].

        Of those that no late event can come before any more, the ones that say what held anyway go too. Payloads go when neither
        orders nor rows at hand refer to them.

        waiting : int64[lines], time of each line's oldest late row that is not run yet [ns UTC]
        at_hand : gives the values of rows of events that are in memory, float64[n]
        """

        def settled(line: int) -> int:
            of_line = self._tables.lines[line]
            within = int(of_line["newest"] - of_line["allowed_lateness"] - of_line["slice"])
            return min(within, int(waiting[line]))

        self.version += self.order_book.forget(oldest, settled)
        self.version += self.prices.forget(oldest, settled)
        self.version += self.models.forget(oldest, settled)
        for one in self.done.values():
            self.version += one.forget(oldest, settled)
        done = (one.numbers() for one in self.done.values())
        kept = chain(self.order_book.numbers(), self.prices.numbers(), self.models.numbers(), *done)
        self.version += self.events.forget(lambda: np.concatenate([np.fromiter(kept, np.float64), at_hand()]))
