"""What `fieldline query` prints of rows with labels and texts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from delivery.store import LocalStore
from fieldline.catalogue import fields as catalogue_fields
from tests.delivery.metric_frames import labelled_rows


@pytest.fixture
def store(tmp_path: Path) -> str:
    store = LocalStore(tmp_path / "r.db")
    labels: dict[str, list[str | None]] = {"shift": ["early", "late"]}
    texts: dict[str, list[str | None]] = {"null_reason": [None, "planned time is zero"]}
    store.write([labelled_rows("oee", [0, 0], ["p/h/l"] * 2, labels, texts, ["shift"] * 2, oee=[0.5, float("nan")])])
    store.close()
    return str(tmp_path / "r.db")


def test_labels_are_chosen_by_a_condition_and_printed_as_json(store: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline("query", "oee", "--store", store, "--where", "shift=l*", "--json")

    (row,) = json.loads(result.stdout)
    chosen = {name: row[name] for name in ("time", "asset", "window", "shift", "oee", "null_reason")}
    assert chosen == {
        "time": "1970-01-01T00:00:00Z",
        "asset": "p/h/l",
        "window": "shift",
        "shift": "late",
        "oee": None,
        "null_reason": "planned time is zero",
    }


def test_a_table_has_labels_and_texts_that_some_row_has(store: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline("query", "oee", "--store", store)

    heading, early, late = result.stdout.splitlines()
    assert heading.split() == ["time", "asset", "window", "shift", "oee", "null_reason"]
    assert "early" in early and "0.5" in early and early.endswith("-")
    assert "late" in late and late.endswith("planned time is zero")


def test_times_are_in_the_sites_zone_for_people_unless_utc_is_asked_for(
    store: str, tmp_path: Path, fieldline: Callable[..., Result]
) -> None:
    (tmp_path / "plant.toml").write_text('time_zone = "Europe/Berlin"\n')
    asked = ("query", "oee", "--store", store, "--plant", "plant.toml", "--limit", 1)

    told, utc, as_json = (fieldline(*asked, *more).stdout for more in ((), ("--utc",), ("--json",)))

    assert told.splitlines()[1].startswith("1970-01-01T01:00+01:00  p/h/l")
    assert utc.splitlines()[1].startswith("1970-01-01T00:00Z  p/h/l")
    assert json.loads(as_json)[0]["time"] == "1970-01-01T00:00:00Z"


def test_rows_with_many_fields_become_blocks_of_80_columns(tmp_path: Path, fieldline: Callable[..., Result]) -> None:
    store = LocalStore(tmp_path / "wide.db")
    fields = {name: [0.5, 123456.789] for name in catalogue_fields("oee")}
    store.write([labelled_rows("oee", [0, 1], ["plant/hall1/line1/press"] * 2, {}, {}, ["1h"] * 2, **fields)])
    store.close()

    lines = fieldline("query", "oee", "--store", tmp_path / "wide.db", "--retracted").stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert [line.split()[1:] for line in lines if not line.startswith(" ")] == [["plant/hall1/line1/press", "1h"]] * 2
    words = " ".join(lines).split()
    assert all(words.count(name) == 2 for name in fields)


@pytest.mark.parametrize("where", [["shift"], ["=x"], ["shift=a", "shift=b"], ["asset=x"], ["oee=1"]])
def test_a_condition_that_is_none_is_refused(store: str, where: list[str], fieldline: Callable[..., Result]) -> None:
    flags = [word for each in where for word in ("--where", each)]

    result = fieldline("query", "oee", "--store", store, *flags)

    assert result.exit_code == 2 and "--where" in result.stderr and "shift=early" in result.stderr
