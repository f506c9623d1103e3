"""What a production line does on a day: its orders, and the state of each machine at each second.

A day is a UTC day and a function of (seed, line, day) alone. The plant works round the clock; its days begin with a
minute and end with some minutes of changeover, so that no order crosses midnight.
"""

from collections.abc import Iterator
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
    STANDBY = 5


class Product(NamedTuple):
    """What the lines make.

    Cycle times by kind of machine say how fast they run, and could at best [s]; set points are of oven and sealing jaws [°C]; load is
    the share of nominal power while producing.
    """

    name: str
    press_cycle_s: float
    press_ideal_s: float
    oven_cycle_s: float
    oven_ideal_s: float
    packer_cycle_s: float
    packer_ideal_s: float
    reject_ratio: float
    oven_setpoint_c: float
    seal_setpoint_c: float
    force_kn: float
    load: float


PRODUCTS = (
    Product("A", 4.0, 3.8, 8.0, 7.8, 8.0, 7.6, 0.015, 180.0, 142.0, 620.0, 1.00),
    Product("B", 5.0, 4.6, 10.0, 9.6, 10.0, 9.2, 0.025, 195.0, 148.0, 780.0, 1.08),
    Product("C", 6.4, 6.0, 12.8, 12.4, 12.8, 12.0, 0.040, 210.0, 155.0, 910.0, 1.16),
)
STOP_REASONS = ("tool_break", "material_jam", "sensor_fault", "hydraulics", "operator_missing")
REJECT_REASONS = ("burr", "crack", "dimension", "scratch", "porosity")
BREAKS_S = ((14_400, 15_000), (43_200, 44_100), (72_000, 72_600))
"""Planned breaks: 04:00, 12:00 and 20:00 UTC."""
SHIFT_S = 28_800
SHIFTS = (("early", 21_600), ("late", 50_400), ("night", 79_200))
"""Shifts and when they begin: 06:00, 14:00 and 22:00 UTC; each lasts `SHIFT_S` and belongs to the day on which it begins."""
MICROSTOP_S = 45
"""A shorter stop is lost speed, not lost availability [s]."""


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
    """A machine's day, second by second.

    state : uint8[86400]
    order : int16[86400], index into the orders, −1 between them
    cause : int8[86400], index into `STOP_REASONS` while it is stopped, else −1
    """

    state: np.ndarray
    order: np.ndarray
    cause: np.ndarray


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


def timeline_of(seed: int, line: str, machine: str, day: int, in_break: State = State.PLANNED) -> Timeline:
    """The states of one machine on a UTC day. Later causes win: micro-stop, breakdown, planned break, changeover.

    in_break : what it does in a planned break
    """
    state = np.full(DAY_S, State.CHANGEOVER, np.uint8)
    order = np.full(DAY_S, -1, np.int16)
    for index, job in enumerate(orders_of(seed, line, day)):
        state[job.start_s : job.stop_s] = State.PRODUCING
        order[job.start_s : job.stop_s] = index
    cause = np.full(DAY_S, -1, np.int8)
    for start, stop, _ in _interruptions(noise_key(seed, machine, "microstop", day), (900.0, 8.0, 60.0)):
        state[start:stop] = State.IDLE
    for start, stop, number in _interruptions(noise_key(seed, machine, "breakdown", day), (7200.0, 120.0, 480.0)):
        state[start:stop] = State.STOPPED
        cause[start:stop] = number % len(STOP_REASONS)
    for start, stop in BREAKS_S:
        state[start:stop] = in_break
    state[order < 0] = State.CHANGEOVER
    cause[state != State.STOPPED] = -1
    return Timeline(state, order, cause)


def _interruptions(key: int, law: tuple[float, float, float]) -> Iterator[tuple[int, int, int]]:
    """Interruptions of a day: mean seconds between them, shortest and longest [s] → start, stop, and a number of its own."""
    mean_s, shortest_s, longest_s = law
    draws = uniform(key, np.arange(3 * (int(DAY_S / mean_s) * 3 + 8), dtype=np.int64)).reshape(-1, 3)
    at = 0.0
    for pause, length, number in draws:
        at += -mean_s * float(np.log1p(-pause))
        if at >= DAY_S:
            return
        lasts = shortest_s + (longest_s - shortest_s) * length
        yield int(at), int(at + lasts), int(number * 1000)
        at += lasts


def _line_digit(line: str) -> int:
    digits = [c for c in line if c.isdigit()]
    return int(digits[-1]) if digits else 0
