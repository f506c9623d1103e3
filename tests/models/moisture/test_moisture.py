"""Soil moisture a week ahead: no forecast knows what came after it, frost and gaps are left out and counted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.fields.__main__ import main
from fieldline.errors import SettingsError
from models.moisture.change import PULL, fitted, walked
from models.moisture.days import Days, days_of
from models.table import Table
from models.task import silent
from models.tasks import known

FOLDER = "tests/data/soil_moisture"
COLUMNS = ("time", "moisture_pct", "soil_temperature_c")


def table(moisture: np.ndarray, degc: np.ndarray, first: str = "2026-03-01") -> Table:
    frame = pl.DataFrame(
        {
            "time": np.datetime64(first) + np.arange(len(moisture)),
            "moisture_pct": moisture,
            "soil_temperature_c": degc,
        }
    )
    return Table(Path("probe.csv"), frame, "")


def days(moisture: np.ndarray, degc: np.ndarray) -> Days:
    return days_of(table(moisture, degc), COLUMNS, 1.0)


def weather(count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Moisture that returns to 20 % by a seventh a day, and soil temperatures that have nothing to do with it."""
    random = np.random.default_rng(seed)
    moisture = np.full(count, 20.0)
    for day in range(1, count):
        moisture[day] = 20.0 + (moisture[day - 1] - 20.0) * 6 / 7 + random.normal(0.0, 1.5)
    return moisture, random.uniform(5.0, 25.0, count)


def test_no_forecast_knows_what_came_after_it() -> None:
    moisture, degc = weather(200)
    before = walked(days(moisture, degc), days(moisture, degc).ahead(7))
    moisture[120:] = 50.0 - moisture[120:]  # from that day on all is other
    degc[120:] += 5.0

    after = walked(days(moisture, degc), days(moisture, degc).ahead(7))

    assert np.isfinite(before[60:]).all()
    assert before[:120].tobytes() == after[:120].tobytes()
    assert (before[120:] != after[120:]).all()


def test_the_first_forecast_waits_until_thirty_days_are_known_to_have_gone_on() -> None:
    moisture, degc = weather(60)

    told = walked(days(moisture, degc), days(moisture, degc).ahead(7))

    assert np.flatnonzero(np.isfinite(told))[0] == 29 + 7  # days 0 to 29 have gone on to days 7 to 36


def test_a_change_is_found_again_and_pulled_to_none() -> None:
    random = np.random.default_rng(5)
    now = np.column_stack([random.uniform(10.0, 30.0, 20_000), random.uniform(2.0, 25.0, 20_000)])
    later = now[:, 0] + 12.0 - 0.5 * now[:, 0] - 0.1 * now[:, 1]

    of_many, of_thirty = fitted(now, later), fitted(now[:30], later[:30])

    np.testing.assert_allclose(of_many.weights, [-0.5, -0.1], rtol=0.01)
    assert abs(of_many.added - 12.0) < 0.1
    # Thirty days weigh as much as the pull: at the middle of their past half of the usual change is foretold.
    middle = now[:30].mean(axis=0)[None, :]
    usual = (later[:30] - now[:30, 0]).mean()
    assert of_thirty.told(middle)[0] - middle[0, 0] == pytest.approx(usual * 30 / (30 + PULL))


def test_frozen_soil_gaps_and_what_cannot_be_are_left_out_and_counted() -> None:
    moisture, degc = weather(100)
    degc[10:20] = 1.0
    moisture[10:20] = 6.0  # what a probe reads of frozen soil
    moisture[30], degc[31], moisture[32] = np.nan, np.nan, 80.0
    whole = table(moisture, degc)
    without_rows = whole._replace(frame=whole.frame.filter(pl.Series(np.arange(100)).is_in([40, 41]).not_()))

    found = days_of(without_rows, COLUMNS, 1.0)

    assert found.account == (100, 85, 3, 1, 1, 10)
    assert sum(found.account[1:]) == found.account.days
    ahead = found.ahead(7)
    assert (ahead[3:20] == -1).all()  # frozen a week on, or now
    assert ahead[33] == -1 and ahead[32] == -1 and ahead[2] == 9  # the row of day 40 lacks; a value that can't be
    assert (found.time_h[ahead[ahead >= 0]] - found.time_h[ahead >= 0] == 7 * 24).all()


def test_a_model_has_no_forecast_of_frozen_soil() -> None:
    task = known()["moisture"]
    model = task.trained(table(*weather(120)), task.quick, silent)

    told = model.score(np.array([[20.0, 1.0], [20.0, 1.1], [np.nan, 9.0], [20.0, np.nan]]))[:, 0]

    assert np.isnan(told).tolist() == [True, False, True, True]


def test_two_rows_a_day_and_a_row_without_a_time_are_refused() -> None:
    moisture, degc = weather(5)
    twice = table(moisture, degc)
    twice = twice._replace(frame=pl.concat([twice.frame, twice.frame.tail(1)]))
    timeless = twice._replace(frame=twice.frame.with_columns(time=pl.lit(None, pl.Date)))

    with pytest.raises(SettingsError, match="expected one row a day of one probe, got two rows 0 h apart"):
        days_of(twice, COLUMNS, 1.0)
    with pytest.raises(SettingsError, match="row 1: expected a time in 'time', got an empty cell"):
        days_of(timeless, COLUMNS, 1.0)


def test_measured_moisture_beats_persistence_in_time_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moisture", FOLDER]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["ok     E1_First", "ok     E3_First", "ok     all probes"]
    assert "Of 488 days" in lines[0] and "soil at 1 °C or colder" in lines[0]
