"""PSI against its sum written out, and what it says of inputs that stay, move, vanish or stand still."""

import math

import numpy as np
import pytest

from models.evaluation.drift import MUCH, psi, reference_of
from processing.scoring.reference import Reference

THEN = np.random.default_rng(0).normal(size=5000)


def test_it_is_the_sum_over_the_bins() -> None:
    reference = Reference((1.0, 2.0), (0.5, 0.3, 0.2), 0.0)
    now = np.array([0.5] * 4 + [1.5] * 3 + [2.5] * 3)  # shares 0.4, 0.3, 0.3

    assert psi(reference, now) == pytest.approx(-0.1 * math.log(0.4 / 0.5) + 0.1 * math.log(0.3 / 0.2))


def test_rows_like_those_of_training_are_near_nought_and_moved_ones_far() -> None:
    reference = reference_of(THEN)

    assert psi(reference, THEN) == pytest.approx(0.0, abs=1e-9)
    assert psi(reference, np.random.default_rng(1).normal(size=5000)) < 0.02
    assert psi(reference, THEN + 1.0) > MUCH
    assert psi(reference, 3 * THEN) > MUCH


def test_an_input_that_is_missing_now_has_drifted() -> None:
    gone = np.where(np.arange(5000) % 2 == 0, THEN, np.nan)

    assert psi(reference_of(THEN), gone) > MUCH
    assert psi(reference_of(gone), gone) == pytest.approx(0.0, abs=1e-9)


def test_a_constant_that_moves_has_drifted() -> None:
    assert psi(reference_of(np.full(100, 7.0)), np.full(100, 7.0)) == 0.0
    assert psi(reference_of(np.full(100, 7.0)), np.full(100, 8.0)) > MUCH
    assert psi(reference_of(np.full(10, np.nan)), np.full(10, 1.0)) > MUCH
