"""Which store is read, and rows out of it."""

from pathlib import Path
from typing import Any

import pytest

from analysis.results import Results, results_of
from delivery.query import Source
from delivery.store import LocalStore
from fieldline.settings import load_settings
from tests.delivery.metric_frames import metric_rows

INFLUX = "http://127.0.0.1:8086/fieldline?api=v1"


@pytest.mark.parametrize(
    ("flags", "asked", "source"),
    [
        ({}, None, "plant.results.db"),
        ({"deliver.influx": INFLUX}, None, INFLUX),
        ({"deliver.influx": INFLUX, "deliver.store": "kept.db"}, None, "kept.db"),
        ({"deliver.influx": INFLUX, "deliver.store": "kept.db"}, INFLUX, INFLUX),
        ({"log": "kafka://127.0.0.1:9092"}, None, "fieldline.results.db"),
    ],
)
def test_what_is_asked_for_comes_before_the_store_that_before_influxdb_and_last_the_one_beside_the_log(
    flags: dict[str, Any], asked: str | None, source: str
) -> None:
    settings = load_settings(None, {}, {"log": "sqlite:plant.db"} | flags)

    assert results_of(settings, asked).source.url == source


def test_the_token_goes_to_a_database_only() -> None:
    environment = {"FIELDLINE_INFLUX_TOKEN": "secret"}
    settings = load_settings(None, environment, {"deliver.influx": INFLUX})

    assert results_of(settings).source.token == "secret"
    assert results_of(settings, "kept.db").source.token == ""


def test_an_assets_rows_are_its_own_whatever_its_name_or_those_below_it(tmp_path: Path) -> None:
    names = ["p/h*", "p/hall", "p/h*/line1", "p/h*/line1"]
    store = LocalStore(tmp_path / "r.db")
    store.write([metric_rows("oee", [5, 5, 5, 9], names, None, ["1h"] * 4, oee=[0.1, 0.2, 0.3, 0.4])])
    store.close()
    results = Results(Source(str(tmp_path / "r.db")))

    own, below = (results.rows("oee", "p/h*", "1h", 0, 9, is_below=is_below) for is_below in (False, True))

    assert [(row["time"], row["asset"], row["oee"]) for row in own] == [(5, "p/h*", 0.1)]
    assert [(row["time"], row["asset"], row["oee"]) for row in below] == [(5, "p/h*/line1", 0.3)]
