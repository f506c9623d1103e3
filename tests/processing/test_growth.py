"""More partitions: the state of the lines that move goes with them, and every figure goes on as if there had always been as many."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.audit.committed import marks
from fieldline.account import Cause
from fieldline.clock import ManualClock
from fieldline.errors import SettingsError
from fieldline.frames import decode_batch, encode_readings
from fieldline.health import Health
from fieldline.log import Reader, Stream
from fieldline.log.more_partitions import add_partitions
from fieldline.log.sqlite import SqliteLog
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.readable import follows, metrics_in
from fieldline.settings import ProcessSettings
from processing.growth import Moved, check_partitions, move_lines
from processing.partition import Partition
from processing.stage import ProcessStage
from tests.processing.engine_rig import SECOND, Row, event, frame_of

LINES = [f"plant/hall/line{k}" for k in range(8)]
WINDOWS = ("1m", "15m", "1h", "day", "week", "shift", "order")
SETTINGS = ProcessSettings(checkpoint_s=0.3, settle_s=0.02, windows=WINDOWS)
WAIT_S = 60.0
HOUR_S = 3600
_TURNS = 12  # of a tenth of a second: less than there is between two rows of a line, for all partitions together
START = 1_767_225_600 * SECOND


class Plantlet:
    """Eight lines on a log, worked on by one stage at a time."""

    def __init__(self, path: Path, partitions: int) -> None:
        self.path = path
        self.log = SqliteLog(path, partitions=partitions)
        self.clock = ManualClock(START)
        self.delay_s = 1

    @property
    def partitions(self) -> int:
        return self.log.partitions(Stream.READINGS)

    def send(self, first_s: int, last_s: int) -> None:
        """A meter, a register and a thermometer of each line, every 10 s from the first second to before the last.

        An order runs from some time in it on, and the oven changes its state now and then.
        """
        for number, line in enumerate(LINES):
            times = range(first_s, last_s, 10)
            rows = [Row(f"{line}/oven", "power_kw", START + s * SECOND, 5.0 + number + s % 7) for s in times]
            rows += [Row(f"{line}/oven", "temp_c", START + s * SECOND + 1, 20.0 + s % (11 + number)) for s in times]
            rows += [
                Row(f"{line}/oven", "energy_kwh", START + s * SECOND + 2, s * (1.0 + number) / 1000) for s in times
            ]
            for count, s in enumerate(range(first_s + 305 + number, last_s, 1900)):
                state = b"running" if count % 2 else b"fault"
                rows.append(event(f"{line}/oven", "@state", START + s * SECOND, b'{"state":"%b"}' % state))
            product = b"AB"[first_s % 2 :][:1]
            begins = b'{"order":"%d","phase":"start","product":"%b"}' % (number * 10_000 + first_s, product)
            rows.append(event(line, "@order", START + (first_s + 700 + 11 * number) * SECOND, begins))
            self.append(line, rows)
        self.clock.advance(max(0.0, (START + last_s * SECOND - self.clock.now_ns()) / SECOND))

    def append(self, line: str, rows: list[Row]) -> None:
        headers = {"rows": str(len(rows)).encode()}
        value = encode_readings(frame_of(rows, max(row.time for row in rows) + self.delay_s * SECOND))
        to = partition_of(line, self.partitions)
        self.log.append(Stream.READINGS, to, line.encode(), value, headers).result(WAIT_S)

    def process(self, seconds: float = _TURNS / 10) -> None:
        """Work off what there is, go on for so long, and stop as a stage does."""
        check_partitions(self.log)
        reader = self.log.reader(Stream.READINGS, "process")
        reader.poll(0.0)
        for number in range(self.partitions):
            partition = self.restored(number, reader)
            partition.take(list(self.log.read(Stream.READINGS, number, partition.offset)))
            for _ in range(round(seconds * 10)):
                self.clock.advance(0.1)
                partition.tick()
            partition.finish()
        reader.close()

    def restored(self, number: int, reader: Reader) -> Partition:
        made = Partition(number=number, settings=SETTINGS, plant=Plant(), log=self.log, clock=self.clock, reader=reader)
        made.open()
        return made

    def grow(self, partitions: int) -> list[Moved]:
        before = self.partitions
        self.log.close()
        add_partitions(f"sqlite:{self.path}", partitions)
        self.log = SqliteLog(self.path)
        return self.move(before)

    def move(self, before: int) -> list[Moved]:
        reader = self.log.reader(Stream.READINGS, "process")
        reader.poll(0.0)

        try:
            return move_lines(self.log, before, lambda number: self.restored(number, reader))
        finally:
            reader.close()

    def standing(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """What stands of each window: its last row, of the partition where its line lies now."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for partition in range(self.partitions):
            for record in self.log.read(Stream.METRICS, partition, 0):
                batch = decode_batch(record.value or b"")
                kind = (batch.schema.metadata or {})[b"kind"]
                for row in batch.to_pylist():
                    row.pop("rev", None)
                    key = kind, row["asset"], row.get("tag"), row["window"], row["time"]
                    found[key] = row
        return found

    def moves(self) -> dict[str, float]:
        """Of which lines `status` says that they moved, and up to when what comes for them is late [s after the start]."""
        moved = [mark for mark in marks(self.log) if mark.cause is Cause.MOVE and "are counted late" in mark.said]
        assert len({mark.line for mark in moved}) == len(moved)
        return {mark.line: ((mark.since or 0) - START) / SECOND for mark in moved}

    def counters(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for partition, commit in self.log.commits(Stream.READINGS, "process").items():
            where = json.loads(commit.note)["counters"]
            record = next(iter(self.log.read(Stream.CHECKPOINTS, partition, where, where + 1)))
            for line, counts in json.loads(record.value or b"")["sources"].items():
                mine = found.setdefault(line, dict.fromkeys(counts, 0))
                for name, count in counts.items():
                    mine[name] += count
        return found


@pytest.fixture
def plantlets(tmp_path: Path) -> Iterator[tuple[Plantlet, Plantlet]]:
    """One that is to grow from 4 partitions to 8, and one that had 8 from the beginning."""
    both = Plantlet(tmp_path / "growing.db", 4), Plantlet(tmp_path / "grown.db", 8)
    yield both
    for each in both:
        each.log.close()


def test_the_running_hour_and_day_of_lines_that_move_go_on(plantlets: tuple[Plantlet, Plantlet]) -> None:
    growing, grown = plantlets
    for each in plantlets:
        each.send(0, 2 * HOUR_S + 1230)
        each.process()

    moved = growing.grow(8)
    for each in plantlets:
        each.send(2 * HOUR_S + 1230, 4 * HOUR_S)
        each.process()

    assert {line for line, _, _ in moved} == {line for line in LINES if partition_of(line, 8) != partition_of(line, 4)}
    assert 0 < len(moved) < len(LINES)
    assert all(stop == start + 4 == partition_of(line, 8) for line, start, stop in moved)
    assert growing.standing() == grown.standing()
    assert growing.counters() == grown.counters()
    assert {key[0] for key in grown.standing()} >= {b"telemetry", b"energy", b"oee", b"losses", b"production_order"}
    assert {counts["late"] for counts in growing.counters().values()} == {0}
    assert all(counts["stored"] > 3 * 4 * HOUR_S // 10 for counts in growing.counters().values())


def test_the_first_record_of_a_new_partition_says_what_it_follows(plantlets: tuple[Plantlet, Plantlet]) -> None:
    growing, _ = plantlets
    growing.send(0, HOUR_S)
    growing.process()
    ends = [growing.log.bounds(Stream.METRICS, number)[1] for number in range(4)]

    moved = growing.grow(8)

    first = {
        number: next(iter(growing.log.read(Stream.METRICS, number, 0))) for number in {stop for _, _, stop in moved}
    }
    assert {number: follows(record) for number, record in first.items()} == {
        number: (number - 4, ends[number - 4]) for number in first
    }
    assert all(metrics_in(record).num_rows == 0 for record in first.values())


def test_lines_that_were_over_go_on_in_any_order_where_they_moved_to(plantlets: tuple[Plantlet, Plantlet]) -> None:
    growing, grown = plantlets
    for each in plantlets:
        each.delay_s = 30 * 24 * HOUR_S  # a backfill: what is silent for two seconds is over
        each.clock.advance(each.delay_s)
        each.send(0, HOUR_S + 1230)
        each.process(seconds=2.5)

    growing.grow(8)
    growing.process(seconds=2.5)
    for first_s, last_s in (
        (2 * HOUR_S, 2 * HOUR_S + 1800),
        (HOUR_S + 1260, 2 * HOUR_S),
        (3 * HOUR_S, 3 * HOUR_S + 900),
    ):
        for each in plantlets:
            each.send(first_s, last_s)
            each.process(seconds=2.5)

    assert growing.counters() == grown.counters()
    assert {counts["late"] for counts in growing.counters().values()} == {0}
    assert growing.standing() == grown.standing()


def test_late_rows_of_what_lies_in_the_old_partition_are_counted_late_and_lower_nothing(
    plantlets: tuple[Plantlet, Plantlet],
) -> None:
    growing, _ = plantlets
    growing.send(0, 2 * HOUR_S + 1230)
    growing.process()
    moved = growing.grow(8)
    before = growing.standing()

    line = moved[0].line
    stays = next(each for each in LINES if each not in [name for name, _, _ in moved])
    for each in (line, stays):
        growing.append(each, [Row(f"{each}/oven", "power_kw", START + 1005 * SECOND, 500.0)])
    growing.process()

    counters = growing.counters()
    assert (counters[line]["late"], counters[stays]["late"]) == (1, 0)
    assert growing.moves() == {name: (2 * HOUR_S + 1230) // 60 * 60 + 60 for name, _, _ in moved}
    after = growing.standing()
    assert {key: row for key, row in after.items() if key[1].startswith(line)} == {
        key: row for key, row in before.items() if key[1].startswith(line)
    }
    assert after != before


def test_a_line_that_moved_alone_takes_late_rows_of_all_that_its_new_partition_still_holds(
    plantlets: tuple[Plantlet, Plantlet],
) -> None:
    growing, grown = plantlets
    for each in plantlets:
        each.send(0, HOUR_S)
        each.process()
    line, _, partition = growing.grow(8)[0]
    for each in plantlets:
        for first_s in range(HOUR_S, 2 * HOUR_S + 1800, 600):  # worked off in one step, of which retention takes a part
            each.send(first_s, first_s + 600)
        each.process()
    records = growing.log.read(Stream.READINGS, partition, 0)
    kept = [record.offset for record in records if record.key == line.encode()][3]
    with sqlite3.connect(growing.path) as db:
        db.execute("DELETE FROM readings WHERE id>=? AND id<?", (partition << 48, partition << 48 | kept))

    for each in plantlets:
        each.append(line, [Row(f"{line}/oven", "power_kw", START + (HOUR_S + 2405) * SECOND, 500.0)])
        each.process()

    assert growing.counters()[line]["late"] == 0
    assert growing.counters() == grown.counters()
    assert growing.standing() == grown.standing()


def test_growing_that_was_broken_off_is_done_when_it_is_asked_for_again(
    plantlets: tuple[Plantlet, Plantlet], monkeypatch: pytest.MonkeyPatch
) -> None:
    growing, grown = plantlets
    for each in plantlets:
        each.send(0, HOUR_S + 1230)
        each.process()
    hand_over, done = Partition.hand_over, []

    def break_off(self: Partition, *arguments: Any) -> None:
        hand_over(self, *arguments)
        done.append(self.number)
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Partition, "hand_over", break_off)
    with pytest.raises(KeyboardInterrupt):
        growing.grow(8)
    monkeypatch.undo()
    with pytest.raises(
        SettingsError, match="expected 4 partitions, .* got 8; run `fieldline topics grow --partitions 8`"
    ):
        refused(growing)

    growing.move(4)
    for each in plantlets:
        each.send(HOUR_S + 1230, 2 * HOUR_S)
        each.process()

    assert growing.standing() == grown.standing()
    assert growing.counters() == grown.counters()


def test_a_start_on_other_partitions_than_the_state_was_made_for_is_refused(
    plantlets: tuple[Plantlet, Plantlet],
) -> None:
    growing, _ = plantlets
    growing.send(0, 600)
    growing.process()
    growing.log.close()
    add_partitions(f"sqlite:{growing.path}", 8)
    growing.log = SqliteLog(growing.path)

    with pytest.raises(SettingsError, match="expected 4 partitions, for which the state of the lines was made, got 8"):
        refused(growing)


def refused(plantlet: Plantlet) -> None:
    stage = ProcessStage(
        settings=SETTINGS, plant=Plant(), log=plantlet.log, health=Health("process"), clock=plantlet.clock
    )
    stage.run(threading.Event())
