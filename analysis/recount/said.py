"""What events say that a meter counted in a time, in place of what its readings come to."""

from math import floor
from typing import NamedTuple

from analysis.recount.registers import Settled
from fieldline.event_kinds import LONGEST_AMOUNT_S

LONGEST_AMOUNT_NS = LONGEST_AMOUNT_S * 1_000_000_000


class Said(NamedTuple):
    """From `start` to `end` a meter counted `amount`, evenly; it holds until then, or until another event says something [ns UTC]."""

    start: int
    until: int
    end: int
    amount: float

    def up_to(self, time: int) -> float:
        """What was counted up to a time of it."""
        return self.amount * ((time - self.start) / (self.end - self.start))


def amount_of(said: list[Said], a: int, b: int) -> float | None:
    """What was counted from a to b, which lie in one slice; None where no event says it."""
    one = next((one for one in said if one.start <= a < one.until), None)
    return None if one is None else one.up_to(min(b, one.end)) - one.up_to(a)


def pieces_said(said: list[Said], length: int) -> list[tuple[int, float]]:
    """The pieces of each slice of which an event says what was counted, whole ones where it says a whole number; length [ns]."""
    found = []
    for one in said:
        for start in range(one.start, one.until, length):
            until, since = one.up_to(min(start + length, one.end)), one.up_to(start)
            is_whole = one.amount == floor(one.amount)
            found.append((start, float(floor(until) - floor(since)) if is_whole else until - since))
    return found


def without(said: list[Said], settled: Settled) -> list[tuple[int, float]]:
    """What readings settle, each at its time, without the part that lies in times of which events say what was counted."""
    if not said:
        return settled.readings
    found, begun = [], settled.base
    for time, counted in settled.readings:
        inside = sum(max(min(time, one.until) - max(begun, one.start), 0) for one in said)
        found.append((time, counted * ((time - begun - inside) / (time - begun)) if inside else counted))
        begun = time
    return found


def pieces_without(said: list[Said], settled: Settled) -> list[tuple[int, float]]:
    """The same of a counter, in whole pieces where an event says a part of them."""
    left = without(said, settled)
    return [(time, float(floor(counted + 0.5))) for time, counted in left] if said else left
