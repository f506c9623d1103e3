"""Run lengths of Western Electric's rules: the published ones, and those of the project's own kernel."""

import numpy as np
import pytest

from analysis.unwired.rule_run_length import western_electric_arl
from analysis.unwired.run_length import shewhart_arl
from processing.kernels.rules import WESTERN_1, WESTERN_2, WESTERN_3, WESTERN_4, judge_point


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
    found = western_electric_arl(rules)

    assert printed - 0.005 <= found <= printed * 1.002


def test_rules_of_runs_alone_are_the_published_ones_to_the_digit() -> None:
    # Rule 4 has no window that two readings could be made of: no difference in convention
    assert western_electric_arl((1, 4)) == pytest.approx(152.73, abs=0.005)
    assert western_electric_arl((4,)) == pytest.approx(2**8 - 1, rel=1e-12)  # a run of 8 heads or tails


def test_the_first_rule_alone_is_a_shewhart_chart() -> None:
    for shift in (0.0, 0.5, 2.0):
        assert western_electric_arl((1,), shift) == pytest.approx(shewhart_arl(3.0, shift), rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_kernel_runs_as_long_as_theory_says(shift: float) -> None:
    z = np.random.default_rng(13).normal(shift, 1.0, 150_000)
    mask = WESTERN_1 | WESTERN_2 | WESTERN_3 | WESTERN_4

    first, runs = 0, 0
    for i in range(z.size):
        if judge_point(z, first, i) & mask:
            first, runs = i + 1, runs + 1

    # 1600 runs in control: their mean to 2.5 %
    assert first / runs == pytest.approx(western_electric_arl(shift=shift), rel=0.07)


@pytest.mark.parametrize("rules", [(), (0, 1), (5,)])
def test_rules_that_are_none_are_refused(rules: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="some of the rules 1, 2, 3, 4"):
        western_electric_arl(rules)
