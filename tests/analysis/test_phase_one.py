"""Phase I: limits by hand, what is left out when asked, what cannot be told and why, and the file between the phases."""

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from analysis.frozen_limits import Chart, Limits, from_json, limits_at, read_limits, to_json, write_limits
from analysis.leave_out import LeaveOut
from analysis.phase_one import fit_counts, fit_individuals, fit_subgroups
from fieldline.errors import SettingsError
from processing.formulas.spc import beyond, deviation_chart, individuals_chart, range_chart, subgroup_statistics


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(20.0, 2.0, shape)


def test_limits_of_single_readings_are_those_of_their_chart() -> None:
    values = normal(1, 100)

    limits = fit_individuals(values, product="A", version=3, times_ns=np.arange(100) * 60_000_000_000)

    chart = individuals_chart(values)
    assert (limits.center, limits.sigma) == (float(chart.values.center), chart.sigma)
    assert (limits.lcl, limits.ucl) == (float(chart.values.lcl), float(chart.values.ucl))
    assert (limits.product, limits.version, limits.n, limits.reason) == ("A", 3, 1.0, "")
    assert (limits.fitted_on.rows, limits.fitted_on.from_ns, limits.fitted_on.to_ns) == (100, 0, 99 * 60_000_000_000)


@pytest.mark.parametrize("chart, draw", [(Chart.XBAR_R, range_chart), (Chart.XBAR_S, deviation_chart)])
def test_limits_of_subgroups_are_those_of_their_chart(chart: Chart, draw: object) -> None:
    subgroups = normal(2, 25, 4)

    limits = fit_subgroups(chart, subgroups)

    drawn = draw(subgroup_statistics(subgroups))  # type: ignore[operator]
    assert limits.sigma == drawn.sigma
    assert (limits.lcl, limits.ucl) == pytest.approx((drawn.means.lcl[0], drawn.means.ucl[0]), rel=1e-14)
    assert (limits.n, limits.fitted_on.points, limits.fitted_on.rows) == (4.0, 25, 100)


def test_nothing_is_left_out_unless_asked_for() -> None:
    values = normal(3, 100)
    values[40] = 90.0

    assert fit_individuals(values).fitted_on.excluded == ()


def test_readings_beyond_their_limits_are_left_out_until_none_is() -> None:
    values = normal(4, 100)
    values[[10, 70]] = [500.0, 40.0]  # beside the first, the second looks harmless at first

    limits = fit_individuals(values, leave_out=LeaveOut.BEYOND_LIMITS)

    kept = values.copy()
    kept[list(limits.fitted_on.excluded)] = np.nan
    assert set(limits.fitted_on.excluded) >= {10, 70}
    assert not beyond(kept, limits.lcl, limits.ucl).any()
    assert limits.sigma == individuals_chart(kept).sigma  # no moving range across the gap
    assert limits.fitted_on.points == 100 - len(limits.fitted_on.excluded)


def test_a_subgroup_is_left_out_for_its_spread_too() -> None:
    subgroups = normal(5, 25, 5)
    subgroups[7] = [0.0, 40.0, 20.0, 20.0, 20.0]  # its mean is in the middle

    for chart in (Chart.XBAR_R, Chart.XBAR_S):
        assert 7 in fit_subgroups(chart, subgroups, leave_out=LeaveOut.BEYOND_LIMITS).fitted_on.excluded


def test_a_sample_of_counts_is_left_out_by_its_own_limits() -> None:
    limits = fit_counts(Chart.C, [4, 6, 5, 3, 40, 5, 4], leave_out=LeaveOut.BEYOND_LIMITS)

    assert limits.fitted_on.excluded == (4,)
    assert limits.center == 4.5  # 27 / 6


def test_leaving_out_ends_when_nothing_is_left_to_judge() -> None:
    values = np.concatenate([np.zeros(50), [1.0]])

    limits = fit_individuals(values, leave_out=LeaveOut.BEYOND_LIMITS)

    assert limits.fitted_on.excluded == (50,)
    assert math.isnan(limits.sigma)
    assert limits.reason == "flat signal: neighbouring readings do not differ"


@pytest.mark.parametrize(
    "limits, reason",
    [
        (fit_individuals([]), "no two neighbouring readings"),
        (fit_individuals([1.0, math.nan, 2.0]), "no two neighbouring readings"),
        (fit_individuals([0.1] * 9), "flat signal: neighbouring readings do not differ"),
        (fit_individuals([1e16, *[1e16 + 2.0] * 99]), "spread is smaller than the center's last digit"),
        (fit_subgroups(Chart.XBAR_R, [[1.0], [2.0]]), "no subgroup has two readings"),
        (fit_subgroups(Chart.XBAR_S, []), "no subgroup has two readings"),
        (fit_subgroups(Chart.XBAR_S, [[1.0, 1.0], [2.0, 2.0]]), "flat signal: readings within subgroups do not differ"),
        (fit_subgroups(Chart.XBAR_R, normal(6, 5, 30)), "no subgroup of 2 to 25 readings"),
        (fit_counts(Chart.P, [0, 0], 50), "no defect was counted"),
        (fit_counts(Chart.NP, [50, 50], 50), "every unit was defective"),
        (fit_counts(Chart.C, [math.nan]), "no sample that can be used"),
        (fit_counts(Chart.U, [3, 4], 0.0), "no sample that can be used"),
        (fit_counts(Chart.LANEY_U, [3, 3], 7.0), "no two neighbouring samples differ"),
    ],
)
def test_limits_that_cannot_be_told_do_not_exist_and_say_why(limits: Limits, reason: str) -> None:
    assert np.isnan([limits.sigma, limits.lcl, limits.ucl]).all()
    assert limits.reason.startswith(reason)


def test_sizes_that_differ_have_limits_at_each_size() -> None:
    limits = fit_counts(Chart.P, [5, 12, 9], [50, 100, 80])

    band = limits_at(limits, [50, 100, 80])
    assert limits.reason == "sizes differ, and limits with them"
    assert np.isnan([limits.n, limits.ucl]).all()
    np.testing.assert_allclose(band.ucl, limits.center + 3.0 * limits.sigma / np.sqrt([50, 100, 80]))


def test_frozen_limits_of_counts_end_where_counts_do() -> None:
    share, count = fit_counts(Chart.P, [1, 2, 1], 2), fit_counts(Chart.C, [1, 2, 3])

    assert (share.lcl, share.ucl) == (0.0, 1.0)
    assert count.lcl == 0.0
    assert float(limits_at(count, 99).ucl) == count.ucl  # a count has no size


def test_a_laney_chart_freezes_its_wider_sigma() -> None:
    random = np.random.default_rng(8)
    counts = random.poisson(random.gamma(50.0, 2.0, 200))

    wide, plain = fit_counts(Chart.LANEY_U, counts, 10.0), fit_counts(Chart.U, counts, 10.0)

    assert wide.sigma > 1.3 * plain.sigma
    assert wide.ucl - wide.center == pytest.approx(3.0 * wide.sigma / math.sqrt(10.0))


def test_frozen_limits_judge_new_points_without_learning_from_them() -> None:
    limits = fit_subgroups(Chart.XBAR_S, normal(9, 30, 5))
    shifted = normal(10, 40, 5) + 5.0  # 5.6 standard deviations of the mean

    found = subgroup_statistics(shifted)
    band = limits_at(limits, found.sizes)

    assert beyond(found.means, band.lcl, band.ucl).mean() > 0.8
    assert beyond(found.means, *deviation_chart(found).means[1:]).mean() < 0.1


def test_limits_are_what_they_were_after_a_file(tmp_path: Path) -> None:
    limits = fit_subgroups(Chart.XBAR_R, normal(11, 12, 3), product="Ölfilter", version=7, times_ns=np.arange(12))
    path = tmp_path / "limits.json"

    write_limits(path, limits)

    assert read_limits(path) == limits
    assert [file.name for file in tmp_path.iterdir()] == ["limits.json"]


def test_what_does_not_exist_is_null_in_the_file() -> None:
    limits = fit_individuals([0.1] * 9)

    table = json.loads(to_json(limits))
    again = from_json(to_json(limits))

    assert [table[name] for name in ("sigma", "lcl", "ucl")] == [None] * 3
    assert table["fitted_on"] == {"points": 9, "rows": 9, "from_ns": None, "to_ns": None, "excluded": [], "missing": 0}
    assert msgspec.structs.replace(again, sigma=0.0, lcl=0.0, ucl=0.0) == msgspec.structs.replace(
        limits, sigma=0.0, lcl=0.0, ucl=0.0
    )
    assert math.isnan(again.sigma)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"chart": "xbar"}, "chart"),
        ({"version": 0}, "version"),
        ({"sigma": -1.0}, "sigma over 0"),
        ({"sigma": 0.0}, "sigma over 0"),
        ({"width": 3}, "width"),
        ({"center": "high"}, "center"),
    ],
)
def test_a_file_that_holds_no_limits_is_refused_by_name(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    table = json.loads(to_json(fit_individuals(normal(12, 30))))
    path = tmp_path / "limits.json"
    path.write_text(json.dumps(table | change))

    with pytest.raises(SettingsError, match=message) as caught:
        read_limits(path)

    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_a_file_that_is_none_of_limits_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "limits.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(SettingsError, match="expected limits of a control chart as JSON"):
        read_limits(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere.json"):
        read_limits(tmp_path / "nowhere.json")


def test_parameters_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="version from 1 on, got 0"):
        fit_individuals([1.0, 2.0], version=0)
    with pytest.raises(ValueError, match="expected 2 times, one a point"):
        fit_individuals([1.0, 2.0], times_ns=[1])
    with pytest.raises(ValueError, match="xbar_r or xbar_s, got p"):
        fit_subgroups(Chart.P, [[1.0]])
    with pytest.raises(ValueError, match="expected one of p, np, c, u"):
        fit_counts(Chart.I_MR, [1.0])
    with pytest.raises(ValueError, match="samples of unlike extent need u"):
        fit_counts(Chart.C, [1.0], 5)
    with pytest.raises(ValueError, match="sizes that differ need a p chart"):
        fit_counts(Chart.NP, [1.0, 2.0], [5, 6])
