"""Calculated tags: readings that a formula of the plant file makes of the readings of other tags of the same asset.

    [asset.tags.heat_kw]
    formula = "flow_m3_h * 1.163 * (return_degc - supply_degc)"

They are no rows of the log. Each time rows are run, in order or again, the formulas are evaluated at the time of each reading of an
input, with the last values of the others, as long as these hold; what comes of it lies among the rows as if a device had sent it. What the
inputs said before the slice is the state of `telemetry`, its newest sample of each series, which is kept and compared as all state is: so a
late reading has just those slices run again in which its value is used. What a device itself sends under the tag's name counts nothing.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fieldline.expressions import Own, Parameter, Term
from fieldline.plant import Formula, Plant
from processing.derived.evaluate import evaluate
from processing.kernels import layout as at
from processing.kernels.layout import Rows
from processing.timeline.made import Made, Part, part_of, put_in, without_sent
from processing.timeline.registry import Registry
from processing.timeline.tables import Tables

TELEMETRY = "telemetry"


class _Alike:
    """Formulas of one expression, an asset each: what is calculated, and of what, by their place among these.

    series : the calculated series; inputs : for each tag that is read, the series that it is of each asset, -1: not heard of; asset : the
    assets' names; place : for each tag, by series the place of the formula that reads it, -1: none
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.assets: list[str] = []
        self.series = np.empty(0, np.int32)
        self.inputs = [np.empty(0, np.int64) for _ in formula.inputs]
        self.place = [np.empty(0, np.int64) for _ in formula.inputs]
        self.parameters: dict[Parameter, np.ndarray] = {}


class _Moments(NamedTuple):
    """When formulas are evaluated, in columns: by formula, then by group of chunks, then by time.

    first : where the moments of the same formula and group begin; behind : the last row of that time
    """

    formula: np.ndarray
    group: np.ndarray
    time: np.ndarray
    first: np.ndarray
    behind: np.ndarray


class _Told(NamedTuple):
    """Rows of an input: their places among the rows, and among the moments."""

    row: np.ndarray
    moment: np.ndarray


class Calculated:
    """The calculated tags of a partition."""

    def __init__(self, tables: Tables, registry: Registry, plant: Plant) -> None:
        self._tables, self._registry, self._plant = tables, registry, plant
        self._kinds: dict[tuple[str, Formula], _Alike] = {}  # by tag: an asset may have two of one formula
        self._is_calculated = np.zeros(0, bool)  # by series

    def among(self, chunks: np.ndarray, rows: Rows, states: list[np.ndarray]) -> tuple[np.ndarray, Rows, int]:
        """Chunks of sorted rows, these rows with the calculated readings among them, and how many those are.

        states : those of the operators before the chunks, by slot.
        """
        telemetry = self._tables.slot_of.get(TELEMETRY)  # without it a start is refused
        if telemetry is None or not self._plant.has_formulas or not len(chunks):
            return chunks, rows, 0
        self._look_at_new_series()
        part = part_of(chunks, rows) if self._kinds else None
        if part is None:
            return chunks, rows, 0
        part = without_sent(part, self._is_calculated)
        made = [self._made(kind, part, states[telemetry.number]) for kind in self._kinds.values()]
        return put_in(chunks, part, made, self._tables)

    def _look_at_new_series(self) -> None:
        registry, known = self._registry, len(self._is_calculated)
        if known == len(registry.series):
            return
        self._is_calculated = np.append(self._is_calculated, np.zeros(len(registry.series) - known, bool))
        for number in range(known, len(registry.series)):
            a, t = registry.series[number]
            tag = registry.tags[t]
            formula = self._plant.formulas(registry.assets[a]).get(tag)
            if formula is not None:
                self._is_calculated[number] = True
                kind = self._kinds.setdefault((tag, formula), _Alike(formula))
                kind.assets.append(registry.assets[a])
                kind.series = np.append(kind.series, np.int32(number))
        for kind in self._kinds.values():
            self._find_inputs(kind)

    def _find_inputs(self, kind: _Alike) -> None:
        for k, tag in enumerate(kind.formula.inputs):
            kind.inputs[k] = np.array([self._registry.series_number(asset, tag) for asset in kind.assets], np.int64)
            kind.place[k] = np.full(len(self._registry.series), -1)
            heard = np.flatnonzero(kind.inputs[k] >= 0)
            kind.place[k][kind.inputs[k][heard]] = heard
        for one in kind.formula.parameters:
            kind.parameters[one] = np.array([self._plant.value_of(asset, one.name) for asset in kind.assets])

    def _made(self, kind: _Alike, part: Part, state: np.ndarray) -> Made:
        """The readings of formulas."""
        rows = part.rows
        good = (rows.quality <= at.UNCERTAIN) & np.isfinite(rows.value)
        places = [np.flatnonzero(good & (place[rows.series] >= 0)) for place in kind.place]
        moments, told = _moments(kind, part, places)
        columns: dict[Term, np.ndarray] = {
            Own(tag): self._held(kind.inputs[k], told[k], moments, rows, part.first, state)
            for k, tag in enumerate(kind.formula.inputs)
        }
        columns |= {one: values[moments.formula] for one, values in kind.parameters.items()}
        value = evaluate(kind.formula.tree, columns)
        exists = np.flatnonzero(np.isfinite(value))
        series = kind.series[moments.formula[exists]]
        return Made(moments.behind[exists], moments.time[exists], series, value[exists])

    def _held(
        self, series: np.ndarray, told: _Told, moments: _Moments, rows: Rows, first: np.ndarray, state: np.ndarray
    ) -> np.ndarray:
        """The value of an input that holds at moments, float64[n]; NaN where none does. series : by formula."""
        newest = np.full(len(moments.time), -1)
        newest[told.moment] = np.arange(len(told.moment))
        at_or_before = np.maximum.accumulate(np.where(newest >= 0, np.arange(len(newest)), -1))
        is_told = at_or_before >= moments.first
        row = (
            told.row[newest[np.where(is_told, at_or_before, told.moment[0] if len(told.moment) else 0)]]
            if len(told.row)
            else None
        )
        since, value = self._before(series[moments.formula], first[moments.group], state)
        if row is not None:
            since, value = np.where(is_told, rows.time[row], since), np.where(is_told, rows.value[row], value)
        gap = self._tables.series["gap"][series[moments.formula]]
        holds = (since != at.NONE) & (moments.time - np.where(since == at.NONE, moments.time, since) <= gap)
        return np.where(holds, value, np.nan)

    def _before(self, series: np.ndarray, chunk: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Time and value of the newest sample of series before chunks, [n] each; `NONE` where there is none."""
        local = self._tables.series["local"][series]
        known = (series >= 0) & (local < chunk["series"])
        newest = state[np.where(known, chunk["state"] + local, 0)]
        return np.where(known, newest["time"], at.NONE), np.where(known, newest["value"], np.nan)


def _moments(kind: _Alike, part: Part, places: list[np.ndarray]) -> tuple[_Moments, list[_Told]]:
    """When formulas are evaluated: at each reading of an input; places : the rows of each input."""
    rows, group = part.rows, part.group
    row = np.concatenate(places)
    formula = np.concatenate([place[rows.series[where]] for place, where in zip(kind.place, places, strict=True)])
    order = np.lexsort((rows.time[row], group[row], formula))
    of_formula, of_group, time = formula[order], group[row][order], rows.time[row][order]
    is_other = np.ones(len(order), bool)
    is_other[1:] = (np.diff(of_formula) != 0) | (np.diff(of_group) != 0)
    is_new = is_other.copy()
    is_new[1:] |= np.diff(time) != 0
    moment = np.empty(len(order), np.int64)
    moment[order] = np.cumsum(is_new) - 1
    chosen = np.flatnonzero(is_new)
    first = np.maximum.accumulate(np.where(is_other[chosen], np.arange(len(chosen)), 0))
    ends = part.ends
    behind = ends[ends.searchsorted(row[order][chosen])]
    moments = _Moments(of_formula[chosen], of_group[chosen], time[chosen], first, behind)
    bounds = np.cumsum([0, *map(len, places)])
    return moments, [_Told(where, moment[a:b]) for where, (a, b) in zip(places, pairwise(bounds.tolist()), strict=True)]
