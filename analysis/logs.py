"""Opening the log that a verb works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldline.errors import SettingsError
from fieldline.log import Log, open_log


@contextmanager
def opened(url: str, *, is_kept: bool = True) -> Iterator[Log]:
    """The log for a stage, closed at the end of the block; an SQLite file is made if there is none."""
    log = open_log(url, is_kept=is_kept)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def existing(url: str) -> Iterator[Log]:
    """The log for a verb that only looks: an SQLite file that is not there is an error, it is not made."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise SettingsError(
            f"log: there is no file {path}; name the log with --log, or start `fieldline run` to make one"
        )
    with opened(url, is_kept=False) as log:
        yield log


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite log's URL; None for another kind."""
    scheme, _, rest = url.partition(":")
    return Path(rest.removeprefix("//").partition("?")[0]) if scheme == "sqlite" else None


def results_path(log_url: str) -> str:
    """Where the local store of a log lies unless it is named: `plant.db` has `plant.results.db` beside it."""
    return _beside(log_url, "results")


def rollup_path(log_url: str) -> str:
    """Where the lines' rows lie that areas are made of, unless a file is named: `plant.db` has `plant.rollup.db` beside it."""
    return _beside(log_url, "rollup")


def across_path(rollup: Path) -> Path:
    """Where the rows lie that metrics across lines are made of: beside those of the roll-up, `plant.rollup.across.db`."""
    return rollup.with_name(f"{rollup.stem}.across.db")


def _beside(log_url: str, what: str) -> str:
    path = sqlite_path(log_url)
    if path is None:
        return f"fieldline.{what}.db"
    return str(path.with_name(f"{path.stem if path.suffix else path.name}.{what}.db"))
