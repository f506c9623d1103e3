"""The verb on the steel plant's nine months, checked by a regression written out here, and on tables that it must refuse."""

import csv
import json
import lzma
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli.exits import Exit
from cli.main import app

STEEL = Path(__file__).resolve().parents[1] / "data" / "steel_energy" / "steel_industry_2018_jan_sep.csv.xz"
KVARH = "Lagging_Current_Reactive.Power_kVarh"
DRIVERS = ("Load_Type=Maximum_Load", KVARH, "WeekStatus=Weekday")
ARGUMENTS = ("--time", "date", "--energy", "Usage_kWh", *(part for name in DRIVERS for part in ("--driver", name)))
JANUARY_TO_JUNE, JULY_TO_SEPTEMBER = ("--fit", "2018-01..2018-07"), ("--judge", "2018-07..2018-10")


@pytest.fixture
def verb() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, ["baseline", *map(str, arguments)], env={"COLUMNS": "80"})


def steel_days() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Day, kWh and drivers of each day of the file, by the csv module."""
    days: dict[str, list[list[float]]] = {}
    with lzma.open(STEEL, "rt", encoding="utf-8-sig") as lines:
        for row in csv.DictReader(lines):
            day = datetime.strptime(row["date"], "%d-%m-%Y %H:%M").strftime("%Y-%m-%d")
            is_peak, is_weekday = row["Load_Type"] == "Maximum_Load", row["WeekStatus"] == "Weekday"
            days.setdefault(day, []).append([float(row["Usage_kWh"]), is_peak / 96, float(row[KVARH]), is_weekday / 96])
    sums = np.array([np.sum(days[day], axis=0) for day in sorted(days)])
    return sorted(days), sums[:, 0], sums[:, 1:]


def test_the_steel_plants_summer_is_judged_by_its_first_half_year(verb: Callable[..., Result]) -> None:
    days, kwh, drivers = steel_days()
    fitted = np.array([day < "2018-07" for day in days])
    design = np.column_stack([np.ones(kwh.size), drivers])
    coefficients, *_ = np.linalg.lstsq(design[fitted], kwh[fitted], rcond=None)
    expected = design @ coefficients
    residuals = (kwh - expected)[fitted]
    total = np.sum((kwh[fitted] - kwh[fitted].mean()) ** 2)

    result = verb(STEEL, *ARGUMENTS, *JANUARY_TO_JUNE, *JULY_TO_SEPTEMBER, "--json")

    found: dict[str, Any] = json.loads(result.stdout)
    model, judged = found["baseline"], found["judged"]
    assert (model["fitted_on"]["rows"], judged["rows"]) == (181, 92)
    assert [term["driver"] for term in model["terms"]] == list(DRIVERS)
    terms = [model["intercept"], *model["terms"]]
    assert [term["coefficient"] for term in terms] == pytest.approx(coefficients, rel=1e-8)
    covariance = np.linalg.inv(design[fitted].T @ design[fitted]) * (residuals @ residuals) / (181 - 4)
    t_values = coefficients / np.sqrt(np.diag(covariance))
    assert [term["t"] for term in terms] == pytest.approx(t_values, rel=1e-6)
    statistics = model["statistics"]
    assert statistics["r2"] == pytest.approx(1 - residuals @ residuals / total)
    assert statistics["cv_rmse"] == pytest.approx(np.sqrt(residuals @ residuals / (181 - 4)) / kwh[fitted].mean())
    assert abs(statistics["nmbe"]) < 1e-12
    savings = (expected - kwh)[~fitted]
    assert [row["cusum"] for row in judged["periods"]] == pytest.approx(np.cumsum(savings), rel=1e-8)
    assert [row["start"] for row in judged["periods"]] == days[181:]
    assert judged["enpi_ratio"] == pytest.approx(kwh[~fitted].sum() / expected[~fitted].sum())
    # R² 0.92, CV(RMSE) 16 %, and nearly a fifth less energy than expected.
    assert (round(statistics["r2"], 3), round(statistics["cv_rmse"], 3)) == (0.922, 0.162)
    assert round(judged["improvement"], 3) == 0.179


def test_people_get_terms_statistics_data_and_the_months_that_were_judged(verb: Callable[..., Result]) -> None:
    result = verb(STEEL, *ARGUMENTS, *JANUARY_TO_JUNE, *JULY_TO_SEPTEMBER)

    lines = [line.split() for line in result.stdout.splitlines()]
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert "every day, fitted on 181 periods, 2018-01-01 to 2018-06-30 (UTC)" in " ".join(result.stdout.split())
    assert ["R²", "0.922075"] in lines
    assert [line[:2] for line in lines if line and line[0].startswith("2018-")] == [
        ["2018-07", "31"], ["2018-08", "31"], ["2018-09", "30"],
    ]  # fmt: skip
    assert ["EnPI,", "actual/expected", "0.821028"] in lines
    assert result.exit_code == Exit.OK


def test_what_comes_before_the_judged_period_is_fitted_when_nothing_is_said(verb: Callable[..., Result]) -> None:
    said = verb(STEEL, *ARGUMENTS, *JANUARY_TO_JUNE, *JULY_TO_SEPTEMBER, "--json")
    unsaid = verb(STEEL, *ARGUMENTS, *JULY_TO_SEPTEMBER, "--json")

    assert said.stdout == unsaid.stdout


def test_a_written_baseline_judges_a_later_file_as_it_judged_the_first(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    written = tmp_path / "baseline.json"
    first = verb(STEEL, *ARGUMENTS, *JANUARY_TO_JUNE, *JULY_TO_SEPTEMBER, "--out", written, "--json")

    again = verb(STEEL, "--time", "date", "--against", written, *JULY_TO_SEPTEMBER, "--json")

    assert json.loads(again.stdout)["judged"] == json.loads(first.stdout)["judged"]
    assert json.loads(written.read_text()) == json.loads(first.stdout)["baseline"]


def test_a_plant_that_heats_shows_its_change_point(verb: Callable[..., Result], tmp_path: Path) -> None:
    # A year of days: 800 kWh, 3 kWh a part, 40 kWh for each degree below 14 °C.
    day = np.arange(365)
    temp_c, parts = 10.0 - 12.0 * np.cos(2 * np.pi * day / 365), 100 + (day * 37) % 50
    kwh = 800 + 3 * parts + 40 * np.maximum(14 - temp_c, 0)
    dates = np.datetime64("2025-01-01") + day
    rows = [f"{date}T00:00Z,{e},{p},{t}" for date, e, p, t in zip(dates, kwh, parts, temp_c, strict=True)]
    file = tmp_path / "days.csv"
    file.write_text("\n".join(["time,kwh,parts,temp_c", *rows]) + "\n")

    result = verb(file, "--energy", "kwh", "--driver", "parts", "--change-point", "temp_c", "--json")

    model = json.loads(result.stdout)["baseline"]
    parts_term, heating = model["terms"]
    assert model["shape"] == "3ph"
    assert (parts_term["driver"], heating["driver"], heating["side"]) == ("parts", "temp_c:mean", "below")
    assert parts_term["coefficient"] == pytest.approx(3.0, rel=1e-4)
    assert (heating["change_point"], heating["coefficient"]) == pytest.approx((14.0, 40.0), rel=1e-4)
    assert model["intercept"]["coefficient"] == pytest.approx(800.0, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--time", "date", "--energy", "kWh", "--driver", "NSM"), "jan_sep.csv.xz has no column 'kWh'"),
        (("--energy", "Usage_kWh", "--driver", "NSM"), "jan_sep.csv.xz has no column 'time'; did you mean 'date'?"),
        (("--time", "date", "--energy", "Usage_kWh", "--driver", "NSM"), "driver 'NSM': expected values that vary, got 273 rows of"),
        ((*ARGUMENTS, "--driver", "Load_Type=Medium_Load"), "driver 'Load_Type=Medium_Load': expected one that does not follow from the others"),
        ((*ARGUMENTS, "--driver", KVARH), f"a driver is given twice: {DRIVERS[0]}, {KVARH}"),
        ((*ARGUMENTS, "--every", "fortnight"), "expected --every of 15m, hour, day, week, month or bill, got 'fortnight'"),
        ((*ARGUMENTS, "--fit", "2018-01..2018-08", *JULY_TO_SEPTEMBER), "--fit and --judge overlap"),
        ((*ARGUMENTS, "--judge", "..2018-03"), "--judge without a beginning needs --fit FROM..TO"),
        ((*ARGUMENTS, "--judge", "2019-01..2019-03"), "no whole period lies in --judge"),
        ((*ARGUMENTS, "--fit", "2018-01-01..2018-01-05"), "rows: expected more than 4, as many as the model has parameters, got 4"),
        ((*ARGUMENTS, "--change-point", KVARH, "--shape", "6p"), "shape: expected best, linear, 3ph, 3pc, 4p, 5p, got '6p'"),
        (("--time", "date", "--energy", "Usage_kWh"), "expected --energy COLUMN and at least one --driver"),
        (("--against", STEEL), "is no baseline"),
        (("--against", STEEL.parent / "none.json"), "none.json: No such file"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_told_in_a_line(
    verb: Callable[..., Result], arguments: tuple[str, ...], said: str
) -> None:
    result = verb(STEEL, *arguments)

    assert result.exit_code == Exit.SETTINGS
    assert said in result.stderr.replace("\n", " ")
    assert result.stdout == ""


def test_what_a_written_baseline_settles_can_not_be_asked_for_again(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    written = tmp_path / "baseline.json"
    verb(STEEL, *ARGUMENTS, "--out", written)

    result = verb(STEEL, *ARGUMENTS, "--against", written)

    assert result.exit_code == Exit.SETTINGS
    assert "--energy can't go with --against, which says it already" in result.stderr


def test_periods_that_lack_rows_and_weak_drivers_are_noted(verb: Callable[..., Result], tmp_path: Path) -> None:
    generator = np.random.default_rng(41)
    times = np.datetime64("2025-01-01") + np.arange(24 * 30 - 10) * np.timedelta64(1, "h")
    rows = [f"{time}:00Z,{generator.uniform(1, 2)},{generator.uniform(1, 2)}" for time in times]
    file = tmp_path / "hours.csv"
    file.write_text("\n".join(["time,kwh,noise", *rows, rows[0]]) + "\n")

    result = verb(file, "--energy", "kwh", "--driver", "noise")

    assert "note: 1 rows repeat a time that an earlier row has: left out" in result.stdout
    assert "note: 1 periods lack rows: left out" in result.stdout
    assert "note: noise has p " in result.stdout
