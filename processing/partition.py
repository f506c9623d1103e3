"""One partition that the process stage holds: its engine, its checkpoints and its way from readings to metrics."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np

from fieldline.account import Account, write_account
from fieldline.clock import Clock
from fieldline.errors import FieldlineError, FrameError, LogCorrupt, Unavailable
from fieldline.frames import Frame, Readings, join_readings
from fieldline.log import Commit, Log, Reader, Record, Stream
from fieldline.log.notes import ProcessNote, process_note, write_note
from fieldline.moments import iso
from fieldline.overflow import OVERFLOW
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.readable import count_assets, count_unreadable, epoch_of, frame_in, readings_in
from fieldline.settings import ProcessSettings
from processing.adaptation import adapt
from processing.checkpoint import Checkpoints, Noted
from processing.emitted import emitted_since, orders_emitted
from processing.kernels import layout as at
from processing.letters import Letters
from processing.made_with import Adapted
from processing.operator import Operator
from processing.operators import chosen
from processing.outgoing import METRIC_ROWS, frames_of
from processing.read_again import ReadAgain
from processing.steps import STEP_ROWS, groups, only
from processing.timeline.arrivals import Arrivals
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.registry import Budget
from processing.timeline.timing import Timing

_WINDOWS_AT_MOST = 50_000  # that a backlog makes between two checkpoints
_EMIT_EVERY_S = 0.05
_EMIT_SHARE = 0.2  # of the time at most: folding and reading out windows costs much the same however little changed
_IDLE_AFTER_S = 0.25
_FOREVER = 2**62
# A line's watermark trails the clock by 1.1 s once it is silent, and a backfill is over after 2 s: by then its last second is closed.
_REST_AFTER_S = 2.5
_TURN_S, _REST_S = 0.02, 0.25
_WAIT_S = 30.0
_TRIES = 2
_ROOM_FOR_HEADERS = 2048
_MARKS_AT_MOST = 1000
_POISON = "poison", f"failed {_TRIES} times in processing"
_PROVEN_ROWS = 100
_BLAMELESS = FieldlineError, MemoryError, OSError
"""Errors that are no property of a row: the log or the disk, or no memory left. Their rows are run again, whole."""


def needed(operators: list[Operator], plant: Plant) -> list[Operator]:
    """Those of the operators that a plant has anything for, and what they need: records that nothing fills cost memory and time."""
    wanted = {operator.name for operator in operators if operator.is_needed is None or operator.is_needed(plant)}
    for _ in operators:  # what is needed may need another
        wanted |= {name for operator in operators if operator.name in wanted for name in operator.needs}
    return [operator for operator in operators if operator.name in wanted]


def timing_of(settings: ProcessSettings) -> Timing:
    """How the settings have the timeline treat time."""
    return Timing(
        settle=int(settings.settle_s * 1e9),
        horizon=int(settings.horizon_s * 1e9),
        max_future=int(settings.max_future_s * 1e9),
    )


class Partition:
    """A partition of `readings` from its assignment to its loss. Not safe to use from two threads."""

    def __init__(
        self,
        *,
        number: int,
        settings: ProcessSettings,
        plant: Plant,
        log: Log,
        clock: Clock,
        reader: Reader,
        executor: Executor | None = None,
    ) -> None:
        self.number = number
        self._executor = executor
        self._settings, self._plant, self._log, self._clock, self._reader = settings, plant, log, clock, reader
        self._epoch = 0
        self._pending: list[Future[int]] = []
        self._dead: Counter[str] = Counter()
        self._letters = Letters(log, number)
        self.lost = 0  # records that were removed before they were read
        self.failures = 0  # in a row
        self.is_rebuilt = False  # it was opened last with an empty state, and has no checkpoint since
        self._distrusted = ""  # why the checkpoint is not to be taken up, if it is not
        self._proven: Readings | None = None
        self._tries: Counter[int] = Counter()
        self._aside: set[int] = set()  # offsets of records that were set aside whole
        self._read_again = ReadAgain(log, number, self._aside)
        self._careful_until = -1
        self._has_failed = False
        self._emitted_at = self._committed_at = clock.monotonic()
        self._emit_pause_s = _EMIT_EVERY_S
        self._came_at = 0.0
        self.is_at_rest = False  # everything that came is emitted: until more comes only the clock changes anything
        self.offset = 0
        self.marks: list[Adapted] = []  # what changes of settings did to figures that stand
        self.adapted: list[Adapted] = []  # those of them that came when it was opened last
        self.is_rebuilt = False  # it was opened last with an empty state
        self._only_looks = False
        self._distrusted = ""  # why the checkpoint is not to be taken up, if it is not
        self._windows_before = self._bytes_before = 0
        self._committed: tuple[int, bool] | None = None
        self.engine, self._checkpoints = self._empty()

    def _next_epoch(self) -> int:
        """Larger than that of any worker before: delivery passes over records with a smaller one than it has seen.

        The group's generation alone will not do: a broker that forgot the group begins again at 1.
        """
        first, end = self._log.bounds(Stream.METRICS, self.number)
        seen, ahead = 0, 1
        while not seen and end > first:  # most often the last record tells; one that is damaged does not
            for record in self._log.read(Stream.METRICS, self.number, max(end - ahead, first), end):
                with suppress(FrameError):
                    seen = max(seen, epoch_of(record))
            end, ahead = max(end - ahead, first), ahead * 16
        return max(self._reader.generation, seen + 1)

    def _empty(self) -> tuple[Engine, Checkpoints]:
        settings = self._settings
        checkpoints = Checkpoints(self._log, self.number, self._epoch)
        engine = Engine(
            plant=self._plant,
            operators=needed(chosen(settings.operators), self._plant),
            windows=settings.windows,
            timing=timing_of(settings),
            raw_globs=settings.raw,
            row_cache=settings.row_cache_mb << 20,
            origin=Origin(
                self._read_again.fetch,
                checkpoints.load_page,
                self._executor,
                self._read_again.first,
                lambda: self._read_again.gone,
            ),
            budget=Budget(settings.max_series, settings.max_series_of_line),
        )
        engine.touched_at = self._now()
        return engine, checkpoints

    def open(self, only_look: bool = False) -> str:
        """Restore the newest checkpoint and put the reader behind it; says in words what was done.

        only_look : find out what a change of settings does, in `adapted`; the partition is of no use then.
        """
        self._only_looks = only_look
        self._pending.clear()
        self._epoch = self._next_epoch()
        self.engine, self._checkpoints = self._empty()
        self._dead.clear()
        self._aside.clear()
        self._bytes_before = 0
        commit = self._reader.committed(self.number)
        first = self._first()
        note = process_note(commit)
        self.lost = note.lost if note is not None else 0
        try:
            said = self._restore(commit, note, first)
        except LogCorrupt as error:
            said = self._rebuild(first, str(error))
        self._committed = None
        self.is_at_rest = False
        self._reader.seek(self.number, self.offset)
        return said

    def distrust(self, why: str) -> None:
        """Have the state built anew from the log when it is opened next, for part of the checkpoint can't be read."""
        self._distrusted = why

    def _restore(self, commit: Commit | None, note: ProcessNote | None, first: int) -> str:
        """Go on from the committed checkpoint, adapted to the present settings. Raises LogCorrupt where there is none to be read."""
        if commit is None or self._distrusted:
            raise LogCorrupt(self._distrusted or "nothing is committed")
        if note is None:
            raise LogCorrupt(f"the note of the commit can't be read: {commit.note[:60]!r}")
        _, end = self._log.bounds(Stream.READINGS, self.number)
        if commit.offset > end:
            raise LogCorrupt(f"the checkpoint stands at {commit.offset}, the log ends at {end}: it was made again")
        restored = self._checkpoints.restore(self.engine, note.state)
        self._retract_orders(note.metrics)
        self._dead.update(restored.head.dead)
        self.engine.registry.overflow.update(restored.head.overflow)
        self._aside.update(offset for offset in restored.head.poison if offset >= first)
        self._emit_again(note)
        self.lost += max(0, first - commit.offset)
        self.offset, self.is_rebuilt, self.marks = max(first, commit.offset), False, restored.head.marks
        self._windows_before = int(self.engine.tables.heap["windows"][0])
        relieve = None if self._only_looks else self._relieve_opening
        self.adapted = adapt(self.engine, restored, self.offset, relieve)
        self.marks = [*self.marks, *self.adapted][-_MARKS_AT_MOST:]
        return f"from the checkpoint at {commit.offset}"

    def _relieve_opening(self) -> None:
        """Make room while a change of settings fills it."""
        if self._is_crowded():
            self.checkpoint()

    def _rebuild(self, first: int, why: str) -> str:
        """Begin with an empty state from what the log still holds.

        Windows of which rows may be gone are not emitted: what stands of them was made of all.
        """
        self._letters.look_again()
        self._dead.clear()
        self._aside.clear()
        self._read_again.gone.clear()
        self.engine, self._checkpoints = self._empty()
        self.marks, self.adapted, self.offset, self.is_rebuilt, self._distrusted = [], [], first, True, ""
        since = self._whole_since(first)
        if since is None:
            self._retract_orders(None)
            return f"from the log's beginning, with an empty state: {why}"
        self.engine.standing.floor = since + self.engine.timing.max_future
        return (
            f"from offset {first} with an empty state; windows that began before {iso(since)} stand as they are: {why}"
        )

    def _whole_since(self, first: int) -> int | None:
        """Since when the log holds all readings, where something was emitted of older ones [ns UTC]; None: it holds all of them."""
        read = partial(self._log.read, Stream.METRICS, self.number)
        begin, end = self._log.bounds(Stream.METRICS, self.number)
        if end == 0:
            return None
        reading = next(iter(self._log.read(Stream.READINGS, self.number, first, first + 1)), None)
        since = reading.appended_ns if reading is not None else self._clock.now_ns()
        emitted = next(iter(read(begin, begin + 1)), None)
        was_made_anew = emitted is not None and emitted.appended_ns < since
        return since if first > 0 or was_made_anew else None

    def _first(self) -> int:
        """The first offset of readings that the log still holds."""
        return self._log.bounds(Stream.READINGS, self.number)[0]

    def _retract_orders(self, ended: int | None) -> None:
        """Retract the orders that were emitted after the checkpoint; those that come about again are emitted again.

        ended : where the stream of metrics ended then; None: none was made, all are. Raises Unavailable.
        """
        first = ended if ended is not None else self._log.bounds(Stream.METRICS, self.number)[0]
        for kind, rows, value in list(orders_emitted(self._log, self.number, first)):
            self._append_frame(kind, rows, value)

    def _emit_again(self, note: ProcessNote) -> None:
        """Have what was emitted after the checkpoint emitted again, as it comes to be now. Raises Unavailable."""
        if note.metrics is not None:
            rows = emitted_since(self._log, self.number, note.metrics, self.engine.registry)
            self.engine.windows.flagging.emit_again(*np.ascontiguousarray(rows.T))

    def take(self, records: list[Record]) -> int:
        """Run the rows of records, in steps of some ten thousand rows. Returns how many rows.

        After a failure one record at a time, each to its end, so that the one that fails is known: it is tried, then it is a dead letter.
        """
        if self._has_failed:
            self._run_restored()
        rows = count = 0
        self.is_at_rest = self.is_at_rest and not records
        held: list[tuple[Record, Frame]] = []
        for record in records:
            if record.offset < self.offset:
                continue  # read before this partition was opened again further on
            due = held[-1][0].offset + 1 if held else self.offset
            if record.offset > due:  # what lay between was removed before it was read
                rows += self._step(held)
                held, count = [], 0
                self.lost += record.offset - due
                self.offset = record.offset
            if record.offset <= self._careful_until:
                rows += self._take_alone(record)
                continue
            try:
                held.append((record, frame_in(record)))
            except FrameError as error:
                rows += self._step(held)
                held, count = [], 0
                self._dead_letter_unreadable(record, error)
                continue
            count += held[-1][1].num_rows
            if count >= STEP_ROWS:
                rows += self._step(held)
                held, count = [], 0
        rows += self._step(held)
        if rows:
            self._came_at = self._clock.monotonic()
        return rows

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
            self._dead_letter_unreadable(held[0][0], error)
            return 0
        counts = [frame.num_rows for _, frame in held]
        offset = np.repeat([record.offset for record, _ in held], counts)
        for end, spans in groups(rows.time, counts):
            self.offset = held[end - 1][0].offset + 1
            with self._suspecting():
                for span in spans:
                    self.engine.step([(offset[span], only(rows, span))], self._now())
            self._emit(quietly=True)
            self._relieve()
        self._succeed(rows)
        return len(rows.time)

    def _succeed(self, rows: Readings) -> None:
        """Remember some rows that the engine could run, to be asked when others fail."""
        if self._proven is None and len(rows.time):
            self._proven = only(rows, slice(0, min(_PROVEN_ROWS, len(rows.time))))

    def _relieve(self) -> None:
        """Make room when a backlog has filled it."""
        if self._is_crowded():
            with self._suspecting():  # late rows keep the windows that they may touch
                self.engine.reprocessing.run_due(_FOREVER)
                self.engine.emit()
            self.checkpoint()

    @contextmanager
    def _suspecting(self) -> Iterator[None]:
        """After an error in the kernels: what was taken so far is run one record at a time when the partition is open again."""
        try:
            yield
        except _BLAMELESS:
            raise
        except Exception:
            self._careful_until = max(self._careful_until, self.offset - 1)
            self._has_failed = True
            raise

    def _attempt(self, offset: int, work: Callable[[], int]) -> int:
        with self._suspecting():
            try:
                rows = work()
            except _BLAMELESS:
                raise
            except Exception:
                self._check_engine(offset)
                self._tries[offset] += 1
                raise
        self._emit(quietly=True)
        return rows

    def _take_alone(self, record: Record) -> int:
        """Run the rows of a record to their end; one that is unreadable, or has failed the kernels twice, is a dead letter."""
        self.offset = record.offset + 1
        if self._tries[record.offset] >= _TRIES:
            self._aside.add(record.offset)
            self._dead_letter(record, self._sources(record), *_POISON)
            return 0
        try:
            rows = readings_in(record)
        except FrameError as error:
            self._dead_letter_unreadable(record, error)
            return 0
        done = self._attempt(record.offset, partial(self._run_alone, record.offset, rows))
        self._succeed(rows)
        return done

    def _check_engine(self, suspect: int) -> None:
        """After a record failed: see that the engine runs rows it has run before, or any, from an empty state.

        Raises Unavailable when it does not: then no row is to blame, and all are tried again.
        """
        engine, _ = self._empty()
        try:
            engine.step([(0, self._proven if self._proven is not None else _any_reading(self._clock.now_ns()))], 0)
            engine.flush()
        except Exception as error:
            raise Unavailable(
                f"processing fails for all rows, none is to blame (met at offset {suspect}): {type(error).__name__}: {error}"
            ) from error

    def _run_alone(self, offset: int, rows: Readings) -> int:
        for _, spans in groups(rows.time, [len(rows.time)]):
            for span in spans:
                self.engine.step([(offset, only(rows, span))], self._now())
        self.engine.flush()
        return len(rows.time)

    def _run_restored(self) -> None:
        """Run the rows that waited when the checkpoint was made, those of one record at a time."""
        for offset, waiting, late in self.engine.put_aside():
            if self._tries[offset] >= _TRIES:
                self._dead_letter_rows(offset, np.concatenate([waiting.series, late.series]))
            else:
                self._attempt(offset, partial(self._run_back, waiting, late))
        self._has_failed = False

    def _run_back(self, waiting: Arrivals, late: Arrivals) -> int:
        self.engine.take_back(waiting, late, self._now())
        return len(waiting.time) + len(late.time)

    def _dead_letter_unreadable(self, record: Record, error: FrameError) -> None:
        self.offset = record.offset + 1
        self._aside.add(record.offset)
        self._read_again.gone.discard((record.offset, record.offset))
        self._dead_letter(record, self._sources(record), "frame", str(error))

    def _dead_letter_rows(self, offset: int, series: np.ndarray) -> None:
        """Make a dead letter of a record of which the rows of `series` still waited."""
        tables, registry = self.engine.tables, self.engine.registry
        lines = tables.series["line"][series].tolist()
        found = next(iter(self._log.read(Stream.READINGS, self.number, offset, offset + 1)), None)
        record = found if found is not None else Record(self.number, offset, b"", None, {}, self._clock.now_ns())
        if found is not None and sum(self._sources(found).values()) == len(lines):
            self._aside.add(offset)
        self._dead_letter(record, Counter(registry.lines[line] for line in lines), *_POISON)

    def _dead_letter(self, record: Record, sources: Counter[str], reason: str, detail: str) -> None:
        """Count a record's rows and set it aside."""
        for source, count in sources.items():
            self._dead[source] += count
            letter = self._letters.put(record, source, reason, detail, count)
            if letter is not None:
                self._pending.append(letter)

    def _sources(self, record: Record) -> Counter[str]:
        """Rows of a record by line; one that can't be read counts by its header under its key."""
        try:
            by_asset = count_assets(record)
        except FrameError:
            return count_unreadable(record)
        counts: Counter[str] = Counter()
        for asset, count in by_asset.items():
            counts[self._plant.line_of(asset)] += count
        return counts

    def tick(self) -> None:
        """Move silent lines, run late rows, emit, and checkpoint when it is time. Raises Unavailable, PartitionLost."""
        now = self._clock.monotonic()
        idle = now - self._came_at > _IDLE_AFTER_S
        with self._suspecting():
            self.engine.tick(self._now(), self._clock.now_ns())
            self.is_at_rest = self.is_at_rest and not self.engine.unemitted
            if not self.is_at_rest and now - self._emitted_at >= self._emit_pause_s:
                began = self._clock.monotonic()
                self.engine.emit(everything=idle)
                self._emitted_at = self._clock.monotonic()
                self._emit_pause_s = max(_EMIT_EVERY_S, (self._emitted_at - began) * (1.0 / _EMIT_SHARE - 1.0))
                self.is_at_rest = now - self._came_at > _REST_AFTER_S and not self.engine.unemitted
        self._emit(quietly=False)
        since = now - self._committed_at
        state = (self.offset, self.unemitted) if idle or since >= self._settings.checkpoint_s else None
        changed = state is not None and state != self._committed
        if (
            self.failures
            and not self.engine.unemitted
            and self.offset >= self._log.bounds(Stream.READINGS, self.number)[1]
        ):
            self.failures = 0  # nothing is there that could fail
        due = changed and (since >= self._settings.checkpoint_s or (idle and not self.unemitted))
        if due or self._is_crowded():
            self.checkpoint()

    @property
    def unemitted(self) -> bool:
        """Whether rows that were taken have not shown in metrics yet."""
        return not self.is_at_rest and self.engine.unemitted

    @property
    def pause_s(self) -> float:
        """How long nothing falls due unless records come [s]."""
        if not self.is_at_rest or (self.offset, False) != self._committed:
            return _TURN_S
        lines = self.engine.tables.lines
        # The watermarks of silent lines go on with the clock; where one gets to a minute's end, windows close.
        left = int((at.MINUTE - lines["watermark"] % at.MINUTE).min()) if len(lines) else at.MINUTE
        return min(_REST_S, max(_TURN_S, left / 1e9))

    def _is_crowded(self) -> bool:
        """Whether blocks take a quarter more than their budget, or a backlog made many windows: a checkpoint lets them go."""
        tables = self.engine.tables
        if tables.used_bytes * 4 > 5 * max(self._settings.node_cache_mb << 20, self._bytes_before):
            return True
        return int(tables.heap["windows"][0]) - self._windows_before > _WINDOWS_AT_MOST

    def hand_over(self, number: int, count: int) -> None:
        """Write the state as that of partition `number` of `count`, which may be this one, with the dead letters of the sources there.

        This object is of no use afterwards. Raises Unavailable, PartitionLost.
        """
        self._dead = Counter({source: n for source, n in self._dead.items() if partition_of(source, count) == number})
        overflow = self.engine.registry.overflow
        for line in [
            line
            for line in overflow
            if partition_of(line, count) != number and (line != OVERFLOW or number != self.number)
        ]:
            del overflow[line]
        if number != self.number:
            self.number = number
            self._epoch = self._next_epoch()
            self._checkpoints = Checkpoints(self._log, number, self._epoch)
            self._aside.clear()
            self.offset = self._first()
        self.checkpoint()

    def finish(self) -> None:
        """Emit everything and checkpoint, before the stage stops."""
        with self._suspecting():
            self.engine.emit(everything=True)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write state and offset, after everything emitted so far is durable. Raises Unavailable, PartitionLost."""
        with self._suspecting():
            self.engine.emit()  # what is retracted is emitted before the state forgets it; only what was emitted may expire
        self._emit(quietly=False)
        for future in self._pending:
            future.result(_WAIT_S)
        self._pending.clear()
        _, emitted = self._log.bounds(Stream.METRICS, self.number)
        marks = tuple(mark.mark for mark in self.marks)
        account = Account(self.offset, self._counters(), len(self.engine.registry.series), marks)
        self._forget_aside()
        noted = Noted(dict(self._dead), sorted(self._aside), self.marks, dict(self.engine.registry.overflow))
        state, where = self._checkpoints.write(self.engine, self.offset, write_account(account), noted)
        unemitted = self.engine.unemitted
        note = ProcessNote(
            state=state,
            counters=where,
            unemitted=int(unemitted),
            metrics=emitted,
            lost=self.lost,
            partitions=self._log.partitions(Stream.READINGS),
        )
        self._reader.commit(self.number, self.offset, write_note(note))
        self._letters.settle(self.offset)
        if self._committed is not None and self.offset > self._committed[0]:
            self.failures = 0  # a step that only takes rows in is no success: they fail when they are run
        self.is_rebuilt = False
        self._committed, self._committed_at = (self.offset, unemitted), self._clock.monotonic()
        self._windows_before = int(self.engine.tables.heap["windows"][0])
        self._checkpoints.done(self.engine, self._settings.node_cache_mb << 20)
        self._bytes_before = self.engine.tables.used_bytes  # what has to stay would be no reason for another

    def _forget_aside(self) -> None:
        """Let go of records that were set aside and that the log does not hold any more."""
        if self._aside:
            first = self._first()
            self._aside.difference_update([offset for offset in self._aside if offset < first])

    @property
    def concern(self) -> str:
        """What is not right though everything works; empty: nothing."""
        concern = self.engine.registry.concern
        return f"partition {self.number}: {concern}" if concern else ""

    def _counters(self) -> dict[str, dict[str, int]]:
        counts = self.engine.counters()
        for source in self._dead:
            counts.setdefault(source, dict.fromkeys(("stored", "duplicate", "conflict", "late", "waiting"), 0))
        for source, mine in counts.items():
            mine["dead_lettered"] = self._dead[source]
        return counts

    def _emit(self, quietly: bool) -> None:
        """Append what the engine gave as frames of the metrics stream; `quietly`: only when it is a good deal."""
        outbox = self.engine.outbox
        if not outbox or (quietly and sum(len(rows.time) for rows in outbox) < METRIC_ROWS):
            return
        registry = self.engine.registry
        limit = self._log.max_record_bytes - _ROOM_FOR_HEADERS
        for kind, number, value in frames_of(self.engine.take(), registry.assets, registry.tags, limit):
            self._append_frame(kind, number, value)
        self._pending = [future for future in self._pending if not future.done() or future.exception() is not None]

    def _append_frame(self, kind: str, rows: int, value: bytes) -> None:
        headers = {"kind": kind, "rows": str(rows), "epoch": str(self._epoch)}
        packed = {name: text.encode() for name, text in headers.items()}
        self._pending.append(self._log.append(Stream.METRICS, self.number, b"", value, packed))

    def _now(self) -> int:
        return int(self._clock.monotonic() * 1e9)


def _any_reading(time_ns: int) -> Readings:
    """One reading of a device that nobody has."""
    one, name = np.array([time_ns]), np.zeros(1, np.int32)
    return Readings(one, one, name, name, np.ones(1), np.zeros(1, np.uint8), ["fieldline"], ["power_kw"])
