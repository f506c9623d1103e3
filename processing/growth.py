"""The state of lines that move when a log gets more partitions.

A line's partition is a hash of its name modulo their number. With a multiple of as many, all lines of a new partition come from one old
one, so its state is that one's without the lines that stay: a copy, with the others taken out. The old one's is written last: what
was done is done again when it did not come to that.

The rows of a line that moved lie in the old partition. Its slices up to then can't be run again, so rows that come for
them are counted late, and a mark says so; its windows go on, its state and its counts go with it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from fieldline.account import MOVED
from fieldline.errors import SettingsError
from fieldline.log import Commit, Log, Stream
from fieldline.log.notes import process_note
from fieldline.partition import partition_of
from processing.kernels import layout as at
from processing.kernels.jit import words
from processing.kernels.kept import first_of
from processing.made_with import Adapted
from processing.partition import Partition
from processing.timeline.engine import Engine


class Moved(NamedTuple):
    """A line whose state went from one partition to another."""

    line: str
    start: int
    stop: int


def made_for(commits: Mapping[int, Commit]) -> set[int]:
    """For how many partitions the states were made that commits name; empty where none says so."""
    notes = [process_note(commit) for commit in commits.values()]
    return {note.partitions for note in notes if note is not None and note.partitions is not None}


def check_partitions(log: Log) -> None:
    """Refuse to go on with a state that was made for another number of partitions. Raises SettingsError, Unavailable."""
    count = log.partitions(Stream.READINGS)
    others = made_for(log.commits(Stream.READINGS, "process")) - {count}
    if others:
        raise SettingsError(
            f"log: expected {min(others)} partitions, for which the state of the lines was made, got {count};"
            f" run `fieldline topics grow --partitions {count}`, which moves it"
        )


def move_lines(log: Log, before: int, open_partition: Callable[[int], Partition]) -> list[Moved]:
    """Move the state of lines from `before` partitions to those of the log.

    open_partition : a partition with its state restored. Raises SettingsError, Unavailable, PartitionLost; calling it again goes on.
    """
    after = log.partitions(Stream.READINGS)
    moved: list[Moved] = []
    commits = log.commits(Stream.READINGS, "process")
    for number in range(before):
        if number not in commits or made_for({number: commits[number]}) == {after}:
            continue
        for target in reversed(range(number, after, before)):
            partition = open_partition(number)
            partition.confirm()
            lines = partition.engine.registry.lines
            mine = np.array([partition_of(line, after) == target for line in lines], bool)
            _take_out(partition.engine, ~mine)
            if target != number:
                moved += [Moved(line, number, target) for line, is_mine in zip(lines, mine, strict=True) if is_mine]
                _leave_rows(partition.engine)
                _load_all(partition.engine)
            _mark(partition, mine, is_moved=target != number)
            partition.hand_over(target, after)
    return moved


def _take_out(engine: Engine, others: np.ndarray) -> None:
    """Have lines be as if none of their rows had come; others : bool[lines]. Their names keep their numbers."""
    tables = engine.tables
    ids = engine.residency.flagged(0)
    engine.residency.drop(ids[others[tables.windows["line"][ids]]])
    fresh = first_of(at.LINE, newest=at.NONE, watermark=at.NONE, last=at.NONE, flushed=at.NONE, kept_from=at.NONE)
    for name in (
        "newest",
        "watermark",
        "last",
        "flushed",
        "kept_from",
        "delay",
        "stored",
        "duplicate",
        "conflict",
        "late",
    ):
        tables.lines[name][others] = fresh[name][0]
    tables.lines["resident_since"][others] = at.FAR
    tables.lines["newest_window"][others] = -1
    for line in np.flatnonzero(others).tolist():
        base, shift = int(tables.lines["base"][line]), int(tables.lines["shift"][line])
        for slot, state, opened in zip(tables.slots, tables.states, tables.opens, strict=True):
            words(state)[base : base + (1 << shift)] = words(slot.kept.state)[0]
            if slot.kept.open is not None:
                words(opened)[base : base + (1 << shift)] = words(slot.kept.open)[0]
        engine.context.forget_line(line)


def _leave_rows(engine: Engine) -> None:
    """Say of all slices with rows that those are not on this partition: none of them is run again. What a silence made has none."""
    tables, ids = engine.tables, engine.residency.flagged(0)
    line, start = tables.windows["line"][ids], tables.windows["start"][ids]
    with_rows = (tables.windows["level"][ids] == at.SLICES) & (start <= tables.lines["last"][line])
    np.maximum.at(tables.lines["kept_from"], line[with_rows], tables.windows["end"][ids[with_rows]])
    engine.horizons.begin_anew()


def _mark(partition: Partition, mine: np.ndarray, is_moved: bool) -> None:
    """Keep the marks of the lines of a partition, bool[lines], and say of those that moved what they left behind."""
    state, engine = partition.state, partition.engine
    names = {line for line, is_mine in zip(engine.registry.lines, mine, strict=True) if is_mine}
    state.marks = [mark for mark in state.marks if mark.line in names]
    if is_moved:
        operators, since = tuple(op.name for op in engine.operators), engine.tables.lines["kept_from"]
        left = [
            (engine.registry.lines[k], int(since[k])) for k in np.flatnonzero(mine & (since[: len(mine)] != at.NONE))
        ]
        state.mark([Adapted(line, operators, moment, (MOVED,)) for line, moment in left])


def _load_all(engine: Engine) -> None:
    """Have all windows in memory and to be written: pages of another partition's checkpoints can't be named."""
    ids = engine.residency.flagged(0)
    engine.residency.make_resident(ids)
    engine.tables.windows["flags"][ids] |= at.CHANGED


def refuse_fewer(before: int, partitions: int) -> None:
    """Raise SettingsError unless `partitions` is a multiple of those there are."""
    if partitions % before or partitions < before:
        raise SettingsError(
            f"topics: partitions: expected a multiple of the {before} that there are, got {partitions}: then the lines of"
            " each new partition come from one old one"
        )
