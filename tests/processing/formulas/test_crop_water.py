"""Limits of crop water, gauges and run-off; the published values are the oracle topic `farm_water` and seasons of cotton."""

import numpy as np
import pytest

from processing.formulas import crop_water
from processing.formulas.advice import System, Wants, irrigation_advice
from processing.formulas.gauges import counted


def test_a_root_zone_keeps_what_comes_and_loses_what_goes() -> None:
    random = np.random.default_rng(5)
    depletion, total = np.full(50, 30.0), 0.0
    for _ in range(200):
        into, taken = random.choice([0.0, 0.0, 25.0], 50), random.uniform(0.0, 8.0, 50)
        taken = np.minimum(taken, 100.0 - depletion + into)  # a crop takes no more than there is
        before, (depletion, drained) = depletion, crop_water.balance(depletion, into, taken, 100.0)
        total = np.abs(before - into + taken + drained - depletion).max()

    assert total == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("before", "least", "most", "last", "want"),
    [
        (10.0, 10.0, 14.0, 14.0, 4.0),
        (np.nan, 10.0, 14.0, 14.0, 4.0),  # the first window
        (10.0, 0.0, 13.0, 2.0, 5.0),  # 3 until it was emptied, 2 since
        (10.0, 0.0, 2.0, 2.0, 2.0),  # emptied before its first sample
        (10.0, 12.0, 12.0, 12.0, 2.0),
        (10.0, -3.0, 12.0, 12.0, np.nan),
        (10.0, np.nan, np.nan, np.nan, np.nan),
    ],
)
def test_a_gauge_counts_on_though_it_starts_over(
    before: float, least: float, most: float, last: float, want: float
) -> None:
    assert counted(before, least, most, last) == pytest.approx(want, nan_ok=True)


def test_run_off_by_the_curve_number() -> None:
    # S = 25400 / 80 − 254 = 63.5 mm: nothing below 12.7 mm, of 50 mm (50 − 12.7)² / (50 + 50.8).
    np.testing.assert_allclose(
        crop_water.run_off_mm([0.0, 12.0, 50.0, 50.0], [80.0, 80.0, 80.0, np.nan]), [0.0, 0.0, 37.3**2 / 100.8, 0.0]
    )


def test_advice_fills_the_root_zone_when_the_crop_would_be_short() -> None:
    wants = Wants(*(np.array(column) for column in ([20.0, 60.0, 20.0], [50.0] * 3, [100.0] * 3, [6.0, 6.0, 0.0])))
    system = System(*(np.array([value] * 3) for value in (0.8, 40.0, 10.0, np.nan, 2.0)))

    found = irrigation_advice(wants, system)

    np.testing.assert_allclose(found.days[:2], [5.0, 0.0])
    np.testing.assert_allclose(found.net_mm[:2], [50.0, 60.0])
    # 50 mm net are 62.5 mm gross, on 2 ha 1250 m³, at 40 m³/h 31.25 h, at 10 kW 312.5 kWh.
    np.testing.assert_allclose([found.volume_m3[0], found.hours[0], found.energy_kwh[0]], [1250.0, 31.25, 312.5])
    assert np.isnan(found.days[2])  # a crop that takes nothing is never short
    np.testing.assert_allclose(found.waiting_stress[:2], [1.0, 0.44])
