"""Each kernel against plain Python on the same data: nanoseconds a value, and how many times faster. The slowest comes first.

Plain is an ordinary loop that looks at each value once (`benchmarks/plain.py`), or the twin of the tests where that does so too. Both
give the same results, or the bench fails. Of both the best of several runs counts, in processor time. Of the operators' kernels it is
`update`, as the engine calls it, with all that it does beside the result: slices, marks and what a late row would need.
"""

import math
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks import plain
from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stand
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.kernels import adwin, charts, drift
from processing.kernels.kept import first_of
from processing.metric_rows import MetricRows
from processing.operator import Operator
from processing.operators import energy, machine, spc, telemetry
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing
from tests.twins import charts as chart_twins
from tests.twins import drift as drift_twins

_TARGET = 100.0
_TWIN_N = 400  # of most twins the time grows with the square of it
_N, _ROWS = 200_000, 8
_ASSETS = 4_000  # of what goes from window to window: so many values in each
_SECOND = 1_000_000_000
_START_NS = 1_700_000_040 * _SECOND
_SERIES, _SECONDS = 60, 600


class Contest(NamedTuple):
    """A kernel and its plain form on `count` values; both give what is compared.

    seconds : what the kernel took by its own account [s]
    twin : the twin of the tests on the first `_TWIN_N` values, where it is no such loop
    """

    name: str
    count: int
    compiled: Callable[[], Any]
    plain: Callable[[], Any]
    seconds: Callable[[], float] | None = None
    twin: Callable[[], Any] | None = None


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench, slowest first; `size` is not used: it is quick anyway."""
    found = []
    for contest in (*_carried(), *_operators()):
        quick, got = _best(contest.compiled, 5, contest.seconds)
        slow, wanted = _best(contest.plain, 2)
        if not _agree(got, wanted):
            raise BenchFailed(f"{contest.name}: the kernel and plain Python differ")
        note = f"{quick / contest.count * 1e9:,.3g} ns a value, plain Python {slow / contest.count * 1e9:,.3g} ns"
        if contest.twin is not None:
            twin = _best(contest.twin, 1)[0] / _TWIN_N * contest.count / quick
            note += f"; {twin:,.0f} times faster than the twin of the tests, by {_TWIN_N} values"
        found.append((slow / quick, contest, note))
    for times, contest, note in sorted(found, key=lambda row: row[0]):
        yield Row("kernels", contest.name, times, "×", _TARGET, note=note)


def _best(work: Callable[[], Any], runs: int, seconds: Callable[[], float] | None = None) -> tuple[float, Any]:
    best, result = math.inf, None
    for _ in range(runs):
        began = time.thread_time()
        result = work()
        best = min(best, seconds() if seconds else time.thread_time() - began)
    return best, result


def _agree(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(_agree(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, tuple):
        return len(got) == len(wanted) and all(map(_agree, got, wanted))
    return np.allclose(np.asarray(got, np.float64), np.asarray(wanted, np.float64), 1e-7, 1e-9, equal_nan=True)


def _data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and value of each of n values: noise whose level steps now and then."""
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(0.0, 2.0, n // 5000 + 1), 5000)[:n]
    return rng.integers(0, _ROWS, n), level + rng.normal(0.0, 1.0, n)


def _carried() -> Iterator[Contest]:
    """Kernels that are called window by window, with one value of each asset."""
    windows = _data(_N)[1].reshape(-1, _ASSETS)
    values, each, rows = windows.ravel().tolist(), windows.T.tolist(), list(range(_ASSETS)) * len(windows)
    wrong = (np.random.default_rng(2).random(windows.shape) < 0.05).astype(np.float64)
    one, told, few = np.ones(_ASSETS), wrong.ravel().astype(int).tolist(), values[:_TWIN_N]
    few_told = told[:_TWIN_N]

    def carried(first: np.ndarray, carry: Callable[..., None]) -> Callable[[], np.ndarray]:
        def run() -> np.ndarray:
            state, out = np.repeat(first, _ASSETS), np.empty_like(windows)
            for k in range(len(windows)):
                carry(k, state, out[k])
            return out

        return run

    def alike(verdicts: list[int]) -> np.ndarray:
        return np.array(verdicts, np.float64).reshape(windows.shape)

    first_test = first_of(drift.PAGE_HINKLEY, ph_rise_least=np.inf, ph_fall_most=-np.inf)
    first_ddm = first_of(drift.DDM, rate=np.inf, deviation=np.inf)
    low = np.empty(_ASSETS)
    yield Contest(
        "ewma",
        _N,
        carried(
            first_of(charts.EWMA, has_begun=1), lambda k, state, out: charts.carry_ewma(windows[k], 0.2, state, out)
        ),
        lambda: np.array([plain.ewma(series, 0.0, 0.2) for series in each]).T,
        twin=lambda: chart_twins.ewma(few, 0.0, 0.2),
    )
    yield Contest(
        "cusum",
        _N,
        carried(
            first_of(charts.CUSUM), lambda k, state, out: charts.carry_cusum(windows[k], 0.0, 0.5, state, out, low)
        ),
        lambda: np.array([plain.cusum(series, 0.0, 0.5)[0] for series in each]).T,
        twin=lambda: chart_twins.cusum(few, 0.0, 0.5, 0.0),
    )
    yield Contest(
        "Page-Hinkley",
        _N,
        carried(
            first_test,
            lambda k, state, out: drift.carry_page_hinkley(windows[k], 0.1, 50.0, 1.0, 30, state, out),
        ),
        lambda: alike(plain.page_hinkley(rows, values, _ASSETS, 0.1, 50.0, 30)),
        twin=lambda: drift_twins.page_hinkley(few, 0.1, 50.0, 1.0, 30),
    )
    yield Contest(
        "DDM",
        _N,
        carried(first_ddm, lambda k, state, out: drift.carry_ddm(wrong[k], one, 2.0, 3.0, 30.0, state, out)),
        lambda: alike(plain.ddm(rows, told, _ASSETS, 30)),
        twin=lambda: drift_twins.ddm(few_told, 2.0, 3.0, 30),
    )
    yield Contest(
        "ADWIN",
        _N,
        carried(
            first_of(adwin.ADWIN),
            lambda k, state, out: adwin.carry_adwin(windows[k], 0.002, 32, 5, 10, state, out),
        ),
        lambda: alike(plain.adwin(rows, values, _ASSETS)),
        twin=lambda: drift_twins.adwin(few, 0.002, 32, 5, 10),
    )


def _operators() -> Iterator[Contest]:
    """`update` of the operators, by minutes."""
    rng = np.random.default_rng(5)
    noise = rng.normal(50.0, 5.0, (_SECONDS, _SERIES))
    states = np.repeat(np.where(rng.random((_SECONDS // 30, _SERIES)) < 0.9, 6.0, 9.0), 30, axis=0)
    counts = np.cumsum(rng.integers(0, 2, (_SECONDS, _SERIES)), axis=0).astype(np.float64)
    values = np.where(np.arange(_SERIES) % 2 == 0, states, counts)
    told = [k % 2 == 0 for k in range(_SERIES)]

    def worked(series: list[int], times: list[int], of: list[float], gap: int) -> _Found:
        return plain.machine_times(series, times, of, told, 6.0, gap)

    def subgroups(series: list[int], times: list[int], of: list[float], gap: int) -> _Found:
        return plain.subgroups(series, times, of, 5)

    yield _update(telemetry.COMPONENT, "telemetry, 1m", ["t0"], noise, plain.telemetry, _statistics)
    yield _update(energy.COMPONENT, "energy of power, 1m", ["power_kw"], noise, plain.energy, _kwh)
    yield _update(
        machine.COMPONENT, "machine: states and counts, 1m", ["packml_state", "total_count"], values, worked, _work
    )
    yield _update(spc.COMPONENT, "spc: subgroups of 5, 1m", ["t0"], noise, subgroups, _charted)


_CHARTED = """
[[asset]]
path = "p/h/*/*"
[asset.tags.t0.spc]
chart = "xbar_s"
n = 5
"""
_Found = dict[tuple[int, int], Any]
"""Figures by series and minute."""
_Loop = Callable[[list[int], list[int], list[float], int], _Found]


class _Emitted(NamedTuple):
    """Metric rows by kind, and the assets' series: the number of each one's first."""

    rows: dict[str, MetricRows]
    first: np.ndarray

    def found(self, kind: str, names: tuple[str, ...], place: int = 0) -> _Found:
        """Columns of a kind, by series and minute; place : of the series among its asset's."""
        rows = self.rows[kind]
        known = self.first[rows.asset] >= 0  # not the line's own
        series, minute = self.first[rows.asset[known]] + place, rows.time[known] // plain.MINUTE_NS
        keys = zip(series.tolist(), minute.tolist(), strict=True)
        figures = zip(*(rows.fields[name][known].tolist() for name in names), strict=True)
        return dict(zip(keys, figures, strict=True))


def _statistics(emitted: _Emitted | None, looped: _Found) -> _Found:
    if emitted is not None:
        return emitted.found("telemetry", ("count", "mean", "min", "max", "time_weighted_mean"))
    return {key: (n, total / n, low, high, held / ns) for key, (n, total, low, high, ns, held) in looped.items()}


def _kwh(emitted: _Emitted | None, looped: _Found) -> _Found:
    return emitted.found("energy", ("active_energy_kwh",)) if emitted else {key: (kwh,) for key, kwh in looped.items()}


def _work(emitted: _Emitted | None, looped: _Found) -> _Found:
    if emitted is None:
        return {key: (found * (1e-9 if key[0] % 2 == 0 else 1.0),) for key, found in looped.items()}
    return emitted.found("oee", ("actual_production_time_s",)) | emitted.found("quality", ("total_count",), 1)


def _charted(emitted: _Emitted | None, looped: _Found) -> _Found:
    if emitted is not None:
        return emitted.found("spc", ("n", "mean", "standard_deviation"))
    return {key: (n, mean, math.sqrt(m2 / (n - 1))) for key, (n, mean, m2, *_) in looped.items()}


def _update(
    operator: Operator,
    name: str,
    tags: list[str],
    values: np.ndarray,
    loop: _Loop,
    shape: Callable[[_Emitted | None, _Found], _Found],
) -> Contest:
    """A contest of an operator's `update`; shape : gives what is compared, of the metrics or of what the loop gave."""
    assets = [f"p/h/l/m{k:02d}" for k in range(_SERIES // len(tags))]
    series = np.tile(np.arange(_SERIES), _SECONDS)
    times = _START_NS + np.repeat(np.arange(_SECONDS) * _SECOND, _SERIES) + series * 1_000_000
    asset, tag = (series // len(tags)).astype(np.int32), (series % len(tags)).astype(np.int32)
    quality = np.zeros(len(series), np.uint8)
    rows = Readings(times, times, asset, tag, values.ravel(), quality, assets, tags)
    listed = series.tolist(), times.tolist(), values.ravel().tolist()
    clock = _Clock(operator)
    plant = Plant(to_struct(PlantFile, tomllib.loads(_CHARTED), "$", []))
    # The last two minutes are not over, or a sample still to come would add to them.
    last = int(times[-1]) // plain.MINUTE_NS - 1

    def closed(found: _Found) -> _Found:
        return {key: figures for key, figures in found.items() if key[1] < last}

    def compiled() -> _Found:
        return closed(shape(clock.run(rows, plant), {}))

    return Contest(
        name, len(series), compiled, lambda: closed(shape(None, loop(*listed, 300 * _SECOND))), lambda: clock.spent
    )


class _Clock:
    """An operator whose `update` is timed; `spent` is what the last run took [s]."""

    def __init__(self, operator: Operator) -> None:
        self.spent = 0.0
        self._update = operator.update
        self._operator = replace(operator, update=self._timed)

    def _timed(self, *arguments: Any) -> int:
        began = time.thread_time()
        written = self._update(*arguments)
        self.spent += time.thread_time() - began
        return written

    def run(self, rows: Readings, plant: Plant) -> _Emitted:
        """What an engine makes of the rows."""
        engine = Engine(
            plant=plant,
            operators=[self._operator],
            windows=("1m",),
            timing=Timing(),
            origin=Origin(lambda first, last: (), _no_page),
        )
        self.spent = 0.0
        engine.step([(0, rows)], 0)
        engine.emit()
        each = len(rows.tags)
        numbers = {name: number * each for number, name in enumerate(rows.assets)}
        first = np.array([numbers.get(name, -1) for name in engine.registry.assets])
        return _Emitted({piece.kind: piece for piece in engine.take()}, first)


def _no_page(offset: int) -> np.ndarray:
    raise AssertionError(f"no checkpoint was written, yet page {offset} of one is asked for")
