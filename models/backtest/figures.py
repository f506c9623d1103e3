"""How good scores of the plant's own rows are, as far as the log says what came of each row."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.moments import iso
from fieldline.plantfile import MetricEntry
from fieldline.units import convert, find_unit
from models.card import Figure
from models.classes.crossed import Crossed
from models.classes.figures import failure_figures
from models.evaluation import rul_scores
from models.evaluation.bootstrap import interval
from models.feature_table import TIME, UNIT

PROBABILITY = "failure_probability"
"""The output that is judged by whether the asset failed within the horizon."""

_LEAST_LIVES = 5
"""From so many on lives are drawn again for an interval: of fewer it would be far too narrow."""


class Label(NamedTuple):
    """What is known of what an output foretells.

    place : of the output among the metric's; unit : of the output; truth : float64[n] in that unit, NaN where nobody knows
    is_class : whether it is 1 for what fails and 0 for what does not, else it is the life that is left
    """

    place: int
    unit: str
    truth: NDArray[np.float64]
    is_class: bool


def label_of(entry: MetricEntry, table: pl.DataFrame) -> Label | None:
    """The label of the first output that has one: a failure's probability, or a time; None where no output has."""
    assert entry.model is not None
    for place, (name, output) in enumerate(entry.model.output.items()):
        if name == PROBABILITY:
            return Label(place, output.unit, _column(table, "fails_soon"), True)
        if _is_time(output.unit):
            hours = _column(table, "remaining_life_h")
            return Label(place, output.unit, hours * convert(1.0, "h", output.unit), False)
    return None


def fault_of(label: Label | None, rows: NDArray[np.bool_]) -> str:
    """Why rows can't be judged, bool[n] those that are scored; "" where they can."""
    if label is None:
        return f"none of its outputs is a time or is named {PROBABILITY}: the log does not say how good others are"
    truth = label.truth[rows]
    if not label.is_class:
        return (
            ""
            if np.isfinite(truth).any()
            else "no asset failed behind a row that is scored: no remaining life is known"
        )
    failing, others = int((truth == 1).sum()), int((truth == 0).sum())
    if failing and others:
        return ""
    return f"expected rows before a failure and others among those that are scored, got {failing} and {others}"


def figures_of(
    label: Label, scores: NDArray[np.float64], table: pl.DataFrame, threshold: float | None, cap: float = np.inf
) -> tuple[Figure, ...]:
    """Figures of scores, float64[n], NaN for rows that are not judged; cap : of the lives that the model tells."""
    rows = np.isfinite(scores) & np.isfinite(label.truth)
    truth, told = label.truth[rows], scores[rows]
    unit = np.unique(table[UNIT].fill_null("").to_numpy().astype(np.str_), return_inverse=True)[1].astype(np.int64)
    times = table[TIME].dt.epoch("ns").to_numpy()
    where = " to ".join(iso(int(time))[:10] for time in (times.min(), times.max()))
    if label.is_class:
        on = f"back-test {where}, {len(truth)} rows, {int(truth.sum())} fail soon"
        figures = _of_failure(truth == 1, told, unit[rows], on, threshold)
    else:
        on = f"back-test {where}, {len(truth)} rows before a failure"
        figures = _of_life(np.minimum(truth, cap), told, unit[rows], on, label.unit)
    if len(np.unique(unit[rows])) < _LEAST_LIVES:
        figures = tuple(_bare(figure) for figure in figures)
    return tuple(figure for figure in figures if np.isfinite(figure.value))


def _of_failure(
    truth: NDArray[np.bool_], told: NDArray[np.float64], unit: NDArray[np.int64], on: str, threshold: float | None
) -> tuple[Figure, ...]:
    once = np.zeros(len(truth), np.int64)
    found = Crossed(np.arange(len(truth)), once, once, np.column_stack([1 - told, told]))
    alarm = np.zeros(len(truth), np.bool_) if threshold is None else told >= threshold
    figures = failure_figures(truth, alarm, found, unit, on, seed=0)
    return figures if threshold is not None else tuple(one for one in figures if one.name != "f1")


def _of_life(
    truth: NDArray[np.float64], told: NDArray[np.float64], unit: NDArray[np.int64], on: str, symbol: str
) -> tuple[Figure, ...]:
    low, high = interval(lambda rows: rul_scores.rmse(truth[rows], told[rows]), unit, seed=0)
    values = {"rmse": rul_scores.rmse, "mae": rul_scores.mae, "bias": rul_scores.bias}
    figures = []
    for name, measure in values.items():
        ends = (low, high) if name == "rmse" else (None, None)
        convention = "predicted - true" if name == "bias" else "all rows whose life is known, capped as the model is"
        figures.append(
            Figure(
                name=name,
                value=measure(truth, told),
                unit=symbol,
                on=on,
                convention=convention,
                low=ends[0],
                high=ends[1],
            )
        )
    return tuple(figures)


def _bare(figure: Figure) -> Figure:
    """Without an interval."""
    return Figure(name=figure.name, value=figure.value, unit=figure.unit, on=figure.on, convention=figure.convention)


def _column(table: pl.DataFrame, name: str) -> NDArray[np.float64]:
    return table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _is_time(unit: str) -> bool:
    try:
        return find_unit(unit).quantity == "duration"
    except ValueError:
        return False
