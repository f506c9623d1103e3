"""Metrics of the plant's own: what 20 expressions an asset add to the engine, and how long a state takes through 200 days of hours.

One core, frames in memory to rows in memory, processor time of the engine alone. Expressions stand beside the default operators, the
state beside `telemetry` alone.
"""

import time
from collections.abc import Iterator

import msgspec
import numpy as np

from benchmarks.report import Row
from benchmarks.stand import Stand
from benchmarks.traffic import START_NS, Field, readings
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from processing.operator import Operator
from processing.place import operators_for
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

_BENCH = "own_metrics"
_HOUR_NS = 3600 * 10**9
_FRAME = 10_000
_ROUNDS = 3
_MINUTES = 12.0
_WIDE = Field(lines=50, assets=20, tags=["a_kw", "b_kw"])
_LONG = Field(lines=100, assets=100, tags=["a_kw"])
_DAYS, _RUN_DAYS = 200.0, 10.0  # nothing is evicted without a checkpoint: more days than these fill the memory


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; of the state `size` is the share of the days that are run, and the figure is scaled to all of them."""
    yield _expressions(size)
    yield _state(size)


def _expressions(size: float) -> Row:
    """With and without in turn, so that both meet the same machine."""
    fields = {f"f{k}": {"value": f"mean(a_kw) / (mean(b_kw) + {k + 1}) + max(a_kw)"} for k in range(20)}
    entry = {"kind": "own", "windows": ["1m", "15m", "1h"], "field": fields}
    rows = readings(_WIDE, max(120.0, 60.0 * _MINUTES * size))
    plain, own = _with(None), _with(None, entry)
    took = [(_seconds(rows, *plain), _seconds(rows, *own)) for _ in range(_ROUNDS)]
    without, with_them = (min(column) for column in zip(*took, strict=True))
    note = f"{len(rows.time):,} readings: {without:.2f} s without, {with_them:.2f} s with, each the best of {_ROUNDS}"
    return Row(
        _BENCH, "1,000 assets, 20 expressions each, to none", with_them / without, "×", 1.15, is_floor=False, note=note
    )


def _state(size: float) -> Row:
    entry = {"kind": "own", "windows": ["1h"], "field": {"smooth": {"value": "ewma(mean(a_kw), 0.2)"}}}
    days = max(4.0, _RUN_DAYS * size)
    plain, own = _with(["telemetry"]), _with(["telemetry"], entry)
    without, with_it = (sum(_hours(*operators, days)) * _DAYS / days for operators in (plain, own))
    note = f"{days:.0f} days were run; telemetry alone {without:.1f} s"
    return Row(_BENCH, "10,000 assets, 200 days of hours with a state", with_it, "s", 60.0, is_floor=False, note=note)


def _with(names: list[str] | None, *entries: dict[str, object]) -> tuple[Plant, list[Operator]]:
    """A plant that states these metrics, and the operators of these names, None: of the defaults, with them."""
    plant = Plant(msgspec.convert({"metric": entries}, PlantFile))
    return plant, operators_for(names, plant)


def _engine(plant: Plant, operators: list[Operator], windows: tuple[str, ...], taken: list[Readings]) -> Engine:
    def fetch(first: int, last: int) -> Iterator[tuple[int, Readings]]:
        return ((at, taken[at]) for at in range(first, last + 1))

    def no_page(offset: int) -> dict[str, np.ndarray]:
        raise AssertionError(f"no checkpoint was written, yet page {offset} of one is asked for")

    return Engine(
        plant=plant,
        operators=operators,
        windows=windows,
        timing=Timing(),
        row_cache=64 << 20,
        origin=Origin(fetch, no_page),
    )


def _seconds(rows: Readings, plant: Plant, operators: list[Operator]) -> float:
    """Processor time of all rows [s]."""
    frames = [
        Readings(
            *(column[first : first + _FRAME] for column in (rows.time, rows.received, rows.asset, rows.tag)),
            *(column[first : first + _FRAME] for column in (rows.value, rows.quality)),
            rows.assets,
            rows.tags,
        )
        for first in range(0, len(rows.time), _FRAME)
    ]
    engine = _engine(plant, operators, ("1m", "15m", "1h"), frames)
    return sum(_run(engine, at, frame) for at, frame in enumerate(frames))


def _hours(plant: Plant, operators: list[Operator], days: float) -> Iterator[float]:
    """Processor time of each hour [s]: a sample of each asset."""
    taken: list[Readings] = []
    engine = _engine(plant, operators, ("1h",), taken)
    for hour in range(round(24 * days)):
        taken.append(_hourly(START_NS + hour * _HOUR_NS, hour))
        yield _run(engine, hour, taken[-1])


def _hourly(time_ns: int, seed: int) -> Readings:
    """A sample of each asset at one time, as devices send that report by the hour."""
    n = _LONG.series
    time, value = np.full(n, time_ns, np.int64), np.random.default_rng(seed).random(n)
    asset, tag = np.arange(n, dtype=np.int32), np.zeros(n, np.int32)
    return Readings(time, time, asset, tag, value, np.zeros(n, np.uint8), _LONG.names, _LONG.tags)


def _run(engine: Engine, at: int, frame: Readings) -> float:
    began, now = time.process_time(), time.monotonic_ns()
    engine.step([(at, frame)], now)
    engine.tick(now, 0)
    engine.emit()
    engine.take()
    return time.process_time() - began
