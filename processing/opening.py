"""How a partition begins: from its newest checkpoint, adapted to what is now, or with an empty state from what the log still holds."""

from collections.abc import Callable
from functools import partial

import numpy as np

from fieldline.errors import LogCorrupt
from fieldline.log import Commit, Stream
from fieldline.log.notes import ProcessNote, process_note
from fieldline.moments import iso
from processing.adaptation import adapt
from processing.checkpoint import OtherLines
from processing.dead_letters import DeadLetters
from processing.emission import Emission
from processing.emitted import emitted_since
from processing.made_with import Adapted
from processing.place import Place
from processing.read_again import ReadAgain
from processing.state import State
from processing.unconfirmed import Unconfirmed


class Opening:
    """Puts a partition's state in place, and emits what must be emitted for it. commit : what was committed when it was opened last."""

    def __init__(
        self,
        place: Place,
        state: State,
        emission: Emission,
        dead: DeadLetters,
        read_again: ReadAgain,
        unconfirmed: Unconfirmed,
    ) -> None:
        self._place, self._state, self._emission, self._dead = place, state, emission, dead
        self._read_again, self._unconfirmed = read_again, unconfirmed
        self.commit: Commit | None = None

    def open(self, distrusted: str, relieve: Callable[[], None] | None) -> str:
        """Restore the newest checkpoint, or build the state anew; says in words what was done. Raises Unavailable.

        distrusted : why the checkpoint is not to be taken up, "" if it is; relieve : see `adapt`.
        """
        self._emission.begin()
        self._dead.begin()
        self._unconfirmed.drop()
        self._state.empty(self._emission.epoch)
        self.commit = commit = self._place.reader.committed(self._place.number)
        first = self._place.first()
        note = process_note(commit)
        self._state.lost = note.lost if note is not None else 0
        try:
            if commit is None or distrusted:
                raise LogCorrupt(distrusted or "nothing is committed")
            if note is None:
                raise LogCorrupt(f"the note of the commit can't be read: {commit.note[:60]!r}")
            return self._restore(commit, note, first, relieve)
        except OtherLines as error:
            said = self._rebuild(first, str(error))
            self._begin_lines(error)
            return said
        except LogCorrupt as error:
            return self._rebuild(first, str(error))

    def _restore(self, commit: Commit, note: ProcessNote, first: int, relieve: Callable[[], None] | None) -> str:
        """Go on from the committed checkpoint, adapted to the present settings. Raises LogCorrupt where there is none to be read."""
        state, end = self._state, self._place.end()
        if commit.offset > end:
            raise LogCorrupt(f"the checkpoint stands at {commit.offset}, the log ends at {end}: it was made again")
        restored = state.checkpoints.restore(state.engine, note.state)
        state.checkpoints.forget_from(note.state + 1)
        self._dead.rows.update(restored.head.dead)
        state.engine.registry.overflow.update(restored.head.overflow)
        state.engine.unused.restore(restored.head.unused)
        self._dead.aside.update(offset for offset in restored.head.poison if offset >= first)
        self._emit_again(note, is_whole=commit.offset >= first)
        state.lost += max(0, first - commit.offset)
        state.offset, state.is_rebuilt, state.marks = max(first, commit.offset), False, restored.head.marks
        state.count_windows()
        state.mark(adapt(state.engine, restored, state.offset, relieve))
        return f"from the checkpoint at {commit.offset}"

    def _rebuild(self, first: int, why: str) -> str:
        """Begin with an empty state from what the log still holds.

        Windows of which rows may be gone are not emitted: what stands of them was made of all.
        """
        state = self._state
        self._dead.begin_anew()
        self._read_again.forget()
        state.empty(self._emission.epoch)
        state.checkpoints.forget_from(self._place.log.bounds(Stream.CHECKPOINTS, self._place.number)[0])
        state.marks, state.adapted, state.offset, state.is_rebuilt = [], [], first, True
        since = self._whole_since(first)
        if since is None:
            self._unconfirmed.begin(0)
            return f"from the log's beginning, with an empty state: {why}"
        state.engine.standing.floor = since + state.engine.timing.max_future
        return (
            f"from offset {first} with an empty state; windows that began before {iso(since)} stand as they are: {why}"
        )

    def _begin_lines(self, error: OtherLines) -> None:
        """Have lines begin now that were others before: what was emitted of their assets until then stands as it is.

        Of another depth it stands under other tags of place, too, so that the same windows again would be two points for one truth; of
        other slices it was summed in another order, and windows of a minute would not come about again.
        """
        engine = self._state.engine
        since = max(self._place.clock.now_ns(), error.newest + 1)
        engine.standing.begin_named(dict.fromkeys(error.lines, since))
        operators = tuple(op.name for op in engine.operators if op.emits)
        self._state.mark([Adapted(line, operators, since, (why,)) for line, why in error.lines.items()])

    def _whole_since(self, first: int) -> int | None:
        """Since when the log holds all readings, where something was emitted of older ones [ns UTC]; None: it holds all of them."""
        log, number = self._place.log, self._place.number
        read = partial(log.read, Stream.METRICS, number)
        begin, end = log.bounds(Stream.METRICS, number)
        if end == 0:
            return None
        emitted = next((record for record in read(begin, end) if "rollup" not in record.headers), None)
        if begin == 0 and emitted is None:
            return None
        reading = next(iter(log.read(Stream.READINGS, number, first, first + 1)), None)
        since = reading.appended_ns if reading is not None else self._place.clock.now_ns()
        was_made_anew = emitted is not None and emitted.appended_ns < since
        return since if first > 0 or was_made_anew else None

    def _emit_again(self, note: ProcessNote, is_whole: bool) -> None:
        """Have what was emitted after the checkpoint emitted again, as it comes to be now, or retracted. Raises Unavailable.

        is_whole : whether the log has all readings from there on; else rows may stand of readings that are gone.
        """
        if note.metrics is not None:
            engine = self._state.engine
            if is_whole:
                self._unconfirmed.begin(note.metrics)
            rows = emitted_since(self._place.log, self._place.number, note.metrics, engine.registry)
            engine.windows.flagging.emit_again(*np.ascontiguousarray(rows.T))
