"""Train how long a field takes to its limit on a table of fields, and judge it: each unit by the others, at shares of its life."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, Reference, source_of, versions
from models.evaluation.conformal import calibrate, least_units
from models.evaluation.drift import reference_of
from models.life.fleet import Columns, fleet_of
from models.own_estimator import units_of
from models.table import Table
from models.task import Golden, Progress, Trained
from models.trend.fields import FieldWear, draft_of, fleet_wear
from models.trend.figures import trend_figures
from models.trend.model import SHARES, Asked
from models.trend.options import TrendOptions
from models.trend.shapes import Values
from models.trend.unit import LEAST_ROWS, Unit

LEAST_UNITS = 2
_GOLDEN = 32
_OFF = 3.0  # times: a slope by another unit of time is further off than what noise and delay make of it


class _Rows(NamedTuple):
    """A unit and the slope that its rows tell, float64[n], NaN where there is none yet; number : among the units."""

    number: int
    unit: Unit
    slope: Values

    def features(self, row: int) -> tuple[float, float]:
        """Of a row: value and slope."""
        return float(self.unit.value[row]), float(self.slope[row])


def train_fields(table: Table, options: TrendOptions, progress: Progress) -> Trained:
    """Take the fleet's wear in. Raises SettingsError, with the number wanted where there are too few units."""
    fleet, short = _units(table, options)
    ended = [one for one in fleet if np.isfinite(one.unit.reached(options.threshold))]
    if len(ended) < LEAST_UNITS:
        raise SettingsError(
            f"train: {table.path.name}: expected at least {LEAST_UNITS} units that reached {options.threshold:g}, got {len(ended)}"
        )
    on_one_side([one.unit for one in fleet], options.threshold)
    _check_slope(fleet, options)
    features = (options.value, options.slope)
    units = table.units_among(features) | units_of(options.units, features)
    progress(0.2, "looking how fast each unit went on from each level")
    wear = fleet_wear([one.unit for one in fleet], options.threshold)
    asked = _asked(ended, wear)
    progress(0.8, "judging")
    wear = _with_range(wear, asked, len(ended) == len(fleet))

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([wear.life(*row) for row in features.tolist()], np.float64).reshape(-1, 3)

    rows = np.array([one.features(row) for one in fleet for row in range(len(one.slope))])
    chosen = rows[np.linspace(0, len(rows) - 1, min(_GOLDEN, len(rows))).astype(np.int64)]
    golden, card = Golden(chosen, score(chosen)), _card(table, (fleet, wear, short), asked, options)
    progress(1.0, "done")
    return Trained(
        parts={"wear": wear},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=golden,
        card=card,
        evidence={"unit": asked.unit, "true": asked.true, "predicted": asked.predicted},
        registered=lambda name: draft_of(name, wear, card, golden, units),
    )


def evaluate_fields(wear: FieldWear, table: Table, options: TrendOptions) -> tuple[Figure, ...]:
    """The error of the life foretold at half of each unit's life, of those that reached the limit. Raises SettingsError."""
    found = []
    for one in _units(table, options)[0]:
        end = one.unit.reached(options.threshold)
        row = len(one.unit.until(one.unit.time[0] + 0.5 * (end - one.unit.time[0])).time) - 1
        if np.isnan(end) or row < 0:
            continue
        told, true = wear.life(*one.features(row)), end - one.unit.time[row]
        said, on = f"foretold - true life left, which was {true:.4g}", f"{one.unit.name}, known up to half of its life"
        name, unit = f"end_error_{one.unit.name}", options.time_unit
        if np.isfinite(told.left):
            low, high = told.low - true, told.high - true
            error = told.left - true
            found.append(Figure(name=name, value=error, unit=unit, on=on, convention=said, low=low, high=high))
    return tuple(found)


def on_one_side(fleet: Sequence[Unit], threshold: float) -> None:
    """Make sure that all units begin on one side of the threshold. Raises SettingsError naming where each began."""
    above = {unit.start > threshold for unit in fleet}
    if len(above) > 1 or any(unit.start == threshold for unit in fleet):
        began = ", ".join(f"{unit.name} at {unit.start:g}" for unit in fleet)
        raise SettingsError(f"train: expected all units to begin on one side of {threshold:g}, got {began}")


def _units(table: Table, options: TrendOptions) -> tuple[list[_Rows], int]:
    """The units of a table, rows without a value left out, and how many had too few rows. Raises SettingsError as `fleet_of`."""
    belongs = np.char.str_len(table.words(options.unit)) > 0  # between a failure and the repair a row is of no unit
    table = table._replace(frame=table.frame.filter(belongs))
    fleet = fleet_of(table, Columns(options.unit, options.time, (), (options.value, options.slope)))
    found = list[_Rows]()
    for number, name in enumerate(fleet.names):
        mine = (fleet.unit == number) & np.isfinite(fleet.channels[:, 0])
        if mine.sum() >= LEAST_ROWS:
            unit = Unit(name, fleet.time[mine], fleet.channels[mine, 0])
            found.append(_Rows(len(found), unit, fleet.channels[mine, 1]))
    return found, len(fleet.names) - len(found)


def _check_slope(fleet: Sequence[_Rows], options: TrendOptions) -> None:
    """Raises SettingsError for slopes that are by another time: together they would lead elsewhere than the values went."""
    went = told = 0.0
    for one in fleet:
        is_known = np.isfinite(one.slope[1:])
        went += float(np.diff(one.unit.value)[is_known].sum())
        told += float((one.slope[1:] * np.diff(one.unit.time))[is_known].sum())
    if not went * told > 0 or not 1 / _OFF < told / went < _OFF:
        raise SettingsError(
            f"train: slope: expected how much {options.value!r} changes by {options.time_unit}, got {options.slope!r}, which adds up to "
            f"{told:.4g} where {options.value!r} changed by {went:.4g}; rolling_slope is by window: / window.length_s * 3600 makes it by h"
        )


def _asked(ended: Sequence[_Rows], wear: FieldWear) -> Asked:
    """Each unit at shares of its life, by the others. Raises SettingsError where no row has a slope."""
    found = list[tuple[int, float, float]]()
    for one in ended:
        begin, end = one.unit.time[0], one.unit.reached(wear.threshold)
        for share in SHARES:
            row = len(one.unit.until(begin + share * (end - begin)).time) - 1
            life = wear.life(*one.features(row), without=one.number)
            found.append((one.number, end - one.unit.time[row], life.left))
    unit, true, predicted = (np.array(column) for column in zip(*found, strict=True))
    if not np.isfinite(predicted).any():
        raise SettingsError("train: no row at 40 to 80 % of a life has a slope, or none leads to the threshold")
    return Asked(unit.astype(np.int64), true, predicted)


def _with_range(wear: FieldWear, asked: Asked, have_all_ended: bool) -> FieldWear:
    """With the interval, where units are enough and all reached the limit, else how far lives were from those foretold."""
    is_known = np.isfinite(asked.predicted) & (asked.predicted > 0)
    true, predicted, unit = asked.true[is_known], asked.predicted[is_known], asked.unit[is_known]
    enough = have_all_ended and len(np.unique(unit)) >= least_units(0.9)
    conformal = calibrate(true, predicted, unit) if enough else None
    ratio = true / predicted
    return wear._replace(conformal=conformal, ratios=(float(ratio.min()), float(ratio.max())))


def _card(table: Table, made: tuple[Sequence[_Rows], FieldWear, int], asked: Asked, options: TrendOptions) -> Card:
    fleet, wear, short = made
    time, features = options.time_unit, (options.value, options.slope)
    outputs = (f"remaining_life_{time}", f"remaining_life_low_{time}", f"remaining_life_high_{time}")
    return Card(
        task="trend",
        source=source_of(table, len(fleet)),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=features,
        features=features,
        outputs=outputs,
        figures=trend_figures(asked, time, options.seed, "units that never reached the limit are not asked"),
        candidates=1,
        limits=_limits(fleet, wear, short, options),
        reference=_reference(fleet, features),
        versions=versions(),
    )


def _reference(fleet: Sequence[_Rows], features: tuple[str, str]) -> dict[str, Reference]:
    columns = (np.concatenate([one.unit.value for one in fleet]), np.concatenate([one.slope for one in fleet]))
    return {name: reference_of(column) for name, column in zip(features, columns, strict=True)}


def _limits(fleet: Sequence[_Rows], wear: FieldWear, short: int, options: TrendOptions) -> tuple[str, ...]:
    """Where the model ends, in sentences."""
    if wear.conformal is None:
        told = (
            f"a range without a probability: from the fastest to the slowest slope, and {wear.ratios[0]:.2f} to {wear.ratios[1]:.2f} times "
            "what is foretold, as lives of the fleet's own units were"
        )
    else:
        told = f"calibrated on {len(fleet)} units: covers 90 % of units like these"
    said = [
        f"A straight line in {options.value!r} to {options.threshold:g}, by half the row's own slope and half the mean of the others' from "
        "the same level on. A slope that leads away counts as none.",
        f"The interval is {told}.",
        "Features are fields: a metric that has these and [metric.model] scores it in the stream.",
    ]
    never = [one.unit.name for one in fleet if np.isnan(one.unit.reached(options.threshold))]
    said += [
        f"Never reached {options.threshold:g}: {', '.join(never)}; their slopes count as far as they came."
    ] * bool(never)
    return (*said, *[f"{short} units with fewer than {LEAST_ROWS} rows were left out."] * bool(short))
