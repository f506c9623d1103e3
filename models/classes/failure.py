"""Train whether a machine fails, at a row or within a horizon from it, and judge it; its modes become rules."""

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.classes import drifting, leaks
from models.classes.crossed import Crossed, crossed, plan
from models.classes.draft import registered
from models.classes.ensemble import Blend, fitted, importances
from models.classes.features import Recipe, recipe_of
from models.classes.figures import failure_figures
from models.classes.horizon import marked, modes_of, within
from models.classes.rules import Rule, learned, rules_of
from models.evaluation import thresholds
from models.evaluation.drift import reference_of
from models.feature_table import LABELS
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.table import FILE, Table
from models.task import Golden, Held, Options, Progress, Trained

LEAST_FAILURES = 20
"""Rows that fail, and rows that don't: four in each of five folds."""

_MOST_PAIRED = 12
_GOLDEN, _TOLD = 32, 10


class FailureOptions(Options, frozen=True, kw_only=True):
    """How failures are learned.

    target : column that is 1 where a machine failed, else 0; rows in which it is empty are left out
    horizon : foretell a failure within this time from a row on, in the unit of `time`; 0: at the row itself
    unit, time : columns that say which machine a row is of and when it is; needed for a horizon, and for splits that do not leak
    modes : columns that are 1 where a failure was of that kind; mode : a column that names it; never features, each becomes rules
    without : columns that are no features; categories : columns of words that are
    formulas : features, as "power_w = torque_nm * speed_rpm * 0.1047"; columns in lower case, with _ between words
    pairs : products and differences of all numeric columns are features: yes, no, or auto, where no formula is declared and columns are few
    kind : rules, for failures beyond limits; looks, for many features; linear, for many weak ones that drift
    size : trees of a forest, and two thirds of the steps of boosting; repeats : of cross-validation
    units : of features whose names do not end in theirs, for a model that is kept, as "load = kW"
    """

    target: str = "failure"
    horizon: float = 0.0
    unit: str = ""
    time: str = ""
    modes: tuple[str, ...] = ()
    mode: str = ""
    without: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    pairs: Literal["auto", "yes", "no"] = "auto"
    kind: Literal["rules", "looks", "linear"] = "rules"
    size: int = 100
    repeats: int = 2
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.horizon < 0 or self.size < 1 or self.repeats < 1:
            raise ValueError("horizon, size, repeats: expected 0 or more, 1 or more, 1 or more")
        if self.horizon and not (self.unit and self.time):
            raise ValueError("horizon: expected `unit` and `time` beside it")


class _Rows(NamedTuple):
    """Rows to learn from: features, whether they fail, and what splits go by; number : of each in the table."""

    recipe: Recipe
    features: NDArray[np.float64]
    truth: NDArray[np.bool_]
    unit: NDArray[np.int64] | None
    time: NDArray[np.float64] | None
    number: NDArray[np.int64]


def train(table: Table, options: FailureOptions, progress: Progress) -> Trained:
    """Fit, and judge by rows that were not seen. Raises SettingsError, with the number wanted where there are too few failures."""
    rows = _rows(table, options)
    _check(rows, table, options)
    label = rows.truth.astype(np.int64)

    def fit(chosen: NDArray[np.int64]) -> Blend:
        return fitted(options.kind, rows.features[chosen], label[chosen], options.size, options.seed)

    with one_thread():
        by = plan(label, rows.unit, rows.time, options.repeats, options.seed)
        found = crossed(
            fit, rows.features, label, by, lambda share: progress(0.85 * share, "judging by rows that were not seen")
        )
        blend = fit(np.arange(len(label)))
        progress(0.95, "learning modes")
        modes = {mode: truth[rows.number] for mode, truth in modes_of(table, options.modes, options.mode).items()}
        trees = {mode: learned(rows.features, truth, options.seed) for mode, truth in modes.items() if truth.any()}
    rules = [
        rule for mode, tree in trees.items() for rule in rules_of(mode, tree, rows.recipe, rows.features, modes[mode])
    ]
    threshold = thresholds.best_f1(rows.truth[found.rows], found.probability[:, 1]).threshold
    card = _card(table, rows, options, found, _said(rows, options, blend, rules, threshold))
    card = msgspec.structs.replace(card, threshold=threshold)
    progress(1.0, "done")
    model = _trained(rows, blend, trees, threshold, found, card)
    units = table.units_among(rows.recipe.numbers) | units_of(options.units, rows.recipe.numbers)
    kept = registered(blend, rows.recipe, card, model.golden, card.outputs, units)
    return replace(model, registered=kept)


def _trained(rows: _Rows, blend: Blend, trees: dict[str, Any], threshold: float, found: Crossed, card: Card) -> Trained:
    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        with one_thread():
            return blend.probability(features)[:, 1:]

    golden = rows.features[np.linspace(0, len(rows.features) - 1, _GOLDEN).astype(np.int64)]
    parts: dict[str, Any] = {name: member.estimator for name, member in blend.members.items()}
    parts |= {f"mode {name}": tree for name, tree in trees.items()}
    return Trained(
        parts={**parts, "blend": blend, "recipe": rows.recipe, "threshold": threshold},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=Golden(golden, score(golden)),
        card=card,
        evidence={
            "truth": rows.truth[found.rows], "probability": found.probability[:, 1], "fold": found.fold, "group": found.group,
            "threshold": np.array([threshold]),
        },
    )  # fmt: skip


def evaluate(model: Trained, held: Held, options: FailureOptions) -> tuple[Figure, ...]:
    """Figures of rows that the model has not seen, with the threshold that training chose. Raises SettingsError."""
    held.table.require([options.target])
    rows = _labelled(held.table, options)
    recipe: Recipe = model.parts["recipe"]
    probability = model.score(recipe.made(held.table)[rows.number])[:, 0]
    once = np.zeros(len(rows.truth), np.int64)
    found = Crossed(np.arange(len(once)), once, once, np.column_stack([1 - probability, probability]))
    alarm = probability >= float(model.parts["threshold"])
    return failure_figures(
        rows.truth, alarm, found, rows.unit, f"{len(once)} rows of {held.table.path.name}", options.seed
    )


def _labelled(table: Table, options: FailureOptions) -> _Rows:
    """Rows whose label is known, without features yet."""
    truth, is_known = marked(table, options.target)
    unit = np.unique(table.words(options.unit), return_inverse=True)[1] if options.unit else None
    time = table.numbers([options.time])[:, 0] if options.time else None
    if options.horizon and unit is not None and time is not None:
        truth, is_seen = within(truth, unit, time, options.horizon)
        is_known &= is_seen
    order = np.lexsort([each for each in (time, unit) if each is not None] or [np.zeros(len(truth))])
    number = order[is_known[order]]
    nothing = Recipe((), (), (), {}, pairs=False), np.empty((len(number), 0))
    by_unit, by_time = None if unit is None else unit[number], None if time is None else time[number]
    return _Rows(*nothing, truth[number], by_unit, by_time, number)


def _rows(table: Table, options: FailureOptions) -> _Rows:
    rows = _labelled(table, options)
    for truth, kind in ((rows.truth, "fail"), (~rows.truth, "do not fail")):
        if truth.sum() < LEAST_FAILURES:
            raise SettingsError(
                f"train: {table.path.name}: expected at least {LEAST_FAILURES} rows that {kind}, got {truth.sum()}"
            )
    labels = [name for name in (FILE, *LABELS) if name in table.frame.columns]
    named = (options.target, options.unit, options.time, options.mode, *options.modes, *options.without, *labels)
    without = list(dict.fromkeys(name for name in named if name))
    recipe = recipe_of(table, without, options.categories, options.formulas, pairs=False)
    if options.pairs == "yes" or (
        options.pairs == "auto" and not options.formulas and len(recipe.numbers) <= _MOST_PAIRED
    ):
        recipe = recipe_of(table, without, options.categories, options.formulas, pairs=True)
    return rows._replace(recipe=recipe, features=recipe.made(table)[rows.number])


def _check(rows: _Rows, table: Table, options: FailureOptions) -> None:
    numbers = len(rows.recipe.inputs())
    leaks.check(rows.recipe.inputs(), rows.features[:, :numbers], rows.truth, table.path.name)


def _card(table: Table, rows: _Rows, options: FailureOptions, found: Crossed, limits: tuple[str, ...]) -> Card:
    truth = rows.truth[found.rows]
    alarm = thresholds.crossed_alarms(truth, found.probability[:, 1], found.fold)
    how = "units held out" if rows.unit is not None else "forward in time" if rows.time is not None else "stratified"
    judged = np.unique(found.rows)
    on = f"{len(judged)} rows, {int(rows.truth[judged].sum())} fail; {how}, {found.fold.max() + 1} fits"
    numbers = rows.recipe.numbers
    figures = failure_figures(truth, alarm, found, rows.unit, on, options.seed)
    drift: tuple[str, ...] = ()
    if rows.time is not None:
        in_time = rows.features[np.argsort(rows.time, kind="stable"), : len(numbers)]
        drift = drifting.said(drifting.moved(numbers, in_time), figures)
    return Card(
        task="failure",
        source=source_of(table, None if rows.unit is None else len(np.unique(rows.unit))),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=rows.recipe.inputs(),
        features=rows.recipe.features(),
        outputs=("failure_probability",),
        figures=figures,
        candidates=1,
        limits=(*limits, *drift),
        reference={name: reference_of(rows.features[:, k]) for k, name in enumerate(numbers)},
        versions=versions(),
    )


def _said(rows: _Rows, options: FailureOptions, blend: Blend, rules: list[Rule], threshold: float) -> tuple[str, ...]:
    """Where the model ends, and what was learned, in sentences."""
    when = f"within {options.horizon:g} of `{options.time}`" if options.horizon else "at the row itself"
    said = [
        f"Foretold is a failure {when}; alarms from a probability of {threshold:.3g} on, the best F1 of rows that were not seen.",
        "Failures of kinds that the table does not have are not known.",
    ]
    if rows.unit is None and rows.time is None:
        said.append("Rows count as unrelated: where several are of one machine, name `unit`, or figures are too good.")
    most = importances(blend, rows.recipe.features())[:_TOLD]
    if most:
        said.append(f"Looked at most: {', '.join(f'{name} {share:.0%}' for name, share in most)}.")
    return (*said, *(f"Rule: {rule}." for rule in rules))
