"""What a derived metric remembers from window to window: its state goes through the windows of one length in the order of time.

A window keeps the state before it and after it, a record an asset. Where a window changes, the state is carried on from there, through
newer windows as long as what they begin with differs, bit for bit, from what they began with before. So a late row, a correction or
another order of arrival costs what it touches, and what comes of it is what rows in order give. A window in which an asset has no input
leaves its state as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from fieldline.expressions import Own, Read, Remembered, Term
from fieldline.windows import FOLLOWING
from processing.derived.inputs import Pairs, Sources, read_inputs
from processing.derived.scopes import Scope, holding
from processing.each_once import each_once
from processing.joins import find, pair_keys
from processing.kernels import layout as at
from processing.kernels.jit import record, words
from processing.kernels.kept import Kept, Partials, State, first_of, kept
from processing.operator import Bring
from processing.view import View

WINDOWS = FOLLOWING
"""State goes through these."""

Step = Callable[[np.ndarray, np.ndarray, np.ndarray], None]
"""step(inputs, state, out) : float64[n, inputs], records[n], changed, and float64[n, fields], output, of n assets in one window each."""

_AHEAD, _AHEAD_AT_MOST = 2, 64  # windows whose inputs are read together: state most often is what it was soon
_NOTHING = first_of(record(("unused", "i8")))


def kept_for(name: str, state: np.ndarray) -> Kept:
    """What the operator of a metric keeps in its windows: whether state went through, and the state before and after, a row a series."""
    cell = record(
        ("passed", "i8"), *((f"{when} {field}", "u8") for when in ("before", "after") for field in _words_of(state))
    )
    cell_of = np.zeros(1, cell)
    words(cell_of)[0, 1:] = np.tile(words(state)[0], 2)
    of_state, of_partials = type(f"{name}_State", (State,), {}), type(f"{name}_Partials", (Partials,), {})
    return kept(of_state, of_partials, slice=_NOTHING, window=cell_of, state=_NOTHING)


def _words_of(state: np.ndarray) -> list[str]:
    return [str(number) for number in range(state.dtype.itemsize // 8)]


class Place(Enum):
    """Where the state of an asset stands in a window's block: at the first row of the asset's series, or of lines at that of the block.

    A line need not have series of its own, so its state has a memory apart.
    """

    OF_ASSETS = "assets"
    OF_LINES = "lines"


class Memory(NamedTuple):
    """The state of one definition of a derived metric, which the operator `name` keeps.

    first : record[1], the state before the first window; step : carries it through a window; inputs : in the order that `step` has
    them; gives : what `step` gives, in its order; version : of what the state means; scopes : where each of the metric's definitions
    holds, this one's at `number`; assets : paths by the names that inputs have as scopes; place : whose state it is
    by_any : see `Definition`
    """

    name: str
    first: np.ndarray
    step: Step
    inputs: tuple[Read, ...]
    gives: tuple[Own | Remembered, ...]
    version: int
    scopes: tuple[Scope, ...]
    number: int
    assets: Mapping[str, str]
    place: Place = Place.OF_ASSETS
    by_any: bool = False

    def of_lines(self) -> "Memory":
        """The memory of the same for lines, beside it."""
        return self._replace(name=f"{self.name}.lines", place=Place.OF_LINES)

    def carry(self, view: View, changed: Pairs, sources: Sources, bring: Bring) -> None:
        """Carry the state on from pairs that changed, as far as there is a place for it, and flag rows that change with it."""
        changed = changed.only(self.has_place(view, changed))
        changed = changed.only(self._holds(view, changed))
        level = view.windows["level"][changed.window]
        for one in np.unique(level).tolist():
            pending = changed.only(level == one)
            # What changed has to be gone through anyway: of a backlog all its windows are read together.
            ahead = min(max(_AHEAD, int(np.bincount(pending.asset).max(initial=0))), _AHEAD_AT_MOST)
            while len(pending.window):
                view, pending = self._round(view, pending, ahead, sources, bring)
                ahead = min(2 * ahead, _AHEAD_AT_MOST)

    def given(self, view: View, pairs: Pairs, columns: Mapping[Read, np.ndarray]) -> dict[Term, np.ndarray]:
        """What a step gives in pairs' windows, float64[n] each, by the state before each."""
        size = self.first.dtype.itemsize // 8
        state = np.empty(len(pairs.window), self.first.dtype)
        words(state)[:] = words(view.partials[self.name].windows)[self._rows(view, pairs), 1 : 1 + size]
        out = self._stepped([columns[one] for one in self.inputs], state)
        return {one: out[:, number].copy() for number, one in enumerate(self.gives)}

    def has_place(self, view: View, pairs: Pairs) -> np.ndarray:
        """bool[n], of which pairs the state has a place: the asset has a series of its window's line, or is that."""
        of_window = view.windows["line"][pairs.window]
        if self.place is Place.OF_LINES:
            return pairs.asset == view.plant.lines["asset"][of_window]
        line = np.full(1 + max(len(view.plant.asset_first), pairs.asset.max(initial=0)), -1)
        line[view.plant.series["asset"]] = view.plant.series["line"]
        return line[pairs.asset] == of_window

    def _rows(self, view: View, pairs: Pairs) -> np.ndarray:
        """The row of the pool where the state of each pair's asset stands."""
        block = view.windows["block"][pairs.window]
        if self.place is Place.OF_LINES:
            return block
        lead = np.zeros(len(view.plant.asset_first), np.int64)
        lead[view.plant.series["asset"]] = view.plant.series["lead"]
        return block + lead[pairs.asset]

    def _holds(self, view: View, pairs: Pairs) -> np.ndarray:
        """bool[n], for which pairs this definition is the one that holds."""
        return holding(view, pairs, self.scopes) == self.number

    def _stepped(self, columns: Sequence[np.ndarray], state: np.ndarray) -> np.ndarray:
        """What a step gives, float64[n, gives]; state : records[n], changed."""
        out = np.full((len(state), len(self.gives)), np.nan)
        inputs = (
            np.stack([np.asarray(column, np.float64) for column in columns], axis=1)
            if columns
            else np.empty((len(state), 0))
        )
        self.step(np.ascontiguousarray(inputs), state, out)
        return out

    def _round(self, view: View, pending: Pairs, ahead: int, sources: Sources, bring: Bring) -> tuple[View, Pairs]:
        """Carry the state of each asset on from its oldest window that is pending, through some at most; what is left."""
        order = np.lexsort((view.windows["start"][pending.window], pending.asset))
        pending = pending.only(order)
        first = np.flatnonzero(np.r_[True, np.diff(pending.asset) != 0])
        front = pending.only(first)
        ways = _ways(view.windows, front.window, ahead)
        view = bring(each_once(ways[ways >= 0]))
        view, state = self._state_before(view, front, bring)
        return view, self._walk(view, front.asset, ways, state, pending, sources)

    def _state_before(self, view: View, pairs: Pairs, bring: Bring) -> tuple[View, np.ndarray]:
        """The state before each pair's window, records[n]: what the newest one before it leaves, through which state went.

        Where what was before is gone, or is not run again, what stands in the window itself, or in the next one.
        """
        size, n = self.first.dtype.itemsize // 8, len(pairs.window)
        state = np.repeat(self.first, n)
        left = np.arange(n)
        older: np.ndarray = view.windows["older"][pairs.window].copy()
        while len(left):
            line = view.windows["line"][pairs.window[left]]
            is_there = (older >= 0) & (view.windows["end"][older] > view.plant.lines["kept_from"][line])
            is_there &= view.windows["start"][older] >= self.scopes[self.number].since
            self._stands(view, pairs.only(left[~is_there]), state, left[~is_there])
            left, older = left[is_there], older[is_there]
            if not len(left):
                break
            view = bring(each_once(older))
            cells = words(view.partials[self.name].windows)[self._rows(view, Pairs(older, pairs.asset[left]))]
            passed = cells[:, 0] != 0
            words(state)[left[passed]] = cells[passed, 1 + size :]
            left, older = left[~passed], view.windows["older"][older[~passed]]
        return view, state

    def _stands(self, view: View, pairs: Pairs, state: np.ndarray, places: np.ndarray) -> None:
        """What pairs' windows, or those after them, began with when state went through them."""
        size, cells = self.first.dtype.itemsize // 8, words(view.partials[self.name].windows)
        newer = view.windows["newer"][pairs.window]
        for window in (np.where(newer >= 0, newer, pairs.window), pairs.window):
            is_here = view.windows["block"][window] >= 0
            mine = cells[self._rows(view, Pairs(window[is_here], pairs.asset[is_here]))]
            passed = mine[:, 0] != 0
            words(state)[places[is_here][passed]] = mine[passed, 1 : 1 + size]

    def _walk(
        self, view: View, asset: np.ndarray, ways: np.ndarray, state: np.ndarray, pending: Pairs, sources: Sources
    ) -> Pairs:
        """Carry each asset's state through the windows of its way, as far as they change; the pairs that are still pending."""
        size, table = self.first.dtype.itemsize // 8, view.windows
        cells = words(view.partials[self.name].windows)
        there = np.flatnonzero(ways.ravel() >= 0)
        of_way = Pairs(ways.ravel()[there], np.repeat(asset, ways.shape[1])[there])
        answer = read_inputs(view, of_way, self.inputs, self.assets, sources, by_any=self.by_any)
        takes = answer.is_there & self._holds(view, of_way)
        place = np.full(ways.shape, -1)
        place.ravel()[there] = np.arange(len(there))
        asked = np.zeros(len(there), bool)
        visited = find(pair_keys(view, *of_way), pair_keys(view, *pending))
        asked[visited[visited >= 0]] = True
        is_done, going = np.zeros(len(there), bool), np.arange(len(asset))
        for step in range(ways.shape[1]):
            going = going[ways[going, step] >= 0]
            window, mine = ways[going, step], place[going, step]
            rows = self._rows(view, Pairs(window, asset[going]))
            before = words(state)[going]
            differs = (cells[rows, 0] == 0) | (cells[rows, 1 : 1 + size] != before).any(axis=1)
            goes = differs | asked[mine]
            going, window, mine, rows = going[goes], window[goes], mine[goes], rows[goes]
            before, differs = before[goes], differs[goes]
            if not len(going):
                break
            cells[rows, 1 : 1 + size] = before
            has = takes[mine]
            after = state.take(going[has])
            self._stepped([answer.columns[one][mine[has]] for one in self.inputs], after)
            words(state)[going[has]] = words(after)
            differs |= (cells[rows, 1 + size :] != words(state)[going]).any(axis=1)
            cells[rows, 1 + size :] = words(state)[going]
            self._note(view, window, rows, differs & has, asked[mine])
            is_done[mine] = True
        goes_on = going[ways[going, -1] >= 0]
        newest = table["newer"][ways[goes_on, -1]]
        more = Pairs(newest[newest >= 0], asset[goes_on][newest >= 0])
        left = pending.only(~((visited >= 0) & is_done[np.maximum(visited, 0)]))
        return Pairs(*(np.concatenate(columns) for columns in zip(left, more, strict=True)))

    def _note(
        self, view: View, window: np.ndarray, rows: np.ndarray, differs: np.ndarray, is_asked: np.ndarray
    ) -> None:
        """Flag rows whose figures differ, and say in all that state went through them: 1, or 2 where the window was over then."""
        table, partials = view.windows, view.partials[self.name]
        passed = words(partials.windows)[:, 0]
        # By the watermark: a longer window is flagged as closed only when something in it is emitted.
        is_over = table["end"][window] <= view.plant.lines["watermark"][table["line"][window]] + 1
        partials.dirty[rows[differs]] |= at.EMIT
        table["flags"][window[differs]] |= at.TOUCHED
        table["flags"][window[differs & is_over & (~is_asked | (passed[rows] == 2))]] |= at.REVISED
        table["flags"][window] |= at.CHANGED
        passed[rows] = np.where(is_over, 2, 1)


def _ways(table: np.ndarray, window: np.ndarray, ahead: int) -> np.ndarray:
    """Windows and those after them, int64[n, at most `ahead`], -1 behind the newest."""
    ways = [window]
    while len(ways) < ahead:
        following = np.where(ways[-1] >= 0, table["newer"][ways[-1]], -1)
        if (following < 0).all():
            break
        ways.append(following)
    return np.stack(ways, axis=1)
