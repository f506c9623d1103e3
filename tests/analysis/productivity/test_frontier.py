import numpy as np
import pytest

from analysis.productivity.frontier import Orientation, ccr, envelop, units_needed

# Two inputs, one output: Cooper, Seiford and Tone, example of units A to F.
STORES_X = np.array([[4, 3], [7, 3], [8, 1], [4, 2], [2, 4], [10, 1]], float)
STORES_Y = np.ones((6, 1))


def plants(units: int, inputs: int, outputs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.uniform(1, 10, (units, inputs)), generator.uniform(1, 10, (units, outputs))


@pytest.mark.parametrize("orientation", list(Orientation))
def test_scores_are_the_published_ones(orientation: Orientation) -> None:
    found = ccr(STORES_X, STORES_Y, orientation)

    assert found.efficiency == pytest.approx([0.8571, 0.6316, 1, 1, 1, 1], abs=5e-5)


def test_under_constant_returns_both_orientations_score_alike() -> None:
    x, y = plants(12, 3, 2, seed=1)

    assert ccr(x, y, Orientation.INPUT).efficiency == pytest.approx(ccr(x, y, Orientation.OUTPUT).efficiency, rel=1e-9)


def test_peers_make_as_much_with_the_share_of_inputs_that_the_score_states() -> None:
    x, y = plants(12, 3, 2, seed=2)

    found = ccr(x, y)

    assert (found.peers @ y >= y * (1 - 1e-9)).all()
    assert (found.peers @ x <= found.efficiency[:, None] * x * (1 + 1e-9)).all()
    assert found.efficiency.max() == pytest.approx(1.0)


def test_no_weights_make_a_unit_look_better_than_its_score() -> None:
    # Duality: the score is the best ratio of weighted output to input under which no unit exceeds 1.
    x, y = plants(8, 2, 2, seed=3)
    generator = np.random.default_rng(4)
    weights = generator.uniform(0, 1, (4_000, 4))
    ratios = (weights[:, :2] @ y.T) / (weights[:, 2:] @ x.T)

    best = (ratios / ratios.max(axis=1, keepdims=True)).max(axis=0)

    score = ccr(x, y).efficiency
    assert (best <= score + 1e-9).all()
    assert best == pytest.approx(score, abs=0.02)


def test_scores_do_not_depend_on_units_of_measure() -> None:
    x, y = plants(9, 3, 2, seed=5)

    scaled = ccr(x * [1e-6, 1.0, 1e6], y * [1e5, 1e-4])

    assert scaled.efficiency == pytest.approx(ccr(x, y).efficiency, rel=1e-6)


@pytest.mark.parametrize("orientation", list(Orientation))
def test_one_ratio_by_formula_is_one_ratio_by_the_solver(orientation: Orientation) -> None:
    x, y = plants(7, 1, 1, seed=6)

    by_formula = ccr(x, y, orientation)
    by_solver = ccr(np.hstack((x, x)), y, orientation)  # the same input twice is no shortcut

    assert by_formula.efficiency == pytest.approx(by_solver.efficiency, rel=1e-9)
    assert by_formula.peers == pytest.approx(by_solver.peers, abs=1e-9)


def test_units_that_are_unknown_or_use_nothing_are_no_part_of_the_frontier() -> None:
    x = np.vstack((STORES_X, [[np.nan, 1], [0, 0], [-1, 1]]))
    y = np.vstack((STORES_Y, [[9], [9], [9]]))

    found = ccr(x, y)

    assert found.efficiency[:6] == pytest.approx(ccr(STORES_X, STORES_Y).efficiency)
    assert np.isnan(found.efficiency[6:]).all()
    assert (found.peers[:6, 6:] == 0.0).all()


@pytest.mark.parametrize("orientation", list(Orientation))
def test_a_unit_that_makes_nothing_scores_zero(orientation: Orientation) -> None:
    found = ccr([[2.0, 1.0], [1.0, 1.0]], [[0.0], [3.0]], orientation)

    assert found.efficiency.tolist() == [0.0, pytest.approx(1.0)]


@pytest.mark.parametrize("orientation", list(Orientation))
def test_a_unit_beyond_last_years_frontier_scores_above_one(orientation: Orientation) -> None:
    found = envelop((STORES_X, STORES_Y), (STORES_X / 2, STORES_Y), orientation)

    assert found.efficiency == pytest.approx(2 * ccr(STORES_X, STORES_Y).efficiency)


def test_a_unit_that_no_mix_can_be_compared_with_has_no_score() -> None:
    uses_gas, uses_none = ([[1.0, 1.0]], [[1.0]]), ([[1.0, 0.0]], [[1.0]])

    for orientation in Orientation:
        least = envelop(uses_gas, uses_none, orientation).efficiency
        assert np.isnan(least).all()


def test_without_any_whole_unit_there_is_no_frontier() -> None:
    assert np.isnan(ccr([[np.nan], [0.0]], [[1.0], [1.0]]).efficiency).all()


def test_how_many_units_it_takes() -> None:
    assert units_needed(3, 2) == 15
    assert units_needed(8, 8) == 64


def test_tables_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="reference: expected a row of inputs and a row of outputs"):
        ccr([[1.0], [2.0]], [[1.0]])
    with pytest.raises(ValueError, match="expected units with 2 inputs and 1 outputs"):
        envelop((STORES_X, STORES_Y), ([[1.0]], [[1.0]]))
