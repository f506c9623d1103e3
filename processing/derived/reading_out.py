"""The rows of a derived metric, read out: for which windows and assets there are some, and their fields, texts and reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fieldline.catalogue import NULL_REASON, Kind
from fieldline.expressions import Term
from processing.derived.definition import Definition, Spelled, Why
from processing.derived.inputs import Answer, Pairs, Sources, distinct, read_inputs
from processing.derived.memory import Memory
from processing.derived.scopes import holding
from processing.each_once import each_once
from processing.metric_rows import MetricRows, Named, levels_of, retracted
from processing.view import View


def read_definitions(
    view: View, kind: Kind, definitions: Sequence[Definition], sources: Sources, looks_beside: bool
) -> list[MetricRows]:
    """Rows of the windows: of assets that have a series to be emitted, or of all where others' windows are read."""
    pairs = _pairs(view, looks_beside)
    holds = holding(view, pairs, [one.scope for one in definitions])
    holds[view.assets.across(kind.name)[pairs.asset]] = -1
    found: list[MetricRows] = []
    for number, one in enumerate(definitions):
        for memory, mine in _by_memory(view, one, pairs.only(holds == number)):
            answer = read_inputs(view, mine, one.inputs, one.assets, sources, by_any=one.by_any)
            some, gone = np.flatnonzero(answer.is_there), np.flatnonzero(answer.is_gone)
            if len(some):
                found += _rows(view, kind, one, memory, mine.only(some), answer, some)
            if len(gone):
                found += [retracted(rows) for rows in _rows(view, kind, one, memory, mine.only(gone), answer, gone)]
    return found


def _by_memory(view: View, one: Definition, pairs: Pairs) -> Iterator[tuple[Memory | None, Pairs]]:
    """The pairs of a definition, with the memory that has the state of each; without any all of them."""
    if not one.memories:
        if len(pairs.window):
            yield None, pairs
        return
    left = np.ones(len(pairs.window), bool)
    for memory in reversed(one.memories):
        mine = left & memory.has_place(view, pairs)
        left &= ~mine
        if mine.any():
            yield memory, pairs.only(mine)


def pairs_in_windows(view: View, windows: tuple[str, ...], looks_beside: bool) -> Pairs:
    """Of the windows that a metric has, those and the assets whose rows may have changed."""
    levels = [level for window in windows for level in levels_of(window)]
    mine = np.isin(view.windows["level"][view.ids], levels)
    return _pairs(replace(view, ids=view.ids[mine]), looks_beside)


def _pairs(view: View, looks_beside: bool) -> Pairs:
    """The windows and assets whose rows may have changed: by window, then by asset."""
    changed, plant = view.changed, view.plant
    if not len(changed.row):
        return Pairs(changed.window, changed.series)
    windows = each_once(changed.window)
    pairs = [
        Pairs(changed.window, plant.series["asset"][changed.series]),
        Pairs(windows, plant.lines["asset"][view.windows["line"][windows]]),
    ]
    if looks_beside:
        for line in np.unique(view.windows["line"][windows]).tolist():
            assets = np.unique(plant.series["asset"][plant.series["line"] == line])
            mine = windows[view.windows["line"][windows] == line]
            pairs.append(Pairs(np.repeat(mine, len(assets)), np.tile(assets, len(mine))))
    return distinct(view, pairs)


def _rows(
    view: View, kind: Kind, one: Definition, memory: Memory | None, pairs: Pairs, answer: Answer, some: np.ndarray
) -> list[MetricRows]:
    """some : int64[n], the places of the pairs in the answer."""
    inputs, n = {each: column[some] for each, column in answer.columns.items()}, len(some)
    columns: dict[Term, np.ndarray] = dict(inputs.items())
    if memory is not None:
        columns.update(memory.given(view, pairs, inputs).items())
    values, whys = one.figures(columns)
    values["coverage"] = answer.coverage[some]
    fields = {
        row[0]: np.where(np.isfinite(values[row[0]]), values[row[0]], np.nan)
        if row[0] in values
        else np.full(n, np.nan)
        for row in kind.rows
        if row[0] not in ("rev", "retracted")
    }
    said = {field: _spelled(values[text.number], text) for field, text in one.texts.items()}
    if NULL_REASON[0] not in one.texts:
        said[NULL_REASON[0]] = _reasons(whys, n)
    return view.rows_of_assets(kind.name, pairs.window, pairs.asset, fields, said)


def _spelled(numbers: np.ndarray, text: Spelled) -> Named:
    is_told = np.isfinite(numbers)
    named = Named.by_number(np.where(is_told, numbers, 0.0).astype(np.int64), text.text_of)
    return named._replace(codes=np.where(is_told, named.codes, -1).astype(np.int32))


def _reasons(whys: Mapping[str, Why], n: int) -> Named:
    """For each row the reasons of the fields that do not exist, `field: reason`, one after the other."""
    codes = np.stack([np.full(n, -1, np.int32), *(why for why, _ in whys.values())], axis=1)[:, 1:]
    if not (codes >= 0).any():
        return Named(np.full(n, -1, np.int32), [])
    known, place = np.unique(codes, axis=0, return_inverse=True)
    texts = [
        "; ".join(
            f"{field}: {names[code]}" for code, (field, (_, names)) in zip(row, whys.items(), strict=True) if code >= 0
        )
        for row in known.tolist()
    ]
    return Named.of([texts[k] for k in place.ravel().tolist()])
