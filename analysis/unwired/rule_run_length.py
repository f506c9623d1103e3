"""How long a Shewhart chart with Western Electric's rules runs before any of them signals, on average.

Each rule added finds more and cries wolf more often: the four together have an in-control average run length of 92 points, not 370. The
chart's memory of zones is a Markov chain, built by following every zone from every state that can be reached.

Source: C. W. Champ and W. H. Woodall, Exact results for Shewhart control charts with supplementary runs rules, Technometrics 29
(1987), 393. They let two points alone be "2 of 3"; here a window must be full first, as in `processing.kernels.rules`, which makes
run lengths longer by about a hundredth of a percent to a few per mille in control.
"""

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

# A zone is a signed distance from the centre: 1 within one sigma, 2 within two, 3 within three, 4 beyond.
_ZONES = (-4, -3, -2, -1, 1, 2, 3, 4)
_SIDE_RUN = 8
_MEMORY = 4


class _State(NamedTuple):
    """What the next point's verdict depends on: signed zones of up to 4 points, and the signed run on one side, up to 7."""

    zones: tuple[int, ...] = ()
    run: int = 0


def western_electric_arl(rules: Collection[int] = (1, 2, 3, 4), shift: float = 0.0) -> float:
    """Average run length until the first of these rules signals, for independent normal points.

    rules
        Of 1 (beyond 3 sigma), 2 (2 of 3 beyond 2 sigma), 3 (4 of 5 beyond 1 sigma), 4 (8 on one side).
    shift
        Mean minus centre. [standard deviations of a point]

    Raises
    ------
    ValueError
        No rule is given, or one is not 1 to 4, or `shift` is not finite.
    """
    if not rules or not set(rules) <= {1, 2, 3, 4}:
        raise ValueError(f"western_electric_arl: expected some of the rules 1, 2, 3, 4, got {sorted(rules)}")
    if not math.isfinite(shift):
        raise ValueError(f"western_electric_arl: expected a finite shift, got {shift}")
    chances = _zone_chances(shift)
    numbers = {_State(): 0}
    queue, entries = [_State()], []
    for state in queue:  # grows while it is walked
        for zone, chance in zip(_ZONES, chances, strict=True):
            after = _step(state, zone, rules)
            if after is None:
                continue
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            entries.append((numbers[state], numbers[after], chance))
    system = np.eye(len(numbers))
    for row, column, chance in entries:
        system[row, column] -= chance
    return float(np.linalg.solve(system, np.ones(len(numbers)))[0])


def _zone_chances(shift: float) -> list[float]:
    from scipy.special import ndtr

    edges = np.array([-np.inf, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, np.inf]) - shift
    # Both tails by the smaller one, so that far zones keep their digits.
    lower, upper = ndtr(edges), ndtr(-edges)
    return np.where(edges[1:] <= 0.0, lower[1:] - lower[:-1], upper[:-1] - upper[1:]).tolist()


def _step(state: _State, zone: int, rules: Collection[int]) -> _State | None:
    """The state after a point in `zone`, or None if a rule signals."""
    side = 1 if zone > 0 else -1
    run = state.run + side if state.run * side > 0 else side
    window = (*state.zones, zone)
    signals = (
        (1 in rules and abs(zone) > 3)
        or (2 in rules and len(window) >= 3 and zone * side > 2 and sum(z * side > 2 for z in window[-3:]) >= 2)
        or (3 in rules and len(window) >= 5 and zone * side > 1 and sum(z * side > 1 for z in window[-5:]) >= 4)
        or (4 in rules and abs(run) >= _SIDE_RUN)
    )
    return None if signals else _State(_remembered(window, rules), run if 4 in rules else 0)


def _remembered(window: tuple[int, ...], rules: Collection[int]) -> tuple[int, ...]:
    """The last points, kept no finer than a rule can still ask: the newest two by two sigma, the older ones by one."""
    kept = []
    for age, zone in enumerate(reversed(window[-_MEMORY:])):
        size = 3 if 2 in rules and age < 2 and abs(zone) > 2 else 2 if 3 in rules and abs(zone) > 1 else 0
        kept.append(int(math.copysign(size, zone)))
    return tuple(reversed(kept))
