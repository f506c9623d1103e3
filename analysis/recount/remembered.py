"""Functions that remember, worked out once more: from the first window on, window by window, by plain Python over all values so far.

Nothing here is shared with `processing/derived` or the kernels. Sources: as of `docs/own-metrics.md`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from math import inf, isnan, log, nan, sqrt
from statistics import fmean, linear_regression, stdev

from analysis.recount.arithmetic import evaluated, with_numbers
from analysis.recount.derived import Read
from analysis.recount.novelty import novelty
from fieldline.expressions import Own, Remembered, Term, own_fields_of, remembered_in
from fieldline.expressions.memories import MEMORIES, MOST_REGIMES
from fieldline.plantfile import MetricEntry

Constants = tuple[float, ...]

_SIZES, _ALIKE = 10, 5  # of ADWIN's buckets: 1, 2, 4, ... values, and how many of each size
_PART, _COUNT = 5, 10  # values of a part of a cut at least, and what the whole must have more of


def calls_of(entry: MetricEntry) -> list[Remembered]:
    """The functions that remember in an entry, each once, after those that it is made of."""
    found = [one for name in entry.ordered for one in remembered_in(entry.field[name].tree)]
    return list(dict.fromkeys(found))


def fields_of(entry: MetricEntry) -> set[str]:
    """The fields that are made of what is remembered."""
    found: set[str] = set()
    for name in entry.ordered:
        tree = entry.field[name].tree
        if remembered_in(tree) or found & {*own_fields_of(tree)}:
            found.add(name)
    return found


class Walk:
    """The functions of an entry for one asset, which go through its windows in the order of time."""

    def __init__(self, entry: MetricEntry) -> None:
        self._entry, self.calls = entry, calls_of(entry)
        self._begun: dict[Remembered, Callable[..., float]] = {one: _begin(one) for one in self.calls}
        self._said = dict.fromkeys(self.calls, nan)

    def through(self, values: Mapping[Term, float], asset: str) -> dict[Term, Read]:
        """What each says in a window with these inputs, and what it said in the last one in which it said something."""
        known, found = dict(values), dict[Term, Read]()
        for name in self._entry.ordered:
            tree = self._entry.field[name].tree
            for one in remembered_in(tree):
                if one not in found:
                    given = [evaluated(with_numbers(str(argument), known)) for argument in one.arguments]
                    known[one] = self._begun[one](*given)
                    found[one] = Read(str(one), asset, known[one], self._said[one])
                    self._said[one] = self._said[one] if isnan(known[one]) else known[one]
            known[Own(name)] = evaluated(with_numbers(self._entry.field[name].value, known))
        return found


def _begin(one: Remembered) -> Callable[..., float]:
    """A function that takes the values of a window; where one does not exist it says nothing, and remembers nothing of it."""
    say = _FUNCTIONS[one.name](MEMORIES[one.name].whole(one.constants))

    def take(*values: float) -> float:
        return nan if any(map(isnan, values)) else say(*values)

    return take


def _previous(_: Constants) -> Callable[[float], float]:
    known = [nan]

    def say(value: float) -> float:
        known.append(value)
        return known[-2]

    return say


def _ewma(constants: Constants) -> Callable[[float], float]:
    smoothing, average = constants[0], [constants[1]]

    def say(value: float) -> float:
        before = average[-1]
        average.append(value if isnan(before) else before + smoothing * (value - before))
        return average[-1]

    return say


def _cusum(sign: float) -> Callable[[Constants], Callable[[float], float]]:
    def begin(constants: Constants) -> Callable[[float], float]:
        target, slack, start = constants
        sums = [start]

        def say(value: float) -> float:
            sums.append(max(0.0, sums[-1] + sign * (value - target) - slack))
            return sums[-1]

        return say

    return begin


def _rolling(give: Callable[[list[float]], float]) -> Callable[[Constants], Callable[[float], float]]:
    def begin(constants: Constants) -> Callable[[float], float]:
        count, known = int(constants[0]), list[float]()

        def say(value: float) -> float:
            known.append(value)
            return give(known[-count:]) if len(known) >= count else nan

        return say

    return begin


def _baseline(constants: Constants) -> Callable[..., float]:
    """Of a value, its regime where one is told, and when the asset was last repaired."""
    known = dict[tuple[float, ...], list[float]]()

    def say(value: float, *regime_and_since: float) -> float:
        if len(regime_and_since) > 1 and regime_and_since[0] not in range(MOST_REGIMES):
            return nan
        first = known.setdefault(regime_and_since, [])
        first.append(value)
        return fmean(first[: int(constants[0])]) if len(first) >= constants[0] else nan

    return say


def _page_hinkley(constants: Constants) -> Callable[[float], float]:
    delta, threshold, forgetting, least = constants
    known, rises, falls = list[float](), list[float](), list[float]()

    def say(value: float) -> float:
        known.append(value)
        off = value - fmean(known)
        rises.append(forgetting * (rises[-1] if rises else 0.0) + off - delta)
        falls.append(forgetting * (falls[-1] if falls else 0.0) + off + delta)
        if len(known) < least:
            return 0.0
        verdict = float(rises[-1] - min(rises) > threshold) or -float(max(falls) - falls[-1] > threshold)
        if verdict:
            for each in (known, rises, falls):
                each.clear()
        return verdict or 0.0

    return say


def _ddm(constants: Constants) -> Callable[[float, float], float]:
    warning, drift, least = constants
    counts, best = list[tuple[float, float]](), [(inf, inf)]

    def say(errors: float, trials: float) -> float:
        if not 0 <= errors <= trials or not trials:
            return nan
        counts.append((errors, trials))
        wrong, made = (sum(column) for column in zip(*counts, strict=True))
        if made <= least:
            return 0.0
        now = wrong / made, sqrt(wrong / made * (1 - wrong / made) / made)
        if sum(now) <= sum(best[-1]):
            best.append(now)
        above = sum(now) - best[-1][0]
        if above > drift * best[-1][1]:
            counts.clear()
            best[:] = [(inf, inf)]
            return 2.0
        return float(above > warning * best[-1][1])

    return say


def _adwin(constants: Constants) -> Callable[[float], float]:
    delta, clock = constants
    buckets, seen = list[list[float]](), [0]

    def say(value: float) -> float:
        seen[0] += 1
        buckets.append([value])
        for size in (2**k for k in range(_SIZES)):
            alike = [k for k, bucket in enumerate(buckets) if len(bucket) == size]
            if len(alike) > _ALIKE:
                oldest = alike[:2]
                joined = buckets[oldest[0]] + buckets[oldest[1]]
                buckets[oldest[0] : oldest[1] + 1] = [joined] if size < 2 ** (_SIZES - 1) else [buckets[oldest[1]]]
        verdict = 0.0
        if seen[0] % clock == 0 and sum(map(len, buckets)) > _COUNT:
            while cuts := list(_cuts(buckets, delta)):
                _, direction, older = max(cuts)
                verdict = verdict or direction
                del buckets[:older]
        return verdict

    return say


def _cuts(buckets: list[list[float]], delta: float) -> Iterator[tuple[float, float, int]]:
    """Of each cut whose parts' means differ by more than the bound: by how many times, which way, and the older part's buckets."""
    every = [value for bucket in buckets for value in bucket]
    whole, middle = len(every), fmean(every)
    variance = fmean([(value - middle) ** 2 for value in every])
    sums, n = list(accumulate(every)), 0
    for older, bucket in enumerate(buckets[:-1], 1):
        n += len(bucket)
        m = whole - n
        if min(n, m) < _PART:
            continue
        parts, sure = 1 / (n - _PART + 1) + 1 / (m - _PART + 1), log(2 * log(whole) / delta)
        bound = sqrt(2 * parts * variance * sure) + 2 / 3 * parts * sure
        step = (sums[-1] - sums[n - 1]) / m - sums[n - 1] / n
        if abs(step) > bound:
            yield abs(step) / bound, 1.0 if step > 0 else -1.0, older


_FUNCTIONS: dict[str, Callable[[Constants], Callable[..., float]]] = {
    "previous": _previous,
    "ewma": _ewma,
    "cusum_high": _cusum(1.0),
    "cusum_low": _cusum(-1.0),
    "rolling_mean": _rolling(fmean),
    "rolling_sum": _rolling(sum),
    "rolling_min": _rolling(min),
    "rolling_max": _rolling(max),
    "rolling_deviation": _rolling(stdev),
    "rolling_slope": _rolling(lambda values: linear_regression(range(len(values)), values).slope),
    "baseline": _baseline,
    "page_hinkley": _page_hinkley,
    "adwin": _adwin,
    "ddm": _ddm,
    "novelty": novelty,
}
