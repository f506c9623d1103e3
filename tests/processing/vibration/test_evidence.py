"""Faults of bearings in made waveforms: the right one is named, and none where there is none."""

from collections.abc import Iterator

import numpy as np
import pytest

from fieldline.bearings import CATALOGUE, Bearing
from processing.vibration.evidence import FAULTS, NAMED_FROM, NULL_ORDERS, envelopes, evidence, plans
from processing.vibration.spectrum import transform

RATE_HZ, SHAFT_HZ, SECONDS = 25_600.0, 24.8, 1.0
BALLS = CATALOGUE["6205-2RS JEM"]
STRONG = {"bpfo": 2.0, "bpfi": 4.0, "bsf": 3.0, "ftf": 12.0}


def strikes(random: np.random.Generator, per_s: float) -> Iterator[float]:
    """Times of strikes; a rolling element slips by half a percent."""
    time = random.uniform(0.0, 1.0 / per_s)
    while time < SECONDS:
        yield time
        time += (1.0 + 0.005 * random.normal()) / per_s


def shaken(seed: int, bearing: Bearing, fault: str = "", force: float = 0.0) -> np.ndarray:
    """Noise, harmonics of the shaft, a gear's mesh and, with a fault, a ring at some kHz at each strike, as the load has it."""
    random = np.random.default_rng(seed)
    t = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    x = 0.25 * random.normal(size=len(t))
    for harmonic in range(1, 6):
        x += 0.4 / harmonic * np.sin(2 * np.pi * harmonic * SHAFT_HZ * t + random.uniform(0, 6))
    x += 0.3 * (1 + 0.3 * np.cos(2 * np.pi * SHAFT_HZ * t)) * np.sin(2 * np.pi * 23 * SHAFT_HZ * t)
    if fault:
        orders = bearing.orders._asdict()
        order = orders[fault] * (1.0 + random.uniform(-0.01, 0.01)) * (2.0 if fault == "bsf" else 1.0)
        load = {"bpfi": SHAFT_HZ, "bsf": orders["ftf"] * SHAFT_HZ}.get(fault, 0.0)
        ring = random.uniform(2000.0, 6000.0)
        for strike in strikes(random, order * SHAFT_HZ):
            since = t[round(strike * RATE_HZ) : round(strike * RATE_HZ) + 400] - strike
            x[round(strike * RATE_HZ) : round(strike * RATE_HZ) + 400] += (
                force
                * (0.6 + 0.4 * np.cos(2 * np.pi * load * strike))
                * np.exp(-900 * since)
                * np.sin(2 * np.pi * ring * since)
            )
    return x


def found(x: np.ndarray, bearing: Bearing, shaft_hz: float = SHAFT_HZ) -> np.ndarray:
    return evidence(envelopes(transform(x - x.mean(), RATE_HZ), bearing, shaft_hz), bearing, shaft_hz)


@pytest.mark.parametrize("name", ["6205-2RS JEM", "ZA-2115", "UER204"])
@pytest.mark.parametrize("fault", ["bpfo", "bpfi", "bsf"])
def test_a_clear_fault_is_named(name: str, fault: str) -> None:
    said = [found(shaken(seed, CATALOGUE[name], fault, STRONG[fault]), CATALOGUE[name]) for seed in range(5)]

    assert all(one.max() >= NAMED_FROM for one in said)
    assert [FAULTS[int(one.argmax())] for one in said] == [fault] * 5


def test_noise_the_shaft_and_a_gear_are_no_fault() -> None:
    most = [found(shaken(seed, bearing), bearing).max() for bearing in CATALOGUE.values() for seed in range(12)]

    assert max(most) < NAMED_FROM


def test_a_fault_of_another_bearing_is_not_this_ones() -> None:
    other = Bearing(13, 3.5, 25.6)  # its outer race strikes at 5.61 orders, ours at 3.58, 5.42, 4.71 and 0.40

    assert found(shaken(3, other, "bpfo", 3.0), BALLS).max() < NAMED_FROM


def test_the_sums_by_chance_are_taken_at_orders_of_no_fault_and_always_the_same() -> None:
    for plan, order in zip(plans(BALLS), BALLS.orders, strict=True):
        free = plan.orders[1:]
        assert plan.orders[0] == order and len(set(free.tolist())) == NULL_ORDERS
        assert (np.abs(free - np.round(free)) > 0.012 * free).all()
        assert all((np.abs(free - one) > 0.012 * free).all() for one in BALLS.orders)
    plans.cache_clear()
    again = found(shaken(1, BALLS, "bpfo", 2.0), BALLS)
    assert found(shaken(1, BALLS, "bpfo", 2.0), BALLS).tobytes() == again.tobytes()


@pytest.mark.parametrize("elements", [3, 8, 20, 34, 60, 200])
def test_every_bearing_has_orders_of_no_fault(elements: int) -> None:
    for ratio in (1.5, 4.0, 40.0):
        assert all(len(plan.orders) == 1 + NULL_ORDERS for plan in plans(Bearing(elements, 1.0, ratio)))


def test_a_waveform_that_is_too_short_or_too_slow_tells_nothing() -> None:
    x = shaken(1, BALLS, "bpfo", 2.0)

    assert np.isnan(found(x[: len(x) // 3], BALLS)).all()
    assert np.isnan(
        evidence(envelopes(transform(x, 1000.0), BALLS, SHAFT_HZ), BALLS, SHAFT_HZ)
    ).all()  # the band ends below 400 Hz
    assert np.isnan(found(np.zeros(25_600), BALLS)).all()
