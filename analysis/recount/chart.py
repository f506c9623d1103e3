"""A point of a control chart from its samples, judged by the limits that the plant file froze for its product."""

from collections.abc import Sequence
from math import nan, sqrt

from analysis.recount.history import History
from fieldline.plantfile.spc import SpcEntry

Figures = dict[str, float]


def product_at(history: History, asset: str, start: int, end: int) -> str:
    """The product that was made on an asset all through a cell; empty text: none, or several."""
    run = history.run_at(start, history.runs(asset))
    return run.product if run is not None and end <= run.end else ""


def point(entry: SpcEntry, product: str, samples: Sequence[tuple[int, float]]) -> Figures:
    """The fields of `spc` that follow from the point's own samples and the limits alone; NaN where a value does not exist.

    The chart's memory (moving range, EWMA, CUSUM, rules, drift) needs the points before it and is left out.
    """
    values = [value for _, value in samples]
    n = len(values)
    mean = sum(values) / n if n else nan
    spread = sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else nan
    limits = entry.limits_for(product or None)
    is_subgroup = entry.chart != "i_mr"
    step = limits.sigma / sqrt(n) if is_subgroup and n else limits.sigma
    is_judged = (
        limits.sigma == limits.sigma and (n > 1 or not is_subgroup) and limits.center + limits.sigma != limits.center
    )
    center, step, sigma = (limits.center, step, limits.sigma) if is_judged else (nan, nan, nan)
    return {
        "n": float(n),
        "mean": mean,
        "range": max(values) - min(values) if entry.chart == "xbar_r" and n > 1 else nan,
        "standard_deviation": spread if entry.chart == "xbar_s" else nan,
        "center": center,
        "lcl": center - 3.0 * step,
        "ucl": center + 3.0 * step,
        "standardised": (mean - center) / step,
        "cp": (entry.usl - entry.lsl) / (6.0 * sigma) if entry.usl is not None and entry.lsl is not None else nan,
        "cpk": min(_reach(entry, mean), default=nan) / (3.0 * sigma),
        "limits_version": float(limits.version) if is_judged else nan,
        "coverage": n / entry.n if entry.n else 1.0,
    }


def _reach(entry: SpcEntry, mean: float) -> list[float]:
    """How far a mean is from the specification limits that are declared."""
    below = [] if entry.usl is None else [entry.usl - mean]
    return below if entry.lsl is None else [*below, mean - entry.lsl]
