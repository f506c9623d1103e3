"""Train how a probe's moisture goes on, and judge it in time order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.evaluation.drift import reference_of
from models.moisture.change import LEAST_PAIRS, Change, fitted, walked
from models.moisture.days import Account, Days, days_of
from models.moisture.draft import draft_of
from models.moisture.figures import Judged, figures_of
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.table import Table
from models.task import Golden, Held, Options, Progress, Trained

_GOLDEN = 16


class MoistureOptions(Options, frozen=True, kw_only=True):
    """How a probe's moisture is foretold.

    time, moisture, temperature : columns of one probe, a row a day; moisture in % by volume, temperature of the soil beside it in °C
    ahead_days : how far ahead, 1 to 14
    frost_degc : up to which the soil may be frozen; 1 °C, since thermometers in probes are off by as much (5TM: ± 1 °C)
    units : of columns whose names do not end in theirs, for a model that is kept, as "wet = %"
    """

    time: str = "time"
    moisture: str = "moisture_pct"
    temperature: str = "soil_temperature_c"
    ahead_days: int = 7
    frost_degc: float = 1.0
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.ahead_days <= 14:
            raise ValueError(f"ahead_days: expected 1 to 14, got {self.ahead_days}")


def train(table: Table, options: MoistureOptions, progress: Progress) -> Trained:
    """Walk through the past, then fit on all of it. Raises SettingsError where too few days are known to have gone on."""
    progress(0.0, "walking through the days")
    days = _days(table, options)
    features = (options.moisture, options.temperature)
    units = table.units_among(features) | units_of(options.units, features)
    ahead = days.ahead(options.ahead_days)
    pairs = np.flatnonzero(ahead >= 0)
    if len(pairs) < 2 * LEAST_PAIRS:
        raise SettingsError(
            f"train: {table.path.name}: expected at least {2 * LEAST_PAIRS} days with moisture of unfrozen soil then and "
            f"{options.ahead_days} days on, got {len(pairs)}"
        )
    with one_thread():
        judged = _judged(days, ahead, walked(days, ahead))
        change = fitted(days.now[pairs], days.moisture[ahead[pairs]])

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        is_frozen = features[:, 1] <= options.frost_degc
        return np.where(is_frozen, np.nan, change.told(features))[:, None]

    progress(0.8, "judging")
    rows = days.now[pairs[np.linspace(0, len(pairs) - 1, _GOLDEN).astype(np.int64)]]
    card = _card(table, options, days, judged)
    golden = Golden(rows, score(rows))
    progress(1.0, "done")
    return Trained(
        parts={"change": change},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=golden,
        card=card,
        evidence=judged._asdict() | {"day_h": days.time_h, "moisture": days.moisture},
        registered=lambda name: draft_of(name, change, card, golden, units),
    )


def evaluate(model: Trained, held: Held, options: MoistureOptions) -> tuple[Figure, ...]:
    """The figures of another table, by the model as it is. Raises SettingsError where no day of it can be judged."""
    change: Change = model.parts["change"]
    days = _days(held.table, options)
    judged = _judged(days, days.ahead(options.ahead_days), change.told(days.now))
    if not len(judged.came):
        raise SettingsError(
            f"train: {held.table.path.name}: expected days of unfrozen soil {options.ahead_days} days apart, got none"
        )
    return figures_of(judged, options.ahead_days, f"{len(judged.came)} days of {held.table.path.name}", options.seed)


def _days(table: Table, options: MoistureOptions) -> Days:
    return days_of(table, (options.time, options.moisture, options.temperature), options.frost_degc)


def _judged(days: Days, ahead: NDArray[np.int64], told: NDArray[np.float64]) -> Judged:
    rows = np.flatnonzero((ahead >= 0) & np.isfinite(told))
    return Judged(days.time_h[rows], days.moisture[rows], told[rows], days.moisture[ahead[rows]])


def _card(table: Table, options: MoistureOptions, days: Days, judged: Judged) -> Card:
    values: dict[str, Any] = {name: getattr(options, name) for name in options.__struct_fields__}
    features = (options.moisture, options.temperature)
    on = f"{len(judged.came)} days, each by what had been measured before it"
    return Card(
        task="moisture",
        source=source_of(table),
        options=values,
        inputs=features,
        features=features,
        outputs=(f"moisture_in_{options.ahead_days}_days_pct",),
        figures=figures_of(judged, options.ahead_days, on, options.seed),
        candidates=1,
        limits=_limits(options, days.account),
        reference={options.moisture: reference_of(days.moisture), options.temperature: reference_of(days.degc)},
        versions=versions(),
    )


def _limits(options: MoistureOptions, account: Account) -> tuple[str, ...]:
    """Where the model ends, in sentences."""
    return (
        f"Of {account.days} days {account.usable} count. Left out: {account.missing} without moisture, {account.frozen} of soil at "
        f"{options.frost_degc:g} °C or colder, {account.unknown} with no soil temperature, {account.impossible} that can't be.",
        "Frozen soil has no forecast; in the stream the metric's field of moisture has to be null then.",
        "A forecast holds only if the soil does not freeze until then: frost is not foretold.",
        "It knows no weather forecast: rain that is on its way is not in it. A probe that is moved or changed begins anew.",
    )
