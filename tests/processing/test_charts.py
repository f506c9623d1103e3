"""What kernels are told of charts: cells, sizes and limits by product."""

import numpy as np
import pytest

from fieldline.plantfile import SpcEntry, SpcLimits
from processing.kernels import layout as at
from processing.kernels import spc
from processing.timeline.charts import Charts

HALF_PAST = 41 * at.HOUR + 30 * at.MINUTE
"""A start of a day in a zone whose hours begin at half past [ns UTC]."""


@pytest.mark.parametrize(
    ("entry", "want"),
    [
        (None, (-1, 0, 0)),
        (SpcEntry(), (0, 0, 0)),
        (SpcEntry(every="15m", n=5), (at.QUARTERS, 5, 0)),
        (SpcEntry(every="1h", n=5), (at.HOURS, 5, 30 * at.MINUTE)),
    ],
)
def test_a_series_is_told_its_cell_its_size_and_where_hours_begin(
    entry: SpcEntry | None, want: tuple[int, int, int]
) -> None:
    assert Charts().add(0, 3, entry, HALF_PAST) == want


def test_charted_rows_are_those_of_a_length_of_cells_by_line() -> None:
    charts = Charts()
    for line, local, every in ((1, 4, "1m"), (0, 2, "15m"), (1, 0, "1m"), (3, 9, "1m")):
        charts.add(line, local, SpcEntry(every=every), 0)  # type: ignore[arg-type]

    charted = charts.charted(0, 4, [""])

    assert charted.first.tolist() == [0, 0, 2, 2, 3]
    assert (charted.local.tolist(), charted.chart.tolist()) == ([0, 4, 9], [2, 0, 3])
    assert charted.chart_of(np.array([3, 1]), np.array([9, 4])).tolist() == [3, 0]


def test_a_product_has_its_newest_limits_and_the_charts_own_where_it_has_none() -> None:
    rows = tuple(SpcLimits(product="A", version=k, center=10.0 + k, sigma=1.0) for k in (1, 3, 2))
    charts = Charts()
    charts.add(0, 0, SpcEntry(center=5.0, sigma=2.0, limits=rows), 0)
    charts.add(0, 1, SpcEntry(limits=rows), 0)

    limits = charts.limits(["", "A", "B"])

    assert [row[:4] for row in limits[:, 0].tolist()] == [(0, 0.0, 5.0, 2.0), (1, 3.0, 13.0, 1.0), (2, 0.0, 5.0, 2.0)]
    assert limits[1, 1].tolist()[:4] == (1, 3.0, 13.0, 1.0)
    assert np.isnan(limits["center"][[0, 2], 1]).all()


def test_limits_grow_with_products_and_charts() -> None:
    charts = Charts()
    charts.add(0, 0, SpcEntry(), 0)
    assert charts.limits([""]).shape == (1, 1)

    charts.add(0, 1, SpcEntry(chart="xbar_r", n=2), 0)

    assert charts.limits(["", "A"]).shape == (2, 2)
    assert charts.charts["kind"].tolist() == [spc.I_MR, spc.XBAR_R]


@pytest.mark.parametrize("smoothing", [0.01, 0.2, 0.5, 0.99, 1.0])
def test_steps_are_counted_until_the_limits_of_the_ewma_widen_no_more(smoothing: float) -> None:
    charts = Charts()
    charts.add(0, 0, SpcEntry(ewma_lambda=smoothing), 0)

    steps = charts.charts["widening"][0]

    assert 1.0 - (1.0 - smoothing) ** (2.0 * steps) == 1.0
    assert steps == 1.0 or 1.0 - (1.0 - smoothing) ** (2.0 * (steps / 2.0)) < 1.0
