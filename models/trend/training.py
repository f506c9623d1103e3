"""Train a degradation trend on a table, and judge it: each unit by the others, at shares of its life."""

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.life.fleet import Columns, fleet_of
from models.table import FILE, Table, joined
from models.task import Golden, Held, Progress, Trained
from models.trend.field_training import LEAST_UNITS, evaluate_fields, on_one_side, train_fields
from models.trend.fields import FieldWear
from models.trend.figures import trend_figures
from models.trend.model import SHARES, Wear, asked_of, fit_wear
from models.trend.options import TrendOptions, for_table
from models.trend.unit import LEAST_ROWS, Unit, standing

_FEATURES = ("time", "level", "own_slope", "began_with")


def units_in(table: Table, options: TrendOptions) -> list[Unit]:
    """The units of a table, rows without a value left out.

    Raises SettingsError as `fleet_of`, and for a unit with too few rows or that begins beyond the threshold.
    """
    if options.unit == FILE and FILE not in table.frame.columns:
        table = joined([table])  # a file by itself is one unit
    fleet = fleet_of(table, Columns(options.unit, options.time, (), (options.value,)))
    value = fleet.channels[:, 0]
    found = []
    for number, name in enumerate(fleet.names):
        mine = (fleet.unit == number) & np.isfinite(value)
        rows = int(mine.sum())
        if rows < LEAST_ROWS:
            raise SettingsError(
                f"train: unit {name}: expected at least {LEAST_ROWS} rows of {options.value!r}, got {rows}"
            )
        found.append(Unit(name, fleet.time[mine], value[mine]))
    on_one_side(found, options.threshold)
    return found


def train(table: Table, options: TrendOptions, progress: Progress) -> Trained:
    """Take the fleet's wear in, and choose its shape. Raises SettingsError, with the number wanted where there are too few units."""
    options = for_table(options, table)
    if options.slope:
        return train_fields(table, options, progress)
    units = len(set(table.words(options.unit).tolist()))
    if units < LEAST_UNITS:
        raise SettingsError(f"train: {table.path.name}: expected at least {LEAST_UNITS} units that wear, got {units}")
    fleet = units_in(table, options)
    progress(0.1, "foretelling each unit by the others")
    wear, errors = fit_wear(fleet, options.threshold, options.shape)
    progress(0.9, "judging")
    asked = asked_of(fleet, wear.shape, options.threshold)

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([wear.end_from(row) for row in features], np.float64).reshape(-1, 3)

    golden = np.array([_features(unit, wear, share) for unit in fleet for share in SHARES])
    time = options.time_unit
    card = Card(
        task="trend",
        source=source_of(table, len(fleet)),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=(options.value,),
        features=_FEATURES,
        outputs=(f"end_{time}", f"end_low_{time}", f"end_high_{time}"),
        figures=trend_figures(
            asked, time, options.seed, "a unit that never reached the limit is asked for how far it came"
        ),
        candidates=len(errors),
        limits=_limits(wear, fleet, errors, options),
        reference={},
        versions=versions(),
    )
    progress(1.0, "done")
    return Trained(
        parts={"wear": wear},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=Golden(golden, score(golden)),
        card=card,
        evidence={"unit": asked.unit, "true": asked.true, "predicted": asked.predicted},
    )


def evaluate(model: Trained, held: Held, options: TrendOptions) -> tuple[Figure, ...]:
    """The error of each unit's end foretold at half of its life, the unit itself left out of the fleet.

    Of a unit that never reaches the limit: the end foretold at half of its rows, which lies beyond them if it is right.
    """
    options = for_table(options, held.table)
    wear = model.parts["wear"]
    if isinstance(wear, FieldWear):
        return evaluate_fields(wear, held.table, options)
    found = []
    for unit in units_in(held.table, options):
        end = unit.reached(options.threshold)
        last = end if np.isfinite(end) else unit.time[-1]
        half = unit.until(unit.time[0] + 0.5 * (last - unit.time[0]))
        told = wear.end_of(half)
        on = f"{unit.name}, known up to {half.time[-1]:g}"
        if np.isfinite(end):
            name, value, said = f"end_error_{unit.name}", told.time - end, f"foretold - true end, which was at {end:g}"
            low, high = told.low - end, told.high - end
        else:
            said = f"the limit was not reached by {last:g}: foretold {last - told.time:.3g} too early or more"
            name, value = f"end_{unit.name}", told.time
            low, high = told.low, told.high
        found.append(Figure(name=name, value=value, unit=options.time_unit, on=on, convention=said, low=low, high=high))
    return tuple(found)


def _features(unit: Unit, wear: Wear, share: float) -> tuple[float, ...]:
    so_far = unit.until(unit.time[0] + share * (unit.time[-1] - unit.time[0]))
    where = standing(so_far, wear.shape)
    return (float(so_far.time[-1]), where.y, where.slope, so_far.start)


def _limits(wear: Wear, fleet: list[Unit], errors: dict[str, float], options: TrendOptions) -> tuple[str, ...]:
    """Where the model ends, in sentences."""
    compared = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
    if wear.conformal is None:
        told = (
            "a range without a probability: from the fastest to the slowest of the unit's own slope and the others', and as far as "
            f"the lives left of the fleet's own units were from those foretold, {wear.ratios[0]:.2f} to {wear.ratios[1]:.2f} times"
        )
    else:
        told = f"calibrated on {len(fleet)} units: covers 90 % of units like these"
    said = [
        f"Shape {wear.shape.name}; mean error as a share of the life left of each that was compared: {compared}.",
        f"The interval is {told}.",
        f"The slope is half the unit's own, half the mean of {len(fleet)} others from the same level on.",
    ]
    never = [unit.name for unit in fleet if np.isnan(unit.reached(options.threshold))]
    if never:
        said.append(f"Never reached {options.threshold:g}: {', '.join(never)}; they count as far as they came.")
    return tuple(said)
