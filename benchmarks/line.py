"""Typical lines, all operators of the default: Kafka to metrics of every window, by one worker; time and memory by the number of lines.

60 lines, each with two energy meters, twenty charted tags and four machines with state and counts at 1 Hz; an order begins every half
hour, shifts have breaks, energy has two prices. Frames of 10,000 rows lie on one partition before `fieldline process` starts on a core
of its own. All readings are found again in `telemetry`, and all good pieces in `quality`, or the bench fails.

Windows are those that outlast a minute's work: 1m, 15m, 1h, day, week, month, shift and order. One row says what `1s` costs beside them:
it makes a metric row of every reading.
"""

from collections.abc import Iterator

import polars as pl

from benchmarks.drained import counted, last_of_each, read_metrics
from benchmarks.line_traffic import Lines, frames
from benchmarks.process import Speed, work_off
from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, BenchFailed, Stand
from fieldline.log import Log, Stream

_LINES = Lines(60)
_SECONDS = 7200
_LEAST_S = 2400  # in it an order begins on each line, and a break lies
_WINDOWS = "1m,15m,1h,day,week,month,shift,order"
_KINDS = ("energy", "oee", "losses", "quality", "spc", "production_order")
_FASTER = 1.2
_LEVEL = 1.5
_SCALES = (10, 50, 200)


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    seconds = max(_LEAST_S, int(_SECONDS * size))
    broker = stand.kafka()
    for windows, target in ((_WINDOWS, 1e6), (f"1s,{_WINDOWS}", None)):
        speed = measure(stand, stand.kafka_log(broker), seconds, windows)
        name = f"readings/s of one worker, {'all operators of the default' if target else 'with 1s windows too'}, {_LINES.number} lines"
        yield Row("line", name, speed.rate, "/s", target, note=_remark(speed), ratio=_FASTER)
        spent = f"{name.replace('readings/s', 'processor time for 1 M readings')}"
        yield Row("line", spent, speed.cpu_s, "s", is_floor=False, ratio=1 / _FASTER)
    if stand.is_todays:
        yield from _growth(stand)


def measure(stand: Stand, url: str, seconds: int, windows: str) -> Speed:
    """Process `seconds` [s] of the lines on an empty Kafka log."""
    log = stand.open(url)
    for number, frame in frames(_LINES, seconds):
        log.append(Stream.READINGS, 0, b"", frame, {"rows": str(number).encode()})
    log.flush(120.0)
    plant = stand.folder / "plant.toml"
    plant.write_text(_LINES.plant(), "utf-8")
    arguments = ("--plant", str(plant), "--windows", windows)
    speed = work_off(stand, url, log, _LINES.series * seconds, *arguments)
    _check(log, seconds, stand.is_todays)
    return speed


def _check(log: Log, seconds: int, is_todays: bool) -> None:
    """Raise BenchFailed unless everything that was sent has come out; another tree may call its kinds otherwise."""
    total = _LINES.series * seconds
    if (found := counted(read_metrics(log, "telemetry").rows)) != total:
        raise BenchFailed(f"of {total} readings {found} are in the windows")
    rows = {kind: read_metrics(log, kind).rows for kind in _KINDS}
    if is_todays and (missing := [kind for kind in _KINDS if rows[kind].is_empty()]):
        raise BenchFailed(f"no rows of {', '.join(missing)}")
    minutes = last_of_each(rows["quality"].filter(pl.col("window") == "1m"))
    good = minutes.filter(pl.col("asset").str.contains("machine"))["good_count"].sum()
    if good != _LINES.good_pieces(seconds):
        raise BenchFailed(f"of {_LINES.good_pieces(seconds)} good pieces {good:.0f} are in the windows")


def _growth(stand: Stand) -> Iterator[Row]:
    """Time and memory of many lines to those of few: 1 where they grow as the number of lines does."""
    child = stand.script("benchmarks.line_engine", *map(str, _SCALES), cores=MEASURED_CORE)
    found = [line.split("\t") for line in child.wait(600.0).splitlines()]
    for column, name, unit in ((1, "processor time a reading", "ns"), (2, "memory a series", "bytes")):
        values = [float(row[column]) for row in found]
        told = ", ".join(f"{count} lines {value:,.0f} {unit}" for count, value in zip(_SCALES, values, strict=True))
        ratio = values[-1] / values[0]
        name = f"{name}, {_SCALES[-1]} lines to {_SCALES[0]}"
        yield Row("line", name, ratio, "", _LEVEL, is_floor=False, note=f"the engine alone: {told}")


def _remark(speed: Speed) -> str:
    return f"{speed.rate / 1e6:.2f} M/s; {speed.cpu_s:.2f} CPU s per 1 M; {speed.rss_mb:.0f} MB"
