"""What a plan of maintenance is made of: jobs, shifts that they could be done in, and production that they would hold up."""

from math import exp, log1p
from typing import NamedTuple

HOUR_NS = 3_600_000_000_000
_SURE = 1.0 - 1e-9


class Job(NamedTuple):
    """One action on one asset.

    hours : crew hours, for which the line stands; part : the spare that it needs, "" for none; cost : of doing it; removes : the share of
    the failure's probability that is gone then; rate_per_h : failures an hour as things are; failure_cost : of a failure
    """

    asset: str
    line: str
    action: str
    hours: float
    part: str
    cost: float
    removes: float
    rate_per_h: float
    failure_cost: float


class Shift(NamedTuple):
    """A stretch of time with a crew; start, end [ns UTC]. crew_hours : of all that work it."""

    name: str
    start: int
    end: int
    crew_hours: float


class Order(NamedTuple):
    """Production of a line; start, end [ns UTC]. stop_cost_per_h : what an hour costs in which the line stands meanwhile."""

    line: str
    start: int
    end: int
    stop_cost_per_h: float


class Cost(NamedTuple):
    """What an option costs: the action, the line's standing, and failures by their probability."""

    action: float
    standing: float
    failure: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.action + self.standing + self.failure


def rate_of(probability: float, within_h: float) -> float:
    """Failures an hour of something that fails within so many hours by this probability, at a constant rate."""
    return -log1p(-min(max(probability, 0.0), _SURE)) / within_h


def cost_of_waiting(job: Job, now: int, end: int) -> Cost:
    """Nothing is done until the plan's end [ns UTC]."""
    return Cost(0.0, 0.0, job.failure_cost * _failed(job.rate_per_h, now, end))


def cost_in(job: Job, shift: Shift, orders: tuple[Order, ...], now: int, end: int) -> Cost:
    """The job is done at the beginning of a shift.

    It may fail before, as it is, and from then until the plan's end at the rate that is left. The line stands for as long as the job takes,
    first in the shift's time without an order, then where it costs least.
    """
    before = _failed(job.rate_per_h, now, shift.start)
    after = _failed(job.rate_per_h * (1.0 - job.removes), shift.start, end)
    failure = job.failure_cost * (before + (1.0 - before) * after)
    return Cost(job.cost, _standing(job, shift, orders), failure)


def _failed(rate_per_h: float, start: int, end: int) -> float:
    return 1.0 - exp(-rate_per_h * max(end - start, 0) / HOUR_NS)


def _standing(job: Job, shift: Shift, orders: tuple[Order, ...]) -> float:
    spans = []
    for order in orders:
        if order.line == job.line:
            held_ns = min(order.end, shift.end) - max(order.start, shift.start)
            spans.append((order.stop_cost_per_h, max(held_ns, 0) / HOUR_NS))
    free = (shift.end - shift.start) / HOUR_NS - sum(hours for _, hours in spans)
    left, cost = job.hours, 0.0
    for per_h, hours in [(0.0, max(free, 0.0)), *sorted(spans)]:
        taken = min(left, hours)
        cost += taken * per_h
        left -= taken
    return cost
