"""The metrics that a plant file states (`[[metric]]`), as operators."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from graphlib import TopologicalSorter
from hashlib import blake2b

import numpy as np

from fieldline.errors import SettingsError
from fieldline.expressions import (
    Input,
    Label,
    Maintained,
    Node,
    Own,
    Term,
)
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob
from processing.derived.advised import advice_of, health_of, texts_of
from processing.derived.calls import VERSION, Calls, calls_of
from processing.derived.definition import Columns, Definition, Why
from processing.derived.driver import driver_of
from processing.derived.entries import by_kind, inputs_in, kind_of_entries, made_of, trees_of
from processing.derived.evaluate import evaluate, whys
from processing.derived.inputs import TELEMETRY, Sources, kind_read
from processing.derived.memory import Memory
from processing.derived.metric import keeping, operator_of
from processing.derived.plant_faults import faults
from processing.derived.scopes import Scope
from processing.derived.scored import NO_MODELS, Models, in_force, scores
from processing.derived.watched import VERSION as WATCHED_VERSION
from processing.derived.watched import Watched, drift_of
from processing.operator import Operator
from processing.timeline.events import MODEL

Fields = dict[str, np.ndarray]
Whys = dict[str, Why]


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
    entries = by_kind(plant)
    for name in TopologicalSorter(made_of(entries)).static_order():
        sources[name] = _operator_of(
            plant, name, entries[name], sources, models if remember else NO_MODELS, remember=remember
        )
        found.append(sources[name])
    return found


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
        trees, read = trees_of(entry), inputs_in(entry)
        own = _memories_of(plant, name, entry, scopes, number, models) if remember else ()
        figures = partial(_all_figures, trees, entry, models)
        inputs, texts = (*read, *in_force(entry)), texts_of(entry)
        definitions.append(Definition(scopes[number], entry.assets, inputs, figures, own, texts))
    read_kinds = {kind_read(one) for definition in definitions for one in definition.inputs} - {""} | {TELEMETRY}
    mine: Sources = {kind: sources[kind] for kind in read_kinds}
    needs = tuple(sorted({mine[kind].name for kind in read_kinds}))
    by_calendar = any(isinstance(one, Label) for definition in definitions for one in definition.inputs)
    operator = operator_of(
        kind_of_entries(name, entries),
        definitions,
        entries[0].windows,
        needs,
        lambda: mine,
        parameters=(f"metric.{name}", *("calendar", "tariff.price") * by_calendar),
    )
    unnamed = replace(operator, parameters=())
    memories = [keeping(unnamed, memory, lambda: mine) for one in definitions for memory in one.memories]
    return replace(operator, memories=tuple(memories), held=_held(entries))


def _held(entries: Sequence[MetricEntry]) -> dict[str, tuple[str, ...]]:
    """See `Operator.held`."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        told = [f"{MODEL}/{entry.model_name}"] if entry.model is not None else []
        told += list(dict.fromkeys(f"@{one.of}" for one in inputs_in(entry) if isinstance(one, Maintained)))
        for one in told:
            found[one] = (*found.get(one, ()), entry.asset)
    return found


def _memories_of(
    plant: Plant, name: str, entry: MetricEntry, scopes: tuple[Scope, ...], number: int, models: Models
) -> tuple[Memory, ...]:
    """What a definition remembers: of machines and the like, and of lines, where its `asset` may be one."""
    trees = trees_of(entry)
    is_watched = entry.model is not None and entry.model.drift is not None
    if not calls_of(trees) and not is_watched:
        return ()
    kept = Watched(entry, trees, inputs_in(entry), models) if is_watched else Calls(trees, inputs_in(entry))
    told = repr((entry.asset, entry.since_ns, sorted(entry.assets.items()))).encode()
    named = f"{name}.{kept.fingerprint}{blake2b(told, digest_size=4).hexdigest()}"
    version = WATCHED_VERSION if is_watched else VERSION
    of_assets = Memory(named, kept.first, kept.step, kept.inputs, kept.gives, version, scopes, number, entry.assets)
    may_be_line = plant.may_be_line(entry.asset)
    may_be_machine = is_glob(entry.asset) or not may_be_line
    return (of_assets,) * may_be_machine + (of_assets.of_lines(),) * may_be_line


def figures_of(entry: MetricEntry, columns: Mapping[Input, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    """An entry's fields, float64[n] each, of columns of its inputs, and why some of their values do not exist."""
    known: dict[Term, np.ndarray] = dict(columns.items())
    return _figures(trees_of(entry), known)


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
        if entry.model.driver is not None:
            values, whys = _joined(values, whys, *driver_of(entry, known, models))
        if entry.model.drift is not None:
            values, whys = _joined(values, whys, *drift_of(entry, known))
    if entry.advice is not None:
        values, whys = _joined(values, whys, *advice_of(entry.advice, values))
    return values, whys


def _joined(values: Fields, whys: Whys, more: Fields, more_whys: Whys) -> tuple[Fields, Whys]:
    return values | more, whys | more_whys
