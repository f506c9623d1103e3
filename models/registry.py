"""The registry: a folder with a folder for each model, in it one for each version, and its history.

    registry/press_rul/1/{model.json, arrays.npz, estimators.skops}
                      /2/…
                      /history.json

Versions are numbered from 1, are there as a whole or not at all, and never change. What scores is said by events on the log; the history
is who said so and why.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fieldline.errors import ModelError
from fieldline.tables import nearest
from models.archive import ARCHIVE, digest, packed
from models.draft import Draft
from models.history import Action, Entry, Note, State, back_tests, champions, locked, read_history, states, writing
from models.model_writer import arriving, write_durably, write_files
from processing.scoring.model import Model
from processing.scoring.model_file import read_model

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
Tell = Callable[[Entry], None]
"""Called with what is to be done, before it is written down: sends the events. What it raises leaves the registry as it was."""


class Version(NamedTuple):
    """A version and its state. since : from when on it holds, where it does; assets : where."""

    number: int
    state: State
    since: str | None
    assets: tuple[str, ...]


def silent(entry: Entry) -> None:
    """Tell nobody."""


class Registry:
    """The models of a folder; it need not be there before the first is added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The models, by name."""
        return sorted(path.name for path in self.folder.glob("*") if path.is_dir() and _NAME.fullmatch(path.name))

    def history(self, name: str) -> tuple[Entry, ...]:
        """What was done with a model's versions, oldest first. Raises ModelError."""
        return read_history(self._of(name))

    def versions(self, name: str) -> list[Version]:
        """A model's versions, oldest first. Raises ModelError for a name that is unknown."""
        entries, numbers = self.history(name), _numbers(self._of(name))
        newest = {entry.version: entry for entry in entries if entry.action in (Action.SHADOW, Action.PROMOTE)}
        newest |= {entry.version: entry for entry in champions(entries)}
        found = []
        for number, state in states(entries, numbers).items():
            holds = newest.get(number) if state in (State.CHAMPION, State.SHADOW) else None
            found.append(Version(number, state, *((holds.since, holds.assets) if holds else (None, ()))))
        return found

    def folder_of(self, name: str, number: int) -> Path:
        """Where a version lies. Raises ModelError for one that is not there."""
        numbers = _numbers(self._of(name))
        if number not in numbers:
            raise ModelError(f"{name}: expected one of the versions {', '.join(map(str, numbers))}, got {number}")
        return self._of(name) / str(number)

    def read(self, name: str, number: int) -> Model:
        """A version, verified: its files, its golden rows, and that it is what was registered. Raises ModelError."""
        folder = self.folder_of(name, number)
        model = read_model(folder)
        registered = next(
            (one for one in self.history(name) if one.action is Action.REGISTER and one.version == number), None
        )
        if registered is None:
            return model
        if registered.digest != model.digest:
            raise ModelError(
                f"{folder}: expected the model {registered.digest[:12]} that was registered, got {model.digest[:12]}"
            )
        try:
            archive = digest((folder / ARCHIVE).read_bytes())
        except OSError as error:
            raise ModelError(f"{folder / ARCHIVE}: expected the archive of a model, got: {error.strerror}") from error
        if archive != registered.archive_sha256:
            raise ModelError(f"{folder / ARCHIVE}: was changed or cut off after it was registered")
        return model

    def add(self, draft: Draft, estimators: Mapping[str, Any], note: Note) -> int:
        """Add a version as a candidate; its number. Raises ModelError, Unavailable; then nothing of it is left."""
        if not _NAME.fullmatch(draft.name):
            raise ModelError(f"model: expected a name of a-z, 0-9, _ and -, got {draft.name!r}")
        folder, archive = self.folder / draft.name, packed(estimators)
        with locked(folder):
            number = max(_numbers(folder), default=0) + 1
            with arriving(folder / str(number)) as made:
                model = write_files(draft, made)
                write_durably(made / ARCHIVE, archive)
            entry = note.entry(Action.REGISTER, number, digest=model.digest, archive_sha256=digest(archive))
            self._write(folder, entry, silent)
        return number

    def record(self, name: str, entry: Entry, tell: Tell = silent) -> None:
        """Shadow, promote or retire a version, or keep what came of its back-test. Raises ModelError, and whatever `tell` raises."""
        folder = self._of(name)
        with locked(folder):
            self.read(name, entry.version)
            _check(name, read_history(folder), entry)
            self._write(folder, entry, tell)

    def roll_back(self, name: str, made: Callable[[Entry, Entry], Entry], tell: Tell = silent) -> Entry:
        """Take back the newest promotion. made : of that promotion and the one before it, the entry. Raises ModelError without one."""
        folder = self._of(name)
        with locked(folder):
            held = champions(read_history(folder))
            if len(held) < 2:
                there = f"version {held[-1].version} is the first champion" if held else "there is no champion"
                raise ModelError(f"{name}: nothing to roll back to: {there}; `models retire` ends its scores")
            self.read(name, held[-2].version)
            entry = made(held[-1], held[-2])
            self._write(folder, entry, tell)
        return entry

    def _write(self, folder: Path, entry: Entry, tell: Tell) -> None:
        with writing(folder, [*read_history(folder), entry]):
            tell(entry)

    def _of(self, name: str) -> Path:
        if name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise ModelError(
                f"{self.folder}: expected one of the models {known}, got {name!r}{nearest(name, self.names())}"
            )
        return self.folder / name


def _numbers(folder: Path) -> list[int]:
    """The versions in a model's folder."""
    return sorted(int(path.name) for path in folder.glob("*") if path.is_dir() and path.name.isdecimal())


def _check(name: str, entries: Sequence[Entry], entry: Entry) -> None:
    """Refuse what leaves a champion where nobody said so, retires nothing, or was not tested. Raises ModelError."""
    if entry.action is Action.BACK_TEST:
        return
    held = champions(entries)
    state = states(entries, [entry.version])[entry.version]
    if entry.action is Action.RETIRE and state is State.RETIRED:
        raise ModelError(f"{name}: version {entry.version} is retired already")
    if entry.action is not Action.RETIRE and not entry.assets:
        raise ModelError(f"{name}: expected assets that version {entry.version} is to score, got none")
    if entry.action is Action.SHADOW and state is State.CHAMPION:
        raise ModelError(f"{name}: version {entry.version} is the champion; promote another one first")
    if entry.action is Action.PROMOTE and not entry.is_untested:
        _check_tested(name, entry.version, entries)
    left = sorted(set(held[-1].assets) - set(entry.assets)) if held and entry.action is Action.PROMOTE else []
    if left:
        raise ModelError(
            f"{name}: the champion, version {held[-1].version}, scores {', '.join(left)} too: name them as well, or keep a model "
            "of another name for them"
        )


def _check_tested(name: str, version: int, entries: Sequence[Entry]) -> None:
    """Refuse a version whose newest back-test scored nothing, or that has none. Raises ModelError."""
    mine = [one for one in back_tests(entries) if one.candidate.version == version]
    command = f"`fieldline models backtest {name} {version}` does so; --untested promotes it without, and the history says that"
    if not mine:
        raise ModelError(
            f"{name}: expected a back-test of version {version} on the plant's own rows, got none: {command}"
        )
    if why := mine[-1].why_unscored:
        raise ModelError(
            f"{name}: the back-test of version {version} scored none of its {mine[-1].rows} rows: {why}; once that is mended, {command}"
        )
