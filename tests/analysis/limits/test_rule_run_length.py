"""Run lengths of run rules: the published ones of Western Electric's, and those of the project's own kernel."""

import numpy as np
import pytest

from analysis.limits.rule_run_length import OF_ZONES, rules_arl
from analysis.limits.run_length import shewhart_arl
from processing.formulas.spc import rule_mask
from processing.kernels.rules import judge_point


@pytest.mark.parametrize(
    "rules, printed",
    [
        ((1, 2), 225.44),
        ((1, 3), 166.05),
        ((1, 4), 152.73),
        ((1, 2, 3), 132.89),
        ((1, 2, 4), 122.05),
        ((1, 3, 4), 105.78),
        ((1, 2, 3, 4), 91.75),
    ],
)
def test_run_lengths_in_control_are_the_published_ones(rules: tuple[int, ...], printed: float) -> None:
    # Champ and Woodall (1987), table 1. A window must be full here: longer by up to 0.2 %, and never shorter.
    found = rules_arl([f"we{rule}" for rule in rules])

    assert printed - 0.005 <= found <= printed * 1.002


def test_rules_of_runs_alone_are_those_of_heads_and_tails() -> None:
    # Rules of runs have no window that two readings could be made of: no difference in convention
    assert rules_arl(["we1", "we4"]) == pytest.approx(152.73, abs=0.005)
    assert rules_arl(["we4"]) == pytest.approx(2**8 - 1, rel=1e-12)  # a run of 8 heads or tails
    assert rules_arl(["nelson2"]) == pytest.approx(2**9 - 1, rel=1e-12)
    p = 0.6826894921370859  # within one sigma: the first run of 15 takes (p^-15 - 1) / (1 - p)
    assert rules_arl(["nelson7"]) == pytest.approx((p**-15 - 1) / (1 - p), rel=1e-9)


def test_the_first_rule_alone_is_a_shewhart_chart() -> None:
    for shift in (0.0, 0.5, 2.0):
        assert rules_arl(["we1"], shift) == pytest.approx(shewhart_arl(3.0, shift), rel=1e-12)
        assert rules_arl(["nelson1"], shift) == rules_arl(["we1"], shift)


@pytest.mark.parametrize(
    ("rules", "shift"), [(("we1", "we2", "we3", "we4"), 0.0), (("nelson1", "nelson2"), 1.0), (OF_ZONES, 0.0)]
)
def test_the_kernel_runs_as_long_as_theory_says(rules: tuple[str, ...], shift: float) -> None:
    z = np.random.default_rng(13).normal(shift, 1.0, 150_000)
    mask = rule_mask(rules)

    first, runs = 0, 0
    for i in range(z.size):
        if judge_point(z, first, i) & mask:
            first, runs = i + 1, runs + 1

    # 1600 runs in control or more: their mean to 2.5 %
    assert first / runs == pytest.approx(rules_arl(rules, shift), rel=0.07)


def test_points_beyond_one_sigma_have_to_be_on_both_sides() -> None:
    # The first run of 8 beyond one sigma takes (q^-8 - 1) / (1 - q), q = 0.3173; of 128 of them one lies on one side and goes on
    q = 0.31731050786291415
    on_any_side = (q**-8 - 1) / (1 - q)

    assert 1.003 * on_any_side < rules_arl(["nelson8"]) < on_any_side / (1 - 1 / 128)


@pytest.mark.parametrize("rules", [(), ("we5",), ("nelson1", "nelson3")])
def test_rules_that_are_none_are_refused(rules: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="some of the rules nelson1, nelson2, nelson5"):
        rules_arl(rules)
