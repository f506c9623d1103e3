"""What events tell to hold from a moment on: a price of a line, the model that scores an asset.

An event tells a value from a moment on (its `from`, else its own time) until another (`until`), for ever, or in a list of equal steps. Of
those told of one moment the one entered last counts, else the one with the later time. Of the values that hold at a moment the one with
the latest beginning counts; when it ends, the one below it holds again. Values change at whole minutes, the next one where they are told
of another moment.

Kept as a set of events, as orders are (`context.py`): nothing of it is part of the operators' state.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import isfinite
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from fieldline.event_kinds import STOPS, VOID
from fieldline.recorded import recorded_s
from processing.kernels import layout as at
from processing.timeline.events import Events, attributes_of, moment_ms

_BOOK_AT_LEAST = 1000  # events of a place, before any is let go

V = TypeVar("V")
W = TypeVar("W", bound=tuple[int, ...])

Key = tuple[int, str]
"""Of an event its time and its series: what tells events of a line from each other."""

Steps = list[tuple[int, V | None]]
"""From when on which value holds, ascending [ns UTC]; None: none that an event told."""


class Part(NamedTuple, Generic[V]):
    """What an event tells of a stretch of time; start, end [ns UTC].

    value : None where none holds; is_void : what was told of this beginning is taken back
    """

    start: int
    end: int
    value: V | None
    is_void: bool = False


class Told(NamedTuple, Generic[V]):
    """What an event tells. number : by which it is known; order : the larger, the later it was entered or made."""

    number: float
    order: tuple[int, int, str]
    parts: tuple[Part[V], ...]


PartsOf = Callable[[int, dict[str, Any]], Iterable[Part[V]]]
"""What an event of a time and its attributes tell; nothing where it can't be read."""


class Holding(Generic[W, V]):
    """What events tell to hold, by where it holds: a tuple of numbers of which the first is a line's."""

    def __init__(self, events: Events, parts_of: PartsOf[V]) -> None:
        self._events, self._parts_of = events, parts_of
        self._book: dict[W, dict[Key, Told[V]]] = {}
        self._steps: dict[W, Steps[V]] = {}
        self._before: dict[W, Steps[V]] = {}  # where there is news: what held before
        self._kept: dict[W, int] = {}  # events that were left when some were let go
        self.version = 0  # grows with what `steps` would give

    def enter(self, where: W, time: int, name: str, number: float, *, is_settled: bool) -> bool:
        """Take an event, whether that is news; is_settled : see `Context.note`."""
        book = self._book.setdefault(where, {})
        known = book.get((time, name))
        if known is not None and not is_settled:
            number = min(number, known.number)
        if known is not None and known.number == number:
            return False
        if where not in self._before:
            self._before[where] = self.steps(where)
        book[time, name] = self._told(number, time, name)
        self._changed(where)
        return True

    def _told(self, number: float, time: int, name: str) -> Told[V]:
        payload = self._events.payload(number)
        entered = recorded_s(payload)
        return Told(number, (entered or 0, time, name), tuple(self._parts_of(time, attributes_of(payload))))

    def _changed(self, where: W) -> None:
        self._steps.pop(where, None)
        self.version += 1

    def steps(self, where: W) -> Steps[V]:
        """What holds somewhere."""
        found = self._steps.get(where)
        if found is None:
            parts = (part for _, part in _winners(self._book.get(where, {}).values()).values())
            stepped = _stepped(parts)
            found = self._steps[where] = list(stepped)
        return found

    def at(self, where: W, times: np.ndarray) -> tuple[np.ndarray, list[V | None]] | None:
        """What holds somewhere at times: the place of each in the list, int64[n], and the list; None where events tell nothing."""
        if where not in self._book:
            return None
        steps = self.steps(where)
        place = np.searchsorted([time for time, _ in steps], times, "right")
        return place, [None, *(value for _, value in steps)]

    def take_changes(self) -> list[tuple[W, list[tuple[int, int]]]]:
        """Where there is news, the spans in which something else holds than when this was called last [ns UTC]."""
        before, self._before = self._before, {}
        return [(where, _differing(steps, self.steps(where))) for where, steps in before.items()]

    def names(self) -> list[tuple[W, int, str, float]]:
        """What a checkpoint keeps."""
        return [
            (where, time, name, told.number)
            for where, book in self._book.items()
            for (time, name), told in book.items()
        ]

    def restore(self, rows: Iterable[tuple[Sequence[int], int, str, float]]) -> None:
        """Take what `names` gave; the events are known again."""
        for numbers, time, name, number in rows:
            where: W = tuple(numbers)  # type: ignore[assignment]
            self._book.setdefault(where, {})[time, name] = self._told(number, time, name)
        self._steps.clear()
        self.version += 1

    def numbers(self) -> Iterator[float]:
        """By which the events that are kept are known."""
        return (told.number for book in self._book.values() for told in book.values())

    def forget_line(self, line: int) -> None:
        """Let go of everything that a line's events said."""
        for where in [where for where in self._book if where[0] == line]:
            for by_place in (self._book, self._steps, self._kept, self._before):
                by_place.pop(where, None)
        self.version += 1

    def forget(self, oldest: Callable[[int], int], settled: Callable[[int], int]) -> bool:
        """Let go of events whose values are over before all windows of their line; whether any went.

        oldest(line) : from when on there are windows; settled(line) : no event of a time before it is still to come [ns UTC]
        """
        gone = 0
        for where, book in self._book.items():
            if len(book) >= _BOOK_AT_LEAST and len(book) >= 2 * self._kept.get(where, 0):
                idle = _idle(book, oldest(where[0]), settled(where[0]))
                for key in idle:
                    del book[key]
                gone += len(idle)
                self._changed(where)
                self._kept[where] = len(book)
        return gone > 0


def alike(*numbers: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Rows of columns, int64[n] each, that say the same: what they say, and which they are. What is told is asked once for each."""
    if not len(numbers[0]):
        return
    order = np.lexsort(numbers[::-1])
    differs = np.any([np.diff(column[order]) != 0 for column in numbers], axis=0)
    for mine in np.split(order, np.flatnonzero(differs) + 1):
        yield tuple(int(column[mine[0]]) for column in numbers), mine


def stretch_of(time: int, said: dict[str, Any]) -> tuple[int, int]:
    """The stretch that an event's `from` and `until` say, of its own time on where they say none [ns UTC]."""
    since, until = moment_ms(said.get("from")), moment_ms(said.get("until"))
    start = round(since) * 1_000_000 if isfinite(since) else time
    return start, round(until) * 1_000_000 if isfinite(until) else at.FAR


def ended(start: int, said: dict[str, Any]) -> list[Part[Any]] | None:
    """What an event with a `phase` tells: that nothing holds any more, or that it takes back what was told; None without one."""
    phase = str(said.get("phase") or "").lower()
    if not phase:
        return None
    return [Part(start, at.FAR, None, is_void=phase == VOID)] if phase in STOPS or phase == VOID else []


def _winners(told: Iterable[Told[V]]) -> dict[int, tuple[Told[V], Part[V]]]:
    """By its beginning, what counts of what was told of one moment; also where it takes back."""
    found: dict[int, tuple[Told[V], Part[V]]] = {}
    for each in told:
        for part in each.parts:
            known = found.get(part.start)
            if known is None or known[0].order < each.order:
                found[part.start] = each, part
    return found


def _minute(time: int) -> int:
    """The whole minute at or after a time."""
    return time if time == at.FAR else -(-time // at.MINUTE) * at.MINUTE


def _stepped(parts: Iterable[Part[V]]) -> Iterator[tuple[int, V | None]]:
    """From when on which value holds; of those that hold the one with the latest beginning."""
    begins = sorted(
        (part for part in parts if not part.is_void and _minute(part.start) < _minute(part.end)),
        key=lambda part: part.start,
    )
    bounds = sorted({_minute(time) for part in begins for time in part[:2]} - {at.FAR})
    holding: list[tuple[int, int]] = []  # later beginnings first: minus the place, and the end
    place, now = 0, None
    for bound in bounds:
        while place < len(begins) and _minute(begins[place].start) <= bound:
            heappush(holding, (-place, _minute(begins[place].end)))
            place += 1
        while holding and holding[0][1] <= bound:
            heappop(holding)
        value = begins[-holding[0][0]].value if holding else None
        if value != now:
            yield bound, value
        now = value


def _differing(old: Steps[V], new: Steps[V]) -> list[tuple[int, int]]:
    """Spans of time, ascending, in which two lines of steps say different things."""
    bounds = sorted({time for time, _ in (*old, *new)})
    spans, was, now = [], dict(old), dict(new)
    before = after = None
    for bound, end in pairwise([*bounds, at.FAR]):
        before, after = was.get(bound, before), now.get(bound, after)
        if before != after:
            spans.append((bound, end))
    return spans


def _idle(book: dict[Key, Told[V]], oldest: int, settled: int) -> list[Key]:
    """Events that nothing from `oldest` on depends on; before `settled` no event is still to come [ns UTC]."""
    winners = _winners(book.values())
    endless = [
        start
        for start, (told, part) in winners.items()
        if not part.is_void and part.end == at.FAR and start <= oldest and told.order[1] < settled
    ]
    since = max(endless, default=at.NONE)  # what began before it never holds again
    keys = {told.order[1:]: told for told in book.values()}
    kept = {key for key in keys if key[0] >= settled}
    for start, (told, part) in winners.items():
        if not part.is_void and start >= since and _minute(part.end) > oldest:
            kept.add(told.order[1:])
    more = set(kept)
    while more:  # what is kept must not come to count where something else did
        more = {winners[part.start][0].order[1:] for key in more for part in keys[key].parts} - kept
        kept |= more
    return [key for key in book if key not in kept]
