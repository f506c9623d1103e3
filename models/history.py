"""Who did what with a model's versions, when and why, and what state each is in by that.

`history.json` in a model's folder: a list that only grows, written anew as a whole, so that a full disk or a crash leaves the one before.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from filelock import FileLock, Timeout

from fieldline.errors import ModelError, Unavailable
from models.backtest.outcome import BackTest
from models.model_writer import sync, write_durably

HISTORY, LOCK = "history.json", ".lock"
_LOCK_S = 10.0


class State(StrEnum):
    """Of a version. A candidate was trained; a shadow scores beside the champion and nobody acts on it; what is retired scores no more."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    CHAMPION = "champion"
    RETIRED = "retired"


class Action(StrEnum):
    """What was done with a version."""

    REGISTER = "register"
    BACK_TEST = "back-test"
    SHADOW = "shadow"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    RETIRE = "retire"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that was done with a version.

    time, since : when it was done, and from when on it holds (None for what nothing scores by), ISO 8601
    assets : paths where it holds; digest, archive_sha256 : of what was registered
    back_to : of a rollback the version that is champion again
    back_test : what came of one; is_untested : of a promotion that was to go without
    """

    time: str
    who: str
    action: Action
    version: int
    why: str = ""
    since: str | None = None
    assets: tuple[str, ...] = ()
    digest: str = ""
    archive_sha256: str = ""
    back_to: int | None = None
    back_test: BackTest | None = None
    is_untested: bool = False


class Note(NamedTuple):
    """Who did something, when (ISO 8601), and why."""

    time: str
    who: str
    why: str = ""

    def entry(self, action: Action, version: int, **more: Any) -> Entry:
        """What was done with a version."""
        return Entry(time=self.time, who=self.who, why=self.why, action=action, version=version, **more)


def read_history(folder: Path) -> tuple[Entry, ...]:
    """A model's history; empty where it has none yet. Raises ModelError for a file that can't be read."""
    path = folder / HISTORY
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Entry, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError) as error:  # ValidationError is one
        raise ModelError(f"{path}: expected a history of a model: {error}") from error


def back_tests(entries: Sequence[Entry]) -> list[BackTest]:
    """What came of back-tests, oldest first."""
    return [entry.back_test for entry in entries if entry.back_test is not None]


@contextmanager
def writing(folder: Path, entries: Sequence[Entry]) -> Iterator[None]:
    """Write a history; it counts when the block ends well. What the disk refuses is told before the block begins. Raises ModelError."""
    path, content = folder / HISTORY, msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n"
    made = folder / f".{HISTORY}.new"  # one at a time: the lock is held
    try:
        with _refused(path):
            write_durably(made, content)
        yield
        with _refused(path):
            made.replace(path)
            sync(folder)
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes a model's versions meanwhile. Raises Unavailable after ten seconds, ModelError where no lock can be made."""
    lock = FileLock(folder / LOCK, timeout=_LOCK_S)
    try:
        with _refused(folder / LOCK):
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
    except Timeout as error:
        raise Unavailable(f"{folder}: another process is changing this model; try again") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """What the disk refuses, as a ModelError."""
    try:
        yield
    except Timeout:  # it is an OSError, too
        raise
    except OSError as error:
        raise ModelError(f"{path}: can't be written: {error.strerror or error}; nothing was changed") from error


def champions(entries: Sequence[Entry]) -> list[Entry]:
    """The promotions that hold or held until the next one, oldest first; the last is the champion's. One that was rolled back is none."""
    found: list[Entry] = []
    for entry in entries:
        if entry.action is Action.PROMOTE:
            found.append(entry)
        elif found and entry.version == found[-1].version:
            if entry.action is Action.ROLL_BACK:
                found.pop()
            elif entry.action is Action.RETIRE:
                found.clear()
    return found


_CHANGING = frozenset({Action.PROMOTE, Action.ROLL_BACK, Action.RETIRE})
"""What makes a version the champion or ends it, and so retires what is not the champion by it."""


def states(entries: Sequence[Entry], versions: Sequence[int]) -> dict[int, State]:
    """The state of each version."""
    found = dict.fromkeys(versions, State.CANDIDATE)
    for entry in entries:
        if entry.action is Action.SHADOW:
            found[entry.version] = State.SHADOW
        elif entry.action in _CHANGING:
            found[entry.version] = State.RETIRED
    held = champions(entries)
    if held:
        found[held[-1].version] = State.CHAMPION
    return {version: found[version] for version in versions}
