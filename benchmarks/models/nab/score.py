"""The scorer of the Numenta Anomaly Benchmark, version 1.1.

The first rows of a file are not scored. A window counts once, by the first row in it that is detected: 1 at its left end, falling as a
sigmoid to 0 at its right end; one that is missed costs. Each row detected outside windows costs, less so close behind one.
The sum is scaled so that a detector that finds nothing has 0, and one that finds each window at its left end and nothing else 100.

Source: A. Lavin, S. Ahmad, "Evaluating real-time anomaly detection algorithms", ICMLA 2015, doi 10.1109/ICMLA.2015.141; numenta/NAB.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.nab.files import Series


class Profile(NamedTuple):
    """What a row detected outside windows costs at most, and what a missed window costs; a window found is worth 1 at most."""

    false: float
    missed: float


PROFILES = {"standard": Profile(0.11, 1.0), "low FP": Profile(0.22, 1.0), "low FN": Profile(0.11, 2.0)}
_UNSCORED_SHARE, _UNSCORED_MOST = 0.15, 750
_FAR = 3.0  # window widths behind a window, from where on a false row costs all


class Scored(NamedTuple):
    """A score at a threshold: rows with at least that count as detected. found : windows, of `windows`; false : rows outside them."""

    score: float
    threshold: float
    found: int
    windows: int
    false: int


class _Rows(NamedTuple):
    """Scored rows of all files, one after the other. window : number of each row's window, -1 outside; gain : what detecting it gives."""

    score: NDArray[np.float64]
    window: NDArray[np.int64]
    gain: NDArray[np.float64]
    windows: int


def gains(series: Series, profile: Profile) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The window of each row, int64[n], -1 outside, and what detecting the row gives, float64[n]."""
    n = len(series.value)
    window, gain, row = np.full(n, -1), np.full(n, -profile.false), np.arange(n)
    for number, (left, right) in enumerate(series.windows):
        width = right - left + 1
        behind = (row[right + 1 :] - right) / max(width - 1, 1)
        gain[right + 1 :] = profile.false * np.where(behind > _FAR, -1.0, _sigmoid(np.minimum(behind, _FAR)))
        window[left : right + 1] = number
        gain[left : right + 1] = _sigmoid((row[left : right + 1] - right - 1) / width) / _sigmoid(np.array(-1.0))
    return window, gain


def unscored(rows: int) -> int:
    """How many rows at the beginning of a file are not scored."""
    return min(int(_UNSCORED_SHARE * rows), _UNSCORED_MOST)


def best_threshold(folder: Sequence[Series], scores: Sequence[NDArray[np.float64]], profile: Profile) -> Scored:
    """The score at the one threshold that is best for all files, by the benchmark's rule; row scores of 0 and NaN detect nothing."""
    rows = _rows_of(folder, scores, profile)
    order = np.argsort(-rows.score, kind="stable")
    order = order[rows.score[order] > 0]
    best, raw = np.full(rows.windows, -profile.missed), -profile.missed * rows.windows
    top, threshold = raw, np.inf
    for place, row in enumerate(order):
        number, gain = rows.window[row], rows.gain[row]
        raw += gain if number < 0 else max(gain - best[number], 0.0)
        if number >= 0:
            best[number] = max(best[number], gain)
        is_last_of_equals = place + 1 == len(order) or rows.score[order[place + 1]] < rows.score[row]
        if is_last_of_equals and raw > top:
            top, threshold = raw, rows.score[row]
    return score_at(folder, scores, profile, threshold)


def score_at(
    folder: Sequence[Series], scores: Sequence[NDArray[np.float64]], profile: Profile, threshold: float
) -> Scored:
    """The score at a threshold."""
    rows = _rows_of(folder, scores, profile)
    is_detected = rows.score >= threshold
    best = np.full(rows.windows, -profile.missed)
    inside = is_detected & (rows.window >= 0)
    np.maximum.at(best, rows.window[inside], rows.gain[inside])
    outside = is_detected & (rows.window < 0)
    none, all_found = -profile.missed * rows.windows, float(rows.windows)
    raw = best.sum() + rows.gain[outside].sum()
    score = 100.0 * (raw - none) / (all_found - none) if rows.windows else np.nan
    found = len(np.unique(rows.window[inside]))
    return Scored(float(score), float(threshold), found, rows.windows, int(outside.sum()))


def interval(
    folder: Sequence[Series], scores: Sequence[NDArray[np.float64]], profile: Profile, threshold: float
) -> tuple[float, float]:
    """Between what 90 % of scores lie when as many files are drawn again with replacement, at the same threshold; seed 0."""
    rng, drawn = np.random.default_rng(0), []
    for _ in range(400):
        picked = rng.integers(0, len(folder), len(folder))
        drawn.append(score_at([folder[k] for k in picked], [scores[k] for k in picked], profile, threshold).score)
    low, high = np.nanquantile(drawn, [0.05, 0.95])
    return float(low), float(high)


def _rows_of(folder: Sequence[Series], scores: Sequence[NDArray[np.float64]], profile: Profile) -> _Rows:
    parts, windows = [], 0
    for series, of_series in zip(folder, scores, strict=True):
        window, gain = gains(series, profile)
        from_row = unscored(len(of_series))
        there = np.nan_to_num(of_series[from_row:])
        parts.append((there, np.where(window < 0, -1, window + windows)[from_row:], gain[from_row:]))
        windows += len(series.windows)
    score, window, gain = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return _Rows(score, window, gain, windows)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2.0 / (1.0 + np.exp(5.0 * x)) - 1.0
