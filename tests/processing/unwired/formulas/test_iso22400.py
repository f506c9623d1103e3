import inspect
import math

import numpy as np
import pytest

from processing.formulas import oee
from processing.unwired.formulas import iso22400

KPIS = [kpi for _, kpi in inspect.getmembers(iso22400, inspect.isfunction) if kpi.__module__ == iso22400.__name__]

# A shift of 8 h: 30 min without orders, 40 min delays, 30 min set-up, the rest production.
PBT, AUBT, AUPT, APT, AUST, ADET = 28_800, 27_000, 24_600, 22_800, 1_800, 2_400
PRI, PQ, GQ = 30, 700, 665


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.__name__)
def test_a_kpi_of_zeros_is_undefined_and_of_an_array_has_its_shape(kpi: object) -> None:
    count = len(inspect.signature(kpi).parameters)

    assert math.isnan(kpi(*[0.0] * count))
    assert kpi(*[np.ones(3)] * count).shape == (3,)
    assert np.isnan(kpi(*[[1.0, -1.0]] * count)).tolist() == [False, True]


def test_the_time_elements_nest() -> None:
    assert APT + AUST == AUPT
    assert AUPT + ADET == AUBT
    assert AUBT + 1_800 == PBT


def test_the_oee_index_is_availability_times_effectiveness_times_quality() -> None:
    parts = iso22400.availability(APT, PBT) * iso22400.effectiveness(PRI, PQ, APT) * iso22400.quality_ratio(GQ, PQ)

    assert iso22400.oee_index(PRI, GQ, PBT) == pytest.approx(parts, rel=1e-14)


def test_the_oee_index_is_the_oee_of_the_same_times() -> None:
    assert iso22400.oee_index(PRI, GQ, PBT) == oee.ratios(PBT, APT, PRI * PQ, PRI * GQ).oee


def test_net_effectiveness_counts_set_up_as_used() -> None:
    net = iso22400.nee_index(AUPT, PBT, PRI, GQ, APT)

    assert net == pytest.approx(iso22400.oee_index(PRI, GQ, PBT) * AUPT / APT, rel=1e-14)


def test_planned_time_in_which_nothing_was_produced_has_indices_of_zero() -> None:
    assert iso22400.oee_index(PRI, 0, PBT) == 0.0
    assert iso22400.nee_index(0, PBT, PRI, 0, 0) == 0.0
    assert math.isnan(iso22400.nee_index(0, PBT, np.nan, 0, 0))


def test_set_up_and_production_share_processing_time() -> None:
    assert iso22400.setup_rate(AUST, AUPT) == pytest.approx(1 - APT / AUPT)


def test_a_ratio_above_one_is_not_clamped() -> None:
    assert iso22400.actual_to_planned_scrap_ratio(30, 24) == 1.25


def test_half_of_the_maintenance_was_corrective() -> None:
    assert iso22400.corrective_maintenance_ratio(3_600, 3_600) == 0.5
