"""A model of somebody's own, added to the registry."""

from pathlib import Path

from cli.report import Data, Note, Report
from models.history import Note as Said
from models.own_estimator import Given, drafted
from models.registry import Registry


def added(folder: str, given: Given, said: tuple[str, str, str]) -> Report:
    """The number of its version. said : when, who and why. Raises ModelError, SettingsError, Unavailable."""
    draft, estimator = drafted(given)
    registry = Registry(Path(folder))
    number = registry.add(draft, {"estimator": estimator}, Said(*said))
    digest = registry.read(draft.name, number).digest
    document = {"model": draft.name, "version": number, "digest": digest, "family": draft.parts[0].flat.family}
    rows = len(draft.golden_rows)
    sentence = "{} version {} is a candidate; {} rows score as the estimator says"
    return Report(
        [*(Data(name, value) for name, value in document.items()), Note(sentence, (draft.name, number, rows))]
    )
