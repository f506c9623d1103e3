"""How long a class of assets lives: against lives that are drawn from a known distribution, and with those that go on."""

import numpy as np
import pytest

from analysis.maintenance.lives import Life
from analysis.maintenance.reliability import reliability
from fieldline.errors import SettingsError

HOUR_NS = 3_600_000_000_000


def lives(hours: list[float], failed: list[bool]) -> list[Life]:
    return [Life("press", k, 0, round(h * HOUR_NS), f, "") for k, (h, f) in enumerate(zip(hours, failed, strict=True))]


def test_weibulls_parameters_are_those_that_the_lives_were_drawn_from_though_a_third_goes_on() -> None:
    rng = np.random.default_rng(8)
    drawn = 500.0 * rng.weibull(2.0, 400)
    seen = np.minimum(drawn, 550.0)

    found = reliability(lives(seen.tolist(), (drawn < 550.0).tolist()))

    assert found.lives == 400 and found.failures == int((drawn < 550.0).sum())
    assert found.shape.low < 2.0 < found.shape.high and found.shape.value == pytest.approx(2.0, rel=0.1)
    assert found.scale_h.low < 500.0 < found.scale_h.high
    assert found.b10_h.value == pytest.approx(500.0 * (-np.log(0.9)) ** (1 / found.shape.value), rel=0.1)
    assert found.mttf_h == pytest.approx(seen.sum() / found.failures)


def test_the_likelihood_is_greatest_where_the_fit_says() -> None:
    hours, failed = [100.0, 250.0, 400.0, 420.0, 500.0, 500.0], [True, True, True, False, True, False]

    found = reliability(lives(hours, failed))

    def likelihood(shape: float, scale: float) -> float:
        z = np.array(hours) / scale
        return float(np.sum(np.where(failed, np.log(shape / scale) + (shape - 1) * np.log(z), 0.0) - z**shape))

    best = likelihood(found.shape.value, found.scale_h.value)
    near = [(1 + a, 1 + b) for a in (-0.01, 0, 0.01) for b in (-0.01, 0, 0.01)]
    assert all(likelihood(found.shape.value * a, found.scale_h.value * b) <= best + 1e-9 for a, b in near)


def test_too_few_failures_are_refused_with_the_number_wanted() -> None:
    with pytest.raises(SettingsError, match="expected at least 3 events `failure` of these assets, got 2"):
        reliability(lives([10, 20, 30], [True, True, False]))
