"""One partition that the process stage holds: what it does when, from its assignment to its loss.

`opening` gives it its state, `taking` runs records and `blame` finds those that fail, `dead_letters` sets them aside, `emission` appends
what comes of the rest.
"""

from concurrent.futures import Executor

from fieldline.account import write_account
from fieldline.clock import Clock
from fieldline.log import Commit, Log, Reader, Record, Stream
from fieldline.log.notes import ProcessNote, process_note, write_note
from fieldline.overflow import OVERFLOW
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.blame import Blame
from processing.checkpoint import Noted
from processing.dead_letters import DeadLetters
from processing.emission import Emission
from processing.kernels import layout as at
from processing.opening import Opening
from processing.outgoing import empty_frame
from processing.place import Place
from processing.read_again import ReadAgain
from processing.state import State
from processing.taking import Taking
from processing.timeline.engine import Engine
from processing.unconfirmed import Unconfirmed

_EMIT_EVERY_S = 0.05
_EMIT_SHARE = 0.2  # of the time at most: folding and reading out windows costs much the same however little changed
_CHECKPOINT_SHARE = 0.1  # of the time at most, unless they would be this rare:
_CHECKPOINT_AT_LEAST_S = 60.0
_IDLE_AFTER_S = 0.25
_FOREVER = 2**62
# A line's watermark trails the clock by 1.1 s once it is silent, and a backfill is over after 2 s: by then its last second is closed.
_REST_AFTER_S = 2.5
_TURN_S, _REST_S = 0.02, 0.25


class Partition:
    """A partition of `readings` from its assignment to its loss. Not safe to use from two threads.

    failures : in a row; is_at_rest : everything that came is emitted, until more comes only the clock changes anything
    """

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
        place = Place(
            number=number, settings=settings, plant=plant, log=log, clock=clock, reader=reader, executor=executor
        )
        aside: set[int] = set()
        read_again = ReadAgain(place, aside)
        self._place, self.state = place, State(place, read_again)
        self.emission, self._dead = Emission(place), DeadLetters(place, aside)
        self._blame = Blame(place, self.state)
        self._unconfirmed = Unconfirmed(place, self.state)
        self._opening = Opening(place, self.state, self.emission, self._dead, read_again, self._unconfirmed)
        self._taking = Taking(place, self.state, self._blame, self._dead, self._after_step)
        self.failures = 0
        self.is_at_rest = False
        self._distrusted = ""  # why the checkpoint is not to be taken up, if it is not
        self._emitted_at = self._committed_at = clock.monotonic()
        self._emit_pause_s, self._checkpoint_pause_s = _EMIT_EVERY_S, settings.checkpoint_s
        self._came_at = 0.0
        self._committed: tuple[int, bool] | None = None

    @property
    def number(self) -> int:
        """Its number."""
        return self._place.number

    @property
    def engine(self) -> Engine:
        """The engine as it is now; another one whenever the partition is opened."""
        return self.state.engine

    @property
    def offset(self) -> int:
        """Of the next record that it takes."""
        return self.state.offset

    def open(self, only_look: bool = False) -> str:
        """Restore the newest checkpoint and put the reader behind it; says in words what was done.

        only_look : find out what a change of settings does, in `state.adapted`; the partition is of no use then.
        """
        said = self._opening.open(self._distrusted, None if only_look else self._relieve_opening)
        if self.state.is_rebuilt:
            self._distrusted = ""
        self._committed = None
        self.is_at_rest = False
        self._place.reader.seek(self.number, self.offset)
        commit = self._opening.commit
        if not only_look and commit is not None and self._has_more_left_than(commit):
            self.checkpoint()  # whoever waits for the log to be drained would believe the commit before
        return said

    def _has_more_left_than(self, commit: Commit) -> bool:
        """Whether more is left to be done than a commit says."""
        note = process_note(commit)
        return self.offset < commit.offset or (self._is_unfinished and not (note is not None and note.unemitted))

    def distrust(self, why: str) -> None:
        """Have the state built anew from the log when it is opened next, for part of the checkpoint can't be read."""
        self._distrusted = why

    def _relieve_opening(self) -> None:
        """Make room while a change of settings fills it."""
        if self.state.is_crowded:
            self.checkpoint()

    def take(self, records: list[Record]) -> int:
        """Run the rows of records; how many they are. Raises Unavailable, PartitionLost, and what the kernels raise."""
        self.is_at_rest = self.is_at_rest and not records
        began = self._place.now()
        rows = self._taking.take(records)
        if rows:
            self.engine.came_until(began, self._place.now())
            self._came_at = self._place.clock.monotonic()
        return rows

    def _after_step(self, is_many: bool) -> None:
        """Emit when it is a good deal, and make room when a backlog has filled it."""
        self.emission.emit(self.engine, quietly=True)
        if is_many and self.state.is_crowded:
            with self._blame.suspecting():  # late rows keep the windows that they may touch
                self.engine.reprocessing.run_due(_FOREVER)
                self.engine.emit()
            self.checkpoint()

    def tick(self) -> None:
        """Move silent lines, run late rows, emit, and checkpoint when it is time. Raises Unavailable, PartitionLost."""
        now = self._place.clock.monotonic()
        idle = now - self._came_at > _IDLE_AFTER_S
        with self._blame.suspecting():
            self.engine.tick(self._place.now(), self._place.clock.now_ns())
            self.is_at_rest = self.is_at_rest and not self._is_unfinished
            if not self.is_at_rest and now - self._emitted_at >= self._emit_pause_s:
                began = self._place.clock.monotonic()
                self.engine.emit(everything=idle)
                self._emitted_at = self._place.clock.monotonic()
                self._emit_pause_s = max(_EMIT_EVERY_S, (self._emitted_at - began) * (1.0 / _EMIT_SHARE - 1.0))
                self.is_at_rest = now - self._came_at > _REST_AFTER_S and not self._is_unfinished
            self._unconfirmed.look()
        self.emission.emit(self.engine)
        since = now - self._committed_at
        state = (self.offset, self.unemitted) if idle or since >= self._checkpoint_pause_s else None
        changed = state is not None and state != self._committed
        if self.failures and not self.engine.unemitted and self.offset >= self._place.end():
            self.failures = 0  # nothing is there that could fail
        due = changed and (since >= self._checkpoint_pause_s or (idle and not self.unemitted))
        if due or self.state.is_crowded:
            self.checkpoint()

    @property
    def unemitted(self) -> bool:
        """Whether rows that were taken have not shown in metrics yet, or others may stand there that are none any more."""
        return not self.is_at_rest and self._is_unfinished

    @property
    def _is_unfinished(self) -> bool:
        return self.engine.unemitted or self._unconfirmed.since is not None

    @property
    def pause_s(self) -> float:
        """How long nothing falls due unless records come [s]."""
        if not self.is_at_rest or (self.offset, False) != self._committed:
            return _TURN_S
        lines = self.engine.tables.lines
        # The watermarks of silent lines go on with the clock; where one gets to a minute's end, windows close.
        left = int((at.MINUTE - lines["watermark"] % at.MINUTE).min()) if len(lines) else at.MINUTE
        return min(_REST_S, max(_TURN_S, left / 1e9))

    def confirm(self) -> None:
        """Emit what is missing of what was emitted before, and retract the rest, before lines move. Raises Unavailable."""
        self._unconfirmed.finish()
        self.engine.doubtful.look([], everything=True)
        self.emission.emit(self.engine)

    def hand_over(self, number: int, count: int) -> None:
        """Write the state as that of partition `number` of `count`, which may be this one, with the dead letters of the sources there.

        This object is of no use afterwards. Raises Unavailable, PartitionLost.
        """
        self._dead.keep(number, count)
        overflow = self.engine.registry.overflow
        for line in [
            line
            for line in overflow
            if partition_of(line, count) != number and (line != OVERFLOW or number != self.number)
        ]:
            del overflow[line]
        self.engine.unused.keep(lambda line: partition_of(line, count) == number)
        if number != self.number:
            before, ended = self.number, self.emission.settle()
            self._place.number = number
            self.emission.take_epoch()
            self.emission.append("moved", 0, empty_frame("moved"), follows=f"{before}:{ended}")
            self.state.checkpoints = self._place.checkpoints(self.emission.epoch)
            self._dead.aside.clear()
            self.state.offset = self._place.first()
        self.checkpoint()

    def finish(self) -> None:
        """Emit everything and checkpoint, before the stage stops."""
        with self._blame.suspecting():
            self.engine.emit(everything=True)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write state and offset, after everything emitted so far is durable. Raises Unavailable, PartitionLost."""
        place, state, engine = self._place, self.state, self.engine
        began = place.clock.monotonic()
        with self._blame.suspecting():
            engine.emit()  # what is retracted is emitted before the state forgets it; only what was emitted may expire
        self.emission.emit(engine)
        self._dead.settle()
        emitted = self.emission.settle()
        unused = engine.unused.heard()
        account = state.account(self._dead.added_to(engine.counters()), unused)
        aside = sorted(self._dead.aside)
        noted = Noted(dict(self._dead.rows), aside, state.marks, dict(engine.registry.overflow), unused)
        head, counters = state.checkpoints.write(engine, self.offset, write_account(account), noted)
        unemitted = self._is_unfinished
        note = ProcessNote(
            state=head,
            counters=counters,
            unemitted=int(unemitted),
            metrics=emitted if self._unconfirmed.since is None else self._unconfirmed.since,
            lost=state.lost,
            partitions=place.log.partitions(Stream.READINGS),
        )
        place.reader.commit(self.number, self.offset, write_note(note))
        self._dead.committed(self.offset)
        if self._committed is not None and self.offset > self._committed[0]:
            self.failures = 0  # a step that only takes rows in is no success: they fail when they are run
        self._committed, self._committed_at = (self.offset, unemitted), place.clock.monotonic()
        took = self._committed_at - began
        engine.paused(round(took * 1e9))
        rare = min(took / _CHECKPOINT_SHARE, _CHECKPOINT_AT_LEAST_S)
        self._checkpoint_pause_s = max(place.settings.checkpoint_s, rare)
        state.is_rebuilt = False
        state.count_windows()
        state.let_go()

    @property
    def concern(self) -> str:
        """What is not right though everything works; empty: nothing."""
        concern = self.engine.registry.concern
        return f"partition {self.number}: {concern}" if concern else ""
