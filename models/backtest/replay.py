"""A version scores the plant's own rows: those of `metrics table`, by the code that scores them in the stream.

So what is refused there, other features, units or outputs, is refused here before anybody acts on it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.errors import ModelError
from fieldline.event_kinds import CHAMPION
from fieldline.expressions import Own, Term
from fieldline.moments import iso, parse_moment
from fieldline.plantfile import MetricEntry
from models.backtest.figures import Label, fault_of, figures_of, label_of
from models.backtest.outcome import BackTest, Difference, Judged
from models.evaluation.drift import psi
from models.feature_table import TIME, UNIT
from models.lineage import FromLog
from processing.derived.scored import Models, in_force, scores
from processing.scoring.model import Model
from processing.scoring.reference import Reference


class Replayed(NamedTuple):
    """Rows of a feature table, the metric's definition, and where they came from."""

    entry: MetricEntry
    table: pl.DataFrame
    made_of: FromLog

    def feature(self, name: str) -> NDArray[np.float64]:
        """A column, float64[n], NaN where it has no value."""
        return self.table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


class _Scored(NamedTuple):
    """A version's outputs, float64[n, outputs], NaN where it has none; why : by how many rows."""

    number: int
    values: NDArray[np.float64]
    why: dict[str, int]

    @property
    def rows(self) -> NDArray[np.bool_]:
        """bool[n]: those of which it gives all outputs."""
        return np.asarray(np.isfinite(self.values).all(axis=1), np.bool_)


def back_test(rows: Replayed, models: Models, candidate: int, champion: int | None) -> BackTest:
    """A version's scores of the rows, and the champion's beside them. Raises ModelError where the version can't be read.

    Figures of both stand on the rows that both score.
    """
    model, table = models.version(rows.entry.model_name, candidate, -1), rows.table
    mine = _scored(rows, models, candidate)
    other = None if champion is None or champion == candidate else _scored(rows, models, champion)
    judged = mine.rows if other is None or not other.rows.any() else mine.rows & other.rows
    label = label_of(rows.entry, table)
    fault = fault_of(label, judged)
    known = None if fault else label
    return BackTest(
        made_of=rows.made_of,
        rows=table.height,
        assets=table["asset"].n_unique(),
        lives=table[UNIT].drop_nulls().n_unique(),
        positive=int((table["fails_soon"] == 1.0).sum()),
        negative=int((table["fails_soon"] == 0.0).sum()),
        candidate=_judged(rows, models, mine, known, judged),
        unjudged=fault,
        seen=_seen(model, table),
        champion=None if other is None else _judged(rows, models, other, known, judged),
        differs=None if other is None else _differs(rows, mine.values, other.values),
    )


def _scored(rows: Replayed, models: Models, number: int) -> _Scored:
    entry, n = rows.entry, rows.table.height
    assert entry.model is not None
    columns: dict[Term, NDArray[np.float64]] = {Own(name): rows.feature(name) for name in entry.features}
    for one in in_force(entry):
        told = {"version": float(number), "digest": -1.0}[one.what] if one.role == CHAMPION else np.nan
        columns[one] = np.full(n, told)
    found, whys = scores(entry, columns, models)
    outputs = list(entry.model.output)
    why, reasons = whys[outputs[0]]
    counts = np.bincount(why[why >= 0], minlength=len(reasons)).tolist()
    unscored = {reason: count for reason, count in zip(reasons, counts, strict=True) if count}
    return _Scored(number, np.stack([found[name] for name in outputs], axis=1), unscored)


def _judged(
    rows: Replayed, models: Models, scored: _Scored, label: Label | None, is_judged: NDArray[np.bool_]
) -> Judged:
    """What is told of a version, as far as its card and labels go."""
    told = Judged(version=scored.number, scored=int(scored.rows.sum()), unscored=scored.why)
    try:
        model = models.version(rows.entry.model_name, scored.number, -1)
    except ModelError:  # a champion that can't be read: `unscored` says so
        return told
    card: Mapping[str, Any] = model.document.card
    references = msgspec.convert(card.get("reference", {}), dict[str, Reference])
    drift = {name: psi(references[name], rows.feature(name)) for name in rows.entry.features if name in references}
    told = msgspec.structs.replace(told, drift=drift)
    if label is None or not scored.rows.any():
        return told
    score, threshold = scored.values[:, label.place], card.get("threshold")
    cap = model.document.lineage.get("settings", {}).get("cap", np.inf)
    figures = figures_of(label, np.where(is_judged, score, np.nan), rows.table, threshold, cap)
    crossed = None if threshold is None else int((score >= threshold).sum())
    return msgspec.structs.replace(told, figures=figures, threshold=threshold, crossed=crossed)


def _differs(rows: Replayed, mine: NDArray[np.float64], other: NDArray[np.float64]) -> Difference | None:
    """Where both score: the largest distance of the two."""
    assert rows.entry.model is not None
    apart = np.abs(mine - other)
    if not np.isfinite(apart).any():
        return None
    row, place = np.unravel_index(int(np.nanargmax(apart)), apart.shape)
    return Difference(
        output=list(rows.entry.model.output)[place],
        asset=rows.table["asset"][int(row)],
        time=iso(int(rows.table[TIME].dt.epoch("ns")[int(row)])),
        candidate=float(mine[row, place]),
        champion=float(other[row, place]),
    )


def _seen(model: Model, table: pl.DataFrame) -> float | None:
    """The share of the rows that lie where the model was trained on the log, by time alone: another log's rows count too."""
    log = model.document.lineage.get("log")
    if log is None:
        return None
    since, until = (parse_moment(log[end], 0) for end in ("since", "until"))
    time = table[TIME].dt.epoch("ns").to_numpy()
    return float(((time >= since) & (time < until)).mean())
