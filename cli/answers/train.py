"""A model trained on a table: what is told of it, and what is written."""

import hashlib
import inspect
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.logs import existing
from analysis.trial import Span
from cli.report import Column, Data, Facts, Note, Piece, Report, Verbatim, columns
from cli.report import Table as Shown
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.settings import Settings
from models.card import Card, Figure, write_card
from models.feature_table import Wanted, entry_of, feature_table
from models.history import Note as Said
from models.registry import Registry
from models.table import Table, read_values
from models.task import Held, OfLog, Task, Trained
from models.tasks import known

_CARD = "card.json"
_DAY_NS = 86_400_000_000_000


class Keep(NamedTuple):
    """Where a model is kept as a candidate, by what name, and who says so."""

    registry: Path
    name: str
    said: Said


class Live(NamedTuple):
    """Rows that are made of the log.

    settings : where it is, and the plant; window, horizon_s : how soon is soon [s], None where none is given; span : of windows
    """

    settings: Settings
    metric: str
    window: str | None
    horizon_s: float | None
    span: Span


class Asked(NamedTuple):
    """What the flags say; settings : NAME=VALUE each; live : rows of the log in place of tables."""

    task: str
    tables: Sequence[Path]
    judge: Path | None
    rul: Path | None
    settings: Sequence[str]
    out: Path | None
    keep: Keep | None = None
    live: Live | None = None


def answer(asked: Asked, watch: Callable[[int, int], None]) -> Report:
    """Train, judge and write. watch : told how much is done and how much there is. Raises SettingsError."""
    if asked.rul is not None and asked.judge is None:
        raise SettingsError("train: --rul are the lives of the units of --judge, which is not given")
    task = known().chosen(asked.task, "train")
    chosen = task.options_of({**_of_log(task, asked.live).options, **_settings(asked.settings)})
    table = task.read(*asked.tables) if asked.live is None else _made(task, asked.live)
    model = task.trained(table, chosen, lambda share, doing: watch(int(1000 * share), 1000))
    pieces = [*_card(model.card)]
    if asked.judge is not None:
        truth = None if asked.rul is None else read_values(asked.rul)
        judged = task.evaluate(model, Held(task.read(asked.judge), truth), chosen)
        pieces.append(_figures("judged", f"Judged by {asked.judge.name}", judged))
    if asked.out is not None:
        files = [asked.out / _CARD, *task.draw(model, asked.out)]
        write_card(model.card, files[0])
        pieces.append(Shown("files", columns("file"), [{"file": str(file)} for file in files], title="Written"))
    if asked.keep is not None:
        pieces += _kept(asked.keep, model)
    return Report(pieces)


def _of_log(task: Task, live: Live | None) -> OfLog:
    """How the task learns from the log; nothing where it learns from files. Raises SettingsError where it can't."""
    if live is None:
        return OfLog({}, lambda frame: frame)
    if task.of_log is None:
        raise SettingsError(
            f"train: {task.name} does not learn from a metric's windows: write what it needs to a file, and name that by --table"
        )
    return task.of_log


def _made(task: Task, live: Live) -> Table:
    """The metric's rows, as `metrics table` writes them. Raises SettingsError, Unavailable."""
    settings, plant = live.settings, plant_of(live.settings)
    entry = entry_of(plant, live.metric)
    horizon_ns = _DAY_NS if live.horizon_s is None else round(live.horizon_s * 1e9)
    wanted = Wanted(live.metric, live.window or entry.windows[0], live.span, horizon_ns)
    with existing(settings.log) as log:
        found = feature_table(log, settings.process, plant, wanted, SystemClock())
    rows, made_of = _of_log(task, live).kept(found), wanted.of_plant(Path(settings.plant or ""), found)
    digest = hashlib.sha256(rows.write_csv().encode()).hexdigest()
    units = {name: field.unit or "1" for name, field in entry.field.items()}
    return Table(Path(f"{wanted.kind} {wanted.window} of the log"), rows, digest, made_of, units)


def _kept(keep: Keep, model: Trained) -> list[Piece]:
    """Put a model into the registry. Raises ModelError, and SettingsError for one that no compiled scoring is for."""
    if model.registered is None:
        raise SettingsError(f"train: a model of {model.card.task} can't be kept in the registry: no family scores it")
    number = Registry(keep.registry).add(*model.registered(keep.name), keep.said)
    sentence = "{} version {} is a candidate in {}; its golden rows score as the estimators do"
    return [
        Data("model", keep.name),
        Data("version", number),
        Note(sentence, (keep.name, number, str(keep.registry))),
    ]


def tasks(name: str | None) -> Report:
    """What tasks there are, or the manual and the options of one. Raises SettingsError for one that there is not."""
    there = known()
    if name is None:
        rows = [{"task": task.name, "foretells": task.sentence} for task in there.values()]
        return Report([Shown("tasks", columns("task", "foretells"), rows)], root="tasks")
    task = there.chosen(name, "train")
    fields = msgspec.structs.fields(task.options)
    rows = [
        {"option": field.name, "default": "needed" if field.required else _shown(field.default)} for field in fields
    ]
    return Report([
        Verbatim(there.manual(name).strip()),
        Shown("options", columns("option", "default"), rows),
        Verbatim(inspect.cleandoc(task.options.__doc__ or "")),
    ])  # fmt: skip


def _settings(told: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE as the TOML that it would be; what is none is text, so that names need no quotes."""
    found: dict[str, Any] = {}
    for text in told:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"train: --set: expected NAME=VALUE, got {text!r}")
        try:
            found[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name.strip()] = value.strip()
    return found


def _card(card: Card) -> list[Piece]:
    source = card.source
    facts = {
        "task": card.task,
        "trained on": f"{source.file}, {source.rows} rows"
        + ("" if source.units is None else f" of {source.units} units"),
        "data": f"sha256 {source.sha256[:16]}…",
        "tells": ", ".join(card.outputs),
        "features": f"{len(card.features)}, made of {len(card.inputs)} columns",
        "compared": f"{card.candidates} candidates",
    }
    limits = [Note(f"- {sentence}") for sentence in card.limits]
    return [
        Data("card", msgspec.to_builtins(card)),
        Facts(facts),
        _figures("", "Measured", card.figures),
        Note("Where it ends:"),
        *limits,
    ]


def _figures(name: str, title: str, figures: Sequence[Figure]) -> Shown:
    listed = [
        Column("figure"), Column("value"), Column("unit"), Column("low"), Column("high"),
        Column("on", is_shown=False), Column("convention"),
    ]  # fmt: skip
    rows = [
        {
            "figure": figure.name, "value": figure.value, "unit": figure.unit, "low": figure.low, "high": figure.high,
            "on": figure.on, "convention": figure.convention,
        }
        for figure in figures
    ]  # fmt: skip
    on = f" on {figures[0].on}" if len({figure.on for figure in figures}) == 1 else ""
    return Shown(name, listed, rows, title=f"{title}{on}; low and high are ends of its interval")


def _shown(value: object) -> str:
    return "" if value in ((), None) else str(value)
