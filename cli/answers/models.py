"""The models of a registry, as reports."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cli.answers.models_backtest import pieces
from cli.report import Column, Data, Facts, Note, Piece, Report, Table, columns
from fieldline.errors import ModelError, SettingsError
from models.backtest.outcome import BackTest
from models.history import State, back_tests
from models.registry import Registry, Version
from processing.scoring.document import Document
from processing.scoring.model_file import read_document

_SHORT = 12  # characters of a digest that people compare


def listed(folder: str) -> Report:
    """Every version of every model. A version whose document can't be read is listed with why."""
    registry = Registry(Path(folder))
    rows = []
    for name in registry.names():
        for version in registry.versions(name):
            row: dict[str, Any] = {"model": name, "version": version.number, "state": version.state.value}
            row |= {"task": "", "digest": ""}
            row |= {"since": version.since, "assets": list(version.assets), "fault": None}
            try:
                digest, document = read_document(registry.folder_of(name, version.number))
                row |= {"task": document.task, "digest": digest}
            except ModelError as error:
                row["fault"] = str(error)
            rows.append(row)
    shown = [
        {**row, "where": ", ".join(row["assets"]), "short": row["fault"] or row["digest"][:_SHORT]} for row in rows
    ]
    heads = [
        *columns("model", "version", "state", "task"),
        Column("since"),
        Column("where", "assets"),
        Column("short", "digest"),
    ]
    table = Table("", heads, shown, keys=2, empty=f"no models in {folder}")
    return Report([Data("models", rows), table], root="models")


def shown(folder: str, name: str, number: int | None) -> Report:
    """One version, whole. Raises ModelError."""
    registry = Registry(Path(folder))
    version = _chosen(registry, name, number)
    model = registry.read(name, version.number)
    said, card = model.document, model.document.card
    history = [msgspec.to_builtins(entry) for entry in registry.history(name)]
    facts = {
        "model": name,
        "version": version.number,
        "state": version.state.value,
        "task": said.task,
        "since": version.since,
        "assets": ", ".join(version.assets),
        "digest": model.digest,
        "code": said.lineage.get("code"),
        "data": said.lineage.get("data_sha256"),
        "log": _log_of(said),
        "made with": ", ".join(f"{one} {of}" for one, of in said.made_with.items()),
    }
    done = [
        {**one, "action": one["action"] + ", untested" * one["is_untested"], "where": ", ".join(one["assets"])}
        for one in history
    ]
    return Report(
        [
            Facts(facts, "facts"),
            Table("features", columns("name", "unit"), [msgspec.to_builtins(one) for one in said.features]),
            Table("outputs", columns("name", "unit"), [msgspec.to_builtins(one) for one in said.outputs]),
            Table("parts", columns("name", "family", "inputs", "outputs"), [_part(one) for one in said.parts]),
            Table("settings", columns("setting", "value"), _pairs(said.lineage.get("settings", {}), "setting")),
            Table("figures", columns("name", "value", "low", "high", "unit", "on"), _figures(card), empty="no figures"),
            Data("card", card),
            Data("history", history),
            Table("", columns("time", "who", "action", "version", "since", "where", "why"), done),
            *(Note("{}", (limit,)) for limit in card.get("limits", ())),
            *_newest_back_test(registry, name, version.number),
        ]
    )


def _newest_back_test(registry: Registry, name: str, number: int) -> list[Piece]:
    mine = [one for one in back_tests(registry.history(name)) if one.candidate.version == number]
    if not mine:
        return [Data("back_test", None), Note("no back-test: `fieldline models backtest {} {}`", (name, number))]
    return [Note("The newest back-test:"), *pieces(mine[-1])]


def verified(folder: str, name: str | None) -> tuple[Report, bool]:
    """What is wrong with versions, and whether nothing is. Raises ModelError for an unknown name."""
    registry, rows = Registry(Path(folder)), []
    for one in registry.names() if name is None else [name]:
        for version in registry.versions(one):
            row = {"model": one, "version": version.number, "is_well": True, "said": "well"}
            try:
                registry.read(one, version.number)
            except (ModelError, SettingsError) as error:
                row |= {"is_well": False, "said": str(error)}
            rows.append(row)
    heads = [*columns("model", "version"), Column("said", "verdict")]
    table = Table("", heads, rows, keys=2, empty=f"no models in {folder}")
    return Report([Data("versions", rows), table], root="versions"), all(row["is_well"] for row in rows)


def compared(folder: str, name: str, first: int, second: int) -> Report:
    """Figures of two versions, those of their newest back-tests too, and what differs. Raises ModelError."""
    registry = Registry(Path(folder))
    one, other = (registry.read(name, number).document for number in (first, second))
    tested = back_tests(registry.history(name))
    figures = [
        _by_figure(_figures(document.card)) | _by_figure(_back_tested(tested, number))
        for document, number in ((one, first), (other, second))
    ]
    keys = [*figures[0], *(key for key in figures[1] if key not in figures[0])]
    rows = [
        {"figure": key[0], "on": key[1], "unit": key[2], "first": figures[0].get(key), "second": figures[1].get(key)}
        for key in keys
    ]
    heads = [
        *columns("figure", "on", "unit"),
        Column("first", f"version {first}"),
        Column("second", f"version {second}"),
    ]
    differing = list(_differing(one, other))
    return Report(
        [
            Data("versions", [first, second]),
            Table("figures", heads, rows, keys=2, empty="no figures"),
            Table(
                "differs",
                [Column("what"), Column("first", f"version {first}"), Column("second", f"version {second}")],
                differing,
                empty="data, code, features and settings are the same",
            ),
        ]
    )


def _log_of(said: Document) -> str | None:
    """Which rows of a log it was trained on, and by which plant file; None for one that was not."""
    log = said.lineage.get("log")
    if log is None:
        return None
    plant = f"plant file {log['plant_sha256'][:_SHORT]}"
    return f"{log['metric']} {log['window']} from {log['since']} until {log['until']}, within {log['horizon_h']:g} h, {plant}"


def _chosen(registry: Registry, name: str, number: int | None) -> Version:
    versions = registry.versions(name)
    if not versions:
        raise ModelError(f"{name}: has no versions")
    if number is None:
        champion = next((one for one in versions if one.state is State.CHAMPION), None)
        return champion or versions[-1]
    registry.folder_of(name, number)
    return next(one for one in versions if one.number == number)


def _part(part: Any) -> dict[str, Any]:
    return {
        "name": part.name,
        "family": part.family,
        "inputs": len(part.inputs),
        "outputs": ", ".join(part.outputs),
    }


def _pairs(settings: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [{key: name, "value": value} for name, value in settings.items()]


def _figures(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(figure) for figure in card.get("figures", ()) if isinstance(figure, Mapping)]


def _by_figure(figures: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Any]:
    return {(one.get("name", ""), one.get("on", ""), one.get("unit", "")): one.get("value") for one in figures}


def _back_tested(tested: Sequence[BackTest], number: int) -> list[dict[str, Any]]:
    """Figures of a version in the newest back-test that it had a part in, as the candidate or beside one."""
    for one in reversed(tested):
        for judged in (one.candidate, one.champion):
            if judged is not None and judged.version == number:
                return [msgspec.to_builtins(figure) for figure in judged.figures]
    return []


def _differing(one: Document, other: Document) -> Iterator[dict[str, Any]]:
    """What two versions have not in common: features, lineage, settings."""
    names = [{column.name: column.unit for column in document.features} for document in (one, other)]
    for name in sorted(names[0].keys() | names[1].keys()):
        if names[0].get(name) != names[1].get(name):
            yield {"what": f"feature {name}", "first": names[0].get(name), "second": names[1].get(name)}
    for key in ("data_sha256", "code"):
        if one.lineage.get(key) != other.lineage.get(key):
            yield {"what": key, "first": one.lineage.get(key), "second": other.lineage.get(key)}
    if _log_of(one) != _log_of(other):
        yield {"what": "log", "first": _log_of(one), "second": _log_of(other)}
    settings = [document.lineage.get("settings", {}) for document in (one, other)]
    for name in sorted(settings[0].keys() | settings[1].keys()):
        if settings[0].get(name) != settings[1].get(name):
            yield {"what": f"setting {name}", "first": settings[0].get(name), "second": settings[1].get(name)}
