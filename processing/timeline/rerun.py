"""One slice of each of some lines is run again: its state is restored, its rows are run, and what changed is flagged."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import numpy as np

from processing.kernels import layout as at
from processing.kernels import reprocess
from processing.kernels.jit import words
from processing.timeline.residency import Residency
from processing.timeline.runner import Runner
from processing.timeline.tables import Slot, Tables


class Scratch:
    """State, open accumulators and partial aggregates as they were, of slices that are run together, by operator."""

    def __init__(self, tables: Tables, rows: int) -> None:
        self.states = [np.empty(rows, slot.kept.state.dtype) for slot in tables.slots]
        self.opens = [
            array[:0] if slot.kept.open is None else np.repeat(slot.kept.open, rows)
            for slot, array in zip(tables.slots, tables.opens, strict=True)
        ]
        self.old = [np.empty((rows, slot.first.shape[1]), np.uint64) for slot in tables.slots]
        self.carried = np.zeros(rows, np.uint8)
        self.differs = np.zeros(rows, np.uint8)


class Rerun:
    """Runs slices of one partition again, wave by wave."""

    def __init__(self, tables: Tables, residency: Residency, runner: Runner) -> None:
        self._tables, self._residency, self._runner = tables, residency, runner
        self._carried: dict[int, np.ndarray] = {}  # by slice, which rows begin with another state
        self._open: dict[
            int, list[np.ndarray]
        ] = {}  # by line, what the slice before left open, where it ends within a minute

    def start(self) -> None:
        """Before the first wave."""
        self._carried.clear()
        self._open.clear()

    def restore_live(self, line: int, number: int) -> None:
        """Have the live edge of a line be at the beginning of a slice again, where no second is open."""
        tables = self._tables
        self._residency.make_resident(np.array([number]))
        count, live = (int(tables.lines[name][line]) for name in ("series", "base"))
        block = int(tables.windows["block"][number])
        tables.lines["resident_since"][line] = at.FAR
        for slot, state, opened in zip(tables.slots, tables.states, tables.opens, strict=True):
            words(state)[live : live + count] = words(tables.slices.arrays[2 * slot.number + 1])[block : block + count]
            if slot.kept.open is not None:
                opened[live : live + count] = slot.kept.open

    def is_carried(self, number: int) -> bool:
        """Whether a slice begins with another state than when it was run."""
        return number in self._carried

    def run(
        self, ids: np.ndarray, ends: np.ndarray, rows: at.Rows, followed: AbstractSet[int], is_anew: bool = False
    ) -> set[int]:
        """Run one slice of each line; those that leave another state behind than before.

        rows : of slice k those from ends[k] to ends[k + 1]. followed : slices after which all that their samples have a part in are run
        again, too. is_anew : all slices are such; what later rows gave them is emptied, for other settings may have them give less.
        """
        if not len(ids):
            return set()
        tables, table = self._tables, self._tables.windows
        newer = table["newer"][ids]
        self._residency.make_resident(np.concatenate([ids, newer[newer >= 0]]))
        self._residency.make_resident(self._residency.slices_changed_by(ids))
        size = 1 << table["shift"][ids]
        base = np.cumsum(size) - size
        scratch = Scratch(tables, int(size.sum()))
        before_changed = self._take_carried(ids, base, scratch)
        table["runs"][ids] += 1
        for slot, again in self._again(scratch):
            begun = again._replace(own=slot.own_anew) if is_anew else again
            reprocess.begin(ids, base, table, begun)
            self._flag_seconds(slot, scratch, before_changed)
        self._take_open(ids, base, size, scratch)
        chunks = self._chunks(ids, base, ends)
        chunks["is_followed"] = is_anew or np.isin(ids, list(followed))
        self._runner.run(chunks, rows, scratch.states, scratch.opens, int(ends[-1]) + len(scratch.carried))
        self._leave_open(ids, newer, base, size, scratch)
        return self._finish(ids, newer, base, scratch, is_anew)

    def _again(self, scratch: Scratch) -> Iterator[tuple[Slot, reprocess.Again]]:
        tables = self._tables
        for slot in tables.slots:
            k = slot.number
            partials, before = tables.slices.arrays[2 * k : 2 * k + 2]
            state, live = words(scratch.states[k]), words(tables.states[k])
            kept = reprocess.Again(words(partials), words(before), scratch.old[k], state, slot.first, slot.own, live)
            yield slot, kept

    def _take_carried(self, ids: np.ndarray, base: np.ndarray, scratch: Scratch) -> np.ndarray:
        """uint8 of scratch rows, 1 where the state before the slice changed."""
        changed = np.zeros(len(scratch.carried), np.uint8)
        for number, first in zip(ids.tolist(), base.tolist(), strict=True):
            rows = self._carried.pop(number, None)
            if rows is not None:
                changed[first : first + len(rows)] = rows
        return changed

    @staticmethod
    def _flag_seconds(slot: Slot, scratch: Scratch, changed: np.ndarray) -> None:
        """A second is emitted, too, when the state that it begins with changed."""
        if slot.operator.was_new:
            scratch.opens[slot.number][slot.operator.was_new] = changed

    def _finish(
        self, ids: np.ndarray, newer: np.ndarray, base: np.ndarray, scratch: Scratch, is_anew: bool
    ) -> set[int]:
        tables = self._tables
        table, plant = tables.windows, tables.plant
        for _, again in self._again(scratch):
            reprocess.hand_on(ids, base, plant, table, again, scratch.carried)
        for _, again in self._again(scratch):
            reprocess.compare(ids, base, plant, table, again, scratch.carried, scratch.differs)
        of_rows = scratch.carried, scratch.differs, tables.slices.dirty
        reprocess.finish(ids, base, plant, table, *of_rows, int(is_anew))
        follow = set()
        for number, after, first in zip(ids.tolist(), newer.tolist(), base.tolist(), strict=True):
            rows = scratch.carried[first : first + (1 << int(table["shift"][number]))]
            if after < 0:
                self._open_at_live_edge(number, first, scratch)
            elif rows.any():
                self._carried[after] = rows.copy()
                follow.add(number)
        return follow

    def _open_at_live_edge(self, number: int, first: int, scratch: Scratch) -> None:
        """The newest slice hands what it left open to the live edge; its seconds are emitted again."""
        tables = self._tables
        line = tables.lines[tables.windows["line"][number]]
        line["resident_since"] = at.FAR
        count, live = int(line["series"]), int(line["base"])
        for slot, opened, scratched in zip(tables.slots, tables.opens, scratch.opens, strict=True):
            if slot.kept.open is not None:
                opened[live : live + count] = scratched[first : first + count]
                if slot.operator.is_new:
                    opened[slot.operator.is_new][live : live + count] = 1

    def _take_open(self, ids: np.ndarray, base: np.ndarray, size: np.ndarray, scratch: Scratch) -> None:
        """A second that the slice before left open goes on in the slice that begins within its minute."""
        if not self._open:
            return
        tables = self._tables
        for number, first, rows in zip(ids.tolist(), base.tolist(), size.tolist(), strict=True):
            left = self._open.pop(int(tables.windows["line"][number]), None)
            if left is None or not tables.windows["start"][number] % at.MINUTE:
                continue
            for slot, opened, of_slice in zip(tables.slots, scratch.opens, left, strict=True):
                if slot.operator.was_new:
                    span = opened[first : first + min(rows, len(of_slice))]
                    changed = span[slot.operator.was_new].copy()
                    span[:] = of_slice[:rows]
                    span[slot.operator.was_new] |= changed

    def _leave_open(
        self, ids: np.ndarray, newer: np.ndarray, base: np.ndarray, size: np.ndarray, scratch: Scratch
    ) -> None:
        table = self._tables.windows
        for number, after, first, rows in zip(ids.tolist(), newer.tolist(), base.tolist(), size.tolist(), strict=True):
            if after >= 0 and table["start"][after] % at.MINUTE:
                left = [opened[first : first + rows].copy() for opened in scratch.opens]
                self._open[int(table["line"][number])] = left

    def _chunks(self, ids: np.ndarray, base: np.ndarray, ends: np.ndarray) -> np.ndarray:
        tables = self._tables
        windows = tables.windows.take(ids)
        lines = tables.lines.take(windows["line"])
        chunks = np.empty(len(ids), at.CHUNK)
        chunks["window"], chunks["block"], chunks["line"] = ids, windows["block"], windows["line"]
        chunks["state"], chunks["base"] = base, lines["base"]
        chunks["series"] = np.minimum(lines["series"], 1 << windows["shift"])
        chunks["lo"], chunks["hi"] = ends[:-1], ends[1:]
        chunks["start"], chunks["end"] = windows["start"], windows["end"]
        chunks["is_first"], chunks["length"] = 0, lines["slice"]
        chunks["closes"] = (windows["flags"] & at.CLOSED) != 0
        chunks["flush"] = lines["flushed"]
        return chunks
