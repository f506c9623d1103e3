"""Row scores of detectors: ours, the benchmark's windowed Gaussian, and those that were published as files."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.nab.files import Series
from fieldline.errors import SettingsError
from models.series.training import alarms
from models.table import read_table

_WINDOW, _STEP = 6400, 100  # of the windowed Gaussian: rows it remembers, and after how many new ones it looks again


def watched(series: Series) -> NDArray[np.float64]:
    """Alarms of our detector, float64[n]: value by value, nothing is known of what comes."""
    return alarms(series.time, series.value)


def windowed_gaussian(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """How improbable each value is under a normal distribution of those before it, float64[n]; the benchmark's simplest baseline.

    While fewer than 6400 values were seen they all count; then the window moves on by 100 at a time.
    """
    score = np.zeros(len(value))
    begin, end = 0, 1
    for row in range(1, len(value)):
        seen = value[begin:end]
        spread = seen.std() or 1e-6
        score[row] = 1.0 - 0.5 * math.erfc(abs(value[row] - seen.mean()) / spread / math.sqrt(2.0))
        if row < _WINDOW or row + 1 - end == _STEP:
            end = row + 1
            begin = max(end - _WINDOW, 0)
    return score


def published(folder: Path, series: Series) -> NDArray[np.float64]:
    """A detector's row scores as the benchmark publishes them, float64[n]: column `anomaly_score` of `CATEGORY/DETECTOR_FILE`.

    Raises SettingsError for a file that is missing or of another length.
    """
    category, _, file = series.name.partition("/")
    path = folder / category / f"{folder.name}_{file}"
    score = read_table(path).numbers(["anomaly_score"])[:, 0]
    if len(score) != len(series.value):
        raise SettingsError(f"nab: {path.name}: expected {len(series.value)} rows, got {len(score)}")
    return score
