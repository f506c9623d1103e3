"""Orders and products as events tell them: which hold on a line, and on machines of it that take orders each for itself.

Kept are the events, by line and time, so that what holds is a function of the set of them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.labels import Stretches
from processing.timeline.events import Events, Order
from processing.timeline.registry import Registry
from processing.timeline.tables import Tables

_BOOK_AT_LEAST = 1000  # events of a line about orders, before any is let go


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


class OrderBook:
    """The events about orders and products of a partition's lines, and what follows from them. orders : names by number; 0 is none."""

    def __init__(self, tables: Tables, registry: Registry, events: Events) -> None:
        self._tables, self._registry, self._events = tables, registry, events
        self.orders: list[str] = [""]
        self._order_numbers: dict[str, int] = {"": 0}
        self._book: dict[int, _Book] = {}
        self._runs: dict[tuple[int, int], Runs] = {}  # by line and machine
        self._kept: dict[int, int] = {}  # events of a line that were left when some were let go
        self._before: dict[tuple[int, int], Runs] = {}  # of lines with news: what held before, by machine
        self._placed = -1  # assets whose orders kernels know; fewer than there are: theirs are others by now
        self._of_lines: Stretches | None = None

    def enter(self, line: int, time: int, name: str, value: float, *, is_settled: bool) -> bool:
        """Take an event, by its kind and asset, see `Context.note`; whether it says something new."""
        book = self._book.setdefault(line, {})
        if not is_settled:
            value = min(value, book.get((time, name), value))
        if book.get((time, name)) == value:
            return False
        concerned = (-1, *self._machines(line)) if (of := self._machine_of(name)) < 0 else (of,)
        for machine in concerned:
            if (line, machine) not in self._before:
                self._before[line, machine] = self.runs(line, machine)
        book[time, name] = value
        self._forget_runs(line)
        return True

    def _forget_runs(self, line: int) -> None:
        """What is known of a line's orders follows from its events once more."""
        self._of_lines, self._placed = None, -1
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
        events = [(key, self._events.order(value)) for key, value in sorted(book.items())]
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

    def of_lines(self) -> Stretches:
        """The orders of all lines; machines that take their own have theirs in `Tables.order_runs`, where this has put them."""
        if self._of_lines is None or self._placed < len(self._tables.scopes):
            self.settle()
        if self._of_lines is None or len(self._of_lines.first) != len(self._tables.lines):
            self._of_lines = self._all_runs()
        return self._of_lines

    def _all_runs(self) -> Stretches:
        runs = [self.runs(line) for line in range(len(self._tables.lines))]
        last = np.cumsum([len(run.start) for run in runs])
        start, end, order, product = (np.concatenate(column) for column in zip(_NO_RUNS, *runs, strict=True))
        return Stretches(last - [len(run.start) for run in runs], last, start, end, order, product)

    def names(self) -> list[tuple[int, int, str, float]]:
        """What a checkpoint keeps."""
        return [(line, time, name, value) for line, rows in self._book.items() for (time, name), value in rows.items()]

    def restore(self, rows: Iterable[tuple[int, int, str, float]]) -> None:
        """Take what `names` gave; the registry has its names again."""
        for line, time, name, value in rows:
            self._book.setdefault(line, {})[time, name] = value
        self._of_lines, self._placed = None, -1

    def numbers(self) -> Iterator[float]:
        """The numbers of the events."""
        return (value for book in self._book.values() for value in book.values())

    def forget_line(self, line: int) -> None:
        """Let go of everything that a line's events said."""
        self._book.pop(line, None)
        self._kept.pop(line, None)
        self._before = {whose: runs for whose, runs in self._before.items() if whose[0] != line}
        self._forget_runs(line)

    def forget(self, oldest: Callable[[int], int], settled: Callable[[int], int]) -> int:
        """Let go of events older than all windows of their line, but for those that still hold; how many.

        Of those before `settled`, where no late event can come any more, the ones that say what held anyway go too. [ns UTC]
        """
        gone = 0
        for line, book in self._book.items():
            if len(book) >= _BOOK_AT_LEAST and len(book) >= 2 * self._kept.get(line, 0):
                told = [self._told_of(line, machine) for machine in (-1, *self._machines(line))]
                for key in [key for each in told for key in self._idle(each, oldest(line), settled(line))]:
                    del book[key]
                    gone += 1
                self._forget_runs(line)
                self._kept[line] = len(book)
        return gone

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
