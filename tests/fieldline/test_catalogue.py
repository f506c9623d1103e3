from pathlib import Path

from fieldline.catalogue import KINDS, METRICS, TAGS, fields, page


def test_the_page_is_the_catalogue_of_today():
    assert Path("docs/metrics.md").read_text("utf-8") == page(), "run `make docs`"


def test_every_metric_names_kind_unit_meaning_and_source():
    assert all(all(metric) for metric in METRICS)
    assert {metric.kind for metric in METRICS} == set(KINDS) == set(TAGS)


def test_no_field_stands_twice():
    names = [(metric.kind, metric.field) for metric in METRICS]

    assert len(names) == len(set(names))


def test_fields_keep_the_catalogues_order():
    assert fields("energy") == (
        "active_energy_kwh",
        "reactive_energy_kvarh",
        "peak_demand_kw",
        "power_factor",
        "coverage",
        "rev",
    )
    assert fields("no such kind") == ()
