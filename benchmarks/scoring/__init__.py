"""The bench `scoring`: compiled scores beside scikit-learn, ONNX Runtime and treelite, of one row and of a thousand, each by one thread.

Of every subject the scores are compared first: a figure of a wrong score would be none.
"""

import importlib.metadata
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import environment
from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stand
from models.flatten import flatten
from processing.scoring.family import PartData, Scorer, families

_HERE = Path(__file__).parent
_PACKAGES = ("onnxruntime==1.*", "skl2onnx==1.*", "treelite==4.*")
_FASTER = {"ridge": 50.0, "logistic": 50.0, "MLP 30-64-32-1": 50.0, "Nystroem 300 + ridge": 50.0}
"""How many times faster than scikit-learn one row is to be; of all others a hundred times."""


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default time that is spent on each figure."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    from benchmarks.scoring.subjects import NAMES, fitted

    others = _others(stand)
    # The network is stopped early; its weights are as good to score.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name in NAMES:
            yield from _rows(fitted(name), others["found"].get(name, {}), others["versions"], size)


def _rows(subject: Any, others: dict[str, Any], versions: dict[str, str], size: float) -> Iterator[Row]:
    from benchmarks.scoring.subjects import COUNTS, asked
    from benchmarks.scoring.timed import least_us

    flat, rows = flatten(subject.estimator), asked()
    wanted = subject.ask(rows)
    part = PartData("part", flat.family, rows.shape[1], wanted.shape[1], flat.settings, flat.arrays)
    scorer = families()[flat.family].load(part)
    _check(subject.name, scorer, rows, wanted)
    for count in COUNTS:
        some = rows[:count].copy()
        ours = least_us(lambda some=some: scorer.score(some), 0.6 * size)
        sklearn = least_us(lambda some=some: subject.ask(some), 0.6 * size)
        told = [f"ours {ours:,.3g} µs, scikit-learn {sklearn:,.3g} µs"]
        told += [_told(peer, found, count, versions) for peer, found in others.items()]
        times = f"{subject.name}, {count:,} row{'s' * (count > 1)}: "
        goal = _FASTER.get(subject.name, 100.0) if count == 1 else 1.0
        yield Row("scoring", f"{times}scikit-learn to ours", sklearn / ours, "×", goal, note="; ".join(told))
        best = [(found["us"][str(count)], peer) for peer, found in others.items() if _is_right(found)]
        if count > 1 and best:
            quickest, peer = min(best)
            yield Row("scoring", f"{times}quickest right peer to ours", quickest / ours, "×", 1.0, note=peer)


def _check(name: str, scorer: Scorer, rows: np.ndarray, wanted: np.ndarray) -> None:
    """Raises BenchFailed where scores differ from scikit-learn's by more than 1e-12 of the largest."""
    off = float(np.abs(scorer.score(rows) - wanted).max() / np.abs(wanted).max())
    if off > 1e-12:
        raise BenchFailed(f"{name}: a score is {off:.2g} of the largest off scikit-learn's")


def _is_right(found: dict[str, Any]) -> bool:
    return "us" in found and found["off"] < 1e-4


def _told(peer: str, found: dict[str, Any], count: int, versions: dict[str, str]) -> str:
    if "failed" in found:
        return f"{peer}: {found['failed']}"
    wrong = "" if _is_right(found) else f", wrong by {found['off']:.2g}"
    return f"{peer} {found['us'][str(count)]:,.3g} µs{wrong}"


def _others(stand: Stand) -> dict[str, Any]:
    """What `peers_app.py` found in an environment of its own, made on first use. Raises BenchFailed."""
    same = f"scikit-learn=={importlib.metadata.version('scikit-learn')}"
    python = environment(stand, "scoring", (same, *_PACKAGES))
    child = stand.program("peers_app", "env", "OMP_NUM_THREADS=1", python, str(_HERE / "peers_app.py"))
    lines = child.wait(900.0).strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError) as error:
        raise BenchFailed(f"peers_app.py: {child.output[-2000:]}") from error
