"""The inputs of derived metrics, as columns: one number for each window and asset, read out of the operators that have it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fieldline.expressions import Figure, InForce, Label, Length, Maintained, Parameter, Read, Statistic
from fieldline.expressions.tree import LINE, OWN, UNITLESS
from processing.each_once import each_once
from processing.joins import find, pair_keys
from processing.kernels import layout as at
from processing.metric_rows import MetricRows, standing
from processing.operator import Operator
from processing.view import View

TELEMETRY, DISTRIBUTION = "telemetry", "distribution"

Sources = Mapping[str, Operator]
"""The operator of each kind that inputs are read from."""


class Pairs(NamedTuple):
    """Windows and assets, int64[n] each."""

    window: np.ndarray
    asset: np.ndarray

    def only(self, index: np.ndarray) -> "Pairs":
        """Those at `index`, a mask or places."""
        return Pairs(self.window[index], self.asset[index])


def distinct(view: View, pairs: Sequence[Pairs]) -> Pairs:
    """Each of the pairs once, by window, then by asset."""
    window, asset = (np.concatenate(columns).astype(np.int64) for columns in zip(*pairs, strict=True))
    _, first = np.unique(pair_keys(view, window, asset), return_index=True)
    return Pairs(window[first], asset[first])


class Answer(NamedTuple):
    """What is known of pairs.

    columns : float64[n] of each input; NaN: it does not exist
    coverage : the least of those inputs that exist; NaN: none tells one
    is_there : bool[n], whether an input of the asset itself exists; where none is read, whether the asset has a sample, or is its line
    is_gone : bool[n], whether none does any more that did before late rows came
    """

    columns: dict[Read, np.ndarray]
    coverage: np.ndarray
    is_there: np.ndarray
    is_gone: np.ndarray


def is_of_window(one: Read) -> bool:
    """Whether an input is read out of windows."""
    return isinstance(one, Statistic | Figure)


def kind_read(one: Read) -> str:
    """The kind whose rows an input is read from; "" where from none."""
    if isinstance(one, Statistic):
        return DISTRIBUTION if one.is_quantile else TELEMETRY
    return one.kind if isinstance(one, Figure) else ""


def read_inputs(
    view: View,
    pairs: Pairs,
    inputs: Sequence[Read],
    assets: Mapping[str, str],
    sources: Sources,
    *,
    by_any: bool = False,
) -> Answer:
    """The inputs of pairs; assets : paths by the names that inputs have as scopes; by_any : see `Definition`."""
    targets = {scope: _targets(view, pairs, scope, assets) for scope in {OWN, *map(_scope_of, inputs)}}
    reads_own = any(is_of_window(one) and _scope_of(one) == OWN for one in inputs)
    asked = {_scope_of(one) for one in inputs if is_of_window(one)} | ({OWN} if not reads_own else set())
    kinds = {kind_read(one) for one in inputs if is_of_window(one)} | ({TELEMETRY} if not reads_own else set())
    rows, gone = _rows_of(view, [Pairs(pairs.window, targets[scope]) for scope in sorted(asked)], kinds, sources)
    # What the plant file says is asked of the asset itself, which names another: nothing need have been heard of that one.
    of_whom = {one: pairs.asset if isinstance(one, Parameter) else targets[_scope_of(one)] for one in inputs}
    answers = {one: _column(view, one, pairs.window, of_whom[one], assets, rows) for one in inputs}
    n = len(pairs.window)
    if by_any:
        is_there = np.any([found for one, (_, _, found) in answers.items() if is_of_window(one)], axis=0)
    elif reads_own:
        mine = [found for one, (_, _, found) in answers.items() if is_of_window(one) and _scope_of(one) == OWN]
        is_there = np.any(mine, axis=0) if mine else np.zeros(n, bool)
    else:
        is_line = pairs.asset == view.plant.lines["asset"][view.windows["line"][pairs.window]]
        found_any = np.any([found for _, _, found in answers.values()] or [np.zeros(n, bool)], axis=0)
        is_there = _has_samples(view, pairs, rows[TELEMETRY]) | (is_line & found_any)
    coverage = np.fmin.reduce([np.full(n, np.nan), *(share for _, share, _ in answers.values())])
    was_there = [targets[scope] for scope in sorted(asked)] if by_any else [pairs.asset]
    is_gone = ~is_there & np.any([_are_in(view, gone, Pairs(pairs.window, one)) for one in was_there], axis=0)
    return Answer({one: values for one, (values, _, _) in answers.items()}, coverage, is_there, is_gone)


def _are_in(view: View, keys: np.ndarray, pairs: Pairs) -> np.ndarray:
    """bool[n], of which pairs the key is among some."""
    return (find(keys, pair_keys(view, *pairs)) >= 0) & (pairs.asset >= 0)


def _scope_of(one: Read) -> str:
    return OWN if isinstance(one, Length | Label | InForce | Maintained) else one.scope


def _targets(view: View, pairs: Pairs, scope: str, assets: Mapping[str, str]) -> np.ndarray:
    """The asset that a scope means for each pair, int64[n]; -1 where nothing was heard of it in the line."""
    if scope == OWN:
        return pairs.asset
    line = view.windows["line"][pairs.window]
    if scope == LINE:
        return view.plant.lines["asset"][line]
    if scope not in assets:
        return view.assets.tied(scope)[pairs.asset]
    number = view.assets.number(assets[scope])
    of_series = view.plant.series
    its_line = of_series["line"][of_series["asset"] == number][:1]
    is_same = line == its_line[0] if len(its_line) else np.zeros(len(line), bool)
    return np.where(is_same, number, -1)


def _rows_of(
    view: View, asked: list[Pairs], kinds: set[str], sources: Sources
) -> tuple[dict[str, list[MetricRows]], np.ndarray]:
    """By kind, all rows of the assets in the windows, whether they changed or not; and keys of pairs of which a row is retracted."""
    window, asset = distinct(view, [pairs.only(pairs.asset >= 0) for pairs in asked])
    pair, row, _ = view.series_of(window, asset)
    # A line may have no series: its rows are read out where any row of its window is to be emitted, as its block's first.
    of_lines = window[asset == view.plant.lines["asset"][view.windows["line"][window]]]
    flagged = np.concatenate([window[pair], of_lines]), np.concatenate([row, view.windows["block"][of_lines]])
    found: dict[str, list[MetricRows]] = {kind: [] for kind in kinds}
    gone = [np.empty(0, np.int64)]
    with view.asking(window, *flagged) as wide:
        for operator in {sources[kind].name: sources[kind] for kind in sorted(kinds)}.values():
            for rows in operator.read_out(wide):
                if rows.kind in found:
                    stand = standing(rows)
                    found[rows.kind].append(stand)
                    if len(stand.time) < len(rows.time):
                        gone.append(_keys(view, rows.only(np.flatnonzero(rows.fields["retracted"] == 1.0))))
    return found, each_once(np.concatenate(gone))


def _column(
    view: View,
    one: Read,
    window: np.ndarray,
    asset: np.ndarray,
    assets: Mapping[str, str],
    rows: Mapping[str, list[MetricRows]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An input of pairs: its values and coverage, float64[n], and whether it has a row, bool[n]."""
    n, nothing = len(window), np.full(len(window), np.nan)
    if isinstance(one, Length):
        start, end = (view.windows[name][window] for name in ("start", "end"))
        said = start / 1e9 if one.what == "start_s" else np.where(end >= at.FAR, np.nan, (end - start) / 1e9)
        return said, nothing, np.zeros(n, bool)
    if isinstance(one, Maintained):
        line, start = (view.windows[name][window] for name in ("line", "start"))
        when = view.done[one.of].newest(line, asset, start)
        return (
            when if one.what == "time_s" else np.where(when > 0, start / 1e9 - when, np.nan),
            nothing,
            np.zeros(n, bool),
        )
    if isinstance(one, InForce):
        line, start = (view.windows[name][window] for name in ("line", "start"))
        number, digest = view.models.in_force(one.model, one.role, line, asset, start)
        return (number if one.what == "version" else digest), nothing, np.zeros(n, bool)
    if isinstance(one, Label):
        return _labelled(view, one, window, asset), nothing, np.zeros(n, bool)
    if isinstance(one, Parameter):
        return _told(view, one, window, asset, assets), nothing, np.zeros(n, bool)
    values, coverage, wanted = nothing.copy(), nothing.copy(), pair_keys(view, window, asset)
    wanted[asset < 0] = -1
    mine = rows[kind_read(one)]
    found = _of_tag(view, one, mine) if isinstance(one, Statistic) else _of_field(view, one, mine)
    is_found = np.zeros(n, bool)
    for keys, some, shares in found:
        place = find(keys, wanted)
        has = (place >= 0) & (wanted >= 0)
        values[has], coverage[has], is_found[has] = some[place[has]], shares[place[has]], True
    return values, coverage, is_found


def _told(view: View, one: Parameter, window: np.ndarray, asset: np.ndarray, assets: Mapping[str, str]) -> np.ndarray:
    """What the plant file says of the pairs' assets.

    It says it of one that nothing was heard of, too: else it would go by what came first.
    """
    if one.scope == OWN:
        return view.assets.values(one.name)[asset]
    if one.scope == LINE:
        return view.assets.values(one.name)[view.plant.lines["asset"][view.windows["line"][window]]]
    if one.scope not in assets:
        return view.assets.values_of_tied(one.scope, one.name)[asset]
    line, value = view.assets.told(assets[one.scope], one.name)
    return np.where(view.windows["line"][window] == line, value, np.nan)


def _labelled(view: View, one: Label, window: np.ndarray, asset: np.ndarray) -> np.ndarray:
    """What is said of windows, of the orders that hold for each asset."""
    known = view.windows
    if one.name != "product":
        return view.assets.of_calendar(one, *(known[name][window] for name in ("line", "start", "end")))
    product, machine = view.labels["product"][window].copy(), view.plant.scopes["machine"][asset]
    for place in np.flatnonzero(machine >= 0).tolist():
        scope, record = view.plant.scopes[machine[place]], known[window[place]]
        runs = view.plant.runs[scope["first"] : scope["last"]]
        through = runs[(runs["start"] <= record["start"]) & (runs["end"] >= record["end"])]
        product[place] = through["product"][0] if len(through) else 0
    names = np.array([name == one.text for name in view.names.products], bool)
    return np.where(product > 0, names[product].astype(np.float64), np.nan)


Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Keys of pairs, int64[n], with values and coverage, float64[n]."""


def _keys(view: View, rows: MetricRows) -> np.ndarray:
    assert rows.of is not None, rows.kind
    return pair_keys(view, rows.of, rows.asset.astype(np.int64))


def _of_field(view: View, one: Figure, found: list[MetricRows]) -> Iterator[Found]:
    for rows in found:
        nothing = np.full(len(rows.time), np.nan)
        yield _keys(view, rows), rows.fields.get(one.field, nothing), rows.fields.get("coverage", nothing)


def _of_tag(view: View, one: Statistic, found: list[MetricRows]) -> Iterator[Found]:
    for rows in found:
        assert rows.tag is not None
        factor, offset = np.ones(len(rows.time)), np.zeros(len(rows.time))
        if one.by:
            factor, offset = view.assets.scales(one.by, one.tag, rows.asset, rows.tag)
            some = np.flatnonzero(~np.isnan(factor))
            _, first, counts = np.unique(_keys(view, rows)[some], return_index=True, return_counts=True)
            mine = some[first]
            # Of several tags there is no value, but a row: one that stands from when there was one tag would stay.
            factor[mine[counts > 1]] = np.nan
        else:
            mine = np.flatnonzero(rows.tag == view.assets.tag_number(one.tag))
        is_value, values = ~np.isnan(factor[mine]), rows.fields[one.name][mine]
        if one.name not in UNITLESS:
            with np.errstate(over="ignore"):  # what is no finite number is none
                values = values * factor[mine] + offset[mine]
        shares = rows.fields["coverage"][mine]
        yield _keys(view, rows)[mine], np.where(is_value, values, np.nan), np.where(is_value, shares, np.nan)


def _has_samples(view: View, pairs: Pairs, found: list[MetricRows]) -> np.ndarray:
    """bool[n], of which pairs a tag has a sample."""
    keys = each_once(np.concatenate([np.empty(0, np.int64), *(_keys(view, rows) for rows in found)]))
    return find(keys, pair_keys(view, *pairs)) >= 0
