"""Streaming anomaly detection on files of the Numenta Anomaly Benchmark, by its rules.

    python -m benchmarks.models nab --test FOLDER [RESULTS ...]

FOLDER has files of the benchmark (`timestamp,value`; in folders as published, or `folder__file.csv`, plain or packed) and `labels.json`,
or `combined_windows.json`, with their windows. RESULTS are folders of other detectors' row scores as the benchmark publishes them
(`results/DETECTOR`), which go through the same scorer. The windowed Gaussian of the benchmark always does.

One threshold holds for all files. By the benchmark's rule it is the best for each profile on these very files, which flatters whoever is
scored; the score at the threshold that we ship stands beside it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.models.line import Files, Line, at_least
from benchmarks.models.nab.detectors import published, watched, windowed_gaussian
from benchmarks.models.nab.files import Series, read_folder
from benchmarks.models.nab.score import PROFILES, Scored, best_threshold, interval, score_at
from models.series.training import NoveltyOptions

NEEDS = ("test",)
_PUBLISHED = {
    "standard": "whole corpus: HTM 70.5, CAD OSE 69.9, ARTime 74.9, windowed Gaussian 39.6",
    "low FP": "whole corpus: HTM 62.6, CAD OSE 67.0, ARTime 65.1, windowed Gaussian 20.9",
    "low FN": "whole corpus: HTM 75.2, CAD OSE 73.2, ARTime 80.4, windowed Gaussian 47.4",
}
_COMPARED = (
    "some 10,000 combinations of members and constants were compared on 12 files, 70 ± 2.4 around the one chosen"
)


def sets(folder: Path) -> Iterator[Files]:
    """Folders with labels."""
    for labels in sorted(folder.rglob("labels.json")):
        yield Files((), (labels.parent,), None)


def run(files: Files, say: Callable[[str], None]) -> Iterable[Line]:
    """Our figures for each profile, at the shipped threshold too, then those of others. Raises SettingsError."""
    folder = read_folder(files.test[0])
    say(f"nab: {len(folder)} files, {sum(len(one.windows) for one in folder)} windows")
    scores = []
    for one in folder:
        scores.append(watched(one))
        say(f"nab: {one.name}: {len(one.value)} rows, highest alarm {np.nanmax(scores[-1], initial=0.0):.2f}")
    yield from _ours(folder, scores)
    yield _standard("windowed Gaussian", folder, [windowed_gaussian(one.value) for one in folder])
    for path in files.test[1:]:
        yield _standard(path.name, folder, [published(path, one) for one in folder])


def _ours(folder: list[Series], scores: list[np.ndarray]) -> Iterable[Line]:
    for name, profile in PROFILES.items():
        scored = best_threshold(folder, scores, profile)
        low, high = interval(folder, scores, profile, scored.threshold)
        convention = f"{_found(scored)}; 90 % of draws of files: {low:.0f} to {high:.0f}"
        if name == "standard":
            goal, is_met = at_least(63.0, scored.score)
            convention = f"{convention}; {_COMPARED}"
            yield Line("nab", name, scored.score, "1", convention, _PUBLISHED[name], goal, is_met)
            shipped = score_at(folder, scores, profile, NoveltyOptions().threshold)
            yield Line("nab", "standard, shipped threshold", shipped.score, "1", _found(shipped))
        else:
            yield Line("nab", name, scored.score, "1", convention, _PUBLISHED[name])


def _standard(detector: str, folder: list[Series], scores: list[np.ndarray]) -> Line:
    scored = best_threshold(folder, scores, PROFILES["standard"])
    return Line("nab", f"standard of {detector}", scored.score, "1", _found(scored))


def _found(scored: Scored) -> str:
    return f"{scored.found} of {scored.windows} windows, {scored.false} false rows, threshold {scored.threshold:.4g}"
