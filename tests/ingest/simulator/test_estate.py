"""The estate's own truth: held to FAO-56's worked example, and to what a balance must add up to."""

from itertools import pairwise

import pytest

from ingest.simulator.estate import estate_devices
from ingest.simulator.estate.declared import FIELDS
from ingest.simulator.estate.evapotranspiration import Measured, Place, evaporated
from ingest.simulator.spans import Span

START_NS = 1_768_023_000_000_000_000  # 2026-01-10 05:30 UTC
HOUR_NS = 3_600_000_000_000
JULY_6 = 15_892  # 2013-07-06, the 187th day of its year


def test_reference_evapotranspiration_is_that_of_example_18_of_fao_56() -> None:
    uccle = Place(50.8, 100.0, 10.0)

    found = evaporated(uccle, JULY_6, Measured(21.5, 12.3, 84.0, 63.0, 10.0 / 3.6, 22.07))

    # The paper prints 3.88 mm, 2.078 m/s, 1.997 - 1.409 kPa and 13.28 MJ/m², each of rounded steps.
    assert found["et0_short_mm"] == pytest.approx(3.88, abs=0.005)
    assert found["wind_2m_m_s"] == pytest.approx(2.078, abs=0.001)
    assert found["vpd_kpa"] == pytest.approx(0.589, abs=0.001)
    assert found["net_radiation_mj_m2"] == pytest.approx(13.28, abs=0.01)


def test_what_a_field_lacks_is_what_was_taken_less_what_was_given() -> None:
    span = Span("1h", START_NS // 10**9 + 1800, START_NS // 10**9 + 5400)
    rows = {one.asset: one.figures([span], START_NS) for one in estate_devices(1)}

    for field in FIELDS:
        days = [row["figures"] for row in rows[field.asset] if row["kind"] == "soil_water"]
        assert len(days) == 12
        for before, day in pairwise(days):
            into = day["irrigation_mm"] - day["percolation_mm"] - day["correction_mm"]
            assert day["depletion_mm"] == pytest.approx(before["depletion_mm"] + day["crop_et_mm"] - into)


def test_how_much_is_asked_for_at_once_changes_nothing_of_what_is_told() -> None:
    whole, parts = estate_devices(3), estate_devices(3)

    at_once = [told for one in whole for told in one.told(START_NS, START_NS + 3 * HOUR_NS, begins=True)]

    bounds = list(range(START_NS, START_NS + 3 * HOUR_NS + 1, HOUR_NS // 600))
    cuts = [(first, last, first == START_NS) for first, last in pairwise(bounds)]
    in_parts = [told for one in parts for first, last, begins in cuts for told in one.told(first, last, begins=begins)]
    assert sorted(at_once) == sorted(in_parts)
    times = [(told.topic, tag, time) for told in at_once for tag, time, _ in told.rows]
    assert len(times) == len(set(times)) and all(time < told.time_ns for told in at_once for _, time, _ in told.rows)
