"""A version back-tested on the plant's own rows, kept in the registry's history, and how that is told."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.logs import existing
from analysis.trial import Span
from cli.report import Column, Data, Facts, Note, Piece, Report, Table, columns
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.settings import Settings
from fieldline.tables import nearest
from models.backtest.outcome import BackTest, Judged
from models.backtest.replay import Replayed, back_test
from models.evaluation.drift import CHANGED
from models.feature_table import Wanted, entry_of, feature_table
from models.history import Action, State
from models.history import Note as Said
from models.registry import Registry
from processing.scoring.model import Model
from processing.scoring.registry import RegistryModels

_HOUR_NS = 3_600_000_000_000
_DAY_H = 24.0


class Asked(NamedTuple):
    """What the flags say; None where one is not given. horizon_s : how soon is soon [s]."""

    metric: str | None
    window: str | None
    horizon_s: float | None
    span: Span
    said: Said


def backtested(settings: Settings, name: str, version: int, asked: Asked) -> tuple[Report, bool]:
    """Replay, score, and write down what came of it; whether the version scored anything. Raises SettingsError, ModelError, Unavailable."""
    registry = Registry(Path(settings.process.models))
    model, plant = registry.read(name, version), plant_of(settings)
    wanted = _wanted(plant, name, model, asked)
    champion = next((one.number for one in registry.versions(name) if one.state is State.CHAMPION), None)
    with existing(settings.log) as log:
        table = feature_table(log, settings.process, plant, wanted, SystemClock())
    rows = Replayed(_entry(plant, name, wanted.kind), table, wanted.of_plant(Path(settings.plant or ""), table))
    found = back_test(rows, RegistryModels(Path(settings.process.models)), version, champion)
    registry.record(name, asked.said.entry(Action.BACK_TEST, version, back_test=found))
    told = Data("model", name), Data("version", version), *pieces(found)
    return Report(told), not found.why_unscored


def _wanted(plant: Plant, name: str, model: Model, asked: Asked) -> Wanted:
    """Which rows: those that flags say, else those that the version was trained on, else the metric's first window and a day ahead."""
    kind = _metric(plant, name, asked.metric)
    log = model.document.lineage.get("log") or {}
    if log.get("metric") != kind:
        log = {}
    window = asked.window or log.get("window") or _entry(plant, name, kind).windows[0]
    horizon_h = log.get("horizon_h", _DAY_H) if asked.horizon_s is None else asked.horizon_s / 3600
    return Wanted(kind, window, asked.span, round(horizon_h * _HOUR_NS))


def _entry(plant: Plant, name: str, kind: str) -> MetricEntry:
    """The metric's definition. Raises SettingsError where the one that holds last has another model, or none."""
    entry = entry_of(plant, kind)
    if entry.model_name != name:
        came = f"the model {entry.model_name!r}" if entry.model_name else "none"
        raise SettingsError(f"models: {kind}: expected {name!r} in the definition that holds last, got {came}")
    return entry


def _metric(plant: Plant, name: str, asked: str | None) -> str:
    """The metric whose fields the model scores. Raises SettingsError where there is none, or several and none is asked for."""
    there: list[MetricEntry] = [entry for entry in plant.metrics if entry.model_name == name]
    kinds = sorted({entry.kind for entry in there})
    if asked is not None:
        if asked in kinds:
            return asked
        known = ", ".join(kinds) or "none"
        raise SettingsError(
            f"models: --metric: expected one that the model {name!r} scores, {known}, got {asked!r}{nearest(asked, kinds)}"
        )
    if len(kinds) != 1:
        came = f"got {', '.join(kinds)}: choose by --metric" if kinds else "got none: name the plant file by --plant"
        raise SettingsError(f"models: expected a [[metric]] of the plant file with [metric.model] for {name!r}, {came}")
    return kinds[0]


def pieces(found: BackTest) -> Iterator[Piece]:
    """A back-test, as told."""
    made = found.made_of
    versions = [found.candidate, *([found.champion] if found.champion is not None else [])]
    facts = {
        "metric": f"{made.metric}, windows of {made.window}",
        "since": made.since,
        "until": made.until,
        "rows": f"{found.rows} of {found.assets} assets, {found.lives} lives",
        "labels": f"{found.positive} rows fail within {made.horizon_h:g} h, {found.negative} do not, "
        f"{found.rows - found.positive - found.negative} are not known",
    }
    yield Data("back_test", msgspec.to_builtins(found))
    yield Facts(facts)
    yield Table("", [*columns("version", "rows", "scored", "alarms"), Column("moved", "inputs that moved")], [
        _row(one, found) for one in versions
    ])  # fmt: skip
    yield from _figures(versions)
    yield from _notes(found, versions)


def _row(told: Judged, found: BackTest) -> dict[str, Any]:
    crossed = "no threshold" if told.crossed is None else f"{told.crossed} at {told.threshold:.3g} or more"
    moved = sorted(((value, name) for name, value in told.drift.items() if value >= CHANGED), reverse=True)
    return {
        "version": told.version,
        "rows": found.rows,
        "scored": told.scored,
        "alarms": crossed if told.scored else "",
        "moved": ", ".join(f"{name} {value:.2f}" for value, name in moved) or ("none" if told.drift else "not known"),
    }


def _figures(versions: Sequence[Judged]) -> Iterator[Table]:
    """Figures of the versions beside each other."""
    by_name = {figure.name: figure for figure in versions[0].figures}
    if not by_name:
        return
    values = [{figure.name: figure.value for figure in one.figures} for one in versions]
    rows = [
        {"figure": name, "unit": figure.unit, "low": figure.low, "high": figure.high, "convention": figure.convention}
        | {f"version_{one.version}": told.get(name) for one, told in zip(versions, values, strict=True)}
        for name, figure in by_name.items()
    ]
    heads = [
        *columns("figure", "unit"),
        *(Column(f"version_{one.version}", f"version {one.version}") for one in versions),
        *columns("low", "high", "convention"),
    ]
    yield Table("", heads, rows, title=f"Figures of version {versions[0].version}, low and high ends of its interval")


def _notes(found: BackTest, versions: Sequence[Judged]) -> Iterator[Note]:
    for one in versions:
        for why, rows in one.unscored.items():
            yield Note("version {} has no score of {} rows: {}", (one.version, rows, why))
    if found.unjudged:
        yield Note("no figures: {}", (found.unjudged,))
    if found.seen:
        told = "{} of the rows lie where version {} was trained: their figures flatter it; --from leaves them out"
        yield Note(told, (f"{found.seen:.0%}", found.candidate.version))
    if found.champion is None:
        yield Note("there is no champion to stand beside")
    elif found.differs is not None:
        most = found.differs
        sentence = "largest difference: {} of {} at {}: {} against {} of the champion, version {}"
        said = (
            most.output,
            most.asset,
            most.time,
            f"{most.candidate:.6g}",
            f"{most.champion:.6g}",
            found.champion.version,
        )
        yield Note(sentence, said)
