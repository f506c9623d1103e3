"""A derived metric is an operator that keeps nothing: `derived` makes it of its inputs and its formula.

    COMPONENT = derived(
        name="chiller",
        meaning="How well a chiller works.",
        inputs={"cooling_kw": "mean(cooling_kw)", "power_kw": "mean(power_kw)"},
        fields=(("cop", "1", "coefficient of performance", "cooling_kw / power_kw", "EN 14511-1:2022"),),
        formula=lambda columns: {"cop": columns["cooling_kw"] / columns["power_kw"]},
        windows=("1m", "1h", "day"),
        needs=("telemetry",),
    )

A row has a value of `coverage`, the least of its inputs', and where a field does not exist `null_reason` says why.

With `Carried(state, step)` as its formula it remembers: `step` carries the state of each asset from window to window (`memory.py`). With
`every` the plant file says of each asset in which windows it has rows; with `texts` numbers are told in words, too.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind
from fieldline.expressions import Input, Own, Term, inputs_of, parse
from fieldline.expressions.tree import OWN as OF_ITSELF
from fieldline.plant import Plant
from fieldline.plantfile.metrics import FROM_THE_BEGINNING
from processing.derived.inputs import Answer, Pairs, Sources, distinct, is_of_window, read_inputs
from processing.derived.memory import WINDOWS, Memory, Step, kept_for
from processing.derived.scopes import Scope, holding
from processing.metric_rows import MetricRows, Named, levels_of, retracted
from processing.operator import Bring, Operator, nothing_to_read_out
from processing.view import View

Why = tuple[np.ndarray, Sequence[str]]
"""int32[n], -1 where a value exists, and the reasons that the others stand for."""

Columns = Mapping[Term, np.ndarray]
"""float64[n] each: inputs, and what a memory gives."""

Figures = Callable[[Columns], tuple[dict[str, np.ndarray], dict[str, Why]]]
"""Fields, float64[n] each, and why some of their values do not exist."""

Row = tuple[str, str, str, str, str]
"""A field: its name, unit, meaning, formula and source."""

_COVERAGE = (
    "coverage",
    "1",
    "the smallest share of the window that an input stands on, of those that exist and tell one",
    "min of the inputs' coverage",
    OWN,
)


class Spelled(NamedTuple):
    """A field that is text: what a whole number means that the formula gives, in a field or beside them.

    meaning : the field's; number : the formula's name of the number, NaN: no text; text_of : "" is no text either
    """

    meaning: str
    number: str
    text_of: Callable[[int], str]


_NO_TEXTS: Mapping[str, Spelled] = MappingProxyType({})


class Definition(NamedTuple):
    """How a metric is computed, where its scope says.

    assets : paths by the names that inputs have as scopes; memories : what the figures are made of beside the inputs: of several the last
    that has a place for an asset's state. Where there are some and none has, there is no row. texts : fields that are text
    """

    scope: Scope
    assets: Mapping[str, str]
    inputs: tuple[Input, ...]
    figures: Figures
    memories: tuple[Memory, ...] = ()
    texts: Mapping[str, Spelled] = _NO_TEXTS

    @property
    def looks_beside(self) -> bool:
        """Whether it reads windows of another asset."""
        return any(is_of_window(one) and getattr(one, "scope", OF_ITSELF) for one in self.inputs)


class Terms(NamedTuple):
    """What else holds for a metric of a file of its own.

    texts : fields that are text; `null_reason` among them replaces the one that names inputs
    no_coverage : why the rows have no coverage, where none of the inputs tells one
    every : see `Scope`; an asset that the plant file says nothing of has no rows then
    is_default, parameters, is_needed : as of all operators
    """

    texts: Mapping[str, Spelled] = _NO_TEXTS
    no_coverage: str = ""
    every: str = ""
    is_default: bool = False
    parameters: tuple[str, ...] = ()
    is_needed: Callable[[Plant], bool] | None = None


_NO_TERMS = Terms()


class Carried(NamedTuple):
    """A formula that remembers.

    state : the state before an asset's first window, one record (`first_of`); step(inputs, state, out) : a kernel, which carries it through
    one window of each of n assets: inputs, float64[n, inputs] in their order, NaN where one does not exist; state, records[n], changed;
    out, float64[n, fields], output, NaN at first: the fields, then numbers that texts are made of and no field has. version : grows when
    the state comes to mean something else under the same names. of_lines : whether lines without series of their own have it, too
    """

    state: np.ndarray
    step: Step
    version: int = 1
    of_lines: bool = False


def kind_of(name: str, meaning: str, fields: Sequence[Row], windows: Collection[str], terms: Terms = _NO_TERMS) -> Kind:
    """The catalogue's entry of a derived metric, whose rows have the labels that its windows have."""
    of_shifts, of_orders = "shift" in windows, "order" in windows
    said = tuple((field, one.meaning) for field, one in terms.texts.items() if field != NULL_REASON[0])
    return Kind(
        name,
        meaning,
        (*LEVELS, "window"),
        ("shift", "crew") * of_shifts + ("product",) * of_orders,
        terms.no_coverage or _COVERAGE[2],
        (*fields, *(() if terms.no_coverage else (_COVERAGE,)), REV, RETRACTED),
        (ORDER_ID,) * of_orders + said + (NULL_REASON,),
    )


def derived(
    *,
    name: str,
    meaning: str,
    inputs: Mapping[str, str],
    fields: Sequence[Row],
    formula: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]] | Carried,
    windows: tuple[str, ...],
    needs: tuple[str, ...],
    terms: Terms = _NO_TERMS,
) -> Operator:
    """A derived metric of a file of its own.

    inputs : by the name that the formula has for it, each as expressions write it (`fieldline/expressions/parse.py`)
    formula : gives each field, float64[n], of columns of inputs, float64[n], NaN where one does not exist; or see `Carried`
    needs : the operators that the inputs are read from

    Raises ValueError for an input that is none, and for windows that do not follow one another where there is a state.
    """
    if isinstance(formula, Carried) and not {*windows} <= {*WINDOWS}:
        raise ValueError(f"{name}: state goes through {', '.join(WINDOWS)}, got the windows {', '.join(windows)}")
    leaves = _leaves(name, inputs)
    names = [field for field, *_ in fields]
    given = tuple(dict.fromkeys([*names, *(one.number for one in terms.texts.values())]))

    def figures(columns: Columns) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
        named, inputs = {alias: columns[leaf] for alias, leaf in leaves.items()}, dict.fromkeys(leaves.values())
        if isinstance(formula, Carried):
            found = {field: columns[Own(field)] for field in given}
        else:
            with np.errstate(all="ignore"):
                found = dict(formula(named))
        return found, {
            field: _why(values, {one: columns[one] for one in inputs})
            for field, values in found.items()
            if field in names
        }

    everywhere, read, memories = Scope("*", FROM_THE_BEGINNING, terms.every), tuple(leaves.values()), list[Memory]()
    if isinstance(formula, Carried):
        gives = tuple(map(Own, given))
        memory = Memory(name, formula.state, formula.step, read, gives, formula.version, (everywhere,), 0, {})
        memories = [memory, memory.of_lines()] if formula.of_lines else [memory]
    definition = Definition(everywhere, {}, read, figures, tuple(memories), terms.texts)
    kind = kind_of(name, meaning, fields, windows, terms)
    sources = partial(_installed, needs)
    operator = operator_of(
        kind, [definition], windows, needs, sources, parameters=terms.parameters, is_default=terms.is_default
    )
    operator = replace(operator, is_needed=terms.is_needed)
    if not memories:
        return operator
    beside = tuple(keeping(operator, memory, sources) for memory in memories[1:])
    return replace(remembering(operator, memories[0], sources), memories=beside)


def _leaves(name: str, inputs: Mapping[str, str]) -> dict[str, Input]:
    """What a metric reads, by the formula's names. Raises ValueError."""
    trees = {alias: parse(text) for alias, text in inputs.items()}
    for alias, tree in trees.items():
        if inputs_of(tree) != [tree]:
            raise ValueError(
                f"{name}: input {alias!r}: expected one input, such as mean(power_kw), got {inputs[alias]!r}"
            )
    return {alias: inputs_of(tree)[0] for alias, tree in trees.items()}


@cache
def _installed(needs: tuple[str, ...]) -> Sources:
    from processing.operators import known  # the operators' own package finds this file's metrics

    there = known()
    return {kind.name: there[name] for name in needs for kind in there[name].emits}


def _why(values: np.ndarray, columns: Mapping[Input, np.ndarray]) -> Why:
    """The first input that does not exist, else that it is no finite number."""
    why = np.where(np.isfinite(values), -1, len(columns)).astype(np.int32)
    for number, column in reversed(list(enumerate(columns.values()))):
        why[(why >= 0) & np.isnan(column)] = number
    return why, [*(f"no {one}" for one in columns), "not a finite number"]


def operator_of(
    kind: Kind,
    definitions: Sequence[Definition],
    windows: tuple[str, ...],
    needs: tuple[str, ...],
    sources: Callable[[], Sources],
    *,
    parameters: tuple[str, ...] = (),
    is_default: bool = True,
) -> Operator:
    """The operator of a derived metric; definitions : by `since`, ascending: the last that holds for an asset and a window counts."""

    @cache
    def looks_beside() -> bool:
        beside = any(one.looks_beside for one in definitions)
        return beside or any(operator.looks_beside() for operator in sources().values())

    def read_out(view: View) -> list[MetricRows]:
        return _read_out(view, kind, definitions, sources(), looks_beside())

    return Operator(
        name=kind.name,
        emits=(kind,),
        windows=windows,
        needs=needs,
        parameters=("asset.values", *parameters),
        is_default=is_default,
        read_out=read_out,
        looks_beside=looks_beside,
    )


def remembering(operator: Operator, memory: Memory, sources: Callable[[], Sources]) -> Operator:
    """The operator, of the name of the memory, as one that keeps it too."""

    def scan(view: View, bring: Bring) -> None:
        memory.carry(view, _in_windows(view, operator.windows, operator.looks_beside()), sources(), bring)

    return replace(operator, kept=kept_for(memory.name, memory.first), scan=scan, version=memory.version)


def keeping(operator: Operator, memory: Memory, sources: Callable[[], Sources]) -> Operator:
    """The operator that keeps a memory of another one's, and has no rows."""
    return remembering(replace(operator, name=memory.name, emits=(), read_out=nothing_to_read_out), memory, sources)


def _read_out(
    view: View, kind: Kind, definitions: Sequence[Definition], sources: Sources, looks_beside: bool
) -> list[MetricRows]:
    """Rows of the windows: of assets that have a series to be emitted, or of all where others' windows are read."""
    pairs = _pairs(view, looks_beside)
    holds = holding(view, pairs, [one.scope for one in definitions])
    holds[view.assets.across(kind.name)[pairs.asset]] = -1
    found: list[MetricRows] = []
    for number, one in enumerate(definitions):
        for memory, mine in _by_memory(view, one, pairs.only(holds == number)):
            answer = read_inputs(view, mine, one.inputs, one.assets, sources)
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


def _in_windows(view: View, windows: tuple[str, ...], looks_beside: bool) -> Pairs:
    """Of the windows that a metric has, those and the assets whose rows may have changed."""
    levels = [level for window in windows for level in levels_of(window)]
    mine = np.isin(view.windows["level"][view.ids], levels)
    return _pairs(replace(view, ids=view.ids[mine]), looks_beside)


def _pairs(view: View, looks_beside: bool) -> Pairs:
    """The windows and assets whose rows may have changed: by window, then by asset."""
    changed, plant = view.changed, view.plant
    if not len(changed.row):
        return Pairs(changed.window, changed.series)
    windows = np.unique(changed.window)
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
