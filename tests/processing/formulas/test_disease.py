import csv
from pathlib import Path

import numpy as np

from processing.formulas import disease

TABLES = Path(__file__).parents[2] / "data" / "disease_tables"


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((TABLES / name).read_text("utf-8").splitlines()))


def test_tomcast_gives_each_cell_of_the_published_table_to_its_last_hour() -> None:
    for row in rows_of("tomcast_dsv_table.csv"):
        cells = [row["leaf_wetness_h_for_DSV0"], *(row[f"DSV{k}"] for k in range(1, 5))]
        for severity, cell in enumerate(cells):
            if cell == "-":
                continue
            first, _, last = cell.replace("+", "-24").partition("-")
            hours = np.arange(int(first), int(last) + 1)
            for degc in range(int(row["temp_min_C"]), int(row["temp_max_C"]) + 1):
                assert set(disease.tomcast_severity(hours, degc)) == {float(severity)}, (degc, cell)


def test_ascospores_infect_in_the_hours_of_machardy_and_gadoury() -> None:
    for row in rows_of("mills_apple_scab_hours.csv"):
        for degf in {int(bound) for bound in row["temp_F"].split("-")}:
            degc = (degf - 32) / 1.8
            assert disease.ascospore_hours(degc) == float(row["min_wet_hours_for_infection"]), degf
    assert np.isnan(disease.ascospore_hours([0.5, 27.0, np.nan])).all()


def test_no_severity_falls_when_it_stays_wet_longer() -> None:
    degc, hours = np.meshgrid(np.arange(-5.0, 40.0, 0.1), np.arange(0.0, 90.0))
    for severity in (disease.tomcast_severity, disease.wallin_severity, disease.scab_severity):
        assert (np.diff(severity(hours, degc), axis=0) >= 0.0).all(), severity


def test_what_is_missing_gives_nothing_but_a_dry_day_needs_no_temperature() -> None:
    np.testing.assert_array_equal(
        disease.tomcast_severity([0.0, 5.0, np.nan], [np.nan, np.nan, 20.0]), [0.0, np.nan, np.nan]
    )
    np.testing.assert_array_equal(disease.scab_severity([np.nan, 9.0], [15.0, np.nan]), [np.nan, np.nan])
    np.testing.assert_array_equal(disease.blitecast_message([np.nan, 3.0], [4.0, np.nan]), [np.nan, np.nan])
    np.testing.assert_array_equal(disease.is_blight_day([12.0, np.nan], [np.nan, 12.0], 6.0), [np.nan, np.nan])


def test_mildew_falls_in_deadly_heat_and_keeps_within_its_bounds() -> None:
    index, _ = disease.mildew_index(
        [60.0, 60.0, 60.0, 95.0, 5.0], 3.0, [6.0, 6.0, 5.9, 8.0, 0.0], [0.0, 1.0, 1.0, 0.0, 0.0]
    )

    np.testing.assert_array_equal(index, [80.0, 70.0, 50.0, 100.0, 0.0])
