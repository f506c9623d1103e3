"""Run rules by published conventions, point by point and in blocks, against the twin."""

import numpy as np
import pytest

from processing.formulas.spc import RULES, rule_names
from processing.kernels import rules
from processing.kernels.rules import REACH, judge_point
from tests.twins import rules as twin


def judged(z: list[float]) -> list[set[str]]:
    points = np.array(z, np.float64)
    return [set(rule_names(judge_point(points, 0, i))) for i in range(len(z))]


def places(z: list[float], name: str) -> list[int]:
    return [i for i, names in enumerate(judged(z)) if name in names]


def walk(seed: int, count: int) -> list[float]:
    """Points whose scale, side and roughness change, with ties, exact zone edges and holes: every rule has its turn."""
    random = np.random.default_rng(seed)
    pieces = []
    while sum(piece.size for piece in pieces) < count:
        length = int(random.integers(3, 40))
        piece = random.normal(random.choice([-1.5, 0.0, 0.0, 1.5]), random.choice([0.3, 1.0, 2.5]), length)
        if random.random() < 0.2:
            piece = np.abs(piece) * np.where(np.arange(length) % 2, 1.0, -1.0)
        if random.random() < 0.5:
            piece = np.round(piece)
        if random.random() < 0.2:
            piece = np.sort(piece)
        piece[random.random(length) < 0.01] = np.nan
        pieces.append(piece)
    return np.concatenate(pieces)[:count].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_a_block_of_points_gets_the_rules_that_its_twin_finds(seed: int) -> None:
    z = walk(seed, 1500)

    got = judged(z)

    assert got == twin.run_rules(z)
    assert set().union(*got) == set(RULES)


def test_a_stream_that_keeps_fifteen_points_gets_what_a_block_gets() -> None:
    z = walk(9, 600)
    window, seen = np.full(REACH, np.nan), []

    for i, value in enumerate(z):
        window[:-1] = window[1:]
        window[-1] = value
        first = max(0, REACH - 1 - i)
        seen.append(set(rule_names(judge_point(window, first, REACH - 1))))

    assert seen == judged(z)


def test_the_bits_of_a_mask_have_the_names_that_the_rules_have() -> None:
    nelson = [getattr(rules, f"NELSON_{k}") for k in range(1, 9)]
    western = [getattr(rules, f"WESTERN_{k}") for k in range(1, 5)]

    named = [rule_names(bit) for bit in nelson + western]

    assert named == [(name,) for name in RULES]


def test_a_missing_point_has_no_rules_and_ends_every_run() -> None:
    z = [0.5] * 8 + [float("nan")] + [0.5] * 8

    assert places(z, "we4") == [7, 16]
    assert places(z, "nelson2") == []


def test_a_window_that_is_not_full_is_not_judged() -> None:
    # Two points beyond 2 sigma are not yet two of three
    assert places([2.5, 2.5], "nelson5") == []
    assert places([2.5, 2.5, 0.0, 2.5], "nelson5") == [3]
    assert places([1.5, 1.5, 1.5, 1.5], "nelson6") == []


def test_eight_points_beyond_one_sigma_on_one_side_are_no_mixture() -> None:
    assert places([1.5] * 8, "nelson8") == []
    assert places([1.5] * 7 + [-1.5], "nelson8") == [7]


def test_points_on_a_zone_edge_are_inside_it() -> None:
    assert places([3.0, -3.0], "nelson1") == []
    assert places([2.0, 2.0, 2.0], "we2") == []
    assert places([1.0] * 5, "we3") == []
    assert places([1.0, -1.0] * 8, "nelson7") == [14, 15]


def test_a_point_on_the_centre_line_belongs_to_neither_side() -> None:
    assert places([0.5] * 7 + [0.0] + [0.5] * 8, "we4") == [15]


def test_equal_neighbours_end_a_trend_and_an_alternation() -> None:
    assert places([0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.7], "nelson3") == []
    assert places([0.0, 0.1] * 6 + [0.1, 0.0] * 6, "nelson4") == []


def test_no_points_are_judged_without_complaint() -> None:
    assert judged([]) == []


def test_an_infinite_point_is_beyond_every_zone() -> None:
    assert judged([float("inf")]) == [{"nelson1", "we1"}]
