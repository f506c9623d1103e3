"""What is wrong with the metrics that a plant file states, beside other metrics and the operators that run."""

from collections.abc import Collection, Mapping
from functools import partial
from graphlib import CycleError, TopologicalSorter

from fieldline.across import WINDOWS as ACROSS
from fieldline.across import is_beyond_one_line, is_surely_across, may_be_across, remembers
from fieldline.catalogue import RENAMED, TEXT, Kind, emitter, kinds
from fieldline.expressions import (
    Figure,
    Input,
    Label,
    Length,
    Maintained,
    Parameter,
    Statistic,
    inputs_of,
)
from fieldline.expressions.dimensions import Unit, judged, mismatch, unit_of
from fieldline.expressions.tree import LINE, UNITLESS
from fieldline.plant import ASSET_NUMBERS, Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import matches
from fieldline.tables import nearest
from fieldline.units import QUANTITIES
from processing.derived.calls import MOST_WORDS, calls_of, words_of
from processing.derived.entries import by_kind, inputs_in, kinds_of, made_of, trees_of
from processing.derived.inputs import TELEMETRY, kind_read
from processing.derived.watched import words_watched
from processing.scoring.reference import BINS

_RESERVED = frozenset({"reading", "pipeline", "moved", "alarm", *RENAMED})
_MOST_READ = 64
"""How many metrics of the plant's own one may be made of, counted as often as each is read: where each is made of two, these double."""

_LABELS_OF_ALL = frozenset({"shift", "crew", "product"})


def faults(plant: Plant, operators: Collection[str]) -> list[str]:
    """What is wrong with the plant's own metrics beside other metrics and the operators of these names."""
    entries = by_kind(plant)
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
            if (kept := words_of(calls_of(trees_of(entry))) + words_watched(entry)) > MOST_WORDS:
                wrong.append(
                    f"$.metric: {name} remembers {kept} numbers of an asset: expected at most {MOST_WORDS}; "
                    f"an adwin keeps 135, a rolling_… as many as its windows, a model's drift {BINS} a feature: make two metrics of it"
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
        for path in _paths_of(plant, entry, one.scope)
        if not _may_have_quantiles(plant, one, path)
    ]


def _paths_of(plant: Plant, entry: MetricEntry, scope: str) -> list[str]:
    """Paths or globs of the assets that a scope may mean."""
    if scope == LINE:
        return ["*"]
    if scope in entry.assets or not scope:
        return [entry.assets.get(scope, entry.asset)]
    mine = (one for one in plant.assets if matches(entry.asset, one.path) or matches(one.path, entry.asset))
    return list(dict.fromkeys(one.ties[scope] for one in mine if scope in one.ties))


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
    wrong += [
        f"$.metric: {name} of {entry.asset!r} reads several lines, and assets by their ties ({', '.join(sorted(entry.ties_read()))}), "
        "which are of one line: expected names of [metric.assets] for all of them"
        for name, mine in entries.items()
        for entry in mine
        if entry.ties_read() and may_be_across(plant, entry)
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


def _depth_faults(entries: Mapping[str, list[MetricEntry]]) -> list[str]:
    """A kind that is made of itself, or one that others are read out too often for: one that is read by two is read out for each."""
    below, reads = made_of(entries), dict[str, int]()
    try:
        for name in TopologicalSorter(below).static_order():
            reads[name] = 1 + sum(reads[other] for other in below[name])
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
    if one.name in UNITLESS:
        return "1" if one.name == "coverage" else None
    if one.by:
        return QUANTITIES[one.tag].unit
    paths = [entry.asset] if one.scope == LINE else _paths_of(plant, entry, one.scope)
    units = {plant.tag_info(asset, one.tag).unit for path in paths for asset in _assets_of(plant, path, one.scope)}
    return units.pop() if len(units) == 1 else None


def _assets_of(plant: Plant, path: str, scope: str) -> list[str]:
    """Assets of the plant file that a path or glob may mean; itself where it names none."""
    if scope == "line":
        return [path]
    found = [entry.path for entry in plant.assets if matches(path, entry.path)]
    return found or [path]
