from pathlib import Path

from fieldline.catalogue import ALL, COVERAGE, KINDS, METRICS, TAGS, fields, kind_of, metric, texts
from fieldline.catalogue.page import page


def test_the_page_is_the_catalogue_of_today() -> None:
    assert Path("docs/metrics.md").read_text("utf-8") == page(), "run `make docs`"


def test_every_metric_names_kind_unit_meaning_formula_and_source() -> None:
    assert all(all(row) for row in METRICS)
    assert {row.kind for row in METRICS} == set(KINDS) == set(TAGS) == set(COVERAGE)
    assert all(COVERAGE.values())


def test_no_field_stands_twice_be_it_number_text_or_tag() -> None:
    for kind in ALL:
        names = [*fields(kind.name), *texts(kind.name), *kind.tags, *kind.labels]

        assert len(names) == len(set(names)), kind.name


def test_fields_keep_the_catalogues_order() -> None:
    assert fields("telemetry") == ("count", "min", "max", "mean", "time_weighted_mean", "last", "coverage", "rev")
    assert fields("no such kind") == texts("no such kind") == ()


def test_texts_are_no_number_fields() -> None:
    assert texts("oee") == ("order_id", "null_reason")
    assert not set(texts("oee")) & set(fields("oee"))


def test_a_field_in_seconds_or_kilowatt_hours_has_that_unit() -> None:
    ends = {"_s": "s", "_kwh": "kWh", "_kvarh": "kvarh", "_kvah": "kVAh", "_kw": "kW", "_kg": "kg CO2e", "_count": "1"}

    wrong = [row for row in METRICS for end, unit in ends.items() if row.field.endswith(end) and row.unit != unit]

    assert wrong == []


def test_a_field_and_a_kind_are_found_by_name() -> None:
    found = metric("oee", "availability")

    assert found is not None and found.formula == "(APT + minor stops) / PBT"
    assert metric("oee", "no such field") is None
    assert kind_of("oee") in ALL
    assert kind_of("no such kind") is None


def test_bars_in_formulas_do_not_break_the_pages_tables() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]

    assert {len(row.replace("\\|", "").split("|")) for row in rows} == {7}
