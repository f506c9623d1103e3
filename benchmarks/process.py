"""Readings/s of one worker: Kafka to `telemetry` and `energy` over 1-minute windows, in order and late.

Frames of 10,000 rows lie on one partition before `fieldline process` starts on a core of its own; the broker has the
others. Measured from the first answer of its health page to the last metric on the log, with the rows that were done
by then taken off. All samples are found again in the windows, or the bench fails.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.drained import counted, read_metrics, wait_processed
from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, BenchFailed, Stand, until
from benchmarks.traffic import TAGS, Field, load, readings
from fieldline.log import Log, Stream

_ROWS = 9_600_000
_PLANT = Field(lines=100, assets=20, tags=TAGS)
_LATE = ((0.01, 0.6), (0.10, 0.5))
# Late rows wait up to a second before they are run; in a second of catching up minutes of the plant's time go by. What is
# not at hand by then is read from the log again. 7 min of 24,000 readings/s at 21 bytes are 212 MB.
_ROW_CACHE_MB = "212"


class Speed(NamedTuple):
    """Rate [readings/s], processor time for a million readings [s] and resident memory at the end [MB]."""

    rate: float
    cpu_s: float
    rss_mb: float


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    seconds = max(120.0, _ROWS * size / _PLANT.series)
    broker = stand.kafka()
    in_order = measure(stand, stand.kafka_log(broker), _PLANT, seconds)
    yield Row("process", "readings/s of one worker, in order", in_order.rate, "/s", 2e6, note=_remark(in_order))
    for share, target in _LATE:
        late = measure(stand, stand.kafka_log(broker), _PLANT, seconds, share)
        name = f"{share:.0%} of rows up to 2 min late, speed to in order"
        note = f"{_remark(late)}, {in_order.cpu_s / late.cpu_s:.2f} of in order by processor time"
        yield Row("process", name, late.rate / in_order.rate, "", target, note=note)
    engine = stand.script("benchmarks.engine", "--seconds", f"{seconds / 2:.0f}", cores=MEASURED_CORE)
    for spoken in engine.wait(120.0).splitlines():
        name, rate = spoken.rsplit("\t", 1)
        yield Row("process", f"the engine alone, {name}", float(rate), "/s")


def measure(
    stand: Stand, url: str, field: Field, seconds: float, late_share: float = 0.0, windows: str = "1m"
) -> Speed:
    """Process `seconds` [s] of a field's readings on an empty Kafka log."""
    log = stand.open(url)
    rows = readings(field, seconds, late_share)
    load(log, rows)
    speed = work_off(stand, url, log, len(rows.time), "--windows", windows)
    written = read_metrics(log, "telemetry")
    if (found := counted(written.rows)) != len(rows.time):
        raise BenchFailed(f"of {len(rows.time)} readings {found} are in the windows")
    return speed


def work_off(stand: Stand, url: str, log: Log, total: int, *arguments: str) -> Speed:
    """Have `fieldline process` with `arguments` work off the `total` readings that lie on a log, to the last metric."""
    stage = stand.stage("process", "--log", url, *arguments, FIELDLINE_PROCESS_ROW_CACHE_MB=_ROW_CACHE_MB)
    until(lambda: stage.counter("rows") > 0, 120.0, stage, pause_s=0.05)
    before, began_ns, cpu_s = stage.counter("rows"), time.time_ns(), stage.cpu_s()
    wait_processed(log, 300.0, stage)
    cpu_s, rss_mb, last_ns = stage.cpu_s() - cpu_s, stage.rss_mb(), _last_ns(log)
    stage.stop()
    done = total - before
    if done < total / 3:
        raise BenchFailed(f"{total} readings are too few: {before:.0f} were done at the first look")
    return Speed(done / (last_ns - began_ns) * 1e9, cpu_s / done * 1e6, rss_mb)


def _last_ns(log: Log) -> int:
    """When the last metric came to the log."""
    _, end = log.bounds(Stream.METRICS, 0)
    return next(log.read(Stream.METRICS, 0, end - 1)).appended_ns


def _remark(speed: Speed) -> str:
    return f"{speed.rate / 1e6:.2f} M/s; {speed.cpu_s:.2f} CPU s per 1 M"
