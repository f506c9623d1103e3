"""What the parts of a model say of one row, by plain Python over the arrays of its file; nothing is shared with `processing/scoring`.

Each family has a walk: settings, arrays as (nested) lists, a row of inputs → the outputs, and of trees what each input contributes to them.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Arrays = Mapping[str, Any]
Row = Sequence[float]


class Said(NamedTuple):
    """outputs, and of trees what each input adds to the sum before its link: contributions[input][output]."""

    outputs: list[float]
    contributions: list[list[float]] | None = None


Walk = Callable[[Mapping[str, Any], Arrays, Row], Said]


def _linear(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    sums = [_dot(weights, row) + first for weights, first in zip(arrays["weights"], arrays["intercept"], strict=True)]
    low, high = told.get("lowest"), told.get("highest")
    within = [_within(total, -math.inf if low is None else low, math.inf if high is None else high) for total in sums]
    return Said(_linked(told.get("link", "identity"), within))


def _trees(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    sums, added = list(arrays["base"]), [[0.0] * len(arrays["base"]) for _ in row]
    seen = [float(np.float32(value)) for value in row] if told.get("is_float32") else list(row)
    if not told.get("takes_missing", True) and any(math.isnan(seen[one]) for one in arrays["feature"]):
        return Said([math.nan] * len(sums))
    divisor, values, left = told.get("divisor", 1.0), arrays["value"], arrays["left"]
    for node, first in zip(arrays["root"], arrays["output"], strict=True):
        while left[node] != node:
            column = arrays["column"][node]
            below = left[node] + _goes_right(arrays, column, seen, arrays["threshold"][node])
            for place, (was, now) in enumerate(zip(values[node], values[below], strict=True)):
                added[arrays["feature"][column]][first + place] += (now - was) / divisor
            node = below
        for place, value in enumerate(values[node]):
            sums[first + place] += value
    return Said(_linked(told.get("link", "identity"), [total / divisor for total in sums]), added)


def _goes_right(arrays: Arrays, column: int, row: Row, threshold: float) -> bool:
    value, is_missing_right = row[arrays["feature"][column]], arrays["missing_right"][column] != 0
    begin, end = arrays["category_end"][column - 1] if column else 0, arrays["category_end"][column]
    if math.isnan(value):
        return is_missing_right
    if begin < end:
        sides = dict(zip(arrays["category"][begin:end], arrays["category_right"][begin:end], strict=True))
        return sides.get(value, is_missing_right) != 0
    return value > threshold


def _radial(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    mean, deviation = arrays["scaling"]
    scaled = [(value - one) / spread for value, one, spread in zip(row, mean, deviation, strict=True)]
    if any(map(math.isnan, scaled)):
        return Said([math.nan] * len(arrays["weights"]))
    apart = [
        sum((one - other) ** 2 for one, other in zip(scaled, centre, strict=True))
        for centre in zip(*arrays["centres"], strict=True)
    ]
    near = [*(math.exp(-told["gamma"] * one) for one in apart), 1.0]
    # Weights are thousands of times larger than their sum: only an exact sum keeps its digits.
    return Said([math.fsum(a * b for a, b in zip(weights, near, strict=True)) for weights in arrays["weights"]])


def _mlp(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    sizes, weights, units, at = arrays["sizes"], arrays["weights"], list(row), 0
    for number, (many, after) in enumerate(zip(sizes, sizes[1:], strict=False)):
        bias = at + many * after
        made = [weights[bias + k] + _dot(weights[at + k : bias : after], units) for k in range(after)]
        units = made if number == len(sizes) - 2 else [_ACTIVATIONS[told["activation"]](one) for one in made]
        at = bias + after
    return Said(_linked(told.get("link", "identity"), units))


def _subspace(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    centred = [value - mean for value, mean in zip(row, arrays["mean"], strict=True)]
    sums = [sum(_dot(one, centred) ** 2 for one in zip(*arrays[name], strict=True)) for name in ("states", "rest")]
    if any(map(math.isnan, centred)):
        sums = [math.nan, math.nan]
    if "limits" in arrays:
        sums.append(max(total / limit for total, limit in zip(sums, arrays["limits"], strict=True)))
    return Said(sums)


def _pairs(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    pairs = zip(arrays["first"], arrays["second"], strict=True)
    return Said([made for a, b in pairs for made in (row[a] * row[b], row[a] - row[b])])


def _wear(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    level, slope = row if told["rises"] else (-row[0], -row[1])
    ahead = (told["threshold"] if told["rises"] else -told["threshold"]) - level
    if ahead <= 0:
        return Said([0.0, 0.0, 0.0])
    if math.isnan(level) or math.isnan(slope):
        return Said([math.nan] * 3)
    own, of_fleet = max(slope, 0.0), [_on_line(row[0], arrays["levels"], one) for one in arrays["slopes"]]
    pooled = told["own"] * own + (1 - told["own"]) * of_fleet[0] if of_fleet[0] > 0 else own
    if pooled == 0:
        return Said([math.nan] * 3)
    life = ahead / pooled
    if arrays["knots"]:
        half = told["factor"] * _on_line(life, arrays["knots"], arrays["scale"])
        return Said([life, max(life - half, 0.0), life + half])
    lives = [life, *(ahead / one for one in (own, *of_fleet[1:]) if one > 0)]
    return Said([life, min(*lives, told["least"] * life), max(*lives, told["most"] * life)])


def _nearest(told: Mapping[str, Any], arrays: Arrays, row: Row) -> Said:
    of_each = list(zip(row, arrays["shift"], arrays["scale"], strict=True))
    apart = []
    for centre in arrays["centres"]:
        away = [(value - shift) / scale - place for (value, shift, scale), place in zip(of_each, centre, strict=True)]
        apart.append(sum(one * one for one in away))
    is_known = math.isfinite(sum(row)) and math.isfinite(min(apart))
    return Said([float(apart.index(min(apart))) if is_known else math.nan])


WALKS: dict[str, Walk] = {
    "linear": _linear,
    "trees": _trees,
    "radial": _radial,
    "mlp": _mlp,
    "subspace": _subspace,
    "pairs": _pairs,
    "wear": _wear,
    "nearest": _nearest,
}
"""By family; one that another distribution brought has none."""

_ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "identity": lambda value: value,
    "relu": lambda value: math.nan if math.isnan(value) else max(value, 0.0),
    "tanh": math.tanh,
    "logistic": lambda value: _logistic(value),
}


def _linked(link: str, sums: list[float]) -> list[float]:
    if any(map(math.isnan, sums)):
        return sums if link != "softmax" else [math.nan] * len(sums)
    if link == "softmax":
        powers = [math.exp(one - max(sums)) for one in sums]
        return [one / sum(powers) for one in powers]
    by_name: dict[str, Callable[[float], float]] = {
        "identity": lambda one: one,
        "logistic": _logistic,
        "exponential": math.exp,
        "halving": lambda one: 2.0**-one,
    }
    return [by_name[link](one) for one in sums]


def _logistic(value: float) -> float:
    small = math.exp(-abs(value))  # never too large for a float
    return (1.0 if value >= 0 else small) / (1.0 + small)


def _dot(weights: Sequence[float], row: Row) -> float:
    return math.fsum(a * b for a, b in zip(weights, row, strict=True))


def _within(value: float, low: float, high: float) -> float:
    return value if math.isnan(value) else min(max(value, low), high)


def _on_line(at: float, knots: Sequence[float], values: Sequence[float]) -> float:
    """Linear between knots, level beyond."""
    if at <= knots[0] or len(knots) == 1:
        return values[0]
    if at >= knots[-1]:
        return values[-1]
    right = bisect_right(knots, at)
    share = (at - knots[right - 1]) / (knots[right] - knots[right - 1])
    return values[right - 1] * (1 - share) + share * values[right]
