"""The readings of a register or counter one by one: which are believed, what those settle, and what became of the others.

The *base* is the newest reading that is believed. A reading from it up to the largest plausible step above is believed. Others wait as
a run, as long as each goes on upwards from the one before (in one that began at half the base or less, by half the base at most); what
comes back to the base refuses them. A run that rose is believed with its
second reading when it rolled over, with `confirm_readings` or after `confirm_s` when it began at half the base or less (a reset, which
counts from zero) or jumped up (counted from the run on), and with both when it fell otherwise (from the run on). The largest plausible
step is `max_delta`, or what the rated power draws in the time and a quarter-hour. A register that starts over by itself does so at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from typing import NamedTuple

from fieldline.tags import TagInfo

Reading = tuple[int, float]
_QUARTER_S = 900.0


class Settled(NamedTuple):
    """What one believed reading settles since the base before it.

    pieces : (start, end, counted), each counted evenly between two times; readings : (time, counted), each at a reading [ns]
    """

    base: int
    time: int
    pieces: list[tuple[int, int, float]]
    readings: list[tuple[int, float]]

    def between(self, a: int, b: int) -> float:
        """What was counted from a to b."""
        found = 0.0
        for start, end, counted in self.pieces:
            inside = min(b, end) - max(a, start)
            if inside > 0:
                found += counted * (inside / (end - start))
        return found

    @property
    def counted(self) -> float:
        """All of it."""
        return sum(counted for _, _, counted in self.pieces)


class Fate(NamedTuple):
    """What became of readings that were not believed when they came.

    what : `glitch`, `spike`, `out of range`; `rollover`, `reset`, `jump`, `fall` of a run that was confirmed; `exchanged`; `waiting`
    decided : the time of the reading that decided it; of those that wait, their own [ns UTC]
    """

    readings: list[Reading]
    what: str
    decided: int

    @property
    def is_refused(self) -> bool:
        """Whether they count nothing."""
        return self.what in ("glitch", "spike", "out of range")


@dataclass
class Judgement:
    """What the readings of one register come to."""

    settled: list[Settled] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)

    def rejected(self, start: int, end: int) -> int:
        """How many readings were found wrong in [start, end)."""
        return sum(len(fate.readings) for fate in self.fates if fate.is_refused and start <= fate.decided < end)


class Exchange(NamedTuple):
    """A meter was exchanged: what the old one showed last (NaN: unknown), and the new one first."""

    time: int
    old: float
    new: float


def judge(
    samples: list[Reading],
    info: TagInfo,
    rated_kw: float,
    bound: Callable[[int], int],
    exchanges: Sequence[Exchange] = (),
) -> Judgement:
    """Judge readings, ascending by time.

    rated_kw : of the asset, NaN: unknown; bound : when a register that is declared to start over did so last, at a time [ns]
    """
    usable = [isfinite(value) and not value < info.low and not value > info.high for _, value in samples]
    judging = _Judging(info, rated_kw, bound, None)
    later = list(exchanges)
    for now, is_usable in zip(samples, usable, strict=True):
        while later and later[0].time <= now[0]:
            judging.exchange(later.pop(0))
        if not is_usable:
            judging.found.fates.append(Fate([now], "out of range", now[0]))
        elif judging.base is None:
            judging.base = now
        else:
            judging.take(judging.base, now)
    for exchange in later:
        judging.exchange(exchange)
    if judging.run:
        judging.found.fates.append(Fate(judging.run, "waiting", judging.run[-1][0]))
    return judging.found


@dataclass
class _Judging:
    """The base, and the run that waits, on the way through the readings."""

    info: TagInfo
    rated_kw: float
    bound: Callable[[int], int]
    base: Reading | None
    run: list[Reading] = field(default_factory=list)
    found: Judgement = field(default_factory=Judgement)

    def exchange(self, exchange: Exchange) -> None:
        """Another meter is there: the old one counted up to its last reading, what waits is refused."""
        now, base = (exchange.time, exchange.new), self.base
        if base is not None:
            self._refuse(base, self.run, now)
            counted = exchange.old - base[1] if exchange.old > base[1] else 0.0
            pieces = [(base[0], now[0], counted)] if base[0] < now[0] else []
            self.found.settled.append(Settled(base[0], now[0], pieces, [(now[0], counted)]))
        self.found.fates.append(Fate([now], "exchanged", now[0]))
        self.base, self.run = now, []

    def take(self, base: Reading, now: Reading) -> None:
        """Take the next reading."""
        zero = _zero(base, now, self.info, self.bound)
        if self._is_plausible(base, now):
            self._refuse(base, self.run, now)
            self._believe(_settled(base, [], 0.0, now), now)
        elif zero is not None and self._is_plausible(zero, now):
            self._refuse(base, self.run, now)
            self.found.fates.append(Fate([now], "reset", now[0]))
            self._believe(_settled(base, [zero], 0.0, now), now)
        elif not self.run or now[1] < self.run[0][1] or now[1] - self.run[-1][1] > self._longest(base, now[0]):
            self._refuse(base, self.run, now)
            self.run = [now]
        elif now[1] < self.run[-1][1]:
            self._refuse(base, [now], now)
        else:
            self._go_on(base, now)

    def _go_on(self, base: Reading, now: Reading) -> None:
        """A reading goes on from the run, and may make it sure."""
        run = [*self.run, now]
        what, before = _course(base, run[0], self.info, _largest(self.info, self.rated_kw, run[0][0] - base[0]))
        if _is_sure(what, run, self.info):
            self.found.fates.append(Fate(run, what, now[0]))
            self._believe(_settled(base, self.run, before, now), now)
        else:
            self.run = run

    def _believe(self, settled: Settled, now: Reading) -> None:
        self.found.settled.append(settled)
        self.base, self.run = now, []

    def _refuse(self, base: Reading, readings: list[Reading], now: Reading) -> None:
        if readings:
            what = "spike" if readings[0][1] > base[1] else "glitch"
            self.found.fates.append(Fate(readings, what, now[0]))

    def _is_plausible(self, start: Reading, end: Reading) -> bool:
        return 0.0 <= end[1] - start[1] <= _largest(self.info, self.rated_kw, end[0] - start[0])

    def _longest(self, base: Reading, time: int) -> float:
        """The largest step from the run's last reading to the next."""
        step, half = _largest(self.info, self.rated_kw, time - self.run[-1][0]), base[1] / 2.0
        return min(step, half) if self.run[0][1] <= half else step


def _largest(info: TagInfo, rated_kw: float, span: int) -> float:
    """The largest plausible step in a span of time, in the tag's own unit."""
    power = inf if isnan(rated_kw) else rated_kw * (span * 1e-9 + _QUARTER_S) / 3600.0 / info.scale
    return min(power, inf if isnan(info.max_delta) else info.max_delta)


def _zero(base: Reading, now: Reading, info: TagInfo, bound: Callable[[int], int]) -> Reading | None:
    """When a register that fell showed zero, where it is declared to do so by itself."""
    if not info.starts_over or now[1] >= base[1]:
        return None
    time = bound(now[0])
    if info.starts_over == "any" or time == now[0]:  # of the very moment: it can't have counted in no time
        time = base[0]
    return (time, 0.0) if time >= base[0] else None


def _course(base: Reading, first: Reading, info: TagInfo, largest: float) -> tuple[str, float]:
    """How a run lies to the base, and what was counted between them."""
    if first[1] > base[1]:
        return "jump", 0.0
    over = first[1] + info.modulus - base[1]
    if 0.0 <= over <= (info.modulus / 4.0 if largest == inf else largest):
        return "rollover", over
    if 0.0 <= first[1] <= base[1] / 2.0 and first[1] <= largest:
        return "reset", first[1]
    return "fall", 0.0


def _is_sure(what: str, run: list[Reading], info: TagInfo) -> bool:
    if run[-1][1] <= run[0][1]:
        return False
    if what == "rollover":
        return True
    many, long = len(run) >= info.confirm_readings, run[-1][0] - run[0][0] >= int(info.confirm_s * 1e9)
    return (many and long) if what == "fall" else (many or long)


def _settled(base: Reading, run: list[Reading], before: float, now: Reading) -> Settled:
    """What lies between the base and a reading, by way of the run that it confirms."""
    if not run:
        counted = now[1] - base[1]
        return Settled(base[0], now[0], [(base[0], now[0], counted)], [(now[0], counted)])
    first, last = run[0], run[-1]
    steps = [before, last[1] - first[1], now[1] - last[1]]
    times = [base[0], first[0], last[0], now[0]]
    pieces = [(times[k], times[k + 1], steps[k]) for k in range(3) if times[k] < times[k + 1]]
    return Settled(base[0], now[0], pieces, [(times[k + 1], steps[k]) for k in range(3)])
