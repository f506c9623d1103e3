import json
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.baseline import Baseline, predict, read_baseline, write_baseline
from analysis.baseline_fit import Origin, fit_baseline
from fieldline.errors import SettingsError

MONTHS = np.datetime64("2025-01-01", "ns").astype(np.int64) + np.arange(12) * 30 * 86_400 * 10**9
PRODUCTION = np.array([412.0, 388.0, 455.0, 430.0, 470.0, 501.0, 489.0, 365.0, 478.0, 495.0, 440.0, 402.0])
DEGREE_DAYS = np.array([410.0, 365.0, 290.0, 180.0, 90.0, 20.0, 5.0, 8.0, 60.0, 170.0, 290.0, 395.0])
ENERGY = 7800.0 + 66.0 * PRODUCTION + 15.0 * DEGREE_DAYS + np.random.default_rng(23).normal(0, 200, 12)


def monthly() -> Baseline:
    drivers = {"production": PRODUCTION, "hdd": DEGREE_DAYS}
    return fit_baseline(ENERGY, drivers, origin=Origin(MONTHS, "months.csv", "month", "Europe/Berlin"))


def test_a_baseline_names_the_data_it_was_fitted_on() -> None:
    found = monthly().fitted_on

    assert (found.source, found.every, found.time_zone) == ("months.csv", "month", "Europe/Berlin")
    assert (found.first, found.last) == ("2025-01-01T00:00:00Z", "2025-11-27T00:00:00Z")
    assert (found.rows, found.rows_left_out) == (12, 0)
    assert (found.drivers["hdd"].low, found.drivers["hdd"].high) == (5.0, 410.0)
    assert found.energy.mean == pytest.approx(ENERGY.mean())


def test_rows_without_energy_or_driver_are_left_out_and_counted() -> None:
    energy, production = np.append(ENERGY, [np.nan, 1e9]), np.append(PRODUCTION, [400.0, np.nan])
    times = np.append(MONTHS, MONTHS[-1] + np.array([1, 2]))

    found = fit_baseline(
        energy, {"production": production, "hdd": np.append(DEGREE_DAYS, [1.0, 1.0])}, origin=Origin(times)
    )

    assert found.intercept == monthly().intercept
    assert found.terms == monthly().terms
    assert (found.fitted_on.rows, found.fitted_on.rows_left_out) == (12, 2)
    assert found.fitted_on.last == monthly().fitted_on.last


def test_a_baseline_predicts_what_it_was_fitted_on_up_to_its_scatter() -> None:
    baseline = monthly()

    expected = predict(baseline, {"hdd": DEGREE_DAYS, "production": PRODUCTION, "not asked for": [1.0]})

    assert math.sqrt(np.mean((ENERGY - expected) ** 2)) == pytest.approx(baseline.statistics.rmse_n)
    assert baseline.statistics.r2 > 0.98


def test_a_missing_value_of_a_driver_has_no_expected_energy() -> None:
    expected = predict(monthly(), {"production": [400.0, np.nan], "hdd": [100.0, 100.0]})

    assert np.isnan(expected).tolist() == [False, True]


def test_baseload_is_the_share_that_no_driver_explains() -> None:
    found = fit_baseline(100.0 + 2.0 * PRODUCTION, {"production": PRODUCTION})

    assert found.baseload_share == pytest.approx(100.0 / (100.0 + 2.0 * PRODUCTION.mean()))


def test_a_baseline_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    baseline = fit_baseline(ENERGY, {"production": PRODUCTION, "hdd": DEGREE_DAYS}, change_point="hdd", shape="3pc")

    write_baseline(baseline, tmp_path / "baseline.json")
    again = read_baseline(tmp_path / "baseline.json")

    assert again.statistics == baseline.statistics
    assert again.fitted_on == baseline.fitted_on
    drivers = {"production": PRODUCTION, "hdd": DEGREE_DAYS}
    np.testing.assert_array_equal(predict(again, drivers), predict(baseline, drivers))


def test_a_file_holds_null_for_what_is_undefined_and_no_nan(tmp_path: Path) -> None:
    write_baseline(monthly(), tmp_path / "baseline.json")

    text = (tmp_path / "baseline.json").read_text()

    assert json.loads(text)["intercept"]["change_point"] is None
    assert "NaN" not in text
    assert math.isnan(read_baseline(tmp_path / "baseline.json").intercept.change_point)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda found: found["statistics"].pop("r2"),
            r"is no baseline: .*missing required field `r2` - at `\$.statistics`",
        ),
        (lambda found: found.update(colour="red"), "is no baseline: .*`colour`"),
        (lambda found: found.update(version=9), "expected version 1, got 9"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_by_its_key(tmp_path: Path, change, said: str) -> None:  # type: ignore[no-untyped-def]
    write_baseline(monthly(), tmp_path / "baseline.json")
    found = json.loads((tmp_path / "baseline.json").read_text())
    change(found)
    (tmp_path / "baseline.json").write_text(json.dumps(found))

    with pytest.raises(SettingsError, match=said):
        read_baseline(tmp_path / "baseline.json")


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't read .*none\.json: No such file"):
        read_baseline(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fit_baseline(ENERGY, {"x": PRODUCTION[:5]}), r"driver 'x': expected a value for each of 12 rows, got shape \(5,\)"),
        (lambda: fit_baseline(ENERGY, {"x": PRODUCTION}, origin=Origin(MONTHS[:3])), "times_ns: expected a value for each of 12"),
        (lambda: fit_baseline(ENERGY, {"x": PRODUCTION}, change_point="t"), "change_point: expected one of 'x', got 't'"),
        (lambda: fit_baseline(ENERGY, {"x": PRODUCTION}, change_point="x", shape="6p"), "shape: expected best, linear, 3ph, 3pc, 4p, 5p, got '6p'"),
        (lambda: fit_baseline(ENERGY, {"x": np.full(12, np.nan)}), r"rows: expected more than 2, .* got 0 complete ones"),
        (lambda: fit_baseline(ENERGY, {}), "drivers: expected at least one, got none"),
        (lambda: predict(monthly(), {"production": [1.0]}), "drivers: expected 'production', 'hdd', got 'production'"),
        (lambda: predict(monthly(), {"production": [1.0], "hdd": [1.0, 2.0]}), "expected arrays of one length"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_or_predicted_says_what_was_expected(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()
