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

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind
from fieldline.expressions import Input, Label, Maintained, Own, inputs_of, parse
from fieldline.expressions.tree import TARIFF_NUMBERS
from fieldline.plant import Plant
from fieldline.plantfile.metrics import FROM_THE_BEGINNING
from processing.derived.definition import NO_TEXTS, Columns, Definition, Spelled, Why
from processing.derived.inputs import Sources
from processing.derived.memory import WINDOWS, Memory, Step, kept_for
from processing.derived.reading_out import pairs_in_windows, read_definitions
from processing.derived.scopes import Scope
from processing.metric_rows import MetricRows
from processing.operator import Bring, Operator, nothing_to_read_out
from processing.view import View

Row = tuple[str, str, str, str, str]
"""A field: its name, unit, meaning, formula and source."""

_COVERAGE = (
    "coverage",
    "1",
    "the smallest share of the window that an input stands on, of those that exist and tell one",
    "min of the inputs' coverage",
    OWN,
)


class Terms(NamedTuple):
    """What else holds for a metric of a file of its own.

    texts : fields that are text; `null_reason` among them replaces the one that names inputs
    by_any : whether a row exists where any input does, also of an asset that it is tied to
    no_coverage : why the rows have no coverage, where none of the inputs tells one
    every, only : see `Scope`; an asset that the plant file says nothing of has no rows then
    is_default, parameters, is_needed : as of all operators
    """

    texts: Mapping[str, Spelled] = NO_TEXTS
    no_coverage: str = ""
    every: str = ""
    only: str = ""
    by_any: bool = False
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

    everywhere, read, memories = (
        Scope("*", FROM_THE_BEGINNING, terms.every, terms.only),
        tuple(leaves.values()),
        list[Memory](),
    )
    if isinstance(formula, Carried):
        gives = tuple(map(Own, given))
        memory = Memory(
            name, formula.state, formula.step, read, gives, formula.version, (everywhere,), 0, {}, by_any=terms.by_any
        )
        memories = [memory, memory.of_lines()] if formula.of_lines else [memory]
    definition = Definition(everywhere, {}, read, figures, tuple(memories), terms.texts, terms.by_any)
    kind = kind_of(name, meaning, fields, windows, terms)
    sources = partial(_installed, needs)
    by_calendar = any(isinstance(one, Label) and one.name not in TARIFF_NUMBERS for one in read)
    parameters = (*terms.parameters, *("calendar",) * by_calendar)
    operator = operator_of(
        kind, [definition], windows, needs, sources, parameters=parameters, is_default=terms.is_default
    )
    held = {f"@{one.of}": ("*",) for one in read if isinstance(one, Maintained)}
    operator = replace(operator, is_needed=terms.is_needed, held=held, reads_labels=by_calendar)
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
        if (
            isinstance(tree, Label) and tree.name == "product"
        ):  # windows are emitted anew for it where the plant file's own metrics read it
            raise ValueError(f"{name}: input {alias!r}: only a [[metric]] of the plant file reads {tree.what}")
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
        return read_definitions(view, kind, definitions, sources(), looks_beside())

    return Operator(
        name=kind.name,
        emits=(kind,),
        windows=windows,
        needs=needs,
        parameters=("asset.values", "asset.ties", *parameters),
        is_default=is_default,
        read_out=read_out,
        looks_beside=looks_beside,
    )


def remembering(operator: Operator, memory: Memory, sources: Callable[[], Sources]) -> Operator:
    """The operator, of the name of the memory, as one that keeps it too."""

    def scan(view: View, bring: Bring) -> None:
        memory.carry(view, pairs_in_windows(view, operator.windows, operator.looks_beside()), sources(), bring)

    return replace(operator, kept=kept_for(memory.name, memory.first), scan=scan, version=memory.version)


def keeping(operator: Operator, memory: Memory, sources: Callable[[], Sources]) -> Operator:
    """The operator that keeps a memory of another one's, and has no rows."""
    return remembering(replace(operator, name=memory.name, emits=(), read_out=nothing_to_read_out), memory, sources)
