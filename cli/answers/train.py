"""A model trained on a table: what is told of it, and what is written."""

import inspect
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cli.report import Column, Data, Facts, Note, Piece, Report, Table, Verbatim, columns
from fieldline.errors import SettingsError
from models.card import Card, Figure, write_card
from models.history import Note as Said
from models.registry import Registry
from models.table import read_values
from models.task import Held, Trained
from models.tasks import known

_CARD = "card.json"


class Keep(NamedTuple):
    """Where a model is kept as a candidate, by what name, and who says so."""

    registry: Path
    name: str
    said: Said


class Asked(NamedTuple):
    """What the flags say; settings : NAME=VALUE each."""

    task: str
    tables: Sequence[Path]
    judge: Path | None
    rul: Path | None
    settings: Sequence[str]
    out: Path | None
    keep: Keep | None = None


def answer(asked: Asked, watch: Callable[[int, int], None]) -> Report:
    """Train, judge and write. watch : told how much is done and how much there is. Raises SettingsError."""
    if asked.rul is not None and asked.judge is None:
        raise SettingsError("train: --rul are the lives of the units of --judge, which is not given")
    task = known().chosen(asked.task, "train")
    chosen = task.options_of(_settings(asked.settings))
    model = task.trained(task.read(*asked.tables), chosen, lambda share, doing: watch(int(1000 * share), 1000))
    pieces = [*_card(model.card)]
    if asked.judge is not None:
        truth = None if asked.rul is None else read_values(asked.rul)
        judged = task.evaluate(model, Held(task.read(asked.judge), truth), chosen)
        pieces.append(_figures("judged", f"Judged by {asked.judge.name}", judged))
    if asked.out is not None:
        files = [asked.out / _CARD, *task.draw(model, asked.out)]
        write_card(model.card, files[0])
        pieces.append(Table("files", columns("file"), [{"file": str(file)} for file in files], title="Written"))
    if asked.keep is not None:
        pieces += _kept(asked.keep, model)
    return Report(pieces)


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
        return Report([Table("tasks", columns("task", "foretells"), rows)], root="tasks")
    task = there.chosen(name, "train")
    fields = msgspec.structs.fields(task.options)
    rows = [
        {"option": field.name, "default": "needed" if field.required else _shown(field.default)} for field in fields
    ]
    return Report([
        Verbatim(there.manual(name).strip()),
        Table("options", columns("option", "default"), rows),
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


def _figures(name: str, title: str, figures: Sequence[Figure]) -> Table:
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
    return Table(name, listed, rows, title=f"{title}{on}; low and high are ends of its interval")


def _shown(value: object) -> str:
    return "" if value in ((), None) else str(value)
