"""Late rows: the slices they belong to are run again, and on until the state is bit for bit what it was."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, wait
from typing import NamedTuple

import numpy as np

from fieldline.errors import Unavailable
from processing.kernels import layout as at
from processing.kernels import slices
from processing.kernels.jit import words
from processing.metric_rows import MetricRows
from processing.timeline.arrivals import Arrivals
from processing.timeline.contents import Contents
from processing.timeline.late_cuts import LateCuts, parts_of
from processing.timeline.merging import Merging
from processing.timeline.pending import Pending
from processing.timeline.readback import Back, Key, ReadBack
from processing.timeline.rerun import Rerun
from processing.timeline.residency import Residency
from processing.timeline.runner import Runner
from processing.timeline.store import RowStore
from processing.timeline.tables import Tables
from processing.timeline.timing import Timing
from processing.timeline.windows import Windows

_ROWS_AT_MOST = 400_000
_GROUPS = (
    8  # lines of one group are reprocessed together; groups take turns, so that the live edge is not held up for long
)
_PORTION_BYTES = 32 << 20  # of slices that late rows bring into memory at once
_LIVE_ROWS = 2  # that are run at least for each one that is run again
_PATIENCE = 4  # intervals after which late rows are run all the same
_NEVER = 2**62
_WAIT_S = 30.0
_MADE = 1024

Todo = dict[int, dict[int, Arrivals | None]]
"""By line, the slices to be run again with the late rows that they get; None: only the state before it differs."""


class Away(NamedTuple):
    """Slices that are being read back from the log, the late rows that wait for them, and what comes of it by slice."""

    keys: list[Key]
    rows: list[Arrivals]
    jobs: list[Future[dict[Key, Back]]]


class LeftBehind(NamedTuple):
    """Rows of a line's windows that were taken back: which of them come about again is known when the line has come to `until` [ns UTC]."""

    line: int
    until: int
    rows: list[MetricRows]


class Reprocessing:
    """Late rows of one partition, until they are run.

    Late rows of a line wait up to `timing.reprocess` so that one reprocessing serves them all, but not so long that a backlog pushes
    their slices out of the row store; lines take turns.
    """

    def __init__(
        self,
        tables: Tables,
        store: RowStore,
        windows: Windows,
        residency: Residency,
        runner: Runner,
        read_back: ReadBack,
        timing: Timing,
    ) -> None:
        self._tables, self._store, self._windows, self._residency = tables, store, windows, residency
        self._runner, self._read_back, self._timing = runner, read_back, timing
        self._cuts = LateCuts(tables, residency)
        self.left_behind: list[LeftBehind] = []
        self._rerun = Rerun(tables, residency, runner)
        self._merging = Merging(tables, store, runner, read_back)
        self._away: list[Away] = []
        self._coming: dict[Key, Away] = {}  # by slice, where it is read back
        self._groups: list[list[Arrivals]] = [[] for _ in range(_GROUPS)]
        self._due = [_NEVER] * _GROUPS
        self._since = [0] * _GROUPS  # running number of the row store's end when the first of a group came
        self._next = [
            0
        ] * _GROUPS  # running number of the row store's end at which a group is run again at the earliest
        self._whole: set[int] = (
            set()
        )  # slices that are run even for duplicates, with the rest of their minute or of their line
        self._put_off: list[Arrivals] = []  # see `_without_put_off`
        self._taken_away: list[tuple[int, int]] = []  # lines that they have run again, and since when [ns UTC]
        self.count = 0

    @property
    def is_pending(self) -> bool:
        """Whether late rows wait."""
        return self.count > 0

    def add(self, rows: Arrivals, now: int) -> None:
        """Take late rows; now : monotonic ns."""
        group = self._tables.series["line"][rows.series] % _GROUPS
        for k in np.unique(group).tolist():
            if not self._groups[k]:
                self._since[k] = self._store.next
            self._groups[k].append(rows.only(group == k))
            interval = self._timing.reprocess
            self._due[k] = min(self._due[k], now + interval // 2 + k * interval // (2 * _GROUPS))
        self.count += len(rows.time)
        while self.count > _ROWS_AT_MOST:
            self.run_due(_NEVER)
            if self.count > _ROWS_AT_MOST and self._away:
                wait(self._away[0].jobs, _WAIT_S)

    def late_rows(self) -> list[Arrivals]:
        """The rows that wait, part by part."""
        groups = (*self._groups, *(away.rows for away in self._away), self._put_off)
        return [block for group in groups for block in group]

    def oldest(self) -> np.ndarray:
        """int64[lines], time of each line's oldest row that waits [ns UTC; the far future where none does]."""
        found = np.full(len(self._tables.lines), np.iinfo(np.int64).max, np.int64)
        for rows in self.late_rows():
            np.minimum.at(found, self._tables.series["line"][rows.series], rows.time)
        return found

    def run_due(self, now: int) -> None:
        """Run the late rows of groups of lines whose time has come, and those whose slices have been read back.

        Raises Unavailable when the log does not answer.
        """
        back = [away for away in self._away if all(job.done() for job in away.jobs)]
        for away in back:
            self._away = [each for each in self._away if each is not away]  # `remove` compares, which arrays don't
            for key in away.keys:
                del self._coming[key]
            rows = Arrivals.joined(away.rows)
            self.count -= len(rows.time)
            self._run(rows, {key: slot for job in away.jobs for key, slot in job.result().items()})
        self._run_groups([k for k, due in enumerate(self._due) if self._groups[k] and self._is_time(k, due, now)])

    def _run_groups(self, which: list[int]) -> None:
        """Run a portion of the late rows of some groups, together: what is read from the log for them is read once."""
        if not which:
            return
        rows, rest = self._portion(Arrivals.joined([block for k in which for block in self._groups[k]]))
        group = self._tables.series["line"][rest.series] % _GROUPS
        for k in which:
            mine = rest.only(group == k)
            self._groups[k] = [mine] if len(mine.time) else []
            self._due[k] = self._due[k] if self._groups[k] else _NEVER
        self.count -= len(rows.time)
        again = self._store.next + _LIVE_ROWS * self._run(rows, {})
        for k in which:
            self._next[k] = again

    def _portion(self, rows: Arrivals) -> tuple[Arrivals, Arrivals]:
        """The oldest late rows, of as many slices as may be run at once, and the rest: their slices come into memory together.

        What was run can be evicted after the next checkpoint.
        """
        tables = self._tables
        line, start = self._slices_of(rows)
        pairs = np.unique(np.stack([start, line]), axis=1)
        taken = np.cumsum((1 << tables.lines["shift"][pairs[1]]) * tables.slices.row_bytes)
        last = int(np.searchsorted(taken, _PORTION_BYTES))
        if last >= len(taken):
            return rows, Arrivals.none()
        mine = start <= pairs[0, last]
        return rows.only(mine), rows.only(~mine)

    def _slices_of(self, rows: Arrivals) -> tuple[np.ndarray, np.ndarray]:
        """int64[n] each, the line of rows, and when the slice of it that holds each begins, as if no order cut it [ns UTC]."""
        line = self._tables.series["line"][rows.series]
        length = self._tables.lines["slice"][line]
        return line, rows.time // length * length

    def _is_time(self, k: int, due: int, now: int) -> bool:
        """Whether a group is to be run.

        By the clock alone a worker that is behind would spend its time on the same slices again and again.
        """
        if self._store.next - self._since[k] > self._store.size // 3:
            return True
        patience = _PATIENCE * self._timing.reprocess
        return due <= now and (self._store.next >= self._next[k] or due + patience <= now)

    def run_all(self) -> None:
        """Run all late rows, whatever has to be read for it. Raises Unavailable when that takes too long."""
        while self.count:
            for away in self._away:
                if wait(away.jobs, _WAIT_S).not_done:
                    raise Unavailable(f"log: slices were not read back within {_WAIT_S:g} s")
            self.run_due(_NEVER)

    def take_all(self) -> Arrivals:
        """Take out all late rows."""
        rows = Arrivals.joined([Arrivals.none(), *self.late_rows()])
        self._groups = [[] for _ in range(_GROUPS)]
        self._due = [_NEVER] * _GROUPS
        self._away.clear()
        self._coming.clear()
        self._put_off.clear()
        self.count = 0
        return rows

    def _run(self, rows: Arrivals, back: dict[Key, Back]) -> int:
        """Run late rows, all but those of slices that must be read back first; back : what has been. Returns how many rows were run."""
        tables = self._tables
        rows = self._without_put_off(self._without_lost(rows))
        if not len(rows.time):
            return 0
        line, start = self._slices_of(rows)
        rows = rows.only(np.lexsort((start, line)))
        line, start = self._slices_of(rows)
        begins = np.flatnonzero(np.r_[True, (np.diff(line) != 0) | (np.diff(start) != 0)])
        ends = np.r_[begins[1:], len(line)]
        newest = np.maximum.reduceat(rows.time, begins)
        line, start = line[begins], start[begins]
        first = self._find(line, start, newest + tables.lines["hold"][line])
        np.maximum.at(tables.lines["last"], line, newest)
        todo: Todo = {}
        away: list[tuple[int, Arrivals]] = []
        for number, mine, lo, hi in zip(first.tolist(), line.tolist(), begins.tolist(), ends.tolist(), strict=True):
            late = rows.only(slice(lo, hi))
            of_line = todo.setdefault(mine, {})
            again = self._cuts.cut(number, mine, late)
            for each in again:
                of_line.setdefault(each, None)
            self._whole.update(again)
            for each, part in self._dealt(number, late):
                if (
                    not again
                    and (mine, int(tables.windows["start"][each])) not in back
                    and self._read_back.is_far(each)
                ):
                    away.append((each, part))
                else:
                    of_line[each] = part
            if not again and of_line:
                self._with_mates(of_line, number)
        if away:
            self._send_away(away)
        return self._run_waves({mine: slots for mine, slots in todo.items() if slots}, back)

    def _without_lost(self, rows: Arrivals) -> Arrivals:
        """Late rows but for those whose slices can't be run again any more: they are late for good."""
        tables = self._tables
        self._read_back.note_lost()
        line = tables.series["line"][rows.series]
        lost = rows.time < tables.lines["kept_from"][line]
        if not lost.any():
            return rows
        np.add.at(tables.lines["late"], line[lost], 1)
        self._runner.pass_over(rows.only(lost))
        return rows.only(~lost)

    def _without_put_off(self, rows: Arrivals) -> Arrivals:
        """Late rows but for those that may make less of what stands: these wait until their line is run again, see `corrections.py`.

        Where there is no slice nothing stands.
        """
        takes_away = self._runner.corrections.take_away(rows.series, rows.value)
        lines = self._tables.lines
        of_rows, start = self._slices_of(rows)
        for k in np.flatnonzero(takes_away).tolist():
            line, begin = int(of_rows[k]), int(start[k])
            takes_away[k] = len(self._residency.between(line, at.SLICES, begin, begin + int(lines["slice"][line]))) > 0
        if not takes_away.any():
            return rows
        for line in np.unique(of_rows[takes_away]).tolist():
            first = int(rows.time[takes_away & (of_rows == line)].min())
            influence, length = (int(lines[name][line]) for name in ("influence", "slice"))
            self._taken_away.append((line, (first - influence) // length * length))
        self._put_off.append(rows.only(takes_away))
        return rows.only(~takes_away)

    def _take_put_off(self, numbers: dict[int, list[int]]) -> dict[int, Arrivals]:
        """By slice, of those that are run again by line, the rows that were put off until then."""
        rows = Arrivals.joined([Arrivals.none(), *self._put_off])
        line, table = self._tables.series["line"][rows.series], self._tables.windows
        found, is_left = dict[int, Arrivals](), np.ones(len(rows.time), bool)
        for mine in np.unique(line).tolist():
            for number in numbers.get(mine, []):
                inside = (line == mine) & (rows.time >= table["start"][number]) & (rows.time < table["end"][number])
                if inside.any():
                    found[number] = rows.only(inside)
                    is_left &= ~inside
        self._put_off = [rows.only(is_left)] if is_left.any() else []
        return found

    def let_in(self, line: int) -> None:
        """Take rows of a line that were put off for late ones as others are: it was run again, and their slices are gone."""
        rows = Arrivals.joined([Arrivals.none(), *self._put_off])
        mine = self._tables.series["line"][rows.series] == line
        if mine.any():
            self._put_off = [] if mine.all() else [rows.only(~mine)]
            self.add(rows.only(mine), 0)

    def _dealt(self, first: int, late: Arrivals) -> list[tuple[int, Arrivals]]:
        """Late rows of one slice by the parts that it is cut into, of which `first` is the first."""
        table = self._tables.windows
        dealt = []
        for number in parts_of(self._tables, first):
            inside = (late.time >= table["start"][number]) & (late.time < table["end"][number])
            if inside.any():
                dealt.append((number, late.only(inside)))
        return dealt

    def _with_mates(self, of_line: dict[int, Arrivals | None], number: int, since: int = -1) -> None:
        """Have all parts of a slice run that is cut, or those from `since` on: a second may lie in two of them."""
        mates = parts_of(self._tables, number)
        mates = mates[mates.index(since) :] if since >= 0 else mates
        if len(mates) > 1:
            for mate in mates:
                of_line.setdefault(mate, None)
            self._whole.update(mates)

    def _send_away(self, slices_of: list[tuple[int, Arrivals]]) -> None:
        """Have slices read back; their late rows wait until all of them are there, with those that come for them meanwhile."""
        asked = []
        for number, late in slices_of:
            self.count += len(late.time)
            coming = self._coming.get(self._read_back.key(number))
            if coming is None:
                asked.append((number, late))
            else:
                coming.rows.append(late)
        if asked:
            keys, rows = [self._read_back.key(number) for number, _ in asked], [late for _, late in asked]
            away = Away(keys, rows, self._read_back.ask([number for number, _ in asked]))
            self._away.append(away)
            self._coming.update(dict.fromkeys(keys, away))

    def _find(self, line: np.ndarray, start: np.ndarray, until: np.ndarray) -> np.ndarray:
        """The slices that begin at `start`; missing ones are made and given the state before them."""
        tables = self._tables
        late = slices.Late(line, start, until, np.empty(len(line), np.int64))
        done = 0
        while done < len(line):
            tables.room_for(_MADE, 0)
            made = np.zeros(_MADE + 1, np.int64)
            done = slices.find_slices(done, late, tables.plant, tables.table, made)
            fresh = made[1 : 1 + made[0]]
            newer = tables.windows["newer"][fresh]
            self._residency.make_resident(np.concatenate([fresh, newer[newer >= 0]]))
            fresh = fresh[np.argsort(-tables.windows["start"][fresh], kind="stable")]
            for slot, state in zip(tables.slots, tables.states, strict=True):
                before = words(tables.slices.arrays[2 * slot.number + 1])
                slices.fill_before(fresh, tables.plant, tables.windows, before, words(state))
        return late.slices

    def run_slices(self, numbers: dict[int, list[int]], every_row: bool, fills: AbstractSet[int]) -> None:
        """Run slices of lines again, in order of time, and none after them: those begin with what these leave behind.

        Late rows that were put off until then are merged into them. every_row : take their rows for new ones, whose seconds are emitted
        again; fills : lines whose hold time is longer than it was: slices that their rows hold in now are made and run too. Rows that
        come to be what they were are not emitted. Raises Unavailable.
        """
        ids = np.array([number for mine in numbers.values() for number in mine], np.int64)
        self._residency.make_resident(ids)
        before = Contents.of(self._tables, ids)
        if every_row:
            self._cuts.fresh.update(number for mine in numbers.values() for number in mine)
        late = self._take_put_off(numbers) if self._put_off else {}
        self._whole.update(late)
        todo: Todo = {line: {number: late.get(number) for number in mine} for line, mine in numbers.items() if mine}
        self._run_waves(todo, {}, fills)
        before.unflag(self._tables)

    def _run_waves(self, todo: Todo, back: dict[Key, Back], fills: AbstractSet[int] | None = None) -> int:
        """Run slices again, one of each line at a time, and on while the state after them differs. Returns how many rows were run.

        fills : see `run_slices`, then it does not go on with slices that are not in `todo`.
        """
        self._rerun.start()
        count = 0
        while todo:
            starts = self._tables.windows["start"]
            wave = {line: _earliest(mine, starts) for line, mine in todo.items()}
            late = {number: todo[line].pop(number) for line, number in wave.items()}
            ids, ends = self._gather(self._held_in_full(late), back)
            count += int(ends[-1])
            if fills:
                self._fill(todo, ids, ends, fills)
            follow = self._rerun.run(ids, ends, self._merging.rows, self._cuts.followed, is_anew=fills is not None)
            for line, number in wave.items():
                if fills is None and number in follow:
                    newer = int(self._tables.windows["newer"][number])
                    todo[line].setdefault(newer, None)
                    self._with_mates(todo[line], newer, newer)
                if not todo[line]:
                    del todo[line]
        self._whole.clear()
        self._cuts.forget()
        return count

    def take_taken_away(self) -> dict[int, int]:
        """By line from when on it is to be run again because a reading may have come to be none, since this was called last [ns UTC]."""
        found: dict[int, int] = {}
        for line, since in self._taken_away:
            found[line] = min(since, found.get(line, since))
        self._taken_away.clear()
        return found

    def _fill(self, todo: Todo, ids: np.ndarray, ends: np.ndarray, fills: AbstractSet[int]) -> None:
        """Make slices that are missing after the rows of `ids`, and have them run next; rows of slice k are those up to ends[k + 1]."""
        for number, lo, hi in zip(ids.tolist(), ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            line = int(self._tables.windows["line"][number])
            if line in fills and hi > lo:
                length = int(self._tables.lines["slice"][line])
                start = int(self._tables.windows["start"][number]) // length * length
                until = int(self._merging.rows.time[hi - 1]) + int(self._tables.lines["hold"][line])
                known = set(self._residency.between(line, at.SLICES, start, until + 1).tolist())
                self._find(*(np.array([each], np.int64) for each in (line, start, until)))
                made = set(self._residency.between(line, at.SLICES, start, until + 1).tolist()) - known
                todo.setdefault(line, {}).update(dict.fromkeys(made))

    def _held_in_full(self, late: dict[int, Arrivals | None]) -> dict[int, Arrivals | None]:
        """Slices but for those that stand as they are, since not all their rows can be had any more."""
        lines, windows = self._tables.lines, self._tables.windows
        return {
            number: joining
            for number, joining in late.items()
            if windows["start"][number] >= lines["kept_from"][windows["line"][number]]
        }

    def _gather(self, late: dict[int, Arrivals | None], back: dict[Key, Back]) -> tuple[np.ndarray, np.ndarray]:
        """Rows of slices with late ones in the scratch room: ids of those to be run, and where each one's rows begin and end."""
        ids, ends = [], [0]
        if not late:
            return np.empty(0, np.int64), np.zeros(1, np.int64)
        self._read_back.complete(list(late), back)
        windows = self._tables.windows[list(late)]
        blocks = [*filter(None, late.values()), *self.late_rows()]
        pending = Pending(self._tables, blocks, int(windows["start"].min()), int(windows["end"].max()))
        for number, joining in late.items():
            end, is_kept = self._merging.merge(number, joining or Arrivals.none(), ends[-1], back, pending)
            if number in self._cuts.fresh:
                self._merging.flag_new(ends[-1], end)
            if is_kept or joining is None or self._rerun.is_carried(number) or number in self._whole:
                ids.append(number)
                ends.append(end)
        return np.array(ids, np.int64), np.array(ends, np.int64)

    def reopen(self, which: np.ndarray) -> None:
        """Take back that the lines `which` ended: their slices after the last row go, the one that holds it opens again.

        Unless that can't be run again: then the line goes on at its end, with the state that it left behind.
        """
        self.run_due(_NEVER)
        self._read_back.note_lost()
        tables, table = self._tables, self._tables.windows  # not before: late rows may have made it larger
        todo: Todo = {}
        for line in which.tolist():
            last = int(tables.lines["last"][line])
            number = int(tables.lines["newest_window"][line, at.SLICES])
            gone = []
            while number >= 0 and table["start"][number] > last:
                gone.append(number)
                number = int(table["older"][number])
            is_held = number >= 0 and bool(table["start"][number] >= tables.lines["kept_from"][line])
            if gone:
                end = int(table["end"][gone[0]])
                self.left_behind.append(
                    LeftBehind(line, end, self._windows.given(self._oldest_over(line, last, end), {}))
                )
                table = tables.windows
            if gone and not is_held:
                self._rerun.restore_live(line, gone[-1])
            self._drop(np.array(gone, np.int64))
            table = tables.windows
            watermark = max(last, int(tables.lines["newest"][line]) - self._timing.settle)
            if number >= 0 and not is_held:
                watermark = max(watermark, int(table["end"][number]) - 1)
            tables.lines["watermark"][line] = watermark
            tables.lines["flushed"][line] = last // at.SECOND * at.SECOND
            if is_held:
                if table["end"][number] - 1 > watermark:
                    table["flags"][number] = table["flags"][number] & ~at.CLOSED | at.CHANGED
                # Closed or not: the slices that went have changed the state at the live edge.
                todo[line] = {number: None}
                self._with_mates(todo[line], number)
        self._run_waves(todo, {})

    def _oldest_over(self, line: int, start: int, end: int) -> np.ndarray:
        """The windows of a line over a span, or the oldest of them: as many as may come into memory at once."""
        tables = self._tables
        ids = self._residency.within({line: (start, end)})
        ids = ids[np.argsort(tables.windows["start"][ids], kind="stable")]
        of_slices = tables.windows["level"][ids] == at.SLICES
        row_bytes = np.where(of_slices, tables.slices.row_bytes, tables.longer.row_bytes)
        taken = np.cumsum((1 << tables.windows["shift"][ids]) * row_bytes)
        return ids[taken <= _PORTION_BYTES]

    def _drop(self, ids: np.ndarray) -> None:
        """Drop slices that a line's end had made."""
        self._windows.flagging.refold_above(ids)
        self._windows.flagging.refold_overlapping(ids)
        self._residency.drop(ids)


def _earliest(mine: Iterable[int], starts: np.ndarray) -> int:
    """Of some slices the one that starts first. A line may have thousands to run, and this is asked before each."""
    numbers = np.fromiter(mine, np.int64)
    return int(numbers[starts[numbers].argmin()])
