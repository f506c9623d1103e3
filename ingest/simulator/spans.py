"""Which hours, shifts, days and orders of a line lie wholly inside a simulated time.

Only these have a truth that a pipeline can reach: of what crosses the moment when the simulator is switched on or off it
sees a part.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.schedule import DAY_S, MICROSTOP_S, SHIFT_S, SHIFTS, orders_of

HOUR_S = 3600


class Span(NamedTuple):
    """A window of a line: the shift, or the order and its product, that it is.

    window : what it is called in results; start_s inclusive, end_s exclusive [s since 1970]
    """

    window: str
    start_s: int
    end_s: int
    shift: str = ""
    order: str = ""
    product: str = ""


def whole_spans(seed: int, line: str, start_ns: int, end_ns: int) -> list[Span]:
    """The windows of a line that begin after `start_ns` and are over so long before `end_ns` that all of them is known.

    The sample before a window's start tells where its counters stood, the one at its end where they came to; and whether
    a stop at its end was a microstop shows when that time has passed.
    """
    first, last = start_ns // SECOND_NS, end_ns // SECOND_NS
    days = range(first // DAY_S - 1, last // DAY_S + 1)
    found = [span for day in days for span in _of_day(seed, line, day)]
    return [span for span in found if first < span.start_s and span.end_s + MICROSTOP_S <= last]


def _of_day(seed: int, line: str, day: int) -> Iterator[Span]:
    midnight = day * DAY_S
    for hour in range(midnight, midnight + DAY_S, HOUR_S):
        yield Span("1h", hour, hour + HOUR_S)
    yield Span("day", midnight, midnight + DAY_S)
    for name, begin in SHIFTS:
        yield Span("shift", midnight + begin, midnight + begin + SHIFT_S, shift=name)
    for order in orders_of(seed, line, day):
        start, end = midnight + order.start_s, midnight + order.stop_s
        yield Span("order", start, end, order=order.number, product=order.product.name)
