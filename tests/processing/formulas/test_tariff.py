import math

import numpy as np
import pytest

from processing.formulas import tariff


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tariff.tier_cost(1.0, [500.0, 400.0], [0.1, 0.2]), "expected bounds that ascend"),
        (lambda: tariff.tier_energy(1.0, []), "expected bounds that ascend"),
        (lambda: tariff.tier_cost(1.0, [500.0], [0.1, 0.2]), "got 2 prices and 1 bounds"),
        (lambda: tariff.billed_demand(1.0, 1.5), "ratchet_share: expected 0 to 1, got 1.5"),
    ],
)
def test_wrong_tariffs_are_refused_by_name(call, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()


def test_each_kwh_falls_in_one_tier() -> None:
    found = tariff.tier_energy([0.0, 500.0, 501.0, 2750.0], [500.0, 1500.0, math.inf])

    assert found.tolist() == [[0.0, 0.0, 0.0], [500.0, 0.0, 0.0], [500.0, 1.0, 0.0], [500.0, 1000.0, 1250.0]]


def test_each_kwh_is_charged_at_its_own_tier() -> None:
    upto, prices = [500.0, 1500.0, math.inf], [0.10, 0.14, 0.20]

    found = tariff.tier_cost([0.0, 500.0, 501.0, 2750.0, -1.0, np.nan], upto, prices)

    assert found[:4] == pytest.approx([0.0, 50.0, 50.14, 500 * 0.10 + 1000 * 0.14 + 1250 * 0.20])
    assert np.isnan(found[4:]).all()


def test_energy_beyond_the_last_tier_has_no_price() -> None:
    assert math.isnan(tariff.tier_cost(1501.0, [500.0, 1500.0], [0.10, 0.14]))
    assert tariff.tier_cost(1500.0, [500.0, 1500.0], [0.10, 0.14]) == pytest.approx(190.0)


def test_the_ratchet_bills_a_share_of_an_earlier_peak() -> None:
    peaks = [612.0, 1900.0, 612.0, np.nan]

    billed = tariff.billed_demand(peaks, 0.8, [2000.0, 2000.0, np.nan, 2000.0])

    np.testing.assert_array_equal(billed, [1600.0, 1900.0, 612.0, np.nan])
    assert tariff.demand_charge(612.0, 14.5, 0.8, 2000.0) == pytest.approx(1600 * 14.5)
    assert tariff.demand_charge(612.0, 14.5) == pytest.approx(8874.0)
