"""The roll-up's sink: rows of areas follow those of lines, in whatever portions and order these come, over crashes and lost files."""

import json
import random
import sqlite3
from collections.abc import Iterator
from math import fsum
from pathlib import Path
from typing import Any

import pytest

from analysis.rollup.areas import Areas
from delivery.rows import MetricRows, read_rows
from delivery.sinks import SinkLost
from fieldline.frames import decode_batch
from fieldline.log import Stream
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.plantfile.assets import GroupEntry
from fieldline.readable import metrics_in, turn_of
from tests.analysis.rollup.sink_rig import SinkRig
from tests.delivery.metric_frames import labelled_rows, metric_frame
from tests.processing.engine_rig import T0

HOUR = 3600 * 10**9
LINES = ("plant/hall1/line1", "plant/hall1/line2", "plant/hall2/line1")
HALL1, HALL2, PLANT = "plant/hall1", "plant/hall2", "plant"
GROUPS = Plant(PlantFile(group=(GroupEntry(path="customers/acme", lines=("plant/*/line1",)),)))


class Rig(SinkRig):
    """What stands on its stream."""

    def __init__(self, folder: Path, plant: Plant) -> None:
        super().__init__(folder, plant, Areas)

    def rolled(self, kind: str = "quality") -> dict[tuple[str, str, int, str], dict[str, Any]]:
        """What stands of areas on the stream: fields by asset, window, start and shift; holders that were followed by another count no more."""
        found: dict[tuple[str, str, int, str], dict[str, Any]] = {}
        newest = 0
        for record in self.log.read(Stream.METRICS, 0, 0):
            turn = turn_of(record)
            if turn is None or turn.number < newest or record.headers["kind"].decode() != kind:
                continue
            newest = turn.number
            for row in metrics_in(record).to_pylist():
                key = row["asset"], row["window"], int(row["time"].timestamp() * 1e9), row.get("shift") or ""
                found[key] = {name: value for name, value in row.items() if value is not None}
        return {key: row for key, row in found.items() if row.get("retracted") != 1.0}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, Plant())
    yield rig
    rig.close()


def counts(*rows: tuple[str, int, float], window: str = "1h", **more: float) -> MetricRows:
    """Rows of `quality`: line, hour, pieces, all of them good."""
    pieces = [count for _, _, count in rows]
    fields = {"good_count": pieces, "total_count": pieces, "rev": [0.0] * len(rows)}
    fields |= {name: [value] * len(rows) for name, value in more.items()}
    places = [T0 + hour * HOUR for _, hour, _ in rows], [line for line, _, _ in rows], None, [window] * len(rows)
    return read_rows(decode_batch(metric_frame("quality", *places, **fields)))


def good(rig: Rig) -> dict[tuple[str, int], float]:
    """Good pieces of areas by path and hour."""
    return {(asset, (start - T0) // HOUR): row["good_count"] for (asset, _, start, _), row in rig.rolled().items()}


def test_a_line_is_in_its_area_its_site_and_the_groups_that_name_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, GROUPS)

    rig.sink.write([counts(*((line, 0, 10.0**k) for k, line in enumerate(LINES)))])

    assert good(rig) == {(HALL1, 0): 11.0, (HALL2, 0): 100.0, (PLANT, 0): 111.0, ("customers/acme", 0): 101.0}
    assert GROUPS.levels("customers/acme") == {"level": "group", "name": "acme"}
    rig.close()


def test_machines_minutes_and_orders_are_not_rolled_up(rig: Rig) -> None:
    machine = counts(("plant/hall1/line1/press", 0, 5.0))

    rig.sink.write([machine, counts((LINES[0], 0, 5.0), window="1m"), counts((LINES[0], 0, 5.0), window="order")])

    assert rig.rolled() == {}


def test_shifts_that_begin_together_and_have_other_names_are_two(rig: Rig) -> None:
    rows = labelled_rows(
        "quality", [T0, T0, T0], [*LINES], {"shift": ["early", "early", "first"]}, None, ["shift"] * 3,
        good_count=[1.0, 2.0, 4.0], rev=[0.0] * 3,
    )  # fmt: skip

    rig.sink.write([rows])

    found = {(asset, shift): row["good_count"] for (asset, _, _, shift), row in rig.rolled().items()}
    assert found == {(HALL1, "early"): 3.0, (PLANT, "early"): 3.0, (HALL2, "first"): 4.0, (PLANT, "first"): 4.0}


def test_what_no_line_has_any_more_is_retracted(rig: Rig) -> None:
    rig.sink.write([counts((LINES[0], 0, 5.0), (LINES[1], 0, 6.0))])
    rig.sink.write([counts((LINES[0], 0, 5.0), retracted=1.0)])
    left = good(rig)

    rig.sink.write([counts((LINES[1], 0, 6.0), retracted=1.0)])

    assert left == {(HALL1, 0): 6.0, (PLANT, 0): 6.0}
    assert rig.rolled() == {}


def test_a_path_that_devices_send_for_keeps_its_own_rows(rig: Rig) -> None:
    rig.sink.write([counts((HALL1, 0, 3.0)), counts((LINES[0], 0, 5.0), (LINES[2], 0, 7.0))])
    rig.sink.write([counts((LINES[0], 1, 5.0))])

    assert good(rig) == {(HALL2, 0): 7.0, (PLANT, 0): 12.0, (PLANT, 1): 5.0}


def test_a_group_whose_path_devices_send_for_has_no_other_rows_either(tmp_path: Path) -> None:
    rig = Rig(tmp_path, GROUPS)

    rig.sink.write([counts(("customers/acme", 0, 3.0)), counts((LINES[0], 0, 5.0))])

    assert good(rig) == {(HALL1, 0): 5.0, (PLANT, 0): 5.0}
    rig.close()


@pytest.mark.parametrize("seed", range(12))
def test_the_last_row_is_that_of_the_last_lines_in_any_portions_and_after_any_crash(tmp_path: Path, seed: int) -> None:
    """A crash: the sink is left, and what it took last comes again, as from an offset that was not committed."""
    rng, rig = random.Random(seed), Rig(tmp_path, GROUPS)
    stands: dict[tuple[str, int], float] = {}
    batches = []
    for _ in range(60):
        line, hour, pieces = rng.choice(LINES), rng.randrange(4), float(rng.randrange(100))
        is_gone = rng.random() < 0.15
        batches.append(counts((line, hour, pieces), retracted=1.0) if is_gone else counts((line, hour, pieces)))
        stands.pop((line, hour), None)
        if not is_gone:
            stands[line, hour] = pieces

    at = since = 0
    while at < len(batches):
        until = at + rng.randrange(1, 8)
        rig.sink.write(batches[at:until])
        if rng.random() < 0.3:
            rig.sink.close()
            rig.open(GROUPS)
            at = since
        else:
            since, at = (until, until) if rng.random() < 0.7 else (since, until)

    wanted: dict[tuple[str, int], list[float]] = {}
    for (line, hour), pieces in stands.items():
        for path in GROUPS.above(line):
            wanted.setdefault((path, hour), []).append(pieces)
    assert good(rig) == {key: fsum(pieces) for key, pieces in wanted.items()}
    rig.close()


def test_other_groups_are_rolled_up_anew_from_what_the_lines_had(rig: Rig) -> None:
    rig.sink.write([counts(*((line, 0, 10.0**k) for k, line in enumerate(LINES)))])
    rig.sink.close()

    rig.open(GROUPS)
    with_group = good(rig)
    rig.sink.close()
    other = Plant(PlantFile(group=(GroupEntry(path="customers/other", lines=(LINES[1],)),)))
    rig.open(other)

    assert with_group[("customers/acme", 0)] == 101.0
    assert good(rig) == {(HALL1, 0): 11.0, (HALL2, 0): 100.0, (PLANT, 0): 111.0, ("customers/other", 0): 10.0}


def test_groups_that_a_crash_left_half_made_are_looked_for_again(rig: Rig) -> None:
    rig.sink.write([counts(*((line, 0, 10.0**k) for k, line in enumerate(LINES)))])
    rig.sink.close()
    definition = json.dumps({line: [*Plant().above(line), *GROUPS.above(line)] for line in LINES})
    rig.open(GROUPS)
    rig.sink._opened().definition = definition  # as it stands while rows are appended
    rig.sink.close()

    rig.open(Plant())

    assert good(rig) == {(HALL1, 0): 11.0, (HALL2, 0): 100.0, (PLANT, 0): 111.0}


def test_a_line_of_another_depth_is_never_taken_back(rig: Rig) -> None:
    rig.sink.write([counts((LINES[0], 0, 5.0))])
    rig.sink.close()

    rig.open(Plant(PlantFile(line_depth=2)))  # plant/hall1 is a line now

    assert good(rig)[(HALL1, 0)] == 5.0


def test_a_text_where_a_number_belongs_ends_nothing_and_is_told(rig: Rig) -> None:
    odd = labelled_rows("quality", [T0], [LINES[0]], {}, {"good_count": ["many"]}, ["1h"], total_count=[5.0], rev=[0.0])

    rig.sink.write([odd])

    assert {row["null_reason"] for row in rig.rolled().values()} == {
        "the lines' rows can't be added up: must be real number, not str"
    }


def test_rows_that_were_removed_before_they_were_read_leave_windows_as_they_stand(tmp_path: Path) -> None:
    """Another line had other rows among them: a sum would be too small, or too old."""
    rig = Rig(tmp_path, Plant())
    rig.sink.write([counts((LINES[0], 0, 5.0), (LINES[1], 0, 7.0))])
    with sqlite3.connect(tmp_path / "plant.db") as db:  # as retention does
        db.execute("DELETE FROM metrics WHERE id = (SELECT min(id) FROM metrics)")
    db.close()

    rig.sink.missed()
    rig.sink.write([counts((LINES[0], 0, 99.0))])
    rig.sink.close()
    rig.open(Plant())
    rig.sink.write([counts((LINES[0], 0, 98.0))])

    assert rig.rolled() == {}  # what was appended before is removed, and nothing is made anew
    rig.close()


def test_lines_rows_long_before_the_newest_are_let_go_and_their_windows_stand(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.rollup.sink.KEPT_NS", 10 * HOUR)
    monkeypatch.setattr("analysis.rollup.sink._UPKEEP_EVERY_S", 0.0)

    rig.sink.write([counts((LINES[0], 0, 5.0), (LINES[1], 0, 7.0), (LINES[0], 11, 1.0))])
    rig.sink.write([counts((LINES[0], 0, 9.0), (LINES[0], 12, 2.0))])

    assert {hour: pieces for (path, hour), pieces in good(rig).items() if path == PLANT} == {0: 12.0, 11: 1.0, 12: 2.0}


def test_a_file_that_is_replaced_is_lost_and_one_that_is_an_older_copy_is_known_by_its_mark(rig: Rig) -> None:
    rig.sink.write([counts((LINES[0], 0, 5.0))])
    mark = rig.sink.mark()
    rig.path.unlink()

    with pytest.raises(SinkLost, match=r"plant\.rollup\.db: the file was deleted"):
        rig.sink.write([counts((LINES[0], 1, 5.0))])

    assert not rig.sink.has(mark)


def test_windows_of_which_the_stream_lost_rows_stand_as_they_are_where_the_file_is_new(tmp_path: Path) -> None:
    """The stream begins later than the day: a sum of the lines that still come would be too small."""
    rig = Rig(tmp_path, Plant())
    rig.sink.write([counts((LINES[0], 0, 5.0), window="day")])
    rig.sink.close()
    with sqlite3.connect(tmp_path / "plant.db") as db:  # as retention does
        db.execute("DELETE FROM metrics WHERE id = (SELECT min(id) FROM metrics)")
    db.close()
    rig.path.unlink()

    rig.open(Plant())
    began = rig.sink._opened().since
    day = (began - T0) // HOUR  # whole hours
    rig.sink.write([counts((LINES[1], 0, 2.0), window="day"), counts((LINES[1], day + 1, 3.0), window="day")])

    assert began > T0
    assert good(rig) == {(HALL1, day + 1): 3.0, (PLANT, day + 1): 3.0}
    rig.close()
