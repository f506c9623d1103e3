"""What a detector of news in one series says of its history, and from what score on it alarms."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.card import Card, Figure, source_of, versions
from models.evaluation.drift import reference_of
from models.table import Table
from models.task import Golden, Held, Options, Progress, Trained
from processing.kernels.novelty import ALARM, NOVELTY, SCALES, new_past, watch

LEAST_ROWS = 200
_LEARNING = 0.15  # of the history, whose alarms are not counted: everything is new at first
_GOLDEN = 600
_SECOND_NS = 1_000_000_000
_WEEK_S = 7 * 86_400


class NoveltyOptions(Options, frozen=True, kw_only=True):
    """How one series is watched.

    time, value : columns; time as 2026-01-31 12:00:00 or in seconds
    threshold : a score from which on an alarm is given; how many times e rarer than the least of the dozen farthest moments so far
    alarms_per_week : choose the threshold so that the history has so many at most; 0: take `threshold` as it is
    """

    time: str = "timestamp"
    value: str = "value"
    threshold: float = 1.8
    alarms_per_week: float = 0.0

    def __post_init__(self) -> None:
        if not self.threshold > 0 or self.alarms_per_week < 0:
            raise ValueError("threshold, alarms_per_week: expected more than 0, 0 or more")


class _History(NamedTuple):
    """In order of time: ns, values, alarms with their scores, 0 where there is none."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    alarm: NDArray[np.float64]

    def judged(self) -> NDArray[np.float64]:
        """The alarms of what is behind the beginning."""
        return self.alarm[int(_LEARNING * len(self.alarm)) :]

    def weeks(self) -> float:
        """How long that is."""
        time = self.time[int(_LEARNING * len(self.time)) :]
        return float(time[-1] - time[0]) / _SECOND_NS / _WEEK_S


def alarms(time: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Alarms of a series from its first value on, float64[n]: the score, 0 where none is given, NaN where the value is not finite."""
    out = np.empty((len(value), 3))
    watch(time, value, np.zeros(len(value), np.int64), np.zeros(1, NOVELTY), new_past(1), np.empty((2, SCALES)), out)
    return out[:, ALARM]


def train(table: Table, options: NoveltyOptions, progress: Progress) -> Trained:
    """Watch a history, and choose the threshold. Raises SettingsError for too few values."""
    progress(0.0, "watching the history")
    history = _history(table, options)
    threshold = _threshold(history, options)
    features = np.column_stack([history.time / _SECOND_NS, history.value])
    golden = np.ascontiguousarray(features[:_GOLDEN])
    card = _card(table, options, history, threshold)
    progress(1.0, "done")
    return Trained(
        parts={"threshold": threshold},
        inputs=card.inputs,
        features=card.features,
        outputs=card.outputs,
        score=_score,
        golden=Golden(golden, _score(golden)),
        card=card,
        evidence={
            "time": history.time,
            "value": history.value,
            "alarm": history.alarm,
            "threshold": np.array([threshold]),
        },
    )


def _score(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows are the beginning of a series: time in seconds, value."""
    time = np.round(features[:, 0] * _SECOND_NS).astype(np.int64)
    return alarms(time, np.ascontiguousarray(features[:, 1]))[:, None]


def evaluate(model: Trained, held: Held, options: NoveltyOptions) -> tuple[Figure, ...]:
    """How often another series, or another time of it, alarms; it is watched from its own first value on. Raises SettingsError."""
    history = _history(held.table, options)
    return (_rate(history, float(model.parts["threshold"]), held.table.path.name),)


def _history(table: Table, options: NoveltyOptions) -> _History:
    time, value = _times(table, options.time), table.numbers([options.value])[:, 0]
    known = int(np.isfinite(value).sum())
    if known < LEAST_ROWS:
        raise SettingsError(f"train: {table.path.name}: expected at least {LEAST_ROWS} values, got {known}")
    if np.unique(value[np.isfinite(value)]).size == 1:
        raise SettingsError(
            f"train: {table.path.name}: column {options.value!r}: expected values that move, got a constant"
        )
    order = np.argsort(time, kind="stable")
    time, value = np.ascontiguousarray(time[order]), np.ascontiguousarray(value[order])
    return _History(time, value, alarms(time, value))


def _times(table: Table, name: str) -> NDArray[np.int64]:
    words = table.words(name)
    try:
        seconds = words.astype(np.float64)
    except ValueError:
        try:
            return words.astype("datetime64[ns]").astype(np.int64)
        except ValueError as error:
            wanted = "expected times as 2026-01-31 12:00:00, or seconds"
            raise SettingsError(f"train: {table.path.name}: column {name!r}: {wanted}: {error}") from error
    return np.asarray(np.round(seconds * _SECOND_NS), np.int64)


def _threshold(history: _History, options: NoveltyOptions) -> float:
    if not options.alarms_per_week:
        return options.threshold
    allowed = int(options.alarms_per_week * history.weeks())
    scores = np.sort(np.nan_to_num(history.judged()))[::-1]
    scores = scores[scores > 0]
    return float(np.nextafter(scores[allowed], np.inf)) if allowed < len(scores) else options.threshold


def _rate(history: _History, threshold: float, on: str) -> Figure:
    count = int((np.nan_to_num(history.judged()) >= threshold).sum())
    return Figure(
        name="alarms_per_week", value=count / max(history.weeks(), 1e-9), unit="1/week", on=on,
        convention=f"{count} alarms, behind the first {_LEARNING:.0%} of the series; which of them are right is not known",
    )  # fmt: skip


def _card(table: Table, options: NoveltyOptions, history: _History, threshold: float) -> Card:
    values: dict[str, Any] = {name: getattr(options, name) for name in options.__struct_fields__}
    return Card(
        task="novelty",
        source=source_of(table),
        options=values,
        inputs=(options.time, options.value),
        features=("time_s", "value"),
        outputs=("novelty",),
        figures=(_rate(history, threshold, table.path.name),),
        candidates=1,
        limits=(
            f"An alarm is a score of {threshold:.3g} or more. It says that something is new, not that it is wrong.",
            "What came before is what counts as known, faults too: a fault that comes again as it was is no news.",
            "It needs a beginning: of the first days everything is new. Values between are not made up; a gap is no anomaly by itself.",
        ),
        reference={options.value: reference_of(history.value)},
        versions=versions(),
    )
