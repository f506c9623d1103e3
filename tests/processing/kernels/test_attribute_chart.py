"""The memory of charts of counts, window by window, against run rules over whole series."""

import numpy as np
import pytest

from processing.formulas.spc import rule_names
from processing.kernels.attribute_chart import STATE, judge_counts
from processing.kernels.rules import REACH
from tests.processing.kernels.test_rules import walk
from tests.twins import rules as twin


def judged(z: list[float], limits: list[list[float]]) -> list[set[str] | None]:
    """Rules of one chart's points, each judged in a call of its own; None without a point."""
    state, rules, found = STATE.copy(), np.empty(1), list[set[str] | None]()
    for point, by in zip(z, limits, strict=True):
        judge_counts(np.array([point]), np.array([by]), state, np.empty(REACH), rules)
        found.append(None if np.isnan(rules[0]) else set(rule_names(int(rules[0]))))
    return found


def by_hand(z: list[float], limits: list[list[float]]) -> list[set[str] | None]:
    """The same by the twin: windows without a point are left out, and each new set of limits begins a series of its own."""
    found: list[set[str] | None] = [None] * len(z)
    begin = 0
    for k in range(1, len(z) + 1):
        if k == len(z) or repr(limits[k]) != repr(limits[begin]):
            mine = [place for place in range(begin, k) if not np.isnan(z[place])]
            for place, names in zip(mine, twin.run_rules([z[one] for one in mine]), strict=True):
                found[place] = names
            begin = k
    return found


@pytest.mark.parametrize("seed", range(3))
def test_points_are_judged_as_a_series_without_its_holes_that_begins_anew_with_new_limits(seed: int) -> None:
    random = np.random.default_rng(seed)
    z = walk(seed, 400)
    kinds = [[0.0, 0.0, np.nan, 0.02, np.nan], [0.0, 0.0, np.nan, 0.03, np.nan], [4.0, 1.0, np.nan, 0.03, 1.5]]
    limits = [kinds[k] for k in np.repeat(random.integers(0, 3, 20), 20)]
    z = [np.nan if random.random() < 0.1 else point for point in z]

    got = judged(z, limits)

    assert got == by_hand(z, limits)
    assert None in got and len(set().union(*(names for names in got if names))) > 8


def test_charts_of_one_call_have_each_its_own_memory() -> None:
    state, rules = np.repeat(STATE, 2), np.empty(2)
    limits = np.array([[0.0, 0.0, np.nan, 0.1, np.nan]] * 2)

    for _ in range(9):
        judge_counts(np.array([0.5, np.nan]), limits, state, np.empty(REACH), rules)
    judge_counts(np.array([0.5, 4.0]), limits, state, np.empty(REACH), rules)

    assert [rule_names(int(mask)) for mask in rules] == [("nelson2", "we4"), ("nelson1", "we1")]
