"""What a task of predictive maintenance is, and what its training gives.

A task is one file in `models/tasks/`, named for what it foretells, that ends in `COMPONENT = Task(...)`. Its docstring is its manual.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from fieldline.tables import to_struct
from models.card import Card, Figure
from models.draft import Draft
from models.table import Table, joined, read_table

Progress = Callable[[float, str], None]
"""progress(share, doing): how much of the work is done [0..1], never less than before, and what is being done, in some words."""


class Golden(NamedTuple):
    """Rows of features and what the estimators themselves say of them: rows float64[m, features], outputs float64[m, outputs].

    A model file keeps them, and whoever loads it scores them again.
    """

    rows: NDArray[np.float64]
    outputs: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model as training leaves it, before it is flattened.

    parts : fitted estimators and arrays by name, what flattening and the archive take
    inputs : columns that scoring needs, in order; features : what estimators see, in order; outputs : what they say, unit at the end
    score : float64[n, features] → float64[n, outputs], by the estimators themselves
    registered : by a name, the draft of a model file and the estimators for the archive; None where compiled scoring has no family for it
    evidence : what the pictures are drawn from, arrays by name: predictions of rows that no estimator had seen, and their truth
    """

    parts: Mapping[str, Any]
    inputs: tuple[str, ...]
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    score: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    golden: Golden
    card: Card
    evidence: Mapping[str, NDArray[Any]]
    registered: "Callable[[str], tuple[Draft, Mapping[str, Any]]] | None" = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What every task's options have; a task's own struct adds to it. An option that names a column is listed in `Task.columns`.

    seed : of everything that is drawn at random
    """

    seed: int = 0


class Held(NamedTuple):
    """Rows that a model is judged on, apart from training; truth : float64[units], where it stands in a file of its own, else None."""

    table: Table
    truth: NDArray[np.float64] | None = None


class OfLog(NamedTuple):
    """How a task learns from a feature table (`models/feature_table.py`).

    options : which of its columns is what, unless somebody says otherwise; kept : the rows and columns that it learns from
    """

    options: Mapping[str, Any]
    kept: Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of model.

    name : the file's; sentence : what it foretells
    options : the struct of its settings; columns : those of them that name a column which the table must have, unless they are empty
    headerless : columns of files without a header, by their place, see `models.table`
    of_log : how it learns from rows of a plant's own metric; None where it can't
    train : table, options, progress → a model. Raises SettingsError where there are too few units or failures, with the number wanted
    evaluate : figures of a model on rows that it has not seen
    draw : pictures of a model into a folder, the files that it wrote
    sample : a small table for the contract checks, no file lies under its path; quick : options with which it trains within a second
    """

    name: str
    sentence: str
    options: type[Options]
    columns: tuple[str, ...]
    train: Callable[[Table, Any, Progress], Trained]
    evaluate: Callable[[Trained, Held, Any], tuple[Figure, ...]]
    draw: Callable[[Trained, Path], list[Path]]
    sample: Callable[[], Table]
    quick: Options
    headerless: Sequence[Sequence[str]] = ()
    of_log: OfLog | None = field(default=None, hash=False)

    def read(self, *paths: Path) -> Table:
        """A file of the task's, or several as one table with a column `file`. Raises SettingsError."""
        tables = [read_table(path, self.headerless) for path in paths]
        return tables[0] if len(tables) == 1 else joined(tables)

    def options_of(self, settings: Mapping[str, Any]) -> Any:
        """The options that settings say. Raises SettingsError naming every one that is unknown or wrong."""
        wrong: list[str] = []
        options = to_struct(self.options, settings, f"train {self.name}", wrong)
        if wrong:
            raise SettingsError("\n".join(wrong))
        return options

    def trained(self, table: Table, options: Any, progress: Progress) -> Trained:
        """Train, once it is sure that the columns that options name are there. Raises SettingsError."""
        table.require([named for name in self.columns if (named := getattr(options, name))])
        return self.train(table, options, progress)


def silent(share: float, doing: str) -> None:
    """The progress that nobody watches."""
