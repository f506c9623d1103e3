"""What held when: orders, products, shifts, planned stops and prices of the lines of a partition.

Orders, and prices that are not the tariff's (`prices.py`), come as events and are kept here, by line and time, as a function of the set
of events; shifts, stops and prices come from the plant's calendars and tariffs. Kernels see it as `labels`, a row a slice or
window. Nothing of it is part of the operators' state: when an order is corrected, slices are cut anew where it begins, labels change, and
windows are folded again; no reading is run for it.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import is_
from typing import NamedTuple

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.labels import Stretches, label
from processing.timeline.calendar import month_starts, week_starts
from processing.timeline.events import METER, ORDER, ORDER_STOP, READING, ROLES, Events, Order
from processing.timeline.prices import Prices
from processing.timeline.registry import Registry
from processing.timeline.schedule import Schedule
from processing.timeline.tables import Tables

_BOOK_AT_LEAST = 1000  # events of a line about orders, before any is let go

_MARGIN_NS = 400 * 86_400_000_000_000


class Runs(NamedTuple):
    """The orders of a line, ascending and apart, in columns.

    start, end [ns UTC]; order : number of the order; product : its column in `Plant.ideal_cycle_s`.
    """

    start: np.ndarray
    end: np.ndarray
    order: np.ndarray
    product: np.ndarray


_Book = dict[tuple[int, str], float]
"""Events about orders, by time and name (kind and asset): the number of each."""

_NO_RUNS = Runs(*(np.empty(0, np.int64) for _ in Runs._fields))


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


class Changed(NamedTuple):
    """Whose orders or products are others than they were, and from when until when [ns UTC].

    machine : number of the asset that takes orders of its own; -1: all else of the line
    """

    line: int
    machine: int
    spans: list[tuple[int, int]]


def _differing(old: Runs, new: Runs) -> list[tuple[int, int]]:
    """Spans of time, ascending, in which two lists of orders say different things."""
    bounds = np.unique(np.concatenate([old.start, old.end, new.start, new.end]))
    labels = []
    for runs in (old, new):
        place = np.searchsorted(runs.start, bounds, "right") - 1
        held = (place >= 0) & (bounds < np.append(runs.end, 0)[place])
        labels.append([np.where(held, np.append(column, 0)[place], 0) for column in (runs.order, runs.product)])
    differs = (labels[0][0] != labels[1][0]) | (labels[0][1] != labels[1][1])
    return [(int(bounds[k]), int(bounds[k + 1])) for k in np.flatnonzero(differs[:-1])]


class Held(NamedTuple):
    """What holds on a line after an event; empty text: none.

    declared : the product that was reported without an order; paused : orders that pause, each with its product
    """

    order: str = ""
    product: str = ""
    declared: str = ""
    paused: tuple[tuple[str, str], ...] = ()


def _after(said: Order, held: Held) -> Held:
    """What holds after an event."""
    if said.phase == "void":
        return held
    if not said.order:
        declared = said.product if said.phase == "start" else ""
        return held._replace(product=declared, declared=declared)
    others = tuple(pair for pair in held.paused if pair[0] != said.order)
    if said.phase == "start":
        product = said.product or dict(held.paused).get(said.order) or held.declared
        return Held(said.order, product, held.declared, others)
    if said.order != held.order:
        return held._replace(paused=others) if said.phase == "stop" else held
    paused = (*others, (held.order, held.product)) if said.phase == "pause" else others
    return Held("", held.declared, held.declared, paused)


def _below(own: Held, above: Held) -> Held:
    """What holds on a machine that takes orders of its own; above : what holds on its line.

    Its own order, else the line's. An order for which no product was told has the one that is told without an order, of the machine
    before that of the line.
    """
    declared = own.declared or above.declared
    if own.order:
        return Held(own.order, own.product or declared, declared)
    return Held(above.order, own.product or above.product, declared)


def _both(of_line: Iterable[tuple[int, Held]], of_machine: Iterable[tuple[int, Held]]) -> Iterator[tuple[int, Held]]:
    """What holds on a machine that takes orders of its own, from each event on that is about it or its line."""
    steps = [(time, k, held) for k, each in enumerate((of_line, of_machine)) for time, held in each]
    held = [Held(), Held()]
    for time, k, now in sorted(steps, key=lambda step: step[0]):
        held[k] = now
        yield time, _below(held[1], held[0])


def _asset_of(name: str) -> str:
    """The asset that an event was told of, by the event's name."""
    return name.partition(" ")[2]


class Context:
    """Orders, shifts, planned stops and prices of one partition's lines."""

    def __init__(self, tables: Tables, registry: Registry, plant: Plant) -> None:
        self._tables = tables
        self._registry = registry
        self._plant = plant
        self.events = Events(tables, plant.state_of)
        self.prices = Prices(tables, self.events)
        self.orders: list[str] = [""]
        self._order_numbers: dict[str, int] = {"": 0}
        self._book: dict[int, _Book] = {}
        self._runs: dict[tuple[int, int], Runs] = {}  # by line and machine
        self._kept: dict[int, int] = {}  # events of a line that were left when some were let go
        self._before: dict[tuple[int, int], Runs] = {}  # of lines with news: what held before, by machine
        self._placed = -1  # assets whose orders kernels know; fewer than there are: theirs are others by now
        self._orders_of: Stretches | None = None
        self._known: dict[int, tuple[int, int, Stretches]] = {}
        self._above: tuple[list[Stretches], Stretches] = [], NOTHING
        self._schedules: list[Schedule] = []
        self._schedule_numbers: dict[tuple[int, int], int] = {}
        self._schedule_of = np.empty(0, np.int64)
        self.version = 0  # grows with what `names` would give

    @property
    def has_events(self) -> bool:
        """Whether any line has reported orders or prices."""
        return self._tables.has_prices or bool(self._tables.lines["is_cut"].any())

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
        for kind in (ORDER, METER, READING):
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
        """Take the events about orders and prices among rows.

        is_settled : the timeline has chosen among those of one series and time; else the one with the smaller value counts
        """
        of_series = self._tables.series
        role = of_series["role"][series]
        for row in np.flatnonzero((role == at.ORDER_EVENT) | (role == at.PRICE_EVENT)).tolist():
            if quality[row] <= at.UNCERTAIN:
                a, t = self._registry.series[int(series[row])]
                name = f"{self._registry.tags[t]} {self._registry.assets[a]}"
                line, moment, said = int(of_series["line"][series[row]]), int(time[row]), float(value[row])
                if role[row] == at.PRICE_EVENT:
                    self.version += self.prices.enter(line, moment, name, said, is_settled=is_settled)
                else:
                    self._enter(line, moment, name, said, is_settled=is_settled)

    def _enter(self, line: int, time: int, name: str, value: float, *, is_settled: bool) -> None:
        book = self._book.setdefault(line, {})
        if not is_settled:
            value = min(value, book.get((time, name), value))
        if book.get((time, name)) == value:
            return
        concerned = (-1, *self._machines(line)) if (of := self._machine_of(name)) < 0 else (of,)
        for machine in concerned:
            if (line, machine) not in self._before:
                self._before[line, machine] = self.runs(line, machine)
        book[time, name] = value
        self.version += 1
        self._forget_runs(line)

    def _forget_runs(self, line: int) -> None:
        """What is known of a line's orders follows from its events once more."""
        self._orders_of, self._placed = None, -1
        for machine in (-1, *self._machines(line)):
            self._runs.pop((line, machine), None)

    def _machines(self, line: int) -> Iterator[int]:
        """The machines of a line that take orders of their own."""
        scopes = self._tables.scopes["next"]
        machine = scopes[self._tables.lines["asset"][line]]
        while machine >= 0:
            yield int(machine)
            machine = scopes[machine]

    def _machine_of(self, name: str) -> int:
        """The machine that an event is about, by the event's name; -1: its line."""
        return self._registry.order_machine(_asset_of(name))

    def take_changes(self) -> list[Changed]:
        """Where others than before hold, since this was called last, and lines and machines whose events changed nothing of that."""
        before, self._before = self._before, {}
        self.settle()
        return [Changed(*whose, _differing(runs, self.runs(*whose))) for whose, runs in before.items()]

    def settle(self) -> None:
        """Have kernels know the orders of machines that take their own."""
        tables = self._tables
        if self._placed < len(tables.scopes):
            self._placed = len(tables.scopes)
            if tables.most_machines:
                self._place()

    def _place(self) -> None:
        tables = self._tables
        found = [(m, self.runs(line, m)) for line in range(len(tables.lines)) for m in self._machines(line)]
        last = np.cumsum([len(runs.start) for _, runs in found])
        machines = [machine for machine, _ in found]
        first, until = np.zeros((2, len(tables.scopes)), np.int64)
        first[machines], until[machines] = last - [len(runs.start) for _, runs in found], last
        tables.scopes["first"], tables.scopes["last"] = first, until
        tables.order_runs = np.empty(last[-1] if len(last) else 0, at.ORDER_RUN)
        for name in Runs._fields:
            tables.order_runs[name] = np.concatenate([getattr(_NO_RUNS, name), *(getattr(r, name) for _, r in found)])

    def runs(self, line: int, machine: int = -1) -> Runs:
        """The orders of a line, or those that hold on a machine of it that takes its own."""
        found = self._runs.get((line, machine))
        if found is None:
            of_line = self._held(self._told_of(line, -1))
            held = of_line if machine < 0 else _both(of_line, self._held(self._told_of(line, machine)))
            found = self._runs[line, machine] = self._run_through(held)
        return found

    def runs_of(self, line: int, machine: str, was: Plant) -> Runs:
        """The same where orders were taken as another plant file says. machine : its path, empty: the line."""
        told: dict[str, _Book] = {"": {}, machine: {}}
        for key, value in self._book.get(line, {}).items():
            of = was.order_machine(_asset_of(key[1]))
            if of in told:
                told[of][key] = value
        of_line = self._held(told[""])
        return self._run_through(_both(of_line, self._held(told[machine])) if machine else of_line)

    def _held(self, book: _Book) -> Iterator[tuple[int, Held]]:
        """What holds of what events say, from each of them on."""
        held = Held()
        for (time, _), said in self._reported(book):
            held = _after(said, held)
            yield time, held

    def _told_of(self, line: int, machine: int) -> _Book:
        """The events of a line that are about the line itself, or about a machine that takes orders of its own."""
        book = self._book.get(line, {})
        if self._tables.scopes["next"][self._tables.lines["asset"][line]] < 0:
            return book
        return {key: value for key, value in book.items() if self._machine_of(key[1]) == machine}

    def _run_through(self, steps: Iterable[tuple[int, Held]]) -> Runs:
        rows: list[list[int]] = []
        for time, held in steps:
            now = [self._order_number(held.order), self._registry.product_of(held.product)]
            if rows and rows[-1][1] == at.FAR:
                if rows[-1][2:] == now:
                    continue
                rows[-1][1] = time
                if rows[-1][0] == time:
                    rows.pop()
            if held.order or held.product:
                rows.append([time, at.FAR, *now])
        return Runs(*np.array(rows, np.int64).reshape(-1, 4).T.copy()) if rows else _NO_RUNS

    def _reported(self, book: _Book) -> list[tuple[tuple[int, str], Order]]:
        """What the events of a line say, in order; an end that was made void at its time says nothing."""
        events = [(key, self.events.order(value)) for key, value in sorted(book.items())]
        voided = {(key[0], said.order) for key, said in events if said.phase == "void"}
        return [
            (key, said._replace(phase="void") if said.is_end and (key[0], said.order) in voided else said)
            for key, said in events
        ]

    def _order_number(self, order: str) -> int:
        found = self._order_numbers.get(order)
        if found is None:
            found = self._order_numbers[order] = len(self.orders)
            self.orders.append(order)
        return found

    def intervals(self, level: int, first: int, last: int) -> Stretches:
        """The weeks, months, shifts or orders of all lines, at least those that hold a time from first to last [ns UTC]."""
        number = len(self._tables.lines)
        if level == at.ORDERS:
            self.settle()
            if self._orders_of is None or len(self._orders_of.first) != number:
                self._orders_of = self._all_runs()
            return self._orders_of
        known = self._known.get(level)
        if known is None or len(known[2].first) != number or first < known[0] or last > known[1]:
            span = first - _MARGIN_NS, last + _MARGIN_NS
            known = self._known[level] = (*span, self._spread_out(level, *span))
        return known[2]

    def _all_runs(self) -> Stretches:
        runs = [self.runs(line) for line in range(len(self._tables.lines))]
        last = np.cumsum([len(run.start) for run in runs])
        start, end, order, product = (np.concatenate(column) for column in zip(_NO_RUNS, *runs, strict=True))
        return Stretches(last - [len(run.start) for run in runs], last, start, end, order, product)

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
        book = [(line, time, name, value) for line, rows in self._book.items() for (time, name), value in rows.items()]
        return {"events": self.events.names(), "orders": book, "prices": self.prices.names()}

    def restore(self, names: dict[str, list[tuple[int, int, str, float]]]) -> None:
        """Take what `names` gave; the registry has its names again."""
        self.events.restore(names["events"])  # type: ignore[arg-type]
        for line, time, name, value in names["orders"]:
            self._book.setdefault(line, {})[time, name] = value
        self.prices.restore(names.get("prices", []))  # checkpoints of before there were such events have none
        self._orders_of, self._placed = None, -1

    def forget_line(self, line: int) -> None:
        """Let go of everything that a line's events said."""
        self._book.pop(line, None)
        self._kept.pop(line, None)
        self._before = {whose: runs for whose, runs in self._before.items() if whose[0] != line}
        self.prices.forget_line(line)
        self._forget_runs(line)
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
            within = int(of_line["newest"] - of_line["allowed_lateness"]) - at.MINUTE
            return min(within, int(waiting[line]))

        for line, book in self._book.items():
            if len(book) >= _BOOK_AT_LEAST and len(book) >= 2 * self._kept.get(line, 0):
                told = [self._told_of(line, machine) for machine in (-1, *self._machines(line))]
                for key in [key for each in told for key in self._idle(each, oldest(line), settled(line))]:
                    del book[key]
                    self.version += 1
                self._forget_runs(line)
                self._kept[line] = len(book)
        self.version += self.prices.forget(oldest, settled)
        ordered = (value for book in self._book.values() for value in book.values())
        kept = chain(ordered, self.prices.numbers())
        self.version += self.events.forget(lambda: np.concatenate([np.fromiter(kept, np.float64), at_hand()]))

    def _idle(self, book: _Book, oldest: int, settled: int) -> list[tuple[int, str]]:
        """Events that what holds from `oldest` on does not depend on; before `settled` nothing changes [ns UTC]."""
        gone: list[tuple[int, str]] = []
        before: list[tuple[int, str]] = []  # those that changed something before `oldest`
        declarer = None
        chain: tuple[
            tuple[int, str], ...
        ] = ()  # of the order that holds: its start, and its newest pause and resumption
        paused: dict[str, tuple[tuple[int, str], ...]] = {}
        held = Held()
        for key, said in self._reported(book):
            if key[0] >= settled:
                break
            then, held = held, _after(said, held)
            if then == held:
                gone.append(key)
                continue
            if key[0] >= oldest:
                continue
            before.append(key)
            if not said.order:
                declarer = key
            elif said.phase == "start":
                chain = (*paused.pop(said.order, ()), key)
            elif said.phase == "pause":
                paused[said.order], chain = (*chain[:1], key), ()
            else:
                chain = () if said.order == then.order else chain
                paused.pop(said.order, None)
        kept = {declarer, *chain, *(key for keys in paused.values() for key in keys)}
        return gone + [key for key in before if key not in kept]
