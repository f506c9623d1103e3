"""When a machine that tells its states as they change gave no sign of life, though signs were to be expected.

A state tag tells by the clock once it has told the same value twice more, each time within its maximum gap, and tells changes otherwise.
While such changes hold, one after the other, each reading of the asset's other series is a sign of life for as long as its maximum gap.
Signs that follow on each other in time are a chain. A chain is a rhythm where a reading comes a whole gap after its beginning, in a
machine that stands a whole gap after it began to stand: what speaks only while a machine produces is not missed in a stop. When a
rhythm breaks off, nothing is known of the machine until the next sign.
"""

from typing import NamedTuple

from fieldline.states import State

_AGAIN = 2
_MOST = 4


class Sign(NamedTuple):
    """A sign of life, in the order of rows. gap : how long it is one [ns]; state : the one that it tells, None for another reading."""

    time: int
    tag: str
    gap: int
    state: State | None


def tells_changes(values: list[tuple[int, float]], gap: int) -> list[bool]:
    """Of each value of a state tag, by time, whether the tag tells changes then; gap : its maximum gap [ns]."""
    found, score = [], 0
    for at, (time, value) in enumerate(values):
        if at:
            since, last = values[at - 1]
            if value == last:
                score += 1 if time - since <= gap and score < _MOST else 0
            elif score:
                score -= 1
        found.append(score < _AGAIN)
    return found


def silences(signs: list[Sign], end: int) -> list[tuple[int, int]]:
    """The times without a sign of life where one was due. signs : of changes that hold without a break, up to `end` [ns]."""
    found: list[tuple[int, int]] = []
    for first, after, until in _chains(signs):
        resumes = min(signs[after].time, end) if after < len(signs) else end
        if until < resumes and _is_rhythm(signs, first, after):
            found.append((until, resumes))
    return found


def _chains(signs: list[Sign]) -> list[tuple[int, int, int]]:
    """Chains of signs that begin with a reading: the first, the one after the last, and until when they show life."""
    found, at = [], 0
    while at < len(signs):
        first, until = at, signs[at].time + signs[at].gap
        at += 1
        if signs[first].state is not None:
            continue
        while at < len(signs) and signs[at].time <= until:
            until = max(until, signs[at].time + signs[at].gap)
            at += 1
        found.append((first, at, until))
    return found


def _is_rhythm(signs: list[Sign], first: int, after: int) -> bool:
    """Whether signs of life are due after a chain of them."""
    since, begins = signs[first].time, first
    for at in range(after - 1, -1, -1):
        state = signs[at].state
        if state is State.PRODUCING:
            break
        if state is not None:  # it stands, at least since then
            since, begins = max(signs[first].time, signs[at].time), max(first, at)
    return any(sign.state is None and sign.time - since >= sign.gap for sign in signs[begins:after])
