"""The way of records into a partition's engine: in steps of some ten thousand rows, or after a failure one by one."""

from collections.abc import Callable
from functools import partial

import numpy as np

from fieldline.errors import FrameError
from fieldline.frames import Frame, Readings, join_readings
from fieldline.log import Record
from fieldline.readable import frame_in, readings_in
from processing.blame import Blame
from processing.dead_letters import DeadLetters
from processing.place import Place
from processing.state import State
from processing.steps import STEP_ROWS, groups, only
from processing.timeline.arrivals import Arrivals


class Taking:
    """Takes the records of one partition.

    after : called when rows were run, with whether there may be more than a record's of them.
    """

    def __init__(
        self, place: Place, state: State, blame: Blame, dead: DeadLetters, after: Callable[[bool], None]
    ) -> None:
        self._place, self._state, self._blame, self._dead, self._after = place, state, blame, dead, after

    def take(self, records: list[Record]) -> int:
        """Run the rows of records. Returns how many rows.

        After a failure one record at a time, each to its end, so that the one that fails is known: it is tried, then it is a dead letter.
        """
        if self._blame.has_failed:
            self._run_restored()
        state, rows, count = self._state, 0, 0
        held: list[tuple[Record, Frame]] = []
        for record in records:
            if record.offset < state.offset:
                continue  # read before this partition was opened again further on
            due = held[-1][0].offset + 1 if held else state.offset
            if record.offset > due:  # what lay between was removed before it was read
                rows += self._step(held)
                held, count = [], 0
                state.lost += record.offset - due
                state.offset = record.offset
            if self._blame.is_suspect(record.offset):
                rows += self._take_alone(record)
                continue
            try:
                held.append((record, frame_in(record)))
            except FrameError as error:
                rows += self._step(held)
                held, count = [], 0
                self._pass_over(record, error)
                continue
            count += held[-1][1].num_rows
            if count >= STEP_ROWS:
                rows += self._step(held)
                held, count = [], 0
        return rows + self._step(held)

    def _step(self, held: list[tuple[Record, Frame]]) -> int:
        """Run the rows of frames, together as far as they may be. Returns how many rows."""
        if not held:
            return 0
        try:
            rows = join_readings([frame for _, frame in held])
        except FrameError as error:
            if len(held) > 1:  # one of them is wrong
                half = len(held) // 2
                return self._step(held[:half]) + self._step(held[half:])
            self._pass_over(held[0][0], error)
            return 0
        counts = [frame.num_rows for _, frame in held]
        offset = np.repeat([record.offset for record, _ in held], counts)
        for end, spans in groups(rows.time, counts, self._state.engine.span_at_once):
            self._state.offset = held[end - 1][0].offset + 1
            with self._blame.suspecting():
                for span in spans:
                    self._state.engine.step([(offset[span], only(rows, span))], self._place.now())
            self._after(True)
        self._blame.clear(rows)
        return len(rows.time)

    def _take_alone(self, record: Record) -> int:
        """Run the rows of a record to their end; one that is unreadable, or has failed the kernels twice, is a dead letter."""
        self._state.offset = record.offset + 1
        if self._blame.is_proven(record.offset):
            self._dead.put_poison(record)
            return 0
        try:
            rows = readings_in(record)
        except FrameError as error:
            self._pass_over(record, error)
            return 0
        done = self._attempt(record.offset, partial(self._run_alone, record.offset, rows))
        self._blame.clear(rows)
        return done

    def _attempt(self, offset: int, work: Callable[[], int]) -> int:
        rows = self._blame.attempt(offset, work)
        self._after(False)
        return rows

    def _run_alone(self, offset: int, rows: Readings) -> int:
        for _, spans in groups(rows.time, [len(rows.time)], self._state.engine.span_at_once):
            for span in spans:
                self._state.engine.step([(offset, only(rows, span))], self._place.now())
        self._state.engine.flush()
        return len(rows.time)

    def _run_restored(self) -> None:
        """Run the rows that waited when the checkpoint was made, those of one record at a time."""
        engine = self._state.engine
        for offset, waiting, late in engine.put_aside():
            if self._blame.is_proven(offset):
                lines = engine.tables.series["line"][np.concatenate([waiting.series, late.series])]
                self._dead.put_rows(offset, [engine.registry.lines[line] for line in lines.tolist()])
            else:
                self._attempt(offset, partial(self._run_back, waiting, late))
        self._blame.has_failed = False

    def _run_back(self, waiting: Arrivals, late: Arrivals) -> int:
        self._state.engine.take_back(waiting, late, self._place.now())
        return len(waiting.time) + len(late.time)

    def _pass_over(self, record: Record, error: FrameError) -> None:
        """Go on behind a record that can't be read."""
        self._state.offset = record.offset + 1
        self._dead.put_unreadable(record, error)
