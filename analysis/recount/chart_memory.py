"""What a control chart remembers: moving range, EWMA, CUSUM and run rules at a point, worked out from all points before it.

A chart begins anew where the product or its limits change, for what was seen before was judged by others. Sources: S. W. Roberts,
Technometrics 1 (1959) 239; E. S. Page, Biometrika 41 (1954) 100, tabular form; L. S. Nelson, J. Quality Technology 16 (1984) 237;
Western Electric, Statistical Quality Control Handbook (1956).
"""

from collections.abc import Callable
from math import isnan, nan, sqrt
from typing import NamedTuple

from analysis.recount.chart import Figures, point, product_at
from analysis.recount.history import History
from fieldline.plantfile.spc import RULES, SpcEntry

_LONGEST = 15
Cell = Callable[[int], tuple[int, int]]
"""The cell that a time lies in: start and end [ns UTC]."""


class Charted(NamedTuple):
    """A point: its cell, what was made, the limits in force, and its own figures."""

    start: int
    in_force: tuple[str, int, str, str]
    figures: Figures


def points_of(history: History, asset: str, tag: str, entry: SpcEntry, cell_of: Cell, until: int) -> list[Charted]:
    """The points of a tag's chart whose cells begin before `until`, from its first sample on [ns UTC]."""
    cells: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for time, value in history.rows.get((asset, tag), []):
        if abs(value) < float("inf"):
            cells.setdefault(cell_of(time), []).append((time, value))
    found = []
    for (start, end), samples in sorted(cells.items()):
        if start < until:
            product = product_at(history, asset, start, end)
            limits = entry.limits_for(product or None)
            # As text, so that limits that are not there equal each other.
            in_force = product, limits.version, repr(limits.center), repr(limits.sigma)
            found.append(Charted(start, in_force, point(entry, product, samples[: entry.n])))
    return found


def remembered(entry: SpcEntry, points: list[Charted]) -> Figures:
    """The fields of `spc` at the last point that need those before it; NaN where the point has no place on its chart."""
    alike = points[_begin(points) :]
    judged = [one.figures["standardised"] for one in alike if not isnan(one.figures["standardised"])]
    before = alike[-2].figures["mean"] if len(alike) > 1 else nan
    found = {"moving_range": abs(alike[-1].figures["mean"] - before) if entry.chart == "i_mr" else nan}
    if isnan(alike[-1].figures["standardised"]):
        return found | dict.fromkeys(("ewma", "ewma_lcl", "ewma_ucl", "cusum_high", "cusum_low", "rules", "alarm"), nan)
    average = high = low = 0.0
    smoothing = entry.ewma_lambda
    for z in judged:
        average = smoothing * z + (1.0 - smoothing) * average
        high, low = max(0.0, high + z - entry.cusum_k), max(0.0, low - z - entry.cusum_k)
    half_width = entry.ewma_l * sqrt(smoothing / (2.0 - smoothing) * (1.0 - (1.0 - smoothing) ** (2 * len(judged))))
    broken = [rule for rule in entry.rules if _RULES[rule](judged[-_LONGEST:])]
    rules = float(sum(1 << RULES.index(rule) for rule in broken))
    is_alarm = rules > 0 or abs(average) > half_width or max(high, low) > entry.cusum_h
    found |= {"ewma": average, "ewma_lcl": -half_width, "ewma_ucl": half_width, "cusum_high": high, "cusum_low": low}
    return found | {"rules": rules, "alarm": float(is_alarm)}


def _begin(points: list[Charted]) -> int:
    """Where the chart that the last point is on begins."""
    at = len(points) - 1
    while at > 0 and points[at - 1].in_force == points[-1].in_force:
        at -= 1
    return at


def _all(z: list[float], count: int, applies: Callable[[float], bool]) -> bool:
    """Whether something applies for the last `count` points, of which there are enough."""
    return len(z) >= count and all(applies(value) for value in z[-count:])


def _one_side(count: int) -> Callable[[list[float]], bool]:
    return lambda z: _all(z, count, lambda value: value > 0) or _all(z, count, lambda value: value < 0)


def _beyond(count: int, needed: int, limit: float) -> Callable[[list[float]], bool]:
    """The newest point lies beyond a limit, and so do `needed` of the last `count`, on its side."""

    def applies(z: list[float]) -> bool:
        side = 1.0 if z[-1] > 0 else -1.0
        return len(z) >= count and z[-1] * side > limit and sum(value * side > limit for value in z[-count:]) >= needed

    return applies


def _steps(z: list[float], count: int) -> list[float]:
    """The steps between the last `count` points; none when there are fewer."""
    last = z[-count:]
    return [b - a for a, b in zip(last, last[1:], strict=False)] if len(last) == count else []


def _trend(z: list[float]) -> bool:
    steps = _steps(z, 6)
    return bool(steps) and (min(steps) > 0 or max(steps) < 0)


def _zigzag(z: list[float]) -> bool:
    steps = _steps(z, 14)
    return bool(steps) and all(a * b < 0 for a, b in zip(steps, steps[1:], strict=False))


def _mixture(z: list[float]) -> bool:
    last = z[-8:]
    return len(last) == 8 and all(abs(value) > 1 for value in last) and min(last) < 0 < max(last)


_RULES: dict[str, Callable[[list[float]], bool]] = {
    "nelson1": lambda z: abs(z[-1]) > 3,
    "nelson2": _one_side(9),
    "nelson3": _trend,
    "nelson4": _zigzag,
    "nelson5": _beyond(3, 2, 2.0),
    "nelson6": _beyond(5, 4, 1.0),
    "nelson7": lambda z: _all(z, 15, lambda value: abs(value) <= 1),
    "nelson8": _mixture,
    "we1": lambda z: abs(z[-1]) > 3,
    "we2": _beyond(3, 2, 2.0),
    "we3": _beyond(5, 4, 1.0),
    "we4": _one_side(8),
}
