"""Functions that remember, of one definition of a metric: their state side by side in one record, and how a window carries it on.

Arguments are columns of assets in one window each; each function is a kernel over them. Where an argument does not exist a function leaves
its state as it is and gives nothing. All of a definition's functions take each window, whether what they give is chosen in it or not.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from math import isnan
from typing import NamedTuple

import numpy as np

from fieldline.expressions import Apply, Input, Node, Own, Remembered, Term, own_fields_of, remembered_in
from fieldline.expressions.memories import MEMORIES, MOST_REGIMES
from processing.derived import novelty
from processing.derived.evaluate import evaluate
from processing.kernels.adwin import ADWIN, carry_adwin
from processing.kernels.charts import CUSUM, EWMA, carry_cusum, carry_ewma
from processing.kernels.drift import DDM, PAGE_HINKLEY, carry_ddm, carry_page_hinkley
from processing.kernels.jit import record, words
from processing.kernels.kept import first_of
from processing.kernels.recent import (
    DEVIATION,
    LEAST,
    MOST,
    PREVIOUS,
    SLOPE,
    TOTAL,
    FirstValues,
    carry_baseline,
    carry_newest,
    carry_previous,
)

VERSION = 1
"""Of what the functions' records mean: grows when that changes under the same definition."""

MOST_WORDS = 512
"""Numbers that the functions of one definition may keep of an asset; a window keeps them twice."""

_LARGEST = 1e100
"""Values beyond are none: sums of their squares would be no numbers, for ever."""

_ADWIN_PART, _ADWIN_COUNT = 5, 10  # as in MOA
Columns = Sequence[np.ndarray]
Constants = tuple[float, ...]


class _Function(NamedTuple):
    """first : the state before the first window, record[1]; carry : gives float64[n] of columns, constants and records[n], changed."""

    first: Callable[[Remembered], np.ndarray]
    carry: Callable[[Columns, Constants, np.ndarray], np.ndarray]


class Calls:
    """The functions that remember in a definition's fields.

    calls : each once, after those that it is made of; first : the state before the first window, record[1]; inputs : in the order in
    which `step` is handed them; gives : what it gives, in its order
    """

    def __init__(self, trees: Mapping[str, Node], inputs: Sequence[Input]) -> None:
        """trees : the expressions of fields, each after those that it is made of."""
        self.inputs = tuple(inputs)
        self.gives = self.calls = calls_of(trees)
        self._plan = _plan(trees, self.calls)
        firsts = [_FUNCTIONS[one.name].first(one) for one in self.calls]
        ends = np.cumsum([0, *(one.dtype.itemsize // 8 for one in firsts)]).tolist()
        self._places = {
            one: (slice(ends[k], ends[k + 1]), first.dtype)
            for k, (one, first) in enumerate(zip(self.calls, firsts, strict=True))
        }
        self.first = np.zeros(1, record(("words", "u8", ends[-1])))
        words(self.first)[0] = np.concatenate([words(first)[0] for first in firsts])

    @property
    def fingerprint(self) -> str:
        """A name of what is kept: of another one it means something else."""
        told = [(str(key) if isinstance(key, Own) else "", meaning_of(tree)) for key, tree in self._plan]
        return blake2b(repr(told).encode(), digest_size=4).hexdigest()

    def step(self, inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
        """Carry the state of n assets through one window each: float64[n, inputs], records[n], changed, float64[n, calls], output."""
        known: dict[Term, np.ndarray] = {
            one: np.ascontiguousarray(inputs[:, number]) for number, one in enumerate(self.inputs)
        }
        all_words = words(state)
        for key, tree in self._plan:
            if isinstance(key, Own):
                known[key] = evaluate(tree, known)
                continue
            place, kind = self._places[key]
            mine = np.ascontiguousarray(all_words[:, place]).view(kind).reshape(len(state))
            columns = [_usable(evaluate(argument, known)) for argument in key.arguments]
            known[key] = _FUNCTIONS[key.name].carry(columns, _constants(key), mine)
            all_words[:, place] = words(mine)
        for number, one in enumerate(self.calls):
            out[:, number] = known[one]


def calls_of(trees: Mapping[str, Node]) -> tuple[Remembered, ...]:
    """The functions that remember in fields, each once, after those that it is made of."""
    return tuple(dict.fromkeys(one for tree in trees.values() for one in remembered_in(tree)))


def words_of(calls: Sequence[Remembered]) -> int:
    """How many numbers functions keep of an asset."""
    return sum(_FUNCTIONS[one.name].first(one).dtype.itemsize // 8 for one in calls)


def _plan(trees: Mapping[str, Node], calls: Sequence[Remembered]) -> list[tuple[Remembered | Own, Node]]:
    """What a window works out, one after the other: the functions, and the fields that they are made of."""
    named = {name for one in calls for name in own_fields_of(one)}
    for name in reversed(list(trees)):  # those that a field is made of stand before it
        if name in named:
            named |= {*own_fields_of(trees[name])}
    found: dict[Remembered | Own, Node] = {}
    for name, tree in trees.items():
        found |= {one: one for one in remembered_in(tree)}
        if name in named:
            found[Own(name)] = tree
    return list(found.items())


def meaning_of(node: Node) -> object:
    """An expression without how it is written."""
    if not isinstance(node, Apply | Remembered):
        return node
    constants = node.constants if isinstance(node, Remembered) else ()
    return node.name, constants, [meaning_of(argument) for argument in node.arguments]


def _constants(one: Remembered) -> Constants:
    return MEMORIES[one.name].whole(one.constants)


def _usable(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.where(np.abs(values) <= _LARGEST, values, np.nan))


# -- what each is


def _previous(columns: Columns, _: Constants, state: np.ndarray) -> np.ndarray:
    before = np.empty(len(state))
    carry_previous(columns[0], state, before)
    return before


def _first_ewma(one: Remembered) -> np.ndarray:
    start = _constants(one)[1]
    return first_of(EWMA) if isnan(start) else first_of(EWMA, average=start, has_begun=1)


def _ewma(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
    average = np.empty(len(state))
    carry_ewma(columns[0], constants[0], state, average)
    return average


def _first_cusum(one: Remembered) -> np.ndarray:
    start = _constants(one)[2]
    return first_of(CUSUM, high=start, low=start)


def _cusum(side: int) -> Callable[[Columns, Constants, np.ndarray], np.ndarray]:
    """side : 0 the upper sum, 1 the lower one."""

    def carry(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
        sums = np.empty((2, len(state)))
        carry_cusum(columns[0], constants[0], constants[1], state, sums[0], sums[1])
        return sums[side]

    return carry


def _first_newest(one: Remembered) -> np.ndarray:
    return first_of(record(("count", "i8"), ("newest", "f8", int(_constants(one)[0]))))


def _rolling(give: Callable[[np.ndarray, float], np.ndarray]) -> Callable[[Columns, Constants, np.ndarray], np.ndarray]:
    """give : what is made of what `carry_newest` gives, float64[5, n], and of how many windows there are."""

    def carry(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
        count, newest = np.ascontiguousarray(state["count"]), np.ascontiguousarray(state["newest"])
        newest, found = newest.reshape(len(state), int(constants[0])), np.empty((5, len(state)))
        carry_newest(columns[0], count, newest, found)
        state["count"], state["newest"] = count, newest.reshape(state["newest"].shape)
        return give(found, constants[0])

    return carry


def _first_baseline(one: Remembered) -> np.ndarray:
    regimes = 1 if one.regime is None else MOST_REGIMES
    return first_of(record(("since", "f8"), ("total", "f8", regimes), ("seen", "i8", regimes)))


def _baseline(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
    value, *told, since = columns  # without a regime all windows are of one
    regime, mean = told[0] if told else np.zeros(len(state)), np.empty(len(state))
    shape = len(state), MOST_REGIMES if told else 1
    total, seen = (np.ascontiguousarray(state[name]).reshape(shape) for name in ("total", "seen"))
    first = FirstValues(np.ascontiguousarray(state["since"]), total, seen)
    carry_baseline(value, regime, since, int(constants[0]), first, mean)
    for name, each in zip(first._fields, first, strict=True):
        state[name] = each.reshape(state[name].shape)
    return mean


def _page_hinkley(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
    delta, threshold, forgetting, least = constants
    verdict = np.empty(len(state))
    carry_page_hinkley(columns[0], delta, threshold, forgetting, int(least), state, verdict)
    return verdict


def _adwin(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
    verdict = np.empty(len(state))
    carry_adwin(columns[0], constants[0], int(constants[1]), _ADWIN_PART, _ADWIN_COUNT, state, verdict)
    return verdict


def _ddm(columns: Columns, constants: Constants, state: np.ndarray) -> np.ndarray:
    verdict = np.empty(len(state))
    carry_ddm(columns[0], columns[1], *constants, state, verdict)
    return verdict


_FUNCTIONS = {
    "previous": _Function(lambda _: first_of(PREVIOUS), _previous),
    "ewma": _Function(_first_ewma, _ewma),
    "cusum_high": _Function(_first_cusum, _cusum(0)),
    "cusum_low": _Function(_first_cusum, _cusum(1)),
    "rolling_mean": _Function(_first_newest, _rolling(lambda found, n: found[TOTAL] / n)),
    "rolling_sum": _Function(_first_newest, _rolling(lambda found, _: found[TOTAL])),
    "rolling_min": _Function(_first_newest, _rolling(lambda found, _: found[LEAST])),
    "rolling_max": _Function(_first_newest, _rolling(lambda found, _: found[MOST])),
    "rolling_deviation": _Function(_first_newest, _rolling(lambda found, _: found[DEVIATION])),
    "rolling_slope": _Function(_first_newest, _rolling(lambda found, _: found[SLOPE])),
    "baseline": _Function(_first_baseline, _baseline),
    "page_hinkley": _Function(
        lambda _: first_of(PAGE_HINKLEY, ph_rise_least=np.inf, ph_fall_most=-np.inf), _page_hinkley
    ),
    "adwin": _Function(lambda _: first_of(ADWIN), _adwin),
    "ddm": _Function(lambda _: first_of(DDM, rate=np.inf, deviation=np.inf), _ddm),
    "novelty": _Function(novelty.first, novelty.carry),
}
