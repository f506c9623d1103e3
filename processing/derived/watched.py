"""Drift of a metric's model, watched window by window (`[metric.model] drift`): whether features and scores are as they were.

Of each feature that the model's card says a distribution of, values are counted in its bins, and older ones fade away; the population
stability index tells how far these counts are from the card's. The level of a score is watched by Page-Hinkley's test, in deviations that
it had in its first windows. Both begin anew where another version scores.

It is a memory of the metric's: the functions that remember in its fields, and behind them what is counted. So a late row, or a promotion
that is dated back, changes it as it changes what it is made of.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from fieldline.errors import ModelError
from fieldline.event_kinds import CHAMPION
from fieldline.expressions import InForce, Input, Node, Own, Read, Remembered, Term, own_fields_of
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.models import DRIFT_PSI, SCORE_DRIFT
from processing.derived.advised import DRIFT_NUMBER
from processing.derived.calls import VERSION as CALLS_VERSION
from processing.derived.calls import Calls, calls_of, meaning_of
from processing.derived.definition import Columns, Why
from processing.derived.evaluate import evaluate
from processing.derived.scored import Models, in_force, scored, versions_in
from processing.kernels import stability
from processing.kernels.drift import PAGE_HINKLEY, PAGE_HINKLEY_FIELDS, carry_page_hinkley
from processing.kernels.jit import record, words
from processing.kernels.kept import first_of
from processing.scoring.model import Model
from processing.scoring.reference import BINS, references

VERSION = 1
"""Of what the records mean."""

_DELTA, _THRESHOLD, _LEAST = 0.5, 25.0, 30
"""Of Page-Hinkley, in deviations: what is tolerated, and how much must add up; a shift of one deviation in 50 windows."""
_FARTHEST = 5.0  # deviations that one score may lie off: one alone is no other level

_WHY = Own("drift why")
"""A number that no field has: which of the reasons there is for nothing to be told."""
_GIVES = (Own(DRIFT_PSI), Own(DRIFT_NUMBER), Own(SCORE_DRIFT), _WHY)
_NO_VERSION, _NO_MODEL, _NO_REFERENCE, _TOO_FEW, _NO_SCORE = range(5)


class Watched:
    """What a definition with a model whose drift is watched keeps of an asset, and how a window carries it on.

    first : the state before the first window, record[1]; inputs : in the order in which `step` is handed them; gives : what it gives
    """

    def __init__(self, entry: MetricEntry, trees: Mapping[str, Node], inputs: Sequence[Input], models: Models) -> None:
        """trees : the expressions of fields, each after those that it is made of."""
        assert entry.model is not None and entry.model.drift is not None
        self._entry, self._drift, self._trees, self._models = entry, entry.model.drift, trees, models
        self._score = list(entry.model.output).index(self._drift.score)
        self._calls = Calls(trees, inputs) if calls_of(trees) else None
        own = first_of(_record(len(entry.features)), **{"ph_rise_least": np.inf, "ph_fall_most": -np.inf})
        self._own = own.dtype
        before = words(self._calls.first)[0] if self._calls else np.empty(0, np.uint64)
        self.first = np.zeros(1, record(("words", "u8", len(before) + len(words(own)[0]))))
        words(self.first)[0] = np.concatenate([before, words(own)[0]])
        self._first_own, self._begins = own, len(before)
        self.inputs: tuple[Read, ...] = (*inputs, *_champion(entry))
        self.gives: tuple[Own | Remembered, ...] = (*(self._calls.calls if self._calls else ()), *_GIVES)
        self._known: dict[str, _Then] = {}

    @property
    def fingerprint(self) -> str:
        """A name of what is kept: of another one it means something else."""
        entry, named = self._entry, {*self._entry.features}
        for name in reversed(list(self._trees)):  # those that a field is made of stand before it
            named |= {*own_fields_of(self._trees[name])} if name in named else set()
        told = [(name, meaning_of(tree)) for name, tree in self._trees.items() if name in named]
        calls = (CALLS_VERSION, self._calls.fingerprint if self._calls else "")
        said = (calls, told, entry.features, entry.model_name, self._drift.score, self._drift.windows)
        return blake2b(repr(said).encode(), digest_size=4).hexdigest()

    def step(self, inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
        """Carry the state of n assets through one window each: float64[n, inputs], records[n], changed, float64[n, gives], output."""
        known: dict[Term, np.ndarray] = {one: np.ascontiguousarray(inputs[:, k]) for k, one in enumerate(self.inputs)}
        all_words = words(state)
        if self._calls is not None:
            mine = np.ascontiguousarray(all_words[:, : self._begins]).view(self._calls.first.dtype).reshape(len(state))
            self._calls.step(inputs, mine, out)
            all_words[:, : self._begins] = words(mine)
            known.update({one: out[:, k].copy() for k, one in enumerate(self._calls.calls)})
        for name, tree in self._trees.items():
            known[Own(name)] = evaluate(tree, known)
        own = np.ascontiguousarray(all_words[:, self._begins :]).view(self._own).reshape(len(state))
        told = out[:, len(self.gives) - len(_GIVES) :]
        told[:, 3] = _NO_VERSION
        version, digest = (known[one] for one in _champion(self._entry))
        rows = np.stack([known[Own(name)] for name in self._entry.features], axis=1)
        for number, bits, some in versions_in(version, digest):
            mine = own[some]
            told[some] = self._watch(number, bits, rows[some], mine)
            own[some] = mine
        all_words[:, self._begins :] = words(own)

    def _watch(self, number: int, bits: int, rows: np.ndarray, state: np.ndarray) -> np.ndarray:
        """What is told of assets that one version scores, float64[n, as many as `_GIVES`]; state : records[n], changed."""
        told = np.full((len(rows), len(_GIVES)), np.nan)
        try:
            model = self._models.version(self._entry.model_name, number, bits)
            score = scored(model, self._entry, rows)[:, self._score]
        except ModelError:  # the scores say what is wrong with it
            told[:, 3] = _NO_MODEL
            return told
        try:
            then = self._then(model)
        except ModelError:
            told[:, 3] = _NO_REFERENCE
            return told
        is_new = (state["version"] != number) | (state["digest"] != bits)
        state[is_new] = self._first_own
        state["version"], state["digest"] = number, bits
        state["windows"] += 1.0
        psi = self._compared(rows, then, state)
        told[:, 2] = self._level(score, state)
        is_whole = state["windows"] >= self._drift.windows
        told[is_whole, 0], told[is_whole, 1] = psi.max(axis=1)[is_whole], then.places[psi.argmax(axis=1)][is_whole]
        told[:, 3] = np.where(
            is_whole & ~np.isnan(told[:, 2]), -1, np.where(np.isnan(score) & is_whole, _NO_SCORE, _TOO_FEW)
        )
        return told

    def _then(self, model: Model) -> "_Then":
        """How features were distributed. Raises ModelError."""
        if model.digest not in self._known:
            self._known[model.digest] = _then(model, self._entry.features)
        return self._known[model.digest]

    def _compared(self, rows: np.ndarray, then: "_Then", state: np.ndarray) -> np.ndarray:
        """PSI of features that are watched, float64[n, watched], with these rows counted."""
        counts = np.ascontiguousarray(state["counts"]).reshape(len(rows), -1, BINS)
        mine, psi = np.ascontiguousarray(counts[:, then.places]), np.empty((len(rows), len(then.places)))
        keep = 1.0 - 1.0 / self._drift.windows
        stability.count(np.ascontiguousarray(rows[:, then.places]), then.edges, keep, mine)
        stability.index(mine, then.shares, psi)
        counts[:, then.places] = mine
        state["counts"] = counts.reshape(state["counts"].shape)
        return psi

    def _level(self, score: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Page-Hinkley's verdict on scores, float64[n]; NaN as long as it is not known how much these swing, and where there is none."""
        is_there = ~np.isnan(score)
        is_known = state["scores"] >= self._drift.windows
        learns = np.flatnonzero(is_there & ~is_known)
        off = score[learns] - state["mean"][learns]
        state["scores"][learns] += 1.0
        state["mean"][learns] += off / state["scores"][learns]
        state["squares"][learns] += off * (score[learns] - state["mean"][learns])
        scale = np.sqrt(state["squares"] / np.maximum(state["scores"] - 1.0, 1.0))
        scale = np.maximum(scale, 1e-9 * np.maximum(1.0, np.abs(state["mean"])))
        standard = np.where(is_known, np.clip((score - state["mean"]) / scale, -_FARTHEST, _FARTHEST), np.nan)
        test, verdict = np.zeros(len(score), PAGE_HINKLEY), np.empty(len(score))
        for name, *_ in PAGE_HINKLEY_FIELDS:
            test[name] = state[name]
        carry_page_hinkley(standard, _DELTA, _THRESHOLD, 1.0, _LEAST, test, verdict)
        for name, *_ in PAGE_HINKLEY_FIELDS:
            state[name] = test[name]
        return verdict


class _Then(NamedTuple):
    """How features were distributed in training. places : int64[watched], among the features; edges, shares : see `Reference.bins`."""

    places: np.ndarray
    edges: np.ndarray
    shares: np.ndarray


def _then(model: Model, features: Sequence[str]) -> _Then:
    found = references(model, features)
    bins = [one.bins for one in found.values()]
    places = np.array([features.index(name) for name in found], np.int64)
    return _Then(places, *(np.ascontiguousarray(np.stack(each)) for each in zip(*bins, strict=True)))


def _record(features: int) -> np.dtype:
    """version, digest : whose features were counted, in how many windows; scores, mean, squares : of its first scores, how they swing."""
    own = [(name, "f8") for name in ("version", "digest", "windows", "scores", "mean", "squares")]
    return record(*own, *PAGE_HINKLEY_FIELDS, ("counts", "f8", features * BINS))


def words_watched(entry: MetricEntry) -> int:
    """How many numbers watching keeps of an asset beside the functions that remember."""
    is_watched = entry.model is not None and entry.model.drift is not None
    return _record(len(entry.features)).itemsize // 8 if is_watched else 0


def _champion(entry: MetricEntry) -> tuple[InForce, ...]:
    return tuple(one for one in in_force(entry) if one.role == CHAMPION)


def drift_of(entry: MetricEntry, columns: Columns) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    """What is told of drift, float64[n] each, of what `step` gave, and why some of it is not told."""
    assert entry.model is not None and entry.model.drift is not None
    n = len(next(iter(columns.values())))
    found = {one.field: columns.get(one, np.full(n, np.nan)) for one in _GIVES}
    code = found.pop(_WHY.field)
    reasons = [
        "no version of the model is in force",
        "the version scores nothing",
        "the version's card does not say how its features were distributed: train it again",
        f"fewer than {entry.model.drift.windows} windows of the version",
        "no score",
    ]
    why = np.where(np.isnan(code), _NO_VERSION, code).astype(np.int32)
    return found, {
        name: (np.where(np.isnan(found[name]), np.maximum(why, 0), -1).astype(np.int32), reasons)
        for name in (DRIFT_PSI, SCORE_DRIFT)
    }
