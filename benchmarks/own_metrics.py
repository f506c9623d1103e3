"""Metrics of the plant's own: what 20 expressions an asset add to the engine, and how long a state takes through 200 days of hours.

The expressions: one core, frames in memory to rows in memory, processor time of the engine alone, beside the default operators. The state:
a worker on an SQLite log, with its checkpoints and all that it writes, beside `telemetry` alone.
"""

import time
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from benchmarks.report import Row
from benchmarks.stand import Stand
from benchmarks.traffic import START_NS, Field, load, readings
from fieldline.clock import SystemClock
from fieldline.frames import Readings
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.settings import ProcessSettings
from processing import warmup
from processing.operator import Operator
from processing.partition import Partition
from processing.place import operators_for
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

_BENCH = "own_metrics"
_HOUR_NS = 3600 * 10**9
_POLL_BYTES = 1 << 20
_FRAME = 10_000
_ROUNDS = 3
_MINUTES = 12.0
_WIDE = Field(lines=50, assets=20, tags=["a_kw", "b_kw"])
_DAYS, _RUN_DAYS = 200.0, 4.0


class _Hourly(NamedTuple):
    """10,000 assets that send once an hour: all on the hour, or each at another minute of it. slice : of their site's lines."""

    name: str
    field: Field
    is_spread: bool
    slice: Literal["1m", "1h"]


_HUNDRED, _MANY = Field(lines=100, assets=100, tags=["a_kw"]), Field(lines=10_000, assets=1, tags=["a_kw"])
_LONG = tuple(
    _Hourly(f"{name}{told}", field, is_spread, length)
    for length, told in (("1m", ""), ("1h", ", slices of an hour"))
    for name, field, is_spread in (
        ("100 lines, on the hour", _HUNDRED, False),
        ("100 lines, at any minute", _HUNDRED, True),
        ("10,000 lines, at any minute", _MANY, True),
    )
)


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; of the state `size` is the share of the days that are run, and the figure is scaled to all of them."""
    yield _expressions(size)
    for hourly in _LONG:
        yield _state(stand, hourly, max(1.0, _RUN_DAYS * size))


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


def _state(stand: Stand, hourly: _Hourly, days: float) -> Row:
    """What 200 days take of a worker, from the second half of the days that are run: what happens once is over by then."""
    entry = {"kind": "own", "windows": ["1h"], "field": {"smooth": {"value": "ewma(mean(a_kw), 0.2)"}}}
    site = {"path": "plant", "slice": hourly.slice}
    plant = Plant(msgspec.convert({"metric": [entry], "site": [site]}, PlantFile))
    settings = ProcessSettings(operators=("telemetry",), windows=("1h",))
    warmup.load(operators_for(settings.operators, plant), lambda: False)
    log = stand.open(stand.sqlite_log())
    for hour in range(round(24 * days)):
        load(log, _hour(hourly, START_NS + hour * _HOUR_NS, hour))
    took = _second_half(log, plant, settings) * 24 * _DAYS
    name = f"10,000 assets, 200 days of hours with a state, {hourly.name}"
    return Row(_BENCH, name, took, "s", 60.0, is_floor=False, note=f"{days:.0f} days were run")


def _second_half(log: Log, plant: Plant, settings: ProcessSettings) -> float:
    """Processor time of a worker, its log's thread with it, for one of the hours of the second half of what lies on a log [s]."""
    reader = log.reader(Stream.READINGS, "process")
    (number,) = reader.poll(0.0).assigned
    partition = Partition(number=number, settings=settings, plant=plant, log=log, clock=SystemClock(), reader=reader)
    partition.open()
    _, end = log.bounds(Stream.READINGS, number)
    first, began = 0, 0.0
    while partition.offset < end:
        if not first and partition.offset >= end // 2:
            first, began = partition.offset, time.process_time()
        partition.take(reader.poll(0.0, _POLL_BYTES).records)
        partition.tick()
    took = (time.process_time() - began) / (end - first)  # an hour is a record
    reader.close()
    return took


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


def _hour(hourly: _Hourly, start_ns: int, seed: int) -> Readings:
    """A sample of each asset in the hour from `start_ns` on, in order of time."""
    n, rng = hourly.field.series, np.random.default_rng(seed)
    time, asset = np.full(n, start_ns, np.int64), np.arange(n, dtype=np.int32)
    if hourly.is_spread:
        time, asset = time + np.sort(rng.integers(0, _HOUR_NS, n)), rng.permutation(asset)
    values, zeros = rng.random(n), np.zeros(n, np.int32)
    return Readings(time, time, asset, zeros, values, zeros.astype(np.uint8), hourly.field.names, hourly.field.tags)


def _run(engine: Engine, at: int, frame: Readings) -> float:
    began, now = time.process_time(), time.monotonic_ns()
    engine.step([(at, frame)], now)
    engine.tick(now, 0)
    engine.emit()
    engine.take()
    return time.process_time() - began
