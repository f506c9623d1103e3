"""Prices that events tell: what a kilowatt-hour of a line costs, where that is not what its tariff says.

An event tells a price from a moment on (its `from`, else its own time) until another (`until`), for ever, or in a list of equal steps. Of
those told of one moment the one entered last counts, else the one with the later time. Of the prices that hold at a moment the one with
the latest beginning is the price; when it ends, the one below it holds again, and below all of them the tariff. Prices change at whole
minutes, the next one where they are told of another moment.

Kept as a set of events, by line and time, as orders are (`context.py`): nothing of it is part of the operators' state.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import pairwise
from math import isfinite, nan
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from fieldline.event_kinds import PRICES, STOPS, VOID
from fieldline.recorded import recorded_s
from processing.kernels import layout as at
from processing.kernels.labels import PriceSteps
from processing.timeline.events import Events, attributes_of, moment_ms
from processing.timeline.tables import Tables

_BOOK_AT_LEAST = 1000  # events of a line, before any is let go
_KWH = {"price_per_kwh": 1.0, "price_per_mwh": 1000.0}
"""How many kilowatt-hours a price is of."""

Key = tuple[int, str]
"""Of an event its time and its series: what tells events of a line from each other."""


class Part(NamedTuple):
    """What an event tells of a stretch of time; start, end [ns UTC]. price : NaN for the tariff's [money / kWh]; None: it takes back."""

    start: int
    end: int
    price: float | None


class Told(NamedTuple):
    """What an event tells. number : by which it is known; order : the larger, the later it was entered or made."""

    number: float
    order: tuple[int, int, str]
    parts: tuple[Part, ...]


class Prices:
    """The prices that events tell of the lines of a partition."""

    def __init__(self, tables: Tables, events: Events) -> None:
        self._tables, self._events = tables, events
        self._book: dict[int, dict[Key, Told]] = {}
        self._steps: dict[int, list[tuple[int, float]]] = {}
        self._before: dict[int, list[tuple[int, float]]] = {}  # of lines with news: what held before
        self._kept: dict[int, int] = {}  # events of a line that were left when some were let go
        self._of_lines: PriceSteps | None = None

    def enter(self, line: int, time: int, name: str, number: float, *, is_settled: bool) -> bool:
        """Take an event, whether that is news; is_settled : see `Context.note`."""
        book = self._book.setdefault(line, {})
        known = book.get((time, name))
        if known is not None and not is_settled:
            number = min(number, known.number)
        if known is not None and known.number == number:
            return False
        if line not in self._before:
            self._before[line] = self.steps(line)
        book[time, name] = _told(number, time, name, self._events.payload(number))
        self._steps.pop(line, None)
        self._of_lines = None
        return True

    def steps(self, line: int) -> list[tuple[int, float]]:
        """From when on which price holds on a line, ascending; NaN for the tariff's [ns UTC, money / kWh]."""
        found = self._steps.get(line)
        if found is None:
            found = self._steps[line] = list(_stepped(_holding(self._book.get(line, {}).values()).values()))
        return found

    def take_changes(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """Of lines with news, the spans in which they have another price than when this was called last [ns UTC]."""
        before, self._before = self._before, {}
        return [(line, _differing(steps, self.steps(line))) for line, steps in before.items()]

    def of_lines(self) -> PriceSteps:
        """The prices of all lines, for kernels."""
        number = len(self._tables.lines)
        if self._of_lines is None or len(self._of_lines.first) != number:
            every = [self.steps(line) for line in range(number)]
            last = np.cumsum([len(steps) for steps in every], dtype=np.int64)
            start = np.array([time for steps in every for time, _ in steps], np.int64)
            price = np.array([price for steps in every for _, price in steps], np.float64)
            self._of_lines = PriceSteps(last - [len(steps) for steps in every], last, start, price)
        return self._of_lines

    def names(self) -> list[tuple[int, int, str, float]]:
        """What a checkpoint keeps."""
        return [
            (line, time, name, told.number) for line, book in self._book.items() for (time, name), told in book.items()
        ]

    def restore(self, rows: Iterable[tuple[int, int, str, float]]) -> None:
        """Take what `names` gave; the events are known again."""
        for line, time, name, number in rows:
            told = _told(number, time, name, self._events.payload(number))
            self._book.setdefault(line, {})[time, name] = told
        self._steps.clear()
        self._of_lines = None

    def numbers(self) -> Iterator[float]:
        """By which the events that are kept are known."""
        return (told.number for book in self._book.values() for told in book.values())

    def forget_line(self, line: int) -> None:
        """Let go of everything that a line's events said."""
        for by_line in (self._book, self._steps, self._kept, self._before):
            by_line.pop(line, None)
        self._of_lines = None

    def forget(self, oldest: Callable[[int], int], settled: Callable[[int], int]) -> bool:
        """Let go of events whose prices are over before all windows of their line; whether any went.

        oldest(line) : from when on there are windows; settled(line) : no event of a time before it is still to come [ns UTC]
        """
        gone = 0
        for line, book in self._book.items():
            if len(book) >= _BOOK_AT_LEAST and len(book) >= 2 * self._kept.get(line, 0):
                idle = _idle(book, oldest(line), settled(line))
                for key in idle:
                    del book[key]
                gone += len(idle)
                self._steps.pop(line, None)
                self._of_lines = None
                self._kept[line] = len(book)
        return gone > 0


def _told(number: float, time: int, name: str, payload: bytes) -> Told:
    entered = recorded_s(payload)
    return Told(number, (entered or 0, time, name), tuple(_parts(time, attributes_of(payload))))


def _parts(time: int, said: dict[str, Any]) -> Iterator[Part]:
    """What an event of a time tells; nothing where it can't be read."""
    since, until = moment_ms(said.get("from")), moment_ms(said.get("until"))
    start = round(since) * 1_000_000 if isfinite(since) else time
    end = round(until) * 1_000_000 if isfinite(until) else at.FAR
    phase = str(said.get("phase") or "").lower()
    if phase:
        if phase in STOPS or phase == VOID:
            yield Part(start, at.FAR, None if phase == VOID else nan)
        return
    name = next((name for name in PRICES if said.get(name) is not None), None)
    if name is None:
        return
    told = said[name]
    if not isinstance(told, list):
        if _is_price(told):
            yield Part(start, end, told / _KWH[name])
        return
    every = said.get("every_s")
    if _is_price(every) and every > 0 and all(map(_is_price, told)):
        step = round(every * 1e9)
        for k, price in enumerate(told):
            yield Part(start + k * step, start + (k + 1) * step, price / _KWH[name])


def _is_price(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _holding(told: Iterable[Told]) -> dict[int, Part]:
    """By its beginning, the price that counts of those told of one moment; those that were taken back too."""
    return {start: part for start, (_, part) in _winners(told).items()}


def _winners(told: Iterable[Told]) -> dict[int, tuple[Told, Part]]:
    found: dict[int, tuple[Told, Part]] = {}
    for each in told:
        for part in each.parts:
            known = found.get(part.start)
            if known is None or known[0].order < each.order:
                found[part.start] = each, part
    return found


def _minute(time: int) -> int:
    """The whole minute at or after a time."""
    return time if time == at.FAR else -(-time // at.MINUTE) * at.MINUTE


def _stepped(parts: Iterable[Part]) -> Iterator[tuple[int, float]]:
    """From when on which price holds; of those that hold the one with the latest beginning."""
    begins = sorted(part for part in parts if part.price is not None and _minute(part.start) < _minute(part.end))
    bounds = sorted({_minute(time) for part in begins for time in part[:2]} - {at.FAR})
    holding: list[tuple[int, int, float]] = []
    place, now = 0, nan
    for bound in bounds:
        while place < len(begins) and _minute(begins[place].start) <= bound:
            start, end, price = begins[place]
            heappush(holding, (-start, _minute(end), nan if price is None else price))
            place += 1
        while holding and holding[0][1] <= bound:
            heappop(holding)
        price = holding[0][2] if holding else nan
        if not _same(price, now):
            yield bound, price
        now = price


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _differing(old: list[tuple[int, float]], new: list[tuple[int, float]]) -> list[tuple[int, int]]:
    """Spans of time, ascending, in which two lines of steps say different prices."""
    bounds = sorted({time for time, _ in (*old, *new)})
    spans, was, now = [], dict(old), dict(new)
    before = after = nan
    for bound, end in pairwise([*bounds, at.FAR]):
        before, after = was.get(bound, before), now.get(bound, after)
        if not _same(before, after):
            spans.append((bound, end))
    return spans


def _idle(book: dict[Key, Told], oldest: int, settled: int) -> list[Key]:
    """Events that no price from `oldest` on depends on; before `settled` no event is still to come [ns UTC]."""
    winners = _winners(book.values())
    endless = [
        start
        for start, (told, part) in winners.items()
        if part.price is not None and part.end == at.FAR and start <= oldest and told.order[1] < settled
    ]
    since = max(endless, default=at.NONE)  # what began before it never holds again
    keys = {told.order[1:]: told for told in book.values()}
    kept = {key for key in keys if key[0] >= settled}
    for start, (told, part) in winners.items():
        if part.price is not None and start >= since and _minute(part.end) > oldest:
            kept.add(told.order[1:])
    more = set(kept)
    while more:  # what is kept must not come to count where something else did
        more = {winners[part.start][0].order[1:] for key in more for part in keys[key].parts} - kept
        kept |= more
    return [key for key in book if key not in kept]
