"""The local store: idempotent, newest wins, honest about damage."""

import math
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from delivery.query import query
from delivery.rows import read_rows
from delivery.sinks import SinkUnavailable
from delivery.store import APPLICATION_ID, LocalStore
from fieldline.errors import LogCorrupt, SettingsError
from fieldline.frames import decode_batch, encode_metrics
from tests.delivery.metric_frames import labelled_rows, metric_rows

NAN = math.nan


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant.results.db"


def written(path: Path, *batches: object) -> LocalStore:
    store = LocalStore(path)
    store.write(batches)  # type: ignore[arg-type]
    store.close()
    return store


def test_writing_twice_changes_nothing(path: Path) -> None:
    rows = metric_rows(
        "energy", [0, 1, 2], ["a", "a", "b"], None, ["1m"] * 3, active_energy_kwh=[1.0, NAN, 3.5], rev=[0, 0, 0]
    )
    written(path, rows)
    once = query("energy", source=str(path))

    written(path, rows, rows)

    assert query("energy", source=str(path)).equals(once) and once.height == 3


def test_the_newest_write_wins_and_a_value_that_is_gone_is_gone(path: Path) -> None:
    first = metric_rows("energy", [0], ["a"], None, ["1m"], active_energy_kwh=[1.0], power_factor=[0.9], rev=[0])
    second = metric_rows("energy", [0], ["a"], None, ["1m"], active_energy_kwh=[2.0], power_factor=[NAN], rev=[1])

    written(path, first, second)

    row = query("energy", source=str(path)).row(0, named=True)
    assert (row["active_energy_kwh"], row["power_factor"], row["rev"]) == (2.0, None, 1.0)


def test_a_row_that_was_retracted_and_comes_again_stands(path: Path) -> None:
    gone = metric_rows("energy", [0], ["a"], windows=["day"], active_energy_kwh=[NAN], retracted=[1.0])
    again = metric_rows("energy", [0], ["a"], windows=["day"], active_energy_kwh=[2.5])

    written(path, gone)
    written(path, again)

    assert query("energy", source=str(path))["active_energy_kwh"].to_list() == [2.5]


def test_the_last_of_two_rows_with_one_identity_in_a_frame_wins(path: Path) -> None:
    written(path, metric_rows("reading", [5, 5, 4], ["a"] * 3, ["t"] * 3, value=[1.0, 2.0, 3.0]))

    assert query("reading", source=str(path))["value"].to_list() == [3.0, 2.0]


def test_rows_without_any_value_are_counted_and_not_stored(path: Path) -> None:
    store = LocalStore(path)

    counts = store.write([metric_rows("k", [0, 1, 2], ["a"] * 3, v=[1.0, NAN, math.inf], w=[NAN, NAN, NAN])])

    store.close()
    assert counts == (1, 2, 0) and query("k", source=str(path)).height == 1


def test_fields_that_come_later_are_added(path: Path) -> None:
    written(path, metric_rows("k", [0], ["a"], v=[1.0]))

    written(path, metric_rows("k", [1, 2], ["a", "a"], w=[5.0, 6.0]))

    assert query("k", source=str(path)).select("v", "w").rows() == [(1.0, None), (None, 5.0), (None, 6.0)]


def test_a_row_is_written_as_a_whole(path: Path) -> None:
    written(path, metric_rows("k", [0], ["a"], v=[1.0], w=[2.0]))

    written(path, metric_rows("k", [0], ["a"], w=[5.0]))

    assert query("k", source=str(path)).select("v", "w").rows() == [(None, 5.0)]


def test_what_is_older_than_the_retention_goes_in_bounded_steps(path: Path) -> None:
    count = 60_000
    codes = (np.zeros(count, np.int32), ["a"])
    store = LocalStore(path)
    store.write(
        [read_rows(decode_batch(encode_metrics("k", np.arange(count), codes, None, None, {"v": np.ones(count)})))]
    )

    more = [store.forget_before(count - 10), store.forget_before(count - 10)]

    store.close()
    assert more == [True, False] and query("k", source=str(path)).height == 10


def test_rows_that_differ_in_a_label_only_stay_apart_and_one_without_it_is_another(path: Path) -> None:
    rows = labelled_rows("oee", [0] * 3, ["a"] * 3, {"shift": ["early", "late", None]}, None, None, oee=[1.0, 2.0, 3.0])
    plain = metric_rows("oee", [0], ["a"], oee=[4.0])

    written(path, rows, rows, plain)

    assert query("oee", source=str(path)).select("shift", "oee").rows() == [(None, 4.0), ("early", 1.0), ("late", 2.0)]


def test_labels_are_the_same_identity_in_whatever_order_their_columns_stand(path: Path) -> None:
    one = labelled_rows("oee", [0], ["a"], {"shift": ["early"], "product": ["A"]}, oee=[1.0])
    other = labelled_rows("oee", [0], ["a"], {"product": ["A"], "shift": ["early"]}, oee=[2.0])

    written(path, one, other)

    assert query("oee", source=str(path))["oee"].to_list() == [2.0]


def test_a_text_that_a_later_revision_no_longer_has_is_gone(path: Path) -> None:
    first = labelled_rows("oee", [0], ["a"], {}, {"null_reason": ["planned time is zero"]}, oee=[NAN])
    second = labelled_rows("oee", [0], ["a"], {}, {"null_reason": [None]}, oee=[0.5])

    written(path, first)
    alone = query("oee", source=str(path)).select("oee", "null_reason").rows()
    written(path, second)

    assert alone == [(None, "planned time is zero")]
    assert query("oee", source=str(path)).select("oee", "null_reason").rows() == [(0.5, None)]


def test_names_and_texts_are_kept_as_a_database_would_show_them(path: Path) -> None:
    written(path, labelled_rows("oee", [0], ["a"], {"shift": ["früh\n,= \\"]}, {"order_id": ['4"7\n1\\']}, oee=[1.0]))

    row = query("oee", source=str(path)).row(0, named=True)
    assert (row["shift"], row["order_id"]) == ("früh␊,= ＼", '4"7␊1\\')


_VERSION_1 = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, asset TEXT NOT NULL, tag TEXT NOT NULL, "window" TEXT NOT NULL,
    UNIQUE (kind, asset, tag, "window")
);
CREATE TABLE "metric.energy" ("#series" INTEGER NOT NULL, time INTEGER NOT NULL, "active_energy_kwh" REAL, "rev" REAL,
    PRIMARY KEY ("#series", time)) WITHOUT ROWID;
INSERT INTO series VALUES (1, 'energy', 'plant/a', '', '1m'), (7, 'energy', 'plant/b', '', '1h');
INSERT INTO "metric.energy" VALUES (1, 0, 1.5, 0.0), (1, 60, 2.5, 0.0), (7, 0, 4.0, 1.0);
PRAGMA user_version = 1;
"""


def store_of_version_1(path: Path) -> list[tuple[object, ...]]:
    """A store as the release before labels wrote it; gives its rows: asset, window, kWh."""
    db = sqlite3.connect(path)
    db.executescript(f"{_VERSION_1} PRAGMA application_id = {APPLICATION_ID};")
    db.close()
    return [("plant/a", "1m", 1.5), ("plant/b", "1h", 4.0), ("plant/a", "1m", 2.5)]


def test_a_store_of_the_version_before_is_read_without_being_changed(path: Path) -> None:
    rows = store_of_version_1(path)
    before = path.read_bytes()

    found = query("energy", source=str(path)).select("asset", "window", "active_energy_kwh").rows()

    assert found == rows and path.read_bytes() == before


def test_a_store_of_the_version_before_goes_on_as_one_of_this_version(path: Path) -> None:
    rows = store_of_version_1(path)
    labelled = labelled_rows("energy", [0], ["plant/a"], {"shift": ["early"]}, None, ["1m"], active_energy_kwh=[9.0])

    written(path)
    kept = query("energy", source=str(path)).select("asset", "window", "active_energy_kwh").rows()
    written(path, metric_rows("energy", [60], ["plant/a"], None, ["1m"], active_energy_kwh=[3.5]), labelled)

    assert kept == rows
    assert query("energy", "plant/a", source=str(path)).select("time", "shift", "active_energy_kwh").rows() == [
        (datetime(1970, 1, 1, tzinfo=UTC), None, 1.5),
        (datetime(1970, 1, 1, tzinfo=UTC), "early", 9.0),
        (datetime(1970, 1, 1, tzinfo=UTC), None, 3.5),
    ]


def test_a_store_whose_kinds_had_other_names_is_read_and_goes_on_under_the_names_of_now(path: Path) -> None:
    orders = metric_rows("production_order", [0, 60], ["plant/a"] * 2, None, ["1h"] * 2, good_count=[1.0, 2.0])
    written(path, orders)
    db = sqlite3.connect(path)
    db.executescript(
        'ALTER TABLE "metric.production_order" RENAME TO "metric.order"; DROP TABLE identity; '
        "UPDATE series SET kind = 'order'; PRAGMA user_version = 2;"
    )
    db.close()

    before = query("production_order", source=str(path))["good_count"].to_list()
    written(path, metric_rows("production_order", [60], ["plant/a"], None, ["1h"], good_count=[3.0]))

    assert before == [1.0, 2.0]
    assert query("production_order", source=str(path))["good_count"].to_list() == [1.0, 3.0]


def test_a_store_that_can_not_be_brought_to_this_version_stays_as_it_was(path: Path) -> None:
    rows = store_of_version_1(path)
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE series_1 (theirs)")
    db.close()

    with pytest.raises(SinkUnavailable, match="series_1"):
        LocalStore(path)

    assert query("energy", source=str(path)).select("asset", "window", "active_energy_kwh").rows() == rows


def test_a_store_of_another_version_is_refused_by_name(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(SettingsError, match="expected schema version 3, got 99"):
        LocalStore(path)


def test_a_file_that_is_no_store_is_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database, but somebody's file" * 100)
    before = path.read_bytes()

    with pytest.raises(LogCorrupt):
        LocalStore(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.close()

    with pytest.raises(LogCorrupt, match="not a Fieldline store"):
        LocalStore(path)


def test_a_folder_that_does_not_exist_is_a_setting_to_fix(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        LocalStore(tmp_path / "no" / "such.db")


def test_names_that_differ_in_case_only_stay_apart(path: Path) -> None:
    written(path, metric_rows("k", [0], ["a"], v=[1.0], V=[2.0], series=[3.0]), metric_rows("K", [0], ["a"], v=[4.0]))

    assert query("k", source=str(path)).select("v", "V", "series").rows() == [(1.0, 2.0, 3.0)]
    assert query("K", source=str(path))["v"].to_list() == [4.0]


def test_a_write_that_fails_leaves_nothing_behind_and_can_be_repeated(path: Path) -> None:
    store = LocalStore(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute(
        "CREATE TRIGGER full BEFORE INSERT ON series WHEN NEW.asset = 'b' BEGIN SELECT RAISE(ROLLBACK, 'disk'); END"
    )
    rows = metric_rows("k", [0, 1], ["a", "b"], v=[1.0, 2.0])

    with pytest.raises((SinkUnavailable, LogCorrupt)):
        store.write([rows])
    blocker.execute("DROP TRIGGER full")
    blocker.close()
    store.write([rows])

    store.close()
    assert query("k", source=str(path))["asset"].to_list() == ["a", "b"]
