"""How long a Shewhart chart with run rules runs before any of them signals, on average.

Each rule added finds more and cries wolf more often: Western Electric's four together have an in-control average run length of 92
points, not 370. What a rule of zones remembers is a Markov chain, built by following every zone from every state that can be reached.
Nelson's trends (`nelson3`) and alternations (`nelson4`) compare points with each other, not with zones, and are no such chain.

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
_MEMORY = 4
_INNER_RUN = 15
_MIXTURE = 8


class Rules(NamedTuple):
    """Which patterns signal. side_run : points in a row on one side, 0: none do."""

    is_beyond_three: bool
    has_two_of_three: bool
    has_four_of_five: bool
    side_run: int
    has_inner_run: bool
    has_mixture: bool

    @property
    def sides_kept(self) -> int:
        """How many points on one side have to be told apart."""
        return max(self.side_run - 1, _MIXTURE if self.has_mixture else 0)


_FLAGS = {
    "nelson1": "is_beyond_three", "nelson5": "has_two_of_three", "nelson6": "has_four_of_five",
    "nelson7": "has_inner_run", "nelson8": "has_mixture",
    "we1": "is_beyond_three", "we2": "has_two_of_three", "we3": "has_four_of_five",
}  # fmt: skip
_SIDE_RUNS = {"nelson2": 9, "we4": 8}
OF_ZONES = tuple(sorted((*_FLAGS, *_SIDE_RUNS)))
"""Names of the rules that this can follow."""


class _State(NamedTuple):
    """What the next point's verdict depends on.

    zones : signed, of up to 4 points; side : the signed run on one side; inner, outer : runs within and beyond one sigma
    """

    zones: tuple[int, ...] = ()
    side: int = 0
    inner: int = 0
    outer: int = 0


def rules_arl(rules: Collection[str], shift: float = 0.0) -> float:
    """Average run length until the first of these rules signals, for independent normal points.

    rules
        Some of `OF_ZONES`, by their names in the plant file.
    shift
        Mean minus centre. [standard deviations of a point]

    Raises
    ------
    ValueError
        No rule is given, or one that is no chain of zones, or `shift` is not finite.
    """
    if not rules or not set(rules) <= set(OF_ZONES):
        raise ValueError(f"rules_arl: expected some of the rules {', '.join(OF_ZONES)}, got {sorted(rules)}")
    if not math.isfinite(shift):
        raise ValueError(f"rules_arl: expected a finite shift, got {shift}")
    count, steps = _chain(_patterns(rules), _zone_chances(shift))
    system = np.eye(count)
    for row, column, chance in steps:
        system[row, column] -= chance
    return float(np.linalg.solve(system, np.ones(count))[0])


def _patterns(rules: Collection[str]) -> Rules:
    """What rules of these names look for; of two runs on one side the shorter signals first."""
    told = {_FLAGS[rule] for rule in rules if rule in _FLAGS}
    runs = [_SIDE_RUNS[rule] for rule in rules if rule in _SIDE_RUNS]
    flags = {name: name in told for name in Rules._fields if name != "side_run"}
    return Rules(side_run=min(runs, default=0), **flags)


def _chain(rules: Rules, chances: list[float]) -> tuple[int, list[tuple[int, int, float]]]:
    """How many states there are, from the first one, 0, and the chance of each step between two that does not signal.

    All rules together have 1011 states.
    """
    numbers = {_State(): 0}
    queue = [_State()]
    steps: list[tuple[int, int, float]] = []
    for state in queue:  # grows while it is walked
        for zone, chance in zip(_ZONES, chances, strict=True):
            after = _step(state, zone, rules)
            if after is None:
                continue
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            steps.append((numbers[state], numbers[after], chance))
    return len(numbers), steps


def _zone_chances(shift: float) -> list[float]:
    from scipy.special import ndtr

    edges = np.array([-np.inf, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, np.inf]) - shift
    # Both tails by the smaller one, so that far zones keep their digits.
    lower, upper = ndtr(edges), ndtr(-edges)
    return np.where(edges[1:] <= 0.0, lower[1:] - lower[:-1], upper[:-1] - upper[1:]).tolist()


def _step(state: _State, zone: int, rules: Rules) -> _State | None:
    """The state after a point in `zone`, or None if a rule signals."""
    side = 1 if zone > 0 else -1
    run = state.side + side if state.side * side > 0 else side
    inner = state.inner + 1 if abs(zone) == 1 else 0
    outer = min(state.outer + 1, _MIXTURE) if abs(zone) > 1 else 0
    window = (*state.zones, zone)
    signals = (
        (rules.is_beyond_three and abs(zone) > 3)
        or (rules.has_two_of_three and _is_beyond(window[-3:], side, 2, 3))
        or (rules.has_four_of_five and _is_beyond(window[-5:], side, 1, 5))
        or (rules.side_run and abs(run) >= rules.side_run)
        or (rules.has_inner_run and inner >= _INNER_RUN)
        or (rules.has_mixture and outer >= _MIXTURE and abs(run) < _MIXTURE)
    )
    if signals:
        return None
    kept = int(math.copysign(min(abs(run), rules.sides_kept), run))
    return _State(
        _remembered(window, rules), kept, inner if rules.has_inner_run else 0, outer if rules.has_mixture else 0
    )


def _is_beyond(window: tuple[int, ...], side: int, limit: int, size: int) -> bool:
    """Whether all but one of a full window, the newest among them, lie beyond so many sigma on its side."""
    if len(window) < size or not window[-1] * side > limit:
        return False
    return sum(zone * side > limit for zone in window) >= size - 1


def _remembered(window: tuple[int, ...], rules: Rules) -> tuple[int, ...]:
    """The last points, kept no finer than a rule can still ask: the newest two by two sigma, the older ones by one."""
    kept = []
    for age, zone in enumerate(reversed(window[-_MEMORY:])):
        is_far = rules.has_two_of_three and age < 2 and abs(zone) > 2
        size = 3 if is_far else 2 if rules.has_four_of_five and abs(zone) > 1 else 0
        kept.append(int(math.copysign(size, zone)))
    return tuple(reversed(kept))
