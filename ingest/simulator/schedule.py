"""What a production line does on a day: its orders, and the state of each machine at each second.

A day is a UTC day and a function of (seed, line, day) alone. The plant works round the clock; its days begin with a
minute and end with some minutes of changeover, so that no order crosses midnight.
"""

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ingest.simulator.noise import draw, noise_key, uniform

DAY_S = 86_400
_FIRST_ORDER_S = 60


class State(IntEnum):
    """A machine's state; the name in lower case is what its events say."""

    IDLE = 0
    PRODUCING = 1
    STOPPED = 2
    CHANGEOVER = 3
    PLANNED = 4


class Product(NamedTuple):
    """What the lines make. Cycle times by kind of machine [s]; load: share of nominal power while producing."""

    name: str
    press_cycle_s: float
    packer_cycle_s: float
    reject_ratio: float
    oven_setpoint_c: float
    force_kn: float
    load: float


PRODUCTS = (
    Product("A", 4.0, 8.0, 0.015, 180.0, 620.0, 1.00),
    Product("B", 5.0, 10.0, 0.025, 195.0, 780.0, 1.08),
    Product("C", 6.4, 12.8, 0.040, 210.0, 910.0, 1.16),
)
STOP_REASONS = ("tool_break", "material_jam", "sensor_fault", "hydraulics", "operator_missing")
REJECT_REASONS = ("burr", "crack", "dimension", "scratch", "porosity")
BREAKS_S = ((14_400, 15_000), (43_200, 44_100), (72_000, 72_600))
"""Planned breaks: 04:00, 12:00 and 20:00 UTC."""


class Order(NamedTuple):
    """An order on a line: seconds of its day, start inclusive, stop exclusive."""

    number: str
    product: Product
    start_s: int
    stop_s: int

    def attributes(self) -> dict[str, str]:
        """What an event about it says."""
        return {"order": self.number, "product": self.product.name}


class Timeline(NamedTuple):
    """A machine's day: `state` uint8[86400] by second, `order` int16[86400] (index into the orders, −1 between them),
    `reason`: second at which a stop begins → its reason."""

    state: np.ndarray
    order: np.ndarray
    reason: dict[int, str]


@lru_cache(maxsize=64)
def orders_of(seed: int, line: str, day: int) -> tuple[Order, ...]:
    """The orders of a line on a UTC day (days since 1970), in their order of time; 20 to 45 minutes each."""
    key, start = noise_key(seed, line, "orders", day), _FIRST_ORDER_S
    orders: list[Order] = []
    while start < DAY_S - 900:
        n = 3 * len(orders)
        stop = start + 1200 + int(1500 * draw(key, n))
        changeover = 240 + int(360 * draw(key, n + 1))
        if stop + changeover > DAY_S - 900:
            stop, changeover = DAY_S - 300, 300
        product = PRODUCTS[int(draw(key, n + 2) * len(PRODUCTS))]
        orders.append(Order(f"{day % 10_000:04d}{_line_digit(line)}{len(orders):02d}", product, start, stop))
        start = stop + changeover
    return tuple(orders)


def timeline_of(seed: int, line: str, machine: str, day: int) -> Timeline:
    """The states of one machine on a UTC day. Later causes win: micro-stop, breakdown, planned break, changeover."""
    state = np.full(DAY_S, State.CHANGEOVER, np.uint8)
    order = np.full(DAY_S, -1, np.int16)
    for index, job in enumerate(orders_of(seed, line, day)):
        state[job.start_s : job.stop_s] = State.PRODUCING
        order[job.start_s : job.stop_s] = index
    between = order < 0
    reason: dict[int, str] = {}
    _interrupt(state, noise_key(seed, machine, "microstop", day), (900.0, 8.0, 60.0), State.IDLE)
    starts = _interrupt(state, noise_key(seed, machine, "breakdown", day), (7200.0, 120.0, 480.0), State.STOPPED)
    for start, stop in BREAKS_S:
        state[start:stop] = State.PLANNED
    state[between] = State.CHANGEOVER
    for start, number in starts.items():
        if state[start] == State.STOPPED:
            reason[start] = STOP_REASONS[number % len(STOP_REASONS)]
    return Timeline(state, order, reason)


def _interrupt(state: np.ndarray, key: int, law: tuple[float, float, float], to: State) -> dict[int, int]:
    """Paint interruptions: mean seconds between them, shortest and longest [s]. Gives start → a number of its own."""
    mean_s, shortest_s, longest_s = law
    draws = uniform(key, np.arange(3 * (int(DAY_S / mean_s) * 3 + 8), dtype=np.int64)).reshape(-1, 3)
    at, starts = 0.0, {}
    for pause, length, number in draws:
        at += -mean_s * float(np.log1p(-pause))
        if at >= DAY_S:
            break
        lasts = shortest_s + (longest_s - shortest_s) * length
        state[int(at) : int(at + lasts)] = to
        starts[int(at)] = int(number * 1000)
        at += lasts
    return starts


def _line_digit(line: str) -> int:
    digits = [c for c in line if c.isdigit()]
    return int(digits[-1]) if digits else 0
