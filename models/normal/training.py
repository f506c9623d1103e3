"""Train what is normal on a table, and judge it: the ridge, the subspace, the limit, the card."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.evaluation.bootstrap import interval
from models.evaluation.detection import share
from models.evaluation.drift import reference_of
from models.feature_table import ASSET, LABELS, TIME, UNIT, is_feature_table
from models.normal.draft import draft_of, features_of
from models.normal.limit import BLOCKS, Limit, Unseen, left_out, limit_of, unseen
from models.normal.runs import Runs, lagged, runs_of, whole
from models.normal.subspace import RIDGES, Shape, fitted, likelihood
from models.one_thread import one_thread
from models.own_estimator import units_of
from models.table import Table
from models.task import Golden, Held, Options, Progress, Trained

LEAST_ROWS = 100
OUTPUTS = ("t2", "q", "anomaly_ratio")
FAILS_SOON = LABELS[1]
_GOLDEN = 16


class AnomalyOptions(Options, frozen=True, kw_only=True):
    """How normal work is learned.

    run, time : columns that say which run a row is of and when it is; without them a file is a run and its rows are in order
    channels : columns to learn from; without them all others
    fault : column of the judged table that is not 0 where a row is faulty; without it all its rows are taken for normal
    kind : cva, canonical variates of a row and those before it, or pca, principal components
    lags : rows that count, the newest among them; states : canonical variates of T²; share : of the variance that T² has of components
    false_share : of normal rows that may alarm
    units : of channels whose names do not end in theirs, for a model that is kept, as "load = kW"
    """

    run: str = ""
    time: str = ""
    channels: tuple[str, ...] = ()
    fault: str = ""
    kind: Literal["cva", "pca"] = "cva"
    lags: int = 4
    states: int = 60
    share: float = 0.85
    false_share: float = 0.03
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.lags <= 50:
            raise ValueError(f"lags: expected 1 to 50, got {self.lags}")
        if self.states < 1:
            raise ValueError(f"states: expected 1 or more, got {self.states}")
        if not 0 < self.share < 1 or not 0 < self.false_share < 0.5:
            raise ValueError("share, false_share: expected shares between 0 and 1, the second below 0.5")


def train(table: Table, options: AnomalyOptions, progress: Progress) -> Trained:
    """Fit to normal rows, and set the limit by blocks that were left out. Raises SettingsError for too few rows."""
    if table.frame.height < LEAST_ROWS:
        needs = f"expected at least {LEAST_ROWS} rows of normal work"
        raise SettingsError(f"train: {table.path.name}: {needs}, got {table.frame.height}")
    runs = _runs(normal_rows(table), options, options.channels)
    _check(runs, table, options)
    units = table.units_among(runs.channels) | units_of(options.units, runs.channels)
    with one_thread():
        shape = _shape(runs, options, progress)
        parts: list[Unseen] = []
        for number, part in enumerate(unseen(runs.values, shape)):
            progress(min(0.3 + 0.06 * number, 0.9), "scoring blocks of rows that were left out")
            parts.append(part)
        subspace = fitted(runs.values, shape)
    found = Unseen(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    limit = limit_of(found.statistics, options.false_share)

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        with one_thread():
            statistics = subspace.score(features)
        return np.concatenate([statistics, limit.ratio(statistics)[:, None]], axis=1)

    rows = np.concatenate([lagged(run, shape.lags) for run in runs.values])
    rows = rows[whole(rows)]
    golden = np.ascontiguousarray(rows[np.linspace(0, len(rows) - 1, _GOLDEN).astype(np.int64)])
    card, kept = _card(table, runs, options, shape, found, limit), Golden(golden, score(golden))
    progress(1.0, "done")
    return Trained(
        parts={"normal": subspace, "limit": limit},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=score,
        golden=kept,
        card=card,
        evidence={
            "t2": found.statistics[:, 0],
            "q": found.statistics[:, 1],
            "anomaly_ratio": limit.ratio(found.statistics),
        },
        registered=lambda name: draft_of(name, subspace, limit, card, kept, units),
    )


def normal_rows(table: Table) -> Table:
    """Of a table of `fieldline metrics table` the rows of normal work: none of an asset that fails soon, or waits for its repair."""
    if not is_feature_table(table.frame.columns):
        return table
    is_normal = pl.col(UNIT).is_not_null() & (pl.col(FAILS_SOON).is_null() | (pl.col(FAILS_SOON) == 0.0))
    return table._replace(frame=table.frame.filter(is_normal))


def _runs(table: Table, options: AnomalyOptions, channels: Sequence[str]) -> Runs:
    """The runs of a table; of one that `fieldline metrics table` wrote lives of assets, in order of time."""
    if not is_feature_table(table.frame.columns):
        return runs_of(table, options.run, options.time, channels, (options.fault,))
    return runs_of(
        table, options.run or UNIT, options.time or TIME, channels, (options.fault, UNIT, TIME, ASSET, *LABELS)
    )


def anomaly_ratio(model: Trained, values: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """The larger of T² and Q by its limit of rows of one run, float64[n]; NaN for the first ones and where a channel is missing."""
    return model.score(lagged(values, lags))[:, -1]


def evaluate(model: Trained, held: Held, options: AnomalyOptions) -> tuple[Figure, ...]:
    """The share of normal rows that alarm, and of faulty ones that don't. Raises SettingsError."""
    asked = (*model.inputs, *((options.fault,) if options.fault else ()))
    runs = _runs(held.table, options, asked)
    if runs.channels != asked:
        raise SettingsError(f"train: {held.table.path.name}: constant: {', '.join(runs.dropped)}")
    alarms, faulty = [], []
    for run in runs.values:
        ratio = anomaly_ratio(model, run[:, : len(model.inputs)], options.lags)
        known = np.isfinite(ratio)
        alarms.append(ratio[known] > 1)
        faulty.append(run[known, -1] != 0 if options.fault else np.zeros(known.sum(), bool))
    alarm, fault = np.concatenate(alarms), np.concatenate(faulty)
    on = f"{len(alarm)} rows of {held.table.path.name}"
    figures = [_figure("false_alarm_share", share(alarm[~fault]), on, "rows that are not faulty")]
    if fault.any():
        figures.append(_figure("missed_share", 1 - share(alarm[fault]), on, "rows that are faulty"))
    return tuple(figures)


def _figure(name: str, value: float, on: str, convention: str) -> Figure:
    return Figure(
        name=name, value=value, unit="1", on=on, convention=f"{convention}, T² or Q above its limit, no run rule"
    )


def _check(runs: Runs, table: Table, options: AnomalyOptions) -> None:
    usable = sum(int(whole(lagged(run, 2 * options.lags)).sum()) for run in runs.values)
    if usable < LEAST_ROWS:
        needs = (
            f"expected at least {LEAST_ROWS} rows of normal work with {2 * options.lags} in a row and nothing missing"
        )
        raise SettingsError(f"train: {table.path.name}: {needs}, got {usable}")
    if len(runs.channels) < 2:
        raise SettingsError(
            f"train: {table.path.name}: expected at least 2 channels that move, got {len(runs.channels)}"
        )


def _shape(runs: Runs, options: AnomalyOptions, progress: Progress) -> Shape:
    """With the ridge under which rows that were left out are most likely: normal rows alone choose it."""
    shapes = [Shape(options.kind, options.lags, options.states, options.share, ridge) for ridge in RIDGES]
    if options.kind == "pca":
        return shapes[0]
    likely = []
    for number, shape in enumerate(shapes):
        progress(0.06 * number, "choosing the ridge")
        likely.append(sum(likelihood(seen, held, shape) for seen, held in left_out(runs.values, BLOCKS // 2)))
    return shapes[int(np.argmax(likely))]


def _card(table: Table, runs: Runs, options: AnomalyOptions, shape: Shape, found: Unseen, limit: Limit) -> Card:
    alarm = limit.ratio(found.statistics) > 1
    low, high = interval(lambda rows: share(alarm[rows]), found.block, options.seed)
    figure = Figure(
        name="false_alarm_share", value=share(alarm), unit="1", low=low, high=high,
        on=f"{len(alarm)} rows, each by a fit that had not seen its block",
        convention="the limit was set on these very rows, so this is what was asked for; the interval is over blocks",
    )  # fmt: skip
    values = np.concatenate(runs.values)
    return Card(
        task="anomaly",
        source=source_of(table, len(runs.values)),
        options={name: getattr(options, name) for name in options.__struct_fields__},
        inputs=runs.channels,
        features=features_of(runs.channels, options.lags),
        outputs=OUTPUTS,
        figures=(figure,),
        candidates=1 if options.kind == "pca" else len(RIDGES),
        limits=_limits(table, runs, options, shape),
        reference={name: reference_of(values[:, k]) for k, name in enumerate(runs.channels)},
        versions=versions(),
    )


def _limits(table: Table, runs: Runs, options: AnomalyOptions, shape: Shape) -> tuple[str, ...]:
    said = [
        "Normal is what was shown: another product or season is an alarm until it is learned.",
        "Faults were not looked at. A fault that stays within the normal swing of all channels and their relations is not seen.",
        f"Rows are one sampling interval apart; {options.lags} in a row without a missing value are needed for a score.",
        *("Rows that fail soon, or lie between a failure and the repair, were left out.",)
        * is_feature_table(table.frame.columns),
    ]
    if options.kind == "cva":
        said.append(
            f"Ridge {shape.ridge:g}, the one of {len(RIDGES)} under which left-out normal rows were most likely."
        )
    if runs.dropped:
        said.append(f"Left out, since constant or missing in training: {', '.join(runs.dropped)}.")
    return tuple(said)
