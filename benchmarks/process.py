"""Readings/s of one worker: Kafka to `telemetry` and `energy` over 1-minute windows, in order and late, in large and small frames.

Frames lie on one partition before `fieldline process` starts on a core of its own, with its default settings; the broker has
the other cores. Measured from the first answer of its health page to the last metric on the log, with the rows that were done
by then taken off. All samples are found again in the windows, or the bench fails.

What frames of other sizes and late rows cost is told twice, by processor time and by the clock: of 1,000 series, and late rows
of 24,000 series too. As in ingest's frames, each names only the assets and tags that it holds. What a frame costs that does not lie
in a heap but comes alone, is measured live.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.drained import counted, read_metrics, wait_processed
from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, BenchFailed, Stage, Stand, until
from benchmarks.traffic import TAGS, Field, frames, load, readings
from fieldline.log import Log, Stream

_MANY = Field(lines=100, assets=20, tags=TAGS)
_FEW = Field(lines=10, assets=10, tags=TAGS[-10:])
_ROWS, _LEAST = 9_600_000, 2_400_000
_FRAME = 10_000
_SMALL = ((200, 3_000_000, 1_000_000, 0.3), (20, 600_000, 240_000, 0.08))
"""Rows in a frame; rows in all and the least of them; target of the speed to that with 10,000."""
_LATE = (0.01, 0.10)
_LATE_TARGET = 0.8
_MEMORY_MB = 250.0
_FASTER = 1.2
_LIVE_FRAMES, _LIVE_ROWS = 100, 20
_LIVE_S, _LIVE_LEAST_S, _LIVE_WARM_S = 20.0, 6.0, 2.0


class Speed(NamedTuple):
    """Rate [readings/s], processor time for a million readings [s] and resident memory at the end [MB]."""

    rate: float
    cpu_s: float
    rss_mb: float
    peak_mb: float


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker = stand.kafka()
    rows = max(_LEAST, _ROWS * size)
    many = measure(stand, stand.kafka_log(broker), _MANY, rows / _MANY.series)
    yield from _in_order(many, _MANY, 2e6)
    few = measure(stand, stand.kafka_log(broker), _FEW, rows / _FEW.series)
    yield from _in_order(few, _FEW, None)
    for frame, most, least, target in _SMALL:
        seconds = max(least, most * size) / _FEW.series
        small = measure(stand, stand.kafka_log(broker), _FEW, seconds, frame=frame)
        yield from _speeds(f"frames of {frame} rows, 1,000 series, speed to {_FRAME:,}", small, few, target)
        own = (small.cpu_s - few.cpu_s) * frame
        note = f"{small.cpu_s * frame:.0f} µs with its rows' share, which is {few.cpu_s:.2f} µs a row"
        yield Row("process", f"processor time of a frame of {frame} rows, beside its rows", own, "µs", note=note)
    yield live(stand, stand.kafka_log(broker), max(_LIVE_LEAST_S, _LIVE_S * size))
    if stand.is_todays:
        yield from _engine_alone(stand, rows / _MANY.series / 3)
    # Many series come last: with a row cache that is too small for them late rows take minutes.
    for field, in_order in ((_FEW, few), (_MANY, many)):
        for share in _LATE:
            late = measure(stand, stand.kafka_log(broker), field, rows / field.series, share)
            name = f"{share:.0%} up to 2 min late, {field.series:,} series, speed to in order"
            yield from _speeds(name, late, in_order, _LATE_TARGET)


def live(stand: Stand, url: str, seconds: float) -> Row:
    """What a frame costs that comes alone: 100 frames a second of 20 readings of now, against a worker that waits for them."""
    log = stand.open(url)
    stage = stand.stage("process", "--log", url)
    stage.wait_ready()
    _feed(log, _LIVE_WARM_S)
    wait_processed(log, 30.0, stage)
    idle = _share(stage, lambda: time.sleep(seconds / 2))
    busy = _share(stage, lambda: _feed(log, seconds))
    stage.stop()
    note = (
        f"{busy * 1e6 / _LIVE_FRAMES:.0f} µs with the worker's turns without a frame, which take {idle:.1%} of a core"
    )
    name = f"processor time of a frame of {_LIVE_ROWS} rows that comes alone, {_LIVE_FRAMES} a second, all windows"
    return Row("process", name, (busy - idle) * 1e6 / _LIVE_FRAMES, "µs", note=note)


def _feed(log: Log, seconds: float) -> None:
    """Append readings of now at the pace of the clock."""
    field = _FEW._replace(rate_hz=_LIVE_FRAMES * _LIVE_ROWS / _FEW.series)
    began_ns = time.time_ns()
    for number, (rows, frame) in enumerate(frames(readings(field, seconds, start_ns=began_ns), _LIVE_ROWS), 1):
        time.sleep(max(0.0, began_ns / 1e9 + number / _LIVE_FRAMES - time.time()))
        log.append(Stream.READINGS, 0, b"", frame, {"rows": str(rows).encode()})
    log.flush(30.0)


def _share(stage: Stage, meanwhile: Callable[[], None]) -> float:
    """Share of a core that a stage takes while something is done."""
    began, cpu_s = time.monotonic(), stage.cpu_s()
    meanwhile()
    return (stage.cpu_s() - cpu_s) / (time.monotonic() - began)


def _in_order(speed: Speed, field: Field, target: float | None) -> Iterator[Row]:
    series = f"in order, {field.series:,} series"
    yield Row("process", f"readings/s, {series}", speed.rate, "/s", target, note=_remark(speed), ratio=_FASTER)
    name = f"processor time for 1 M readings, {series}"
    yield Row("process", name, speed.cpu_s, "s", is_floor=False, ratio=1 / _FASTER)
    if field is _FEW:
        name, note = f"resident memory at the end, {field.series:,} series", f"peak {speed.peak_mb:.0f} MB"
        yield Row("process", name, speed.rss_mb, "MB", _MEMORY_MB, is_floor=False, note=note)


def _speeds(name: str, speed: Speed, to: Speed, target: float) -> Iterator[Row]:
    """A speed to another one, in both ways."""
    note = f"{speed.cpu_s:.2f} CPU s per 1 M"
    yield Row("process", f"{name}, by processor time", to.cpu_s / speed.cpu_s, "", target, note=note)
    yield Row("process", f"{name}, by the clock", speed.rate / to.rate, "", target, note=f"{speed.rate / 1e6:.2f} M/s")


def _engine_alone(stand: Stand, seconds: float) -> Iterator[Row]:
    engine = stand.script("benchmarks.engine", "--seconds", f"{seconds:.0f}", cores=MEASURED_CORE)
    for spoken in engine.wait(300.0).splitlines():
        name, rate = spoken.rsplit("\t", 1)
        yield Row("process", f"the engine alone, {name}", float(rate), "/s")


def measure(
    stand: Stand,
    url: str,
    field: Field,
    seconds: float,
    late_share: float = 0.0,
    windows: str = "1m",
    frame: int = _FRAME,
) -> Speed:
    """Process `seconds` [s] of a field's readings on an empty Kafka log, in frames of `frame` rows."""
    log = stand.open(url)
    rows = readings(field, seconds, late_share)
    load(log, rows, frame)
    speed = work_off(stand, url, log, len(rows.time), "--windows", windows)
    written = read_metrics(log, "telemetry")
    if (found := counted(written.rows)) != len(rows.time):
        raise BenchFailed(f"of {len(rows.time)} readings {found} are in the windows")
    return speed


def work_off(stand: Stand, url: str, log: Log, total: int, *arguments: str) -> Speed:
    """Have `fieldline process` with `arguments` work off the `total` readings that lie on a log, to the last metric."""
    stage = stand.stage("process", "--log", url, *arguments)
    until(lambda: stage.counter("rows") > 0, 120.0, stage, pause_s=0.05)
    before, began_ns, cpu_s = stage.counter("rows"), time.time_ns(), stage.cpu_s()
    wait_processed(log, 1200.0, stage)
    cpu_s, rss_mb, peak_mb, last_ns = stage.cpu_s() - cpu_s, stage.rss_mb(), stage.peak_mb(), _last_ns(log)
    stage.stop()
    done = total - before
    if done < total / 3:
        raise BenchFailed(f"{total} readings are too few: {before:.0f} were done at the first look")
    return Speed(done / (last_ns - began_ns) * 1e9, cpu_s / done * 1e6, rss_mb, peak_mb)


def _last_ns(log: Log) -> int:
    """When the last metric came to the log."""
    _, end = log.bounds(Stream.METRICS, 0)
    return next(log.read(Stream.METRICS, 0, end - 1)).appended_ns


def _remark(speed: Speed) -> str:
    return f"{speed.rate / 1e6:.2f} M/s; {speed.cpu_s:.2f} CPU s per 1 M"
