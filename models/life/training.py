"""Train remaining useful life on a table, and judge it: checks, the fit, what it says of units that it has not seen, the card."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.evaluation import rul_scores
from models.evaluation.conformal import Conformal, calibrate, crossed
from models.evaluation.drift import psi, reference_of
from models.evaluation.life_figures import Predicted, life_figures, soon_auc
from models.life.draft import Judged, draft_of
from models.life.estimator import LifeModel, Recipe, fit
from models.life.fields import FieldModel, fit_fields, with_all_fields
from models.life.fleet import Columns, Fleet, fleet_of
from models.life.options import FIELDS, RulOptions, fleet_in, for_table
from models.life.unseen import MOMENTS, Unseen, unseen
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.table import Table
from models.task import Golden, Held, Progress, Trained

LEAST_UNITS = 20
"""That ran to failure: half of them calibrate the interval on which the other half's coverage is measured, and 9 are needed for 90 %."""

_SHIFTS = np.linspace(0.0, 0.6, 13)  # of a usual error, by which predictions may be lowered
_COSTS = 1.01  # of the least RMSE, for being late less often
_GOLDEN = 32


class Judge(NamedTuple):
    """What stands between the estimator's value and what is told: lowered by `shift` usual errors, with an interval, within 0..cap."""

    cap: float
    shift: float
    conformal: Conformal

    def told(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Life, low and high end, float64[n, 3]."""
        lowered = value - self.shift * self.conformal.sigma(value)
        return np.clip(np.stack([lowered, *self.conformal.around(value)], axis=1), 0.0, self.cap)


def train(table: Table, options: RulOptions, progress: Progress) -> Trained:
    """Fit, and judge by units that were not seen. Raises SettingsError, with the number wanted where there are too few units."""
    options = for_table(options, table)
    whole = fleet_in(table, options)
    fleet = _checked(whole, table, options)
    units = table.units_among(fleet.channel_names) | units_of(options.units, fleet.channel_names)
    recipe = Recipe(options.cap, options.iterations, options.bags, options.seed)
    # More threads than free cores spin and make every one of them slow; and one thread gives the same bits everywhere.
    with one_thread():
        fitting = fit_fields if options.history == FIELDS else fit
        found = unseen(
            fitting, fleet, recipe, lambda share: progress(0.65 * share, "judging by units that were not seen")
        )
        model = fitting(fleet, recipe, lambda share: progress(0.65 + 0.34 * share, "fitting on all units"))
        rows = model.rows_of(fleet)
    judge, candidates = _judge(found, options)

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        with one_thread():
            return judge.told(model.score(features))

    golden_rows = np.ascontiguousarray(rows[np.linspace(0, len(rows) - 1, min(_GOLDEN, len(rows))).astype(np.int64)])
    golden = Golden(golden_rows, score(golden_rows))
    card = _card(table, whole, options, (model, judge), found, candidates)
    progress(1.0, "done")
    return Trained(
        parts={"model": model, "judge": judge},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=golden,
        card=card,
        evidence=_evidence(fleet, found, judge, options),
        registered=lambda name: draft_of(name, model, Judged(judge.shift, judge.conformal), card, golden, units),
    )


def evaluate(model: Trained, held: Held, options: RulOptions) -> tuple[Figure, ...]:
    """Figures of the last row of each unit, whose true lives stand in a file of their own; capped as in training, and as they are.

    Raises SettingsError where there are more or fewer true lives than units.
    """
    options = for_table(options, held.table)
    fleet, found = predicted(model, held, options)
    time, on = options.time_unit, f"last row of each of {len(fleet.names)} units"
    capped = found.capped(options.cap)
    return (
        *life_figures(capped, on, f"true life capped at {options.cap:g}", time, options.seed),
        *life_figures(found, on, "true life not capped", time, options.seed)[:1],
    )


def predicted(model: Trained, held: Held, options: RulOptions) -> tuple[Fleet, Predicted]:
    """What a model says of the last row of each unit, and the truth."""
    life: LifeModel | FieldModel = model.parts["model"]
    fleet = fleet_of(held.table, Columns(options.unit, options.time, life.settings, life.channels))
    if held.truth is None:
        raise SettingsError("train: expected the true lives of the units, one a line, as --rul FILE")
    if len(held.truth) != len(fleet.names):
        raise SettingsError(
            f"train: expected {len(fleet.names)} true lives, one for each unit of {held.table.path.name}, got {len(held.truth)}"
        )
    with one_thread():
        rows = life.rows_of(fleet)
    told = model.score(rows[fleet.last_rows()])
    if len(lacking := np.flatnonzero(np.isnan(told).any(axis=1))):
        raise SettingsError(f"train: the last row of unit {fleet.names[lacking[0]]} lacks a field that the model needs")
    return fleet, Predicted(np.arange(len(fleet.names)), held.truth, *told.T)


def _checked(fleet: Fleet, table: Table, options: RulOptions) -> Fleet:
    """The rows to learn from. Raises SettingsError for too few of units, rows or fields."""
    where = table.path.name
    _check_units(fleet, where, "that ran to failure")
    if options.history == FIELDS:
        found = with_all_fields(fleet)
        _check_units(found, where, "that ran to failure with rows that have all fields")
        return found
    rows = np.bincount(fleet.unit)
    if rows.min() < 2:
        lone = fleet.names[int(rows.argmin())]
        raise SettingsError(f"train: {where}: unit {lone}: expected at least 2 rows, got {rows.min()}")
    return fleet


def _check_units(fleet: Fleet, where: str, which: str) -> None:
    if (units := len(fleet.names)) < LEAST_UNITS:
        raise SettingsError(f"train: {where}: expected at least {LEAST_UNITS} units {which}, got {units}")


def _judge(found: Unseen, options: RulOptions) -> tuple[Judge, int]:
    """The interval, and how far predictions are lowered; how many such shifts were compared."""
    asked = found.asked
    true = np.minimum(asked.true, options.cap)
    conformal = calibrate(true, asked.predicted, asked.unit)
    if options.aim == "rmse":
        return Judge(options.cap, 0.0, conformal), 1
    sigma = conformal.sigma(asked.predicted)
    lowered = [np.clip(asked.predicted - shift * sigma, 0, options.cap) for shift in _SHIFTS]
    if options.aim == "phm08":
        chosen = int(np.argmin([rul_scores.phm08(true, told) for told in lowered]))
    else:
        errors = np.array([rul_scores.rmse(true, told) for told in lowered])
        chosen = int(np.flatnonzero(errors <= _COSTS * errors.min())[-1])
    return Judge(options.cap, float(_SHIFTS[chosen]), conformal), len(_SHIFTS)


def _card(
    table: Table,
    fleet: Fleet,
    options: RulOptions,
    made: tuple[LifeModel | FieldModel, Judge],
    found: Unseen,
    candidates: int,
) -> Card:
    model, judge = made
    asked = found.asked
    true = np.minimum(asked.true, options.cap)
    low, high = crossed(true, asked.predicted, asked.unit, options.seed)
    told = judge.told(asked.predicted)[:, 0]
    shown = Predicted(asked.unit, true, told, np.clip(low, 0, options.cap), np.clip(high, 0, options.cap))
    on = f"{len(true)} moments of {len(np.unique(found.unit))} units, each by a fit that had not seen the unit"
    convention = f"true life capped at {options.cap:g} {options.time_unit}, up to {MOMENTS} moments a unit"
    time = options.time_unit
    return Card(
        task="rul",
        source=source_of(table, len(fleet.names)),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=(*fleet.setting_names, *fleet.channel_names),
        features=model.features,
        outputs=(f"remaining_life_{time}", f"remaining_life_low_{time}", f"remaining_life_high_{time}"),
        figures=(*life_figures(shown, on, convention, time, options.seed), *soon_auc(shown, options.cap, on, time)),
        candidates=candidates,
        limits=(*_limits(fleet, options), *_of_rows(fleet, found, options, model)),
        reference={name: reference_of(column) for name, column in _columns(fleet).items()},
        versions=versions(),
    )


def _limits(fleet: Fleet, options: RulOptions) -> tuple[str, ...]:
    """Where the model ends, in sentences."""
    cap = f"{options.cap:g} {options.time_unit}"
    return (
        f"A life of {cap} means {cap} or more: nothing is told beyond.",
        "The interval covers 90 % of machines like those of training, each asked at a moment drawn at random; it promises nothing of "
        "every moment of one machine.",
        f"Trained on {len(fleet.names)} machines that ran to failure: of a failure that none of them had nothing is known.",
    )


def _of_rows(fleet: Fleet, found: Unseen, options: RulOptions, model: LifeModel | FieldModel) -> list[str]:
    """What was made of the rows, in sentences; fleet : all of them."""
    if isinstance(model, FieldModel):
        said = [
            "Features are fields, which remember by themselves: a metric that has these and [metric.model] scores it in the stream."
        ]
        if lacking := len(fleet.unit) - len(found.unit):
            said.append(f"{lacking} of {len(fleet.unit)} rows lack a field and were left out: such a row has no score.")
        constant = [name for number, name in enumerate(model.features) if number not in model.used]
        return said + [f"Not looked at, since constant in training: {', '.join(constant)}."] * bool(constant)
    said = [
        f"Each row is one step of the machine's history; rows at other intervals than in training give other {options.time_unit}."
    ]
    if model.regimes.number > 1:
        clear = f"silhouette {model.regimes.silhouette:.2f}"
        said.append(
            f"{model.regimes.number} operating regimes were found ({clear}); another one is taken for the nearest."
        )
    if model.regimes.dropped:
        said.append(f"Left out, since constant in training: {', '.join(model.regimes.dropped)}.")
    if missing := int(np.isnan(fleet.channels).sum()):
        said.append(f"{missing} missing values were taken to be as the value before.")
    return said


def _columns(fleet: Fleet) -> dict[str, NDArray[np.float64]]:
    """What scoring needs, by name."""
    columns = np.hstack([fleet.settings, fleet.channels])
    return dict(zip((*fleet.setting_names, *fleet.channel_names), columns.T, strict=True))


def _drift(fleet: Fleet, column: NDArray[np.float64]) -> float:
    """PSI of the later half of the units against the earlier half."""
    is_early = fleet.unit < len(fleet.names) // 2
    return psi(reference_of(column[is_early]), column[~is_early])


def _evidence(fleet: Fleet, found: Unseen, judge: Judge, options: RulOptions) -> dict[str, NDArray[Any]]:
    """Every row of every unit, by a fit that had not seen it; `asked` numbers those that figures stand on.

    names : of the units; drift : of each input, from the earlier half of the units to the later
    """
    life, low, high = judge.told(found.predicted).T
    return {
        "unit": found.unit,
        "time": found.time,
        "true": np.minimum(found.true, options.cap),
        "predicted": life,
        "low": low,
        "high": high,
        "asked": found.rows,
        "drift": np.array([_drift(fleet, column) for column in _columns(fleet).values()]),
        "names": np.array(fleet.names),
    }
