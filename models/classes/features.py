"""Features of a table's rows: its numbers, its categories, formulas that somebody declared, and pairs of numbers.

Trees cut one column at a time, so they hardly find what depends on the product or the difference of two (a power, a heat flow, a strain).
Such columns are made from what is known, by formulas, or of all pairs of numeric columns where nothing is: a pair of n columns gives its
product and its difference, n * (n - 1) columns together.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from fieldline.expressions import Own, Term, inputs_of, own_fields_of, parse, remembered_in
from fieldline.tables import nearest
from models.table import Table
from processing.derived.evaluate import evaluate

_MOST_PAIRED = 30  # numeric columns of which pairs are made: 870 columns


class Recipe(NamedTuple):
    """How features are made of a table.

    numbers, categories : columns; known : the categories of each, a feature's value is their place, NaN for one that was not known
    formulas : expressions by the name of their feature, which call columns by `written`; pairs : whether pairs of numbers are features
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    known: tuple[tuple[str, ...], ...]
    formulas: Mapping[str, str]
    pairs: bool

    def inputs(self) -> tuple[str, ...]:
        """Columns that are read."""
        return (*self.numbers, *self.categories)

    def features(self) -> tuple[str, ...]:
        """Names of the columns of `made`, in their order."""
        paired = (
            (f"{a} {sign} {b}" for a, b in combinations(self.numbers, 2) for sign in ("*", "-")) if self.pairs else ()
        )
        return (*self.numbers, *self.categories, *self.formulas, *paired)

    def made(self, table: Table) -> NDArray[np.float64]:
        """float64[n, features], NaN where something is missing. Raises SettingsError."""
        numbers = table.numbers(self.numbers)
        codes = [_codes(table.words(name), known) for name, known in zip(self.categories, self.known, strict=True)]
        columns: dict[Term, NDArray[np.float64]] = {
            Own(written(name)): numbers[:, k] for k, name in enumerate(self.numbers)
        }
        formed = [evaluate(parse(text), columns) for text in self.formulas.values()]
        paired = []
        if self.pairs:
            for a, b in combinations(numbers.T, 2):
                paired += [a * b, a - b]
        return np.ascontiguousarray(np.column_stack([numbers, *codes, *formed, *paired]))


def written(name: str) -> str:
    """How formulas call a column: letters and digits in lower case, `_` for all between them; `Torque [Nm]` is torque_nm."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def recipe_of(
    table: Table, without: Sequence[str], categories: Sequence[str], formulas: Sequence[str], *, pairs: bool
) -> Recipe:
    """Features of all columns but `without`.

    Raises SettingsError: a column of words that is no category, a formula that can't be read or names no column, too many columns for
    pairs, nothing that moves.
    """
    table.require([*without, *categories])
    names = [name for name in table.frame.columns if name not in without and name not in categories]
    words = [name for name in names if not table.frame[name].dtype.is_numeric() and not _is_numbers(table, name)]
    if words:
        told = ", ".join(map(repr, words[:5]))
        raise SettingsError(
            f"train: {table.path.name}: {told}: expected numbers; name it in `categories` or in `without`"
        )
    values = table.numbers(names)
    moving = tuple(name for name, column in zip(names, values.T, strict=True) if _moves(column))
    if not moving and not categories:
        raise SettingsError(f"train: {table.path.name}: expected columns that move, got {len(names)} constant ones")
    if pairs and len(moving) > _MOST_PAIRED:
        raise SettingsError(f"train: pairs: expected at most {_MOST_PAIRED} numeric columns, got {len(moving)}")
    declared = _declared(formulas, moving)
    known = tuple(tuple(sorted(set(table.words(name).tolist()) - {""})) for name in categories)
    return Recipe(moving, tuple(categories), known, declared, pairs)


def _is_numbers(table: Table, name: str) -> bool:
    try:
        table.numbers([name])
    except SettingsError:
        return False
    return True


def _moves(column: NDArray[np.float64]) -> bool:
    known = column[np.isfinite(column)]
    return len(known) > 0 and bool((known != known[0]).any())


def _codes(words: NDArray[np.str_], known: Sequence[str]) -> NDArray[np.float64]:
    place = {word: float(number) for number, word in enumerate(known)}
    return np.array([place.get(word, np.nan) for word in words.tolist()])


def _declared(formulas: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Expressions by name. Raises SettingsError for one that can't be read, or that reads what is no column."""
    there, found = [written(name) for name in columns], {}
    for formula in formulas:
        name, equals, text = (part.strip() for part in formula.partition("="))
        if not equals or not name.isidentifier():
            raise SettingsError(f"train: formulas: expected NAME = EXPRESSION, got {formula!r}")
        try:
            node = parse(text)
        except ValueError as error:
            raise SettingsError(f"train: formulas: {name}: {error}") from error
        if inputs_of(node) or remembered_in(node):
            raise SettingsError(f"train: formulas: {name}: expected columns of the table alone, got {text!r}")
        for field in own_fields_of(node):
            if field not in there:
                known = f"{nearest(field, there)}; there are {', '.join(there)}"
                raise SettingsError(f"train: formulas: {name}: no column {field!r}{known}")
        found[name] = text
    return found
