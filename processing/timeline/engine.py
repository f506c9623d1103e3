"""The live edge of one partition: rows in, in whatever order; metric rows out, as if they had come in order.

`step` takes the rows of frames. What is not older than what its line has run waits until the line's newest row is the out-of-orderness
bound ahead of it, then all lines' ready rows are sorted, cut into slices and run by one kernel call an operator. Older rows are
reprocessed (`reprocessing.py`). `tick` moves lines that have fallen silent and sees to late rows. What is to be emitted gathers in
`outbox`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels import order, slices
from processing.made_with import MadeWith
from processing.metric_rows import MetricRows
from processing.operator import Operator, with_memories
from processing.timeline.again import Again
from processing.timeline.arrivals import Arrivals
from processing.timeline.calculated import Calculated
from processing.timeline.charts import Charts
from processing.timeline.context import Context
from processing.timeline.doubtful import Doubtful
from processing.timeline.events import ROLES
from processing.timeline.expiry import expired, oldest_start
from processing.timeline.held import ROW_BYTES, Disorder, Held, read_only
from processing.timeline.intake import Intake
from processing.timeline.readback import Origin, ReadBack
from processing.timeline.registry import UNBOUNDED, Budget, Registry
from processing.timeline.reprocessing import Reprocessing
from processing.timeline.residency import Residency
from processing.timeline.runner import Runner
from processing.timeline.standing import Standing
from processing.timeline.store import RowStore
from processing.timeline.tables import Tables
from processing.timeline.timing import LIVE_DELAY_NS, Horizons, Timing
from processing.timeline.unused import UnusedWords
from processing.timeline.waveforms import Waveforms
from processing.timeline.windows import Windows

# A silent line's clock goes on with ours, but for what a reading may need to get here. A line whose readings are hours
# old is a backfill: ours says nothing about it, but once it is silent its windows are over.
_SILENT_BACKFILL_NS = 2_000_000_000
_ALLOWANCE_NS = 1_000_000_000
_FOREVER = 2**62
_CHUNKS = 256
_STEP_BYTES = 8 << 20  # of slices that rows in order make in one step; of those that come late some lie within minutes
_ROWS_AT_ONCE = 200_000
_WAITING_SHARE = 2  # what waits in a backlog may take as much as this many row caches
_SILENCE_BYTES = 64 << 20  # of slices that silent lines make in one turn


class Engine:
    """The timeline of one partition. Not safe to use from two threads.

    Memory is bounded by `row_cache` and, with help of checkpoints, by what `evict_to` is given [bytes]; what has left it is read from
    `origin` again.
    """

    def __init__(
        self,
        *,
        plant: Plant,
        operators: list[Operator],
        windows: tuple[str, ...],
        timing: Timing,
        raw_globs: tuple[str, ...] = (),
        row_cache: int = 64 << 20,
        origin: Origin,
        budget: Budget = UNBOUNDED,
    ) -> None:
        self.made_with = MadeWith.of(plant, operators, windows, timing)
        operators = with_memories(operators)
        self.plant, self.operators = plant, operators
        self.timing, self.horizons = timing, Horizons(timing)
        self.tables = Tables(operators)
        self.charts = Charts()
        self.registry = Registry(
            self.tables,
            plant,
            self.charts,
            allowed_lateness=timing.horizon,
            raw=raw_globs,
            roles=frozenset[int]().union(*(op.roles for op in operators)),
            budget=budget,
        )
        self.context = Context(self.tables, self.registry, plant)
        self.store = RowStore(row_cache)
        self.outbox: list[MetricRows] = []
        self._held = Held()
        self._disorder = Disorder(timing.settle, timing.horizon, _WAITING_SHARE * row_cache // ROW_BYTES)
        self.residency = Residency(self.tables, origin.load_page)
        self.standing = Standing(self.tables, self.registry.lines)
        self.windows = Windows(
            self.tables, operators, windows, self.context, self.charts, self.residency, self.outbox, self.standing
        )
        self.unused = UnusedWords(plant, self.registry)
        self.waveforms = Waveforms(self.tables, self.registry, plant)
        self._intake = Intake(self.tables, self.registry, self.context, self.waveforms, self.unused)
        self._runner = Runner(
            self.tables,
            self.context,
            self.outbox,
            self.standing,
            self.waveforms,
            Calculated(self.tables, self.registry, plant),
            of_seconds="1s" in windows,
            has_raw=bool(raw_globs),
        )
        self.read_back = ReadBack(
            self.tables, self.store, self.registry, self.residency, self._intake, self.horizons, origin
        )
        self.reprocessing = Reprocessing(
            self.tables, self.store, self.windows, self.residency, self._runner, self.read_back, timing
        )
        self.again = Again(self.tables, self.residency, self.windows, self.reprocessing, self.read_back)
        self.doubtful = Doubtful(
            self.tables, self.registry, self.residency, self.windows, self.standing, operators, windows
        )
        self.touched_at = 0
        self._moves_on = False  # a silent line has slices to come that were too many for one turn

    def step(self, frames: Iterable[tuple[int | np.ndarray, Readings]], now: int) -> int:
        """Take rows of frames with their log offsets, one or each row's; now : monotonic ns. Returns how many rows came."""
        rows, received = self._taken_in(frames)
        arrived = self._arrived(rows)
        self._resume(rows.time, arrived.line)
        newest = int(received.max(initial=at.NONE))
        touched = self._admit(arrived, received, newest, now)
        self._held.add(arrived, now, newest)
        self.tables.lines["arrived"][touched == 1] = now
        self._run(self._held.take(self.tables.plant), touched)
        # Only now: many late rows are run at once, and slices are to reach up to the watermark, which has moved.
        self._put_off_late(rows, arrived.verdict, now)
        if len(rows.time):
            self.touched_at = now
        return len(rows.time)

    def _taken_in(self, frames: Iterable[tuple[int | np.ndarray, Readings]]) -> tuple[Arrivals, np.ndarray]:
        """The rows of frames, and when each was received [ns UTC]."""
        taken = [self._intake.arrived(*frame) for frame in frames] or [(Arrivals.none(), np.empty(0, np.int64))]
        received = [came for _, came in taken]
        return Arrivals.joined([rows for rows, _ in taken]), received[0] if len(taken) == 1 else np.concatenate(
            received
        )

    def _arrived(self, rows: Arrivals) -> order.Arrived:
        """Rows that wait, for all that is known of them."""
        line = self.tables.series["line"][rows.series].astype(np.int32)
        return read_only(order.Arrived(*rows, line, np.full(len(line), order.WAITING, np.uint8)))

    def _admit(self, arrived: order.Arrived, received: np.ndarray, newest: int, now: int) -> np.ndarray:
        """Decide which rows wait or are late; int64[lines], 1 where a line has some. newest : the last of `received` [ns UTC]."""
        touched = np.zeros(len(self.tables.lines), np.int64)
        bound = self._disorder.bound(newest, self._held, now)
        bounds = order.Bounds(*bound, self.timing.max_future, self._disorder.latest)
        self._disorder.saw(order.admit(arrived, received, bounds, self.tables.plant, touched))
        return touched

    def _resume(self, time: np.ndarray, line: np.ndarray) -> None:
        """Take back the end of backfills that go on after a silence."""
        lines = self.tables.lines
        beyond = np.where(
            lines["delay"] > LIVE_DELAY_NS, 0, LIVE_DELAY_NS
        )  # a backfill's watermark goes on when it ends
        ended = (lines["watermark"] > lines["newest"] + beyond) & (lines["newest"] != at.NONE)
        if not ended.any():
            return
        goes_on = ended[line] & (time > lines["newest"][line])
        if goes_on.any():
            self.reprocessing.reopen(np.unique(line[goes_on]))

    def _put_off_late(self, rows: Arrivals, verdict: np.ndarray, now: int) -> None:
        if (verdict >= order.LATE).any():
            if (verdict == order.LATE).any():
                self.reprocessing.add(rows.only(verdict == order.LATE), now)
            self._runner.pass_over(rows.only(verdict == order.BEYOND))

    def _run(self, ready: order.Ready, touched: np.ndarray) -> None:
        """Run rows of all lines, which are ready."""
        tables, store = self.tables, self.store
        count = len(ready.time)
        first, base = store.reserve(count)
        runs = np.empty(len(tables.lines), at.RUN)
        offset = np.empty(count, np.int64)
        used = n_runs = 0
        if count:
            room = np.empty(len(runs) + 3 * count, np.int64)
            n_runs = order.settle_rows(ready, tables.plant, store.rows, first, runs, offset, room)
            used = int(runs["hi"][n_runs - 1]) - first
        store.advance(used)
        if used:
            span = slice(first, first + used)
            self._runner.accept(store.time[span], store.series[span], store.value[span], store.quality[span])
        progress, of_seconds = np.zeros(2, np.int64), int(self._runner.of_seconds)
        self._cut_and_update(slices.Cut(runs[:n_runs], touched, progress, first, offset, base, of_seconds), used)

    def _cut_and_update(self, work: slices.Cut, used: int) -> None:
        tables, store = self.tables, self.store
        self._load_unsettled(work.touched)
        parts: list[np.ndarray] = []
        while not parts or work.progress[0] < len(tables.lines):
            part = np.empty(_CHUNKS << min(len(parts), 8), at.CHUNK)
            parts.append(part[: slices.cut(work, store.rows, tables.plant, tables.table, part)])
            if work.progress[0] < len(tables.lines):
                tables.room_for(len(part), len(part))
        chunks = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if not len(chunks):
            return
        self.residency.make_resident(chunks["window"])
        self._note_shortened(chunks)
        chunks["block"] = tables.windows["block"][chunks["window"]]
        opened = int(chunks["series"].sum()) if self._runner.of_seconds else 0
        self._runner.run(chunks, store.rows, tables.states, tables.opens, used + opened)

    def _note_shortened(self, chunks: np.ndarray) -> None:
        """Have what an open slice was folded into folded anew where an order cuts it now: it ends earlier than it was taken to."""
        cut = chunks["window"][(chunks["is_first"] == 0) & (chunks["end"] % chunks["length"] != 0)]
        if len(cut):
            self.windows.flagging.flag_all(cut, at.SPREAD)

    def _load_unsettled(self, touched: np.ndarray) -> None:
        """Make slices resident that the next rows may change. They are, but after a restore, or where the live edge began anew."""
        lines = self.tables.lines
        which = np.flatnonzero((touched != 0) & (lines["resident_since"] == at.FAR) & (lines["last"] != at.NONE))
        if len(which):
            since = self.residency.unsettled_since(which)
            self.residency.make_resident(self.residency.slices_of(which, since, np.full(len(which), _FOREVER)))
            lines["resident_since"][which] = since

    def came_until(self, since: int, now: int) -> None:
        """Take rows that came from `since` on for ones of now: while they were run nobody looked for more [monotonic ns]."""
        arrived = self.tables.lines["arrived"]
        arrived[arrived >= since] = now
        if self.touched_at >= since:
            self.touched_at = now

    def paused(self, duration: int) -> None:
        """Say that for so long nobody looked whether rows came: no line was silent meanwhile [ns]."""
        self.tables.lines["arrived"] += duration
        self.touched_at += duration

    def look(self, now: int, wall: int) -> None:
        """Take the time, by which rows of long ago are known; before the first step too. now : monotonic ns, wall : ns UTC."""
        self._disorder.look(now, wall)

    def tick(self, now: int, wall: int) -> None:
        """Move silent lines on and run late rows that are due; now : monotonic ns, wall : ns UTC."""
        self.look(now, wall)
        lines = self.tables.lines
        if not len(lines):
            return
        silence = self._disorder.silence
        quiet = now - lines["arrived"]
        newest = lines["newest"]
        silent = (quiet > silence) & (newest != at.NONE)
        self._moves_on = False
        if silent.any():
            backfill = lines["delay"] > LIVE_DELAY_NS
            ended = np.where(quiet > _SILENT_BACKFILL_NS, wall - newest, 0)
            ahead = np.where(backfill, ended, quiet - self.timing.settle - _ALLOWANCE_NS)
            target = np.where(silent, newest + np.maximum(ahead, 0), lines["watermark"])
            target = np.minimum(target, np.maximum(wall, newest))
            at_once = self._at_once(target)
            self._moves_on = bool((at_once < target).any())
            target = at_once
            moved = target > lines["watermark"]
            if moved.any():
                self._move(moved, target)
        self.again.run_portion()
        self.reprocessing.run_due(now if now - self.touched_at < silence else _FOREVER)
        self._run_again_without()

    def _run_again_without(self) -> None:
        """Have lines run again from where a reading that was run came to be none."""
        for line, since in self.reprocessing.take_taken_away().items():
            # A row that was put off until then may hold where the line has no slices yet.
            self.again.add(line, since, [operator.name for operator in self.operators], fills=True)

    @property
    def span_at_once(self) -> int:
        """How much time the rows of one step may reach over, so that a checkpoint can evict its slices before more are made [ns]."""
        lines = self.tables.lines
        slices_of_each = _STEP_BYTES // max(self.tables.bytes_of_slices, 1) if len(lines) else 0
        return min(max(slices_of_each * int(lines["slice"].min(initial=at.HOUR)), at.QUARTER), at.HOUR)

    def _at_once(self, target: np.ndarray) -> np.ndarray:
        """How far watermarks move now towards `target`: no further than some slices, which a checkpoint can evict.

        A line as wide as nine thousand tags whose machine's state holds for 25 hours would make 1500 slices of 10 MB at once.
        """
        lines = self.tables.lines
        row = self.tables.slices.row_bytes
        some = np.maximum(_SILENCE_BYTES // ((1 << np.maximum(lines["shift"], 0)) * row * len(lines)), 1)
        begun = np.maximum(lines["watermark"], lines["last"])
        return np.where(
            (lines["last"] == at.NONE) | (begun > lines["last"] + lines["hold"] + lines["slice"]),
            target,  # it makes none any more
            np.minimum(target, begun + some * lines["slice"]),
        )

    def _move(self, moved: np.ndarray, target: np.ndarray) -> None:
        """Have watermarks at `target` and run the rows that wait no longer, as many at a time as in a backlog's steps."""
        lines, touched = self.tables.lines, moved.astype(np.int64)
        turns = max(-(-self._held.count // _ROWS_AT_ONCE), 1)
        begun = np.minimum(np.maximum(lines["watermark"], self._held.oldest), target)[moved]
        for left in range(turns - 1, -1, -1):
            now = target[moved] - (target[moved] - begun) // turns * left
            lines["watermark"][moved] = np.maximum(lines["watermark"][moved], now)
            self._run(self._held.take(self.tables.plant), touched)

    def flush(self) -> None:
        """Run all rows that wait, and emit what comes of them. Rows that come before them later are late, and are reprocessed.

        Rows further in the future than their line may follow go on waiting. Raises Unavailable.
        """
        lines = self.tables.lines
        if self._held.count:
            moved = np.zeros(len(lines), bool)
            moved[self.tables.series["line"][self._held.rows.series]] = True
            self._move(moved, np.maximum(lines["watermark"], lines["newest"]))
        self.reprocessing.run_all()
        self._run_again_without()
        while self.again.is_pending:
            self.again.run_portion()
        self.emit(everything=True)

    @property
    def waiting(self) -> Iterator[Arrivals]:
        """Rows that were taken and wait for their line to be far enough ahead of them, part by part."""
        return self._held.parts()

    @property
    def late(self) -> list[Arrivals]:
        """Rows that are late and were not run yet."""
        return self.reprocessing.late_rows()

    def hold(self, rows: Arrivals) -> None:
        """Have rows wait that did when a checkpoint was made."""
        self._hold(rows, self.touched_at)

    def _hold(self, rows: Arrivals, now: int) -> None:
        # When they were received was looked at when they came; for how long they may wait, their own time will do.
        self._held.add(self._arrived(rows), now, int(rows.time.max(initial=at.NONE)))

    def put_aside(self) -> list[tuple[int, Arrivals, Arrivals]]:
        """Take out the rows that wait and those that are late: by log offset, ascending, those of one record."""
        late = self.reprocessing.take_all()
        waiting, self._held = self._held.rows, Held()
        offsets = np.unique(np.concatenate([waiting.offset, late.offset])).tolist()
        return [(k, waiting.only(waiting.offset == k), late.only(late.offset == k)) for k in offsets]

    def take_back(self, waiting: Arrivals, late: Arrivals, now: int) -> None:
        """Run rows that `put_aside` gave; now : monotonic ns. Raises Unavailable."""
        self._hold(waiting, now)
        if len(late.time):
            self.reprocessing.add(late, now)
        self.flush()

    def emit(self, everything: bool = False) -> None:
        """Put what changed into the outbox: closed windows and running long ones; with `everything` open ones too."""
        self.windows.emit(everything)
        left, self.reprocessing.left_behind = self.reprocessing.left_behind, []
        self.doubtful.look(left)

    def take(self) -> Iterator[MetricRows]:
        """Empty the outbox."""
        yield from self.outbox
        self.outbox.clear()

    def forget(self) -> None:
        """Before a checkpoint: drop windows that nothing can change any more, and events that nothing depends on."""
        self.windows.change_labels()
        self._run_again_without()
        waiting = np.minimum(self.reprocessing.oldest(), self.again.oldest())
        gone = expired(self.tables, self.residency, self.windows.overlapping, waiting)
        self.residency.let_go(gone)
        self.context.forget(lambda line: oldest_start(self.tables, self.residency, line), waiting, self._events_at_hand)
        self.waveforms.forget(self._values_at_hand)

    def _events_at_hand(self) -> np.ndarray:
        """The values of rows of events in the ring, and of those that wait, float64[n]."""
        return self._values_at_hand(np.isin(self.tables.series["role"], list(ROLES.values())))

    def _values_at_hand(self, is_wanted: np.ndarray) -> np.ndarray:
        """The values of rows in the ring, and of those that wait, of series that are wanted, float64[n]; is_wanted : bool[series]."""
        waiting = [rows.value[is_wanted[rows.series]] for rows in (*self.waiting, *self.late)]
        return np.concatenate([*waiting, self.store.values_of(is_wanted)])

    @property
    def unemitted(self) -> bool:
        """Whether rows that were taken have not shown in metrics yet."""
        lines = self.tables.lines
        backfill = (lines["delay"] > LIVE_DELAY_NS) & (lines["newest"] != at.NONE)
        unfinished = bool((backfill & (lines["watermark"] <= lines["newest"])).any())
        return (
            self._moves_on
            or bool(self._held.count)
            or self.reprocessing.is_pending
            or self.again.is_pending
            or self.windows.is_dirty
            or self.doubtful.is_pending
            or unfinished
        )

    def counters(self) -> dict[str, dict[str, int]]:
        """What became of the rows, by line.

        `conflict` rows are among the duplicates, `waiting` ones are not decided yet, `overflow` ones are of series beyond the budget;
        those of lines that have no series at all are under `OVERFLOW`.
        """
        lines = self.tables.lines
        waiting = np.zeros(len(lines), np.int64)
        of_series = self.tables.series["line"]
        for rows in (*self.waiting, *self.late):
            waiting += np.bincount(of_series[rows.series], minlength=len(lines))
        names = ("stored", "duplicate", "conflict", "late", "waiting")
        counts = [*(lines[name].tolist() for name in names[:-1]), waiting.tolist()]
        found = {
            line: {"stored": stored, "duplicate": duplicate, "conflict": conflict, "late": late, "waiting": waits}
            for line, stored, duplicate, conflict, late, waits in zip(self.registry.lines, *counts, strict=True)
        }
        for name, count in self.registry.overflow.items():
            found.setdefault(name, dict.fromkeys(names, 0))["overflow"] = count
        return found

    def settled(self) -> dict[str, int]:
        """By line, before when nothing is to come of the rows that were taken: none waits, and windows that ended are over [ns UTC]."""
        settled = self.tables.lines["watermark"].copy()
        for rows in self.waiting:
            np.minimum.at(settled, self.tables.series["line"][rows.series], rows.time)
        settled = np.minimum(settled, np.minimum(self.reprocessing.oldest(), self.again.oldest()))
        return dict(zip(self.registry.lines, settled.tolist(), strict=True))

    def watch(self) -> dict[str, Any]:
        """Sizes for the metrics page."""
        return {
            "windows": int(self.tables.heap["windows"][0]),
            "block_bytes": self.tables.used_bytes,
            "series": len(self.registry.series),
            "waiting": self._held.count,
            "late_waiting": self.reprocessing.count,
        }
