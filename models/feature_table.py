"""The table that a model is trained on: a metric's fields, window by window, as the stream makes them, and what came of each window.

The rows are made by the very partitions that the process stage runs (`analysis/trial.py`), so what a model learns from and what it scores
can't differ. The labels come from events on the log (`analysis/maintenance/lives.py`).
"""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from analysis.maintenance.lives import lives_of, told_of_maintenance
from analysis.spans import span_at
from analysis.trial import Identity, Rows, Span, trial
from fieldline.clock import Clock
from fieldline.errors import SettingsError
from fieldline.log import Log
from fieldline.moments import iso
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.settings import ProcessSettings
from fieldline.tables import nearest
from models.labels import HOUR_NS, Labels, labels_of
from models.lineage import FromLog, sha256_of

UNIT, TIME, ASSET = "unit", "time", "asset"
LABELS = ("remaining_life_h", "fails_soon", "failure_mode")
"""Columns beside the features. `unit` is one life of one asset: rows of one are never split between training and test."""


def is_feature_table(columns: Collection[str]) -> bool:
    """Whether columns are those of such a table, which `fieldline metrics table` writes."""
    return {UNIT, TIME, ASSET, *LABELS} <= {*columns}


class Wanted(NamedTuple):
    """Which rows. window : its name; horizon_ns : how soon is soon."""

    kind: str
    window: str
    span: Span
    horizon_ns: int

    def of_plant(self, plant_file: Path, table: pl.DataFrame) -> FromLog:
        """What is told of a table of them, with the digest of the plant file that it was made by. Raises OSError."""
        first = int(table[TIME].dt.epoch("ns").min())  # type: ignore[arg-type]  # of times it is a whole number
        return FromLog(
            metric=self.kind,
            window=self.window,
            since=iso(max(first, self.span.start)),
            until=iso(self.span.stop),
            horizon_h=self.horizon_ns / HOUR_NS,
            plant_sha256=sha256_of(plant_file),
        )


def entry_of(plant: Plant, kind: str) -> MetricEntry:
    """The definition of a metric of the plant's own, the one that holds last. Raises SettingsError."""
    mine = [entry for entry in plant.metrics if entry.kind == kind]
    if not mine:
        there = sorted({entry.kind for entry in plant.metrics})
        raise SettingsError(
            f"expected a kind that [[metric]] states, got {kind!r}{nearest(kind, there)}; there are {', '.join(there) or 'none'}"
        )
    return max(mine, key=lambda entry: entry.since_ns)


def in_lives(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of a feature table in which the asset works."""
    return table.filter(pl.col(UNIT).is_not_null())


def feature_table(log: Log, settings: ProcessSettings, plant: Plant, wanted: Wanted, clock: Clock) -> pl.DataFrame:
    """A row a window and asset, by asset and time: unit, time, asset, features, labels.

    Raises SettingsError where there is no such metric or window, or no row, Unavailable.
    """
    entry = entry_of(plant, wanted.kind)
    if wanted.window not in entry.windows:
        raise SettingsError(
            f"{wanted.kind}: expected one of its windows, {', '.join(entry.windows)}, got {wanted.window!r}"
        )
    features = entry.features or tuple(entry.field)
    rows = trial(log, settings, plant, wanted.span, clock, kinds=frozenset({wanted.kind}))
    by_asset = _by_asset(rows, wanted)
    if not by_asset:
        raise SettingsError(
            f"the log has no window of {wanted.kind} in that span: is there a reading of what it is made of?"
        )
    told = told_of_maintenance(log)
    frames = []
    for asset, (times, found) in sorted(by_asset.items()):
        ends = np.array([span_at(plant, plant.line_of(asset), wanted.window, time).end for time in times], np.int64)
        words = told.get(asset, [])
        lives = lives_of(asset, words, times[0], int(ends[-1]))
        labels = labels_of(ends, lives, wanted.horizon_ns, words)
        frames.append(_frame(asset, times, features, found, labels))
    return pl.concat(frames)


def _by_asset(rows: Rows, wanted: Wanted) -> dict[str, tuple[list[int], list[dict[str, object]]]]:
    found: dict[str, list[tuple[Identity, dict[str, object]]]] = defaultdict(list)
    for identity, fields in rows.items():
        if identity.kind == wanted.kind and identity.window == wanted.window:
            found[identity.asset].append((identity, fields))
    by_time = {asset: sorted(mine, key=lambda row: row[0].time) for asset, mine in found.items()}
    return {asset: ([one.time for one, _ in mine], [fields for _, fields in mine]) for asset, mine in by_time.items()}


def _frame(
    asset: str, times: list[int], features: tuple[str, ...], rows: list[dict[str, object]], labels: Labels
) -> pl.DataFrame:
    columns: dict[str, object] = {
        UNIT: pl.Series([f"{asset}#{life}" if life >= 0 else None for life in labels.life.tolist()], dtype=pl.String),
        TIME: pl.Series(times, dtype=pl.Datetime("ns", "UTC")),
        ASSET: [asset] * len(times),
    }
    columns |= {name: pl.Series([row.get(name) for row in rows], dtype=pl.Float64) for name in features}
    remaining, soon = (pl.Series(values).fill_nan(None) for values in (labels.remaining_life_h, labels.fails_soon))
    modes = pl.Series([mode or None for mode in labels.mode], dtype=pl.String)  # all null, too, it is text
    return pl.DataFrame(columns | dict(zip(LABELS, (remaining, soon, modes), strict=True)))
