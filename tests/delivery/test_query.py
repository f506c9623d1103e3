"""Queries of the local store; the same questions to a real InfluxDB are in tests/integration/test_delivery_influx.py."""

from pathlib import Path

import polars as pl
import pytest

from delivery.query import query
from delivery.store import LocalStore
from fieldline.catalogue import TAGS, fields
from fieldline.errors import LogCorrupt, SettingsError
from tests.delivery.metric_frames import metric_rows


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "r.db"
    store = LocalStore(path)
    assets = ["plant/h/l1/press", "plant/h/l1/oven", "farm/f1/soil", "plant/h/l1/press"]
    store.write(
        [
            metric_rows(
                "energy",
                [60, 60, 0, 0],
                assets,
                None,
                ["1m", "1m", "1m", "1h"],
                active_energy_kwh=[1, 2, 3, 4],
                rev=[0] * 4,
            ),
            metric_rows("reading", [1, 2, 3], ["a", "a", "a\nb"], ["t1", "t2", "t1"], value=[1.0, 2.0, 3.0]),
        ]
    )
    store.close()
    return str(path)


def test_columns_and_types_are_those_of_the_catalogue(store: str) -> None:
    frame = query("energy", source=store)

    place = {name: pl.String for name in ("asset", "tag", "window")}
    labels = {name: pl.String for name in TAGS["energy"] if name in ("shift", "product")}
    numbers = {name: pl.Float64 for name in fields("energy")}
    assert dict(frame.schema) == {"time": pl.Datetime("ns", "UTC")} | place | labels | numbers
    assert frame["tag"].null_count() == frame.height == 4


def test_rows_are_sorted_by_time_asset_tag_and_window(store: str) -> None:
    frame = query("energy", source=store)

    assert frame["active_energy_kwh"].to_list() == [3, 4, 2, 1]


def test_asset_window_and_time_choose_rows(store: str) -> None:
    assert query("energy", "plant/*", "1m", source=store)["active_energy_kwh"].to_list() == [2, 1]
    assert query("energy", "*", "1m", 0, 60, source=store)["active_energy_kwh"].to_list() == [3]
    assert query("reading", source=store, tag="t2")["value"].to_list() == [2.0]
    assert query("energy", source=store, limit=1)["active_energy_kwh"].to_list() == [3]


def test_a_name_with_a_newline_is_found_by_itself(store: str) -> None:
    assert query("reading", "a\nb", source=store)["asset"].to_list() == ["a␊b"]


@pytest.mark.parametrize("kind", ["telemetry", "nobody wrote this", 'x"y'])
def test_a_kind_that_nobody_wrote_is_an_empty_frame(store: str, kind: str) -> None:
    frame = query(kind, source=store)

    assert frame.height == 0 and frame.columns[:4] == ["time", "asset", "tag", "window"]


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        query("energy", source=f"sqlite:{tmp_path / 'none.db'}")


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"x" * 5000)

    with pytest.raises(LogCorrupt):
        query("energy", source=str(tmp_path / "bad.db"))
