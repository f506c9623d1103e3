"""The metrics that a plant file states (`[[metric]]`), as operators, and what is wrong with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from hashlib import blake2b

import numpy as np

from fieldline.across import WINDOWS as ACROSS
from fieldline.across import is_beyond_one_line, is_surely_across, may_be_across, remembers
from fieldline.catalogue import RENAMED, TEXT, Kind, emitter, kinds
from fieldline.errors import SettingsError
from fieldline.expressions import (
    Figure,
    Input,
    Label,
    Length,
    Maintained,
    Node,
    Own,
    Parameter,
    Statistic,
    Term,
    inputs_of,
)
from fieldline.expressions.dimensions import Unit, judged, mismatch, unit_of
from fieldline.expressions.tree import LINE
from fieldline.plant import ASSET_NUMBERS, Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob, matches
from fieldline.tables import nearest
from fieldline.units import QUANTITIES
from processing.derived.advised import advice_of, health_of, texts_of
from processing.derived.calls import MOST_WORDS, VERSION, Calls, calls_of, words_of
from processing.derived.definition import Columns, Definition, Spelled, Why
from processing.derived.evaluate import evaluate, whys
from processing.derived.inputs import TELEMETRY, Sources, kind_read
from processing.derived.memory import Memory
from processing.derived.metric import Terms, keeping, kind_of, operator_of
from processing.derived.scopes import Scope
from processing.derived.scored import NO_MODELS, Models, in_force, scores
from processing.operator import MAINTENANCE, Operator
from processing.timeline.events import MODEL

Fields = dict[str, np.ndarray]
Whys = dict[str, Why]

_RESERVED = frozenset({"reading", "pipeline", "moved", "alarm", *RENAMED})
_MOST_READ = 64
"""How many metrics of the plant's own one may be made of, counted as often as each is read: where each is made of two, these double."""

_LABELS_OF_ALL = frozenset({"shift", "crew", "product"})


def kinds_of(plant: Plant) -> dict[str, Kind]:
    """The catalogue's entries of the plant's own metrics, by name."""
    return {name: _kind_of(name, entries) for name, entries in _by_kind(plant).items()}


def operators_of(
    plant: Plant, operators: Sequence[Operator], *, remember: bool = True, models: Models = NO_MODELS
) -> list[Operator]:
    """An operator for each kind of the plant's own metrics, each after those that it is made of.

    operators : those that run beside them; remember : False: they tell which rows there are, and no figure that is made of a memory
    models : those that score their fields, where some do
    Raises SettingsError for what `faults` finds.
    """
    if wrong := faults(plant, [operator.name for operator in operators]):
        raise SettingsError("\n".join(wrong))
    sources: dict[str, Operator] = {kind.name: operator for operator in operators for kind in operator.emits}
    found = []
    entries = _by_kind(plant)
    for name in TopologicalSorter(_made_of(entries)).static_order():
        sources[name] = _operator_of(
            plant, name, entries[name], sources, models if remember else NO_MODELS, remember=remember
        )
        found.append(sources[name])
    return found


def _by_kind(plant: Plant) -> dict[str, list[MetricEntry]]:
    """Entries by kind, of each by `since`, and of equals as they stand."""
    found: dict[str, list[MetricEntry]] = {}
    for entry in plant.metrics:
        found.setdefault(entry.kind, []).append(entry)
    return {name: sorted(entries, key=lambda entry: entry.since_ns) for name, entries in found.items()}


def _kind_of(name: str, entries: list[MetricEntry]) -> Kind:
    fields = {field: said for entry in entries for field, said in entry.field.items()}
    meaning = next((entry.meaning for entry in reversed(entries) if entry.meaning), "a metric of the plant's own")
    rows = [
        (field, said.unit or "not declared", said.meaning or "a field of the plant's own", said.value, "plant file")
        for field, said in fields.items()
    ]
    texts: dict[str, Spelled] = {}
    for part in ("health", "model", "advice"):
        said = next((getattr(entry, part) for entry in reversed(entries) if getattr(entry, part) is not None), None)
        rows += said.rows("plant file") if said is not None else []
    for entry in entries:
        texts |= texts_of(entry)
    return kind_of(name, meaning, rows, entries[0].windows, Terms(texts=texts))


def _operator_of(
    plant: Plant,
    name: str,
    entries: list[MetricEntry],
    sources: Mapping[str, Operator],
    models: Models,
    *,
    remember: bool,
) -> Operator:
    """The operator of a kind, with those of the memories of its definitions.

    Each definition's memory is an operator of its own, named for what it remembers: so another entry beside it, or another field in
    it, leaves what it remembers as it is.
    """
    scopes = tuple(Scope(entry.asset, entry.since_ns) for entry in entries)
    definitions = []
    for number, entry in enumerate(entries):
        trees, read = _trees(entry), inputs_in(entry)
        own = _memories_of(plant, name, entry, trees, scopes, number) if remember else ()
        figures = partial(_all_figures, trees, entry, models)
        inputs, texts = (*read, *in_force(entry)), texts_of(entry)
        definitions.append(Definition(scopes[number], entry.assets, inputs, figures, own, texts))
    read_kinds = {kind_read(one) for definition in definitions for one in definition.inputs} - {""} | {TELEMETRY}
    mine: Sources = {kind: sources[kind] for kind in read_kinds}
    needs = tuple(sorted({mine[kind].name for kind in read_kinds}))
    by_calendar = any(isinstance(one, Label) for definition in definitions for one in definition.inputs)
    operator = operator_of(
        _kind_of(name, entries),
        definitions,
        entries[0].windows,
        needs,
        lambda: mine,
        parameters=(f"metric.{name}", *("calendar",) * by_calendar),
    )
    unnamed = replace(operator, parameters=())
    memories = [keeping(unnamed, memory, lambda: mine) for one in definitions for memory in one.memories]
    return replace(operator, memories=tuple(memories), held=_held(entries))


def _held(entries: Sequence[MetricEntry]) -> dict[str, tuple[str, ...]]:
    """See `Operator.held`."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        told = [f"{MODEL}/{entry.model_name}"] if entry.model is not None else []
        told += [MAINTENANCE] if any(isinstance(one, Maintained) for one in inputs_in(entry)) else []
        for one in told:
            found[one] = (*found.get(one, ()), entry.asset)
    return found


def _memories_of(
    plant: Plant, name: str, entry: MetricEntry, trees: Mapping[str, Node], scopes: tuple[Scope, ...], number: int
) -> tuple[Memory, ...]:
    """What a definition remembers: of machines and the like, and of lines, where its `asset` may be one."""
    if not calls_of(trees):
        return ()
    read = inputs_in(entry)
    calls = Calls(trees, read)
    told = repr((entry.asset, entry.since_ns, sorted(entry.assets.items()))).encode()
    named = f"{name}.{calls.fingerprint}{blake2b(told, digest_size=4).hexdigest()}"
    of_assets = Memory(named, calls.first, calls.step, read, calls.calls, VERSION, scopes, number, entry.assets)
    may_be_line = plant.may_be_line(entry.asset)
    may_be_machine = is_glob(entry.asset) or not may_be_line
    return (of_assets,) * may_be_machine + (of_assets.of_lines(),) * may_be_line


def inputs_in(entry: MetricEntry) -> tuple[Input, ...]:
    """What a metric reads; of one that reads nothing the windows' length, since columns of numbers alone have none."""
    found = tuple(dict.fromkeys(one for field in entry.field.values() for one in inputs_of(field.tree)))
    return found or (Length(),)


def figures_of(entry: MetricEntry, columns: Mapping[Input, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    """An entry's fields, float64[n] each, of columns of its inputs, and why some of their values do not exist."""
    known: dict[Term, np.ndarray] = dict(columns.items())
    return _figures(_trees(entry), known)


def _trees(entry: MetricEntry) -> dict[str, Node]:
    """The expressions of fields, each after those that it is made of."""
    return {name: entry.field[name].tree for name in entry.ordered}


def _figures(trees: Mapping[str, Node], columns: Columns) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    known: dict[Term, np.ndarray] = dict(columns.items())
    for one in calls_of(trees):  # of a memory that is not there nothing is known
        if one not in known:
            known[one] = np.full(len(next(iter(columns.values()))), np.nan)
    for name, tree in trees.items():
        known[Own(name)] = evaluate(tree, known)
    values = {name: known[Own(name)] for name in trees}
    return values, {name: whys(tree, known, values[name]) for name, tree in trees.items()}


def _all_figures(
    trees: Mapping[str, Node], entry: MetricEntry, models: Models, columns: Columns
) -> tuple[Fields, Whys]:
    """The fields, then what is made of them: health, what a model says, what should be done."""
    values, whys = _figures(trees, columns)
    if entry.health is not None:
        values, whys = _joined(values, whys, *health_of(entry.health, values))
    if entry.model is not None:
        known: dict[Term, np.ndarray] = dict(columns.items())
        known.update({Own(name): values[name] for name in entry.features})
        values, whys = _joined(values, whys, *scores(entry, known, models))
    if entry.advice is not None:
        values, whys = _joined(values, whys, *advice_of(entry.advice, values))
    return values, whys


def _joined(values: Fields, whys: Whys, more: Fields, more_whys: Whys) -> tuple[Fields, Whys]:
    return values | more, whys | more_whys


# -- what is wrong


def faults(plant: Plant, operators: Collection[str]) -> list[str]:
    """What is wrong with the plant's own metrics beside other metrics and the operators of these names."""
    entries = _by_kind(plant)
    known = {**kinds(), **kinds_of(plant)}
    wrong = [
        f"$.metric: {name!r} is a kind of metric already: choose another name"
        for name in entries
        if name in kinds() or name in _RESERVED
    ]
    for name, mine in entries.items():
        for entry in mine:
            unknown = {one: _fault_of(one, plant, known) for one in inputs_in(entry)}
            for field, said in entry.field.items():
                place = f"$.metric: {name}.{field}"
                wrong += [f"{place}: {unknown[one]}" for one in inputs_of(said.tree) if unknown[one]]
            if not any(unknown.values()):
                wrong += [f"$.metric: {name}.{fault}" for fault in _unit_faults(entry, plant, known)]
            if (kept := words_of(calls_of(_trees(entry)))) > MOST_WORDS:
                wrong.append(
                    f"$.metric: {name} remembers {kept} numbers of an asset: expected at most {MOST_WORDS}; "
                    "an adwin keeps 135, a rolling_… as many as its windows: make two metrics of it"
                )
        read = {kind_read(one) for entry in mine for one in inputs_in(entry)} | {TELEMETRY}
        missing = sorted({emitter(kind).name for kind in read & kinds().keys()} - {*operators})
        wrong += [
            f"$.metric: {name} needs the operator {one!r}, which $.process.operators leaves out" for one in missing
        ]
    wrong += _quantile_faults(plant) + _depth_faults(entries)
    wrong += _across_faults(plant, entries) + _speed_faults(plant, operators)
    return wrong + _formula_faults(plant, operators)


def _quantile_faults(plant: Plant) -> list[str]:
    """Quantiles that metrics read of tags of which the plant file wants none: there are no rows of them."""
    return [
        f"$.metric: {entry.kind}.{field}: {one}: expected [asset.tags.{one.tag}] quantiles = true of {path}: by default none are kept"
        for entry in plant.metrics
        for field, said in entry.field.items()
        for one in inputs_of(said.tree)
        if isinstance(one, Statistic) and one.is_quantile
        for path in (entry.assets.get(one.scope, entry.asset),)
        if not _may_have_quantiles(plant, one, "*" if one.scope == LINE else path)
    ]


def _may_have_quantiles(plant: Plant, one: Statistic, path: str) -> bool:
    """Whether quantiles are wanted of a tag that a statistic may mean, of an asset that a path or glob may mean."""
    return any(
        said.quantiles and (one.by or matches(tag, one.tag))
        for entry in plant.assets
        if matches(entry.path, path) or matches(path, entry.path)
        for tag, said in entry.tags.items()
    )


def _across_faults(plant: Plant, entries: Mapping[str, list[MetricEntry]]) -> list[str]:
    """What metrics that are made of several lines' windows can't be, as far as the plant file tells which are."""
    beyond = {name: [entry for entry in mine if is_surely_across(plant, entry)] for name, mine in entries.items()}
    wrong = [
        f"$.metric: {name}.windows: expected one of {', '.join(ACROSS)}, since it reads several lines, "
        f"got {', '.join(entry.windows)}"
        for name, mine in beyond.items()
        for entry in mine
        if not {*entry.windows} & {*ACROSS}
    ]
    wrong += [
        f"$.metric: {name} of {entry.asset!r} has functions that remember, which go through the windows of one line, and reads "
        f"several: expected assets of {plant.line_of(entry.asset)}, got {', '.join(entry.assets.values()) or entry.asset}"
        for name, mine in entries.items()
        for entry in mine
        if remembers(entry) and is_beyond_one_line(plant, entry)
    ]
    wrong += [
        f"$.metric: {name} of {entry.asset!r} has a model, health or advice, which are of assets of one line, and names assets of others: "
        f"{', '.join(entry.assets.values()) or entry.asset}"
        for name, mine in entries.items()
        for entry in mine
        if (entry.model or entry.health or entry.advice) is not None and may_be_across(plant, entry)
    ]
    wrong += [
        f"$.metric: {name} reads window.product, which orders of one line tell, and reads several lines"
        for name, mine in beyond.items()
        for entry in mine
        if any(isinstance(one, Label) and one.name == "product" for one in inputs_in(entry))
    ]
    for name, mine in entries.items():
        read = {kind_read(one) for entry in mine for one in inputs_in(entry)} & entries.keys()
        wrong += [
            f"$.metric: {name} is made of {other}, which reads several lines: nothing can be made of that; "
            "write what both say into one entry"
            for other in sorted(read)
            if beyond[other]
        ]
    return wrong


def _speed_faults(plant: Plant, operators: Collection[str]) -> list[str]:
    """A measured speed of waveforms is what held before the slice, which `telemetry` alone keeps."""
    wanted = [entry.path for entry in plant.assets if entry.machine is not None and entry.machine.speed_tag is not None]
    if not wanted or TELEMETRY in operators:
        return []
    return [
        f"$.asset.machine: {wanted[0]} speed_tag needs the operator {TELEMETRY!r}, which $.process.operators leaves out"
    ]


def _formula_faults(plant: Plant, operators: Collection[str]) -> list[str]:
    """What is wrong with calculated tags of assets that the plant file names."""
    if not plant.has_formulas:
        return []
    wrong = []
    if TELEMETRY not in operators:
        wrong.append(f"$.asset.tags: formula needs the operator {TELEMETRY!r}, which $.process.operators leaves out")
    for path in dict.fromkeys(entry.path for entry in plant.assets):
        for tag, formula in plant.formulas(path).items():
            place = f"$.asset.tags: {path} {tag}.formula"
            wrong += [f"{place}: {fault}" for one in formula.parameters if (fault := _fault_of(one, plant, {}))]
            mine: list[str] = []
            found = judged(formula.tree, lambda _: None, partial(_unit_of_tag, plant, path), mine)
            wrong += [
                f"{place}: {fault}" for fault in [*mine, mismatch(found, plant.tag_info(path, tag).unit)] if fault
            ]
    return wrong


def _unit_of_tag(plant: Plant, asset: str, tag: str) -> Unit | None:
    return unit_of(plant.tag_info(asset, tag).unit)


def _fault_of(one: Input, plant: Plant, known: Mapping[str, Kind]) -> str:
    if isinstance(one, Parameter):
        values = {name for entry in plant.assets for name in entry.values}
        if one.name not in values and one.name not in ASSET_NUMBERS:
            there = sorted({*values, *ASSET_NUMBERS})
            return f"{one}: expected one of {', '.join(there)}{nearest(one.name, there)}; [asset.values] adds numbers"
    if isinstance(one, Label) and one.name in ("shift", "crew"):
        names = plant.shift_names if one.name == "shift" else plant.crew_names
        if one.text not in names:
            listed = ", ".join(names) or "no [[calendar]] has any"
            return f"{one}: expected a {one.name} of the plant file ({listed}){nearest(one.text, names)}"
    if not isinstance(one, Figure):
        return ""
    if one.kind not in known:
        return f"{one}: expected a kind of metric, got {one.kind!r}{nearest(one.kind, known)}"
    kind = known[one.kind]
    numbers = [metric.field for metric in kind.metrics if metric.unit != TEXT]
    if one.field not in numbers:
        return f"{one}: expected a number of {one.kind}, got {one.field!r}{nearest(one.field, numbers)}"
    if "tag" in kind.tags:
        return f"{one}: {one.kind} has rows by tag; of a tag a statistic is wanted, such as mean(temp_degc)"
    if "window" not in kind.tags or not {*kind.labels} <= _LABELS_OF_ALL:
        return f"{one}: {one.kind} has several rows in a window, or none: it can't be an input"
    return ""


def _made_of(entries: Mapping[str, list[MetricEntry]]) -> dict[str, list[str]]:
    """By kind the other kinds of the plant's own that it is made of."""
    read = {name: [kind_read(one) for entry in mine for one in inputs_in(entry)] for name, mine in entries.items()}
    return {name: [kind for kind in dict.fromkeys(kinds_read) if kind in entries] for name, kinds_read in read.items()}


def _depth_faults(entries: Mapping[str, list[MetricEntry]]) -> list[str]:
    """A kind that is made of itself, or one that others are read out too often for: one that is read by two is read out for each."""
    made_of, reads = _made_of(entries), dict[str, int]()
    try:
        for name in TopologicalSorter(made_of).static_order():
            reads[name] = 1 + sum(reads[other] for other in made_of[name])
    except CycleError as error:
        circle = error.args[1]  # the first comes again at the end
        return [f"$.metric: {circle[0]} is made of itself, by way of {', '.join(circle[-2:0:-1]) or circle[0]}"]
    return [
        f"$.metric: {name} is made of metrics of the plant's own that are made of others, {number - 1} in all: "
        f"expected at most {_MOST_READ}; write what they say into one entry, as fields that name each other"
        for name, number in reads.items()
        if number > 1 + _MOST_READ
    ][:1]


def _unit_faults(entry: MetricEntry, plant: Plant, known: Mapping[str, Kind]) -> list[str]:
    """Fields whose value can't be what their unit says, as far as units are known."""
    wrong: list[str] = []
    judgements: dict[str, Unit | None] = {}
    for name in entry.ordered:
        field, mine = entry.field[name], list[str]()
        found = judged(field.tree, partial(_unit_of, entry, plant, known), judgements.get, mine)
        judgements[name] = unit_of(field.unit) or found
        wrong += [f"{name}: {fault}" for fault in [*mine, mismatch(found, field.unit)] if fault]
    return wrong


def _unit_of(entry: MetricEntry, plant: Plant, known: Mapping[str, Kind], one: Input) -> str | None:
    """The symbol of an input's unit, where it is known: of a tag that several assets have, where all say the same."""
    if isinstance(one, Length | Maintained):
        return "s"
    if isinstance(one, Label):
        return "1" if one.name == "working_share" else None
    if isinstance(one, Figure):
        return next((row[1] for row in known[one.kind].rows if row[0] == one.field), None)
    if isinstance(one, Parameter):
        return "kW" if one.name == "rated_power_kw" else "s" if one.name in ASSET_NUMBERS else None
    if not isinstance(one, Statistic) or one.by == "role":
        return None
    if one.name == "count":
        return None
    if one.by:
        return QUANTITIES[one.tag].unit
    path = entry.assets.get(one.scope, entry.asset)
    units = {plant.tag_info(asset, one.tag).unit for asset in _assets_of(plant, path, one.scope)}
    return units.pop() if len(units) == 1 else None


def _assets_of(plant: Plant, path: str, scope: str) -> list[str]:
    """Assets of the plant file that a path or glob may mean; itself where it names none."""
    if scope == "line":
        return [path]
    found = [entry.path for entry in plant.assets if matches(path, entry.path)]
    return found or [path]
