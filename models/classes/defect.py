"""Train of which kind a defect is, and judge it."""

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.classes.crossed import FOLDS, Crossed, crossed, plan
from models.classes.draft import registered
from models.classes.ensemble import Blend, fitted, importances
from models.classes.features import Recipe, recipe_of, written
from models.classes.figures import class_figures
from models.evaluation.drift import reference_of
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.table import FILE, Table
from models.task import Golden, Held, Options, Progress, Trained

LEAST_ROWS = 2 * FOLDS
"""Of each class: two in each fold."""

_GOLDEN, _TOLD = 32, 10


class DefectOptions(Options, frozen=True, kw_only=True):
    """How kinds of defects are learned.

    target : column with the name of the kind; or kinds : columns of which one is 1 in each row, the others 0
    unit, time : columns that say which machine or lot a row is of and when it is, for splits that do not leak; may be empty
    without : columns that are no features; categories : columns of words that are
    formulas : features, as "area = width * height"; columns in lower case, with _ between words
    kind : looks, for many features that differ a little; rules; linear
    size : trees of a forest and steps of boosting; repeats : of cross-validation
    units : of features whose names do not end in theirs, for a model that is kept, as "load = kW"
    """

    target: str = ""
    kinds: tuple[str, ...] = ()
    unit: str = ""
    time: str = ""
    without: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    kind: Literal["rules", "looks", "linear"] = "looks"
    size: int = 250
    repeats: int = 3
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.target) == bool(self.kinds):
            raise ValueError("target, kinds: expected one of them, a column of names or columns of 0 and 1")
        if self.size < 1 or self.repeats < 1:
            raise ValueError("size, repeats: expected 1 or more")


class _Rows(NamedTuple):
    """label : int64[n], the place in `names`; order : of the table's rows."""

    names: tuple[str, ...]
    label: NDArray[np.int64]
    unit: NDArray[np.int64] | None
    time: NDArray[np.float64] | None
    order: NDArray[np.int64]


def train(table: Table, options: DefectOptions, progress: Progress) -> Trained:
    """Fit, and judge by rows that were not seen. Raises SettingsError, with the number wanted where a class has too few rows."""
    rows = _rows(table, options)
    _check(rows, table)
    without = [options.target, options.unit, options.time, *options.kinds, *options.without]
    without += [FILE] if FILE in table.frame.columns else []
    recipe = recipe_of(table, [name for name in without if name], options.categories, options.formulas, pairs=False)
    features = recipe.made(table)[rows.order]

    def fit(chosen: NDArray[np.int64]) -> Blend:
        return fitted(options.kind, features[chosen], rows.label[chosen], options.size, options.seed)

    with one_thread():
        by = plan(rows.label, rows.unit, rows.time, options.repeats, options.seed)
        found = crossed(
            fit, features, rows.label, by, lambda share: progress(0.9 * share, "judging by rows that were not seen")
        )
        blend = fit(np.arange(len(features)))
    card = _card(table, rows, options, recipe, features, found, _said(recipe, blend))
    progress(1.0, "done")
    model = _trained(blend, recipe, features, card, rows.label[found.rows], found)
    outputs = [f"{written(name)}_probability" for name in rows.names]
    units = table.units_among(recipe.numbers) | units_of(options.units, recipe.numbers)
    kept = registered(blend, recipe, card, model.golden, outputs, units)
    return replace(model, registered=kept)


def _trained(
    blend: Blend, recipe: Recipe, features: NDArray[np.float64], card: Card, truth: NDArray[np.int64], found: Crossed
) -> Trained:
    def score(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        with one_thread():
            return blend.probability(rows)

    golden = features[np.linspace(0, len(features) - 1, _GOLDEN).astype(np.int64)]
    parts: dict[str, Any] = {name: member.estimator for name, member in blend.members.items()}
    return Trained(
        parts={**parts, "blend": blend, "recipe": recipe},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=Golden(golden, score(golden)),
        card=card,
        evidence={"truth": truth, "told": found.probability.argmax(axis=1), "probability": found.probability},
    )


def evaluate(model: Trained, held: Held, options: DefectOptions) -> tuple[Figure, ...]:
    """Figures of rows that the model has not seen. Raises SettingsError, also for a kind that the model does not know."""
    rows = _rows(held.table, options)
    known = list(model.card.outputs)
    strange = sorted(set(rows.names) - set(known))
    if strange:
        raise SettingsError(
            f"train: {held.table.path.name}: expected kinds {', '.join(known)}; got {', '.join(strange)}"
        )
    truth = np.array([known.index(name) for name in rows.names])[rows.label]
    recipe: Recipe = model.parts["recipe"]
    once = np.zeros(len(truth), np.int64)
    found = Crossed(np.arange(len(truth)), once, once, model.score(recipe.made(held.table)[rows.order]))
    return class_figures(truth, found, rows.unit, f"{len(truth)} rows of {held.table.path.name}", options.seed)


def _rows(table: Table, options: DefectOptions) -> _Rows:
    names, label = _one_of(table, options.kinds) if options.kinds else _named(table, options.target)
    unit = np.unique(table.words(options.unit), return_inverse=True)[1] if options.unit else None
    time = table.numbers([options.time])[:, 0] if options.time else None
    order = np.lexsort([each for each in (time, unit) if each is not None] or [np.zeros(len(label))])
    by_unit, by_time = None if unit is None else unit[order], None if time is None else time[order]
    return _Rows(names, label[order], by_unit, by_time, order)


def _named(table: Table, target: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    words = table.words(target)
    if (words == "").any():
        raise SettingsError(
            f"train: {table.path.name}: column {target!r}: row {int((words == '').argmax()) + 1} names no kind"
        )
    names, label = np.unique(words, return_inverse=True)
    return tuple(names.tolist()), label.astype(np.int64)


def _one_of(table: Table, kinds: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    values = table.numbers(kinds)
    odd = np.flatnonzero(~((values == 0) | (values == 1)).all(axis=1) | (values.sum(axis=1) != 1))
    if len(odd):
        raise SettingsError(
            f"train: {table.path.name}: row {odd[0] + 1}: expected one 1 among {', '.join(kinds)} and 0 elsewhere, "
            f"got {', '.join(f'{value:g}' for value in values[odd[0]])}"
        )
    return kinds, values.argmax(axis=1).astype(np.int64)


def _check(rows: _Rows, table: Table) -> None:
    counts = np.bincount(rows.label, minlength=len(rows.names))
    if len(rows.names) < 2 and counts.sum() >= LEAST_ROWS:
        raise SettingsError(
            f"train: {table.path.name}: expected at least 2 kinds, got {len(rows.names)}: {rows.names[0]}"
        )
    rare = int(counts.argmin())
    if counts[rare] < LEAST_ROWS:
        wanted = f"expected at least {LEAST_ROWS} rows of each kind"
        raise SettingsError(f"train: {table.path.name}: {wanted}; of {rows.names[rare]!r} got {counts[rare]}")


def _card(
    table: Table,
    rows: _Rows,
    options: DefectOptions,
    recipe: Recipe,
    features: NDArray[np.float64],
    found: Crossed,
    limits: tuple[str, ...],
) -> Card:
    how = "units held out" if rows.unit is not None else "forward in time" if rows.time is not None else "stratified"
    on = f"{len(np.unique(found.rows))} rows of {len(rows.names)} kinds; {how}, {found.fold.max() + 1} fits"
    return Card(
        task="defect",
        source=source_of(table, None if rows.unit is None else len(np.unique(rows.unit))),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=recipe.inputs(),
        features=recipe.features(),
        outputs=rows.names,
        figures=class_figures(rows.label[found.rows], found, rows.unit, on, options.seed),
        candidates=1,
        limits=limits,
        reference={name: reference_of(features[:, k]) for k, name in enumerate(recipe.numbers)},
        versions=versions(),
    )


def _said(recipe: Recipe, blend: Blend) -> tuple[str, ...]:
    said = ["A kind that the table does not have is taken for one that it has: watch the highest probability."]
    most = importances(blend, recipe.features())[:_TOLD]
    if most:
        said.append(f"Looked at most: {', '.join(f'{name} {share:.0%}' for name, share in most)}.")
    return tuple(said)
