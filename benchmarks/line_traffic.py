"""What typical lines send, for the bench `line`: meters, charted tags, machines with states and counts, orders. A part of that bench.

A line has two meters (power and register), twenty process tags whose subgroups are charted, and four machines that tell state, good
and all pieces, each at 1 Hz with its own phase; every half hour an order begins, at another time on each line.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fieldline.frames import ROW_COLUMNS, Readings, encode_readings, event_value

START_NS = 1_699_995_600_000_000_000
"""2023-11-14 21:00 UTC: within two hours lie a break of each of two shifts, the change between them and one of the price [ns UTC]."""

_SECOND = 1_000_000_000
_ORDER_S, _STAGGER_S = 1800, 37
_PRODUCTS = ("A", "B", "C")
_CHARTED = tuple(f"t{k}" for k in range(20))
_TAGS = ["power_kw", "energy_kwh", *_CHARTED, "state", "good_count", "total_count", "@order"]
_REGISTER, _STATE, _ORDER = _TAGS.index("energy_kwh"), _TAGS.index("state"), _TAGS.index("@order")
_MACHINES = 4
_ASSETS = ("meter0", "meter1", "process", *(f"machine{k}" for k in range(_MACHINES)), "")
_FIRST_MACHINE = 3
_SERIES = (
    *((asset, tag) for asset in (0, 1) for tag in (0, _REGISTER)),
    *((2, 2 + k) for k in range(len(_CHARTED))),
    *((_FIRST_MACHINE + machine, _STATE + k) for machine in range(_MACHINES) for k in range(3)),
)
"""Asset and tag of each series of a line, as places in `_ASSETS` and `_TAGS`."""
_PRODUCING, _IDLE, _BROKEN = 6.0, 1.0, 9.0
_PERIOD_S, _SHORT_S, _LONG_S, _BETWEEN_S = 1500, 10, 150, 300
_CYCLE_S, _SCRAP_EVERY = 4, 25
_PORTION_S = 60

_PLANT = """
[[asset]]
path = "plant/area/*/process"
[asset.tags."t*".spc]
chart = "xbar_s"
every = "1m"
n = 5
center = 50.0
sigma = 5.0
lsl = 30.0
usl = 70.0

[[asset]]
path = "plant/area/*/machine*"
microstop_s = 60
[asset.tags.state]
kind = "state"
codes = {"1" = "idle", "6" = "producing", "9" = "breakdown"}

[[product]]
name = "A"
ideal_cycle_s = 3.5
[[product]]
name = "B"
ideal_cycle_s = 3.0
[[product]]
name = "C"
ideal_cycle_s = 3.8

[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
breaks = [{start = "09:00", end = "09:15"}, {start = "11:30", end = "12:00"}]
[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:00"
breaks = [{start = "17:30", end = "18:00"}, {start = "21:20", end = "21:30"}]
[[calendar.shift]]
name = "night"
start = "22:00"
end = "06:00"
breaks = [{start = "22:40", end = "22:50"}, {start = "02:00", end = "02:30"}]

[[tariff]]
currency = "EUR"
price = 0.30
co2_kg_per_kwh = 0.35
[[tariff.period]]
from_hour = 22
to_hour = 6
price = 0.18
"""
_LINE = """
[[line]]
path = "{line}"
output = "{line}/machine3"
[[asset]]
path = "{line}/meter0"
state_of = "{line}/machine0"
[[asset]]
path = "{line}/meter1"
state_of = "{line}/machine1"
"""


class Lines(NamedTuple):
    """So many typical lines."""

    number: int

    @property
    def paths(self) -> list[str]:
        return [f"plant/area/line{line}" for line in range(self.number)]

    @property
    def series(self) -> int:
        """Of numbers at 1 Hz, without events."""
        return self.number * len(_SERIES)

    def plant(self) -> str:
        """The plant file (TOML)."""
        return _PLANT + "".join(_LINE.format(line=path) for path in self.paths)

    def good_pieces(self, seconds: int) -> int:
        """How many good pieces all machines count from their first reading to the last one of `seconds` [s]."""
        last = np.array([0, seconds - 1])
        return sum(int(np.diff(_machine(last, number)[1])[0]) for number in range(self.number * _MACHINES))


def frames(lines: Lines, seconds: int, size: int = 10_000, seed: int = 0) -> Iterator[tuple[int, bytes]]:
    """(number of rows, frame): all rows of `seconds` [s] in the order of time, in frames of at most `size` rows.

    Seeded: the same call gives the same rows.
    """
    source = _Source(lines, seed)
    for first in range(0, seconds, _PORTION_S):
        rows = source.rows(first, min(first + _PORTION_S, seconds))
        for lo in range(0, len(rows.time), size):
            part = _part(rows, slice(lo, lo + size))
            yield len(part.time), encode_readings(part)


def _part(rows: Readings, span: slice) -> Readings:
    """Some rows; a frame without events has no payloads, as ingest makes it."""
    payload = (rows.payload or [])[span]
    columns = {name: getattr(rows, name)[span] for name in ROW_COLUMNS}
    return rows._replace(**columns, payload=payload if any(payload) else None)


def _machine(clock: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State, good and all pieces so far of a machine: float64[n] each, at clock, int64[n] [s].

    It runs 300 s, stops for 10 s, and so on; each fifth time it breaks down for 150 s. A piece takes 4 s, each 25th is scrap.
    """
    place = (clock + number * 97) % _PERIOD_S
    stopped = (place % _BETWEEN_S < _SHORT_S) & (place >= _BETWEEN_S)
    state = np.where(place < _LONG_S, _BROKEN, np.where(stopped, _IDLE, _PRODUCING))
    # Whole periods first, so that pieces at a time do not depend on where one begins to look.
    ran = _ran_until(place) + (clock + number * 97) // _PERIOD_S * _ran_until(np.array([_PERIOD_S]))[0]
    total = ran // _CYCLE_S
    return state, (total - total // _SCRAP_EVERY).astype(np.float64), total.astype(np.float64)


def _ran_until(place: np.ndarray) -> np.ndarray:
    """How long a machine ran in its period until `place` [s]."""
    stops = np.maximum(place // _BETWEEN_S - 1, 0) * _SHORT_S
    current = np.where(place >= _BETWEEN_S, np.minimum(place % _BETWEEN_S, _SHORT_S), 0)
    return np.maximum(place - _LONG_S - stops - current, 0)


class _Source:
    """Rows by seconds."""

    def __init__(self, lines: Lines, seed: int) -> None:
        place = np.tile(np.array(_SERIES), (lines.number, 1))
        line = np.repeat(np.arange(lines.number), len(_SERIES))
        phase = np.random.default_rng(seed).integers(0, _SECOND, lines.series)
        order = np.argsort(phase, kind="stable")
        self._lines, self._seed = lines, seed
        self._line, self._part, self._tag, self._phase = line[order], place[order, 0], place[order, 1], phase[order]
        self._names = [f"{path}/{part}".rstrip("/") for path in lines.paths for part in _ASSETS]

    def rows(self, first: int, last: int) -> Readings:
        """Rows of the seconds from `first` to before `last`, in the order of time."""
        clock = np.arange(first, last)
        orders = self._orders(first, last)
        said = [_payload(line, second) for line, second in orders]
        time = (clock[:, None] * _SECOND + self._phase[None, :]).ravel()
        time = START_NS + np.r_[time, np.array([second for _, second in orders], np.int64) * _SECOND]
        asset = np.r_[
            np.tile(self._line * len(_ASSETS) + self._part, len(clock)),
            np.array([(line + 1) * len(_ASSETS) - 1 for line, _ in orders], np.int64),
        ].astype(np.int32)
        tag = np.r_[np.tile(self._tag, len(clock)), np.full(len(orders), _ORDER)].astype(np.int32)
        value = np.r_[self._values(clock).ravel(), np.array([event_value(text) for text in said])]
        order = np.argsort(time, kind="stable")
        payload = np.array([None] * (len(time) - len(said)) + said, object)[order].tolist()
        columns = (time[order], time[order], asset[order], tag[order], value[order], np.zeros(len(time), np.uint8))
        return Readings(*columns, self._names, _TAGS, None, payload)

    def _orders(self, first: int, last: int) -> list[tuple[int, int]]:
        """Line and second of each order that begins."""
        count = self._lines.number
        begun = ((line, range(line * _STAGGER_S % _ORDER_S, last, _ORDER_S)) for line in range(count))
        return [(line, second) for line, seconds in begun for second in seconds if second >= first]

    def _values(self, clock: np.ndarray) -> np.ndarray:
        """The values, float64[seconds, series]."""
        values = np.random.default_rng((self._seed, int(clock[0]))).normal(50.0, 5.0, (len(clock), len(self._line)))
        registers = self._tag == _REGISTER
        values[:, registers] = clock[:, None] * 0.014 + self._line[registers]
        machine = (self._part - _FIRST_MACHINE) + self._line * _MACHINES
        column = [np.flatnonzero(self._tag == _STATE + k) for k in range(3)]
        for mine in zip(*(where[np.argsort(machine[where])] for where in column), strict=True):
            values[:, mine] = np.stack(_machine(clock, int(machine[mine[0]])), axis=1)
        return values


def _payload(line: int, second: int) -> bytes:
    """An order that begins."""
    number = second // _ORDER_S
    said = {"order": f"{line}-{number}", "phase": "start", "product": _PRODUCTS[(line + number) % len(_PRODUCTS)]}
    return json.dumps(said, sort_keys=True).encode()
