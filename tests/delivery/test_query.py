"""Queries of the local store; the same questions to a real InfluxDB are in tests/integration/test_delivery_influx.py."""

import math
from pathlib import Path

import polars as pl
import pytest

from delivery.query import Only, query
from delivery.store import LocalStore
from fieldline.catalogue import fields, tags, texts
from fieldline.errors import LogCorrupt, SettingsError
from tests.delivery.metric_frames import labelled_rows, metric_rows


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

    place = dict.fromkeys(("asset", "tag", "window"), pl.String)
    labels = {name: pl.String for name in tags("energy") if name in ("shift", "crew", "product")}
    numbers = dict.fromkeys(fields("energy"), pl.Float64)
    told = dict.fromkeys(texts("energy"), pl.String)
    assert dict(frame.schema) == {"time": pl.Datetime("ns", "UTC")} | place | labels | numbers | told
    assert frame["tag"].null_count() == frame.height == 4


def test_rows_are_sorted_by_time_asset_tag_and_window(store: str) -> None:
    frame = query("energy", source=store)

    assert frame["active_energy_kwh"].to_list() == [3, 4, 2, 1]


def test_asset_window_and_time_choose_rows(store: str) -> None:
    assert query("energy", "plant/*", "1m", source=store)["active_energy_kwh"].to_list() == [2, 1]
    assert query("energy", "*", "1m", 0, 60, source=store)["active_energy_kwh"].to_list() == [3]
    assert query("reading", source=store, only=Only(tag="t2"))["value"].to_list() == [2.0]
    assert query("energy", source=store, only=Only(limit=1))["active_energy_kwh"].to_list() == [3]


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


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    path = tmp_path / "labelled.db"
    store = LocalStore(path)
    labels: dict[str, list[str | None]] = {"shift": ["early", "late", "early", None], "product": ["A", None, "B", None]}
    texts: dict[str, list[str | None]] = {"order_id": ["4711", None, "4712", None]}
    store.write([labelled_rows("oee", [0] * 4, ["plant/h/l1"] * 4, labels, texts, ["shift"] * 4, oee=[1, 2, 3, 4])])
    store.close()
    return str(path)


def test_labels_stand_behind_the_window_and_texts_among_the_fields(labelled: str) -> None:
    frame = query("oee", source=labelled)

    columns = frame.columns
    assert columns[:4] == ["time", "asset", "tag", "window"] and set(columns[4:7]) == {"shift", "crew", "product"}
    assert columns.index("order_id") > columns.index("oee")
    assert frame.select("shift", "product", "oee", "order_id").rows() == [
        (None, None, 4.0, None),
        ("early", "A", 1.0, "4711"),
        ("early", "B", 3.0, "4712"),
        ("late", None, 2.0, None),
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"shift": "early"}, [1.0, 3.0]),
        ({"shift": "e*", "product": "B"}, [3.0]),
        ({"product": ""}, [4.0, 2.0]),
        ({"shift": "*"}, [4.0, 1.0, 3.0, 2.0]),
        ({"order_id": "47?1"}, [1.0]),
        ({"order_id": ""}, [4.0, 2.0]),
        ({"station": "x"}, []),
    ],
)
def test_labels_and_texts_choose_rows_and_an_empty_glob_those_without(
    labelled: str, where: dict[str, str], found: list[float]
) -> None:
    assert query("oee", source=labelled, only=Only(where=where))["oee"].to_list() == found


@pytest.mark.parametrize("name", ["asset", "line", "rev", ""])
def test_a_condition_on_what_is_no_label_or_text_is_refused(labelled: str, name: str) -> None:
    with pytest.raises(SettingsError, match="label or a text field"):
        query("energy", source=labelled, only=Only(where={name: "x"}))


def test_rows_of_orders_that_were_taken_back_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "r.db")
    rows = {"oee": [0.5, math.nan, 0.25, 0.75], "retracted": [0.0, 1.0, math.nan, 1.0]}
    products: dict[str, list[str | None]] = {"product": ["A", "B", "C", "D"]}
    store.write([labelled_rows("oee", [1, 1, 2, 0], ["a"] * 4, products, None, ["order"] * 4, **rows)])
    store.close()
    source = str(tmp_path / "r.db")

    standing = query("oee", source=source)

    assert standing["product"].to_list() == ["A", "C"]
    assert query("oee", source=source, only=Only(limit=1))["product"].to_list() == ["A"]
    assert query("oee", source=source, only=Only(retracted=True))["product"].to_list() == ["D", "A", "B", "C"]
