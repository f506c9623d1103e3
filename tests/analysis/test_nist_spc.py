"""NIST's files under the project's charts reproduce what `expected.json` and the e-Handbook say of them.

Where the expected numbers come from printed constants of three decimals, ours are rounded to them first, so that the comparison is to 1e-9
and not to "nearly"; the exact constants differ from them by less than 0.05 %, which is asserted too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.limits.capability import capability_indices, study_subgroups
from processing.formulas.spc import (
    beyond,
    deviation_chart,
    ewma_limits,
    individuals_chart,
    range_chart,
    subgroup_statistics,
)
from processing.formulas.spc_constants import constants
from processing.formulas.spc_counts import count_chart, fraction_chart, number_chart, rate_chart
from tests.processing.kernels.value_by_value import ewma

FOLDER = Path(__file__).parents[1] / "data" / "nist_spc"
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())


def column(name: str, *which: int) -> list[np.ndarray]:
    """Columns of a Dataplot file, which has 25 lines of header."""
    lines = (FOLDER / name).read_text().splitlines()[25:]
    table = np.array([[float(cell) for cell in line.split()] for line in lines if line.strip()])
    return [table[:, k] for k in which]


def grouped(values: np.ndarray, group: np.ndarray) -> list[np.ndarray]:
    return [values[group == number] for number in np.unique(group)]


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9)


def test_the_defects_of_wafers_are_the_handbooks_c_chart() -> None:
    want = EXPECTED["MONITOR-6_3_3_1 c-chart"]
    wafer, defects = column("MONITOR-6_3_3_1.DAT", 0, 1)

    chart = count_chart(defects)

    assert (defects.size, chart.center) == (want["n"], want["cbar"])
    assert (chart.lcl[0], chart.ucl[0]) == (near(want["LCL"]), near(want["UCL"]))
    assert wafer[beyond(defects, chart.lcl, chart.ucl)].tolist() == want["beyond_limits_waferid"]


def test_the_fractions_of_wafers_are_the_handbooks_p_chart() -> None:
    want = EXPECTED["MONITOR-6_3_3_2 p-chart"]
    wafer, share = column("MONITOR-6_3_3_2.DAT", 0, 1)
    size = want["subgroup_size"]

    chart = fraction_chart(np.round(share * size), size)

    assert (share.size, chart.center) == (want["n"], near(want["pbar"]))
    assert (chart.lcl[0], chart.ucl[0]) == (near(want["LCL"]), near(want["UCL"]))
    assert wafer[beyond(chart.points, chart.lcl, chart.ucl)].tolist() == want["beyond_limits_waferid"]


def test_the_thickness_of_wafers_is_charted_by_means_and_ranges() -> None:
    want = EXPECTED["CCXBAR xbar/R"]
    statistics = subgroup_statistics(grouped(*column("CCXBAR.DAT", 0, 1)))

    ranges, deviations = range_chart(statistics), deviation_chart(statistics)

    c, center = constants(5), float(ranges.means.center[0])
    assert (statistics.means.size, set(statistics.sizes)) == (want["subgroups"], {want["n"]})
    assert (center, ranges.mean_spread) == (near(want["xbarbar"]), near(want["Rbar"]))
    assert deviations.mean_spread == near(want["sbar"])
    assert ranges.mean_spread / round(c.d2, 3) == near(want["sigma_R(d2=2.326)"])
    assert center + round(c.a2, 3) * ranges.mean_spread == near(want["xbar_UCL"])
    assert center - round(c.a2, 3) * ranges.mean_spread == near(want["xbar_LCL"])
    assert round(c.capital_d4, 3) * ranges.mean_spread == near(want["R_UCL"])
    exact = (ranges.sigma, ranges.means.ucl[0], ranges.means.lcl[0], ranges.spreads.ucl[0])
    printed = (want["sigma_R(d2=2.326)"], want["xbar_UCL"], want["xbar_LCL"], want["R_UCL"])
    assert exact == pytest.approx(printed, rel=5e-4)
    out = beyond(statistics.means, ranges.means.lcl, ranges.means.ucl)
    assert (np.flatnonzero(out) + 1).tolist() == want["xbar_beyond"]


def test_defective_motors_are_charted_by_the_size_of_their_lot() -> None:
    want = EXPECTED["CCP p-chart variable n"]
    defective, total, lot = column("CCP.DAT", 0, 1, 2)

    chart = fraction_chart(defective, total)

    assert chart.center == near(want["pbar"])
    assert np.round(chart.ucl, 6).tolist() == want["per_subgroup_UCL"]
    assert lot[beyond(chart.points, chart.lcl, chart.ucl)].tolist() == want["beyond"]


def test_cracks_a_metre_of_wire_are_in_control() -> None:
    want = EXPECTED["CCU u-chart"]
    cracks, metres, specimen = column("CCU.DAT", 0, 1, 2)

    chart = rate_chart(cracks, metres)

    assert chart.center == near(want["ubar"])
    assert specimen[beyond(chart.points, chart.lcl, chart.ucl)].tolist() == want["beyond"]


def test_gears_are_not_capable_of_a_hundredth() -> None:
    want = EXPECTED["GEAR capability (LSL .99, USL 1.01 chosen here)"]
    batches = grouped(*column("GEAR.DAT", 0, 1))

    study = study_subgroups(batches, 0.99, 1.01)

    mean_range = range_chart(subgroup_statistics(batches)).mean_spread
    sigma = mean_range / round(constants(10).d2, 3)
    within = capability_indices(study.mean, sigma, 0.99, 1.01)
    assert (study.mean, study.sigma_overall, mean_range) == (
        near(want["mean"]),
        near(want["overall_sd"]),
        near(want["Rbar"]),
    )
    assert sigma == near(want["sigma_within_R(d2(10)=3.078)"])
    assert (within.both, within.nearest) == (near(want["Cp"]), near(want["Cpk"]))
    assert (study.overall.both, study.overall.nearest) == (near(want["Pp"]), near(want["Ppk"]))
    assert (study.within.both, study.within.nearest) == pytest.approx((want["Cp"], want["Cpk"]), rel=5e-4)
    assert study.cp.low < study.within.both < study.cp.high < 1.0


def test_the_handbooks_average_is_reproduced_to_its_printed_digits() -> None:
    want = EXPECTED["e-Handbook 6.3.2.4 EWMA"]
    data = np.array(want["data"])

    averages = ewma(data, float(want["target"]), want["lambda"])

    band = ewma_limits(want["target"], want["s"], want["lambda"], want["k"])
    assert np.round(averages, 4).tolist() == want["ewma"]
    assert (band.lcl, band.ucl) == (near(want["LCL"]), near(want["UCL"]))
    printed = want["handbook"].split("EWMA ")[1].split()
    assert [f"{average:.2f}" for average in averages] == printed
    assert not beyond(averages, band.lcl, band.ucl).any()


def test_the_handbooks_single_readings_are_reproduced() -> None:
    want = EXPECTED["e-Handbook 6.3.2.2 individuals"]

    chart = individuals_chart(want["data"])

    reach = 3.0 * chart.mean_range / round(constants(2).d2, 3)
    center = float(chart.values.center)
    assert (center, chart.mean_range) == (near(want["mean"]), near(want["MRbar"]))
    assert (center - reach, center + reach) == (near(want["LCL"]), near(want["UCL"]))
    assert (chart.values.lcl, chart.values.ucl) == pytest.approx((want["LCL"], want["UCL"]), rel=5e-5)


def test_every_expectation_has_its_test() -> None:
    assert set(EXPECTED) == {
        "MONITOR-6_3_3_1 c-chart",
        "MONITOR-6_3_3_2 p-chart",
        "CCXBAR xbar/R",
        "CCP p-chart variable n",
        "CCU u-chart",
        "GEAR capability (LSL .99, USL 1.01 chosen here)",
        "e-Handbook 6.3.2.4 EWMA",
        "e-Handbook 6.3.2.2 individuals",
    }


def test_the_files_without_expectations_are_read_and_charted() -> None:
    # Ishikawa's surfaces: 113 defects on 20, 5.65 + 3 sqrt(5.65) = 12.78; mirrors: 137 of 3750, 5.48 + 3 sqrt(5.48 x 0.9635) = 12.37
    defects, lot = column("CCC.DAT", 0, 2)
    number, mirrors, size = column("PNCC.DAT", 0, 1, 2)

    surfaces, lots = count_chart(defects), number_chart(mirrors, float(size[0]))

    assert surfaces.center == 5.65
    assert lot[beyond(defects, surfaces.lcl, surfaces.ucl)].tolist() == [20]
    assert surfaces.ucl[0] == pytest.approx(12.78, abs=0.005)
    assert lots.ucl[0] == pytest.approx(12.37, abs=0.005)
    assert lots.center == pytest.approx(5.48)
    assert number[beyond(mirrors, lots.lcl, lots.ucl)].tolist() == [25]
