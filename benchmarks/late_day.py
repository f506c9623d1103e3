"""One reading a day late on a line of 100 readings/s: how soon its metrics are right, and what other lines notice.

A day of that line lies on Kafka, processed; four lines then live on at 100 readings/s each. A reading of 23 h ago
comes for the first: timed is from its append to the corrected 1 min, 15 min, 1 h and day windows on the log. The
others' 1 s windows say how long they were held up: their worst delay in the 5 s after, beyond the worst of the 5 s
before.
"""

import time
from collections.abc import Iterator

import numpy as np
import polars as pl

from benchmarks import feeder
from benchmarks.drained import read_metrics, wait_processed
from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stand
from fieldline.frames import Readings, encode_readings
from fieldline.log import Log, Stream

_RATE = 100.0
_LINES = 4
_DAY_S, _LATE_S = 86_400.0, 82_800.0
_FRAME = 10_000
_AROUND_S = 5.0
_LATE_VALUE = 1000.0
_WINDOWS = ("1m", "15m", "1h", "day")


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; with a `size` below 1 the day has fewer hours and the reading is late by fewer."""
    url = stand.kafka_log(stand.kafka())
    log = stand.open(url)
    day_ns = int(max(_DAY_S * size, 7200.0) * 1e9)
    late_ns = int(day_ns * _LATE_S / _DAY_S)
    stage = stand.stage("process", "--log", url, "--windows", ",".join(("1s", *_WINDOWS)))
    began_ns = time.time_ns()
    _preload(log, began_ns - day_ns, day_ns)
    wait_processed(log, 240.0, stage)
    before = log.bounds(Stream.METRICS, 0)[1]
    live = stand.script(
        "benchmarks.feeder", "--log", url, "--lines", str(_LINES), "--rate", str(_RATE * _LINES), "--seconds", "20"
    )
    time.sleep(3.0 + _AROUND_S)
    when_ns, appended_ns = began_ns - late_ns, time.time_ns()
    _append_late(log, when_ns)
    live.wait(60.0)
    wait_processed(log, 60.0, stage)
    right_s = _right_after(log, before, when_ns, appended_ns)
    held_ms, usual_ms = _held_up(log, before, appended_ns)
    hours = f"{late_ns / 3.6e12:.0f} h late, {day_ns / 1e9 * _RATE / 1e6:.2f} M readings since"
    yield Row("late_day", "metrics right again after a late reading", right_s, "s", 2.0, is_floor=False, note=hours)
    note = f"worst 1 s window {usual_ms + held_ms:.0f} ms after its end, {usual_ms:.0f} ms before the late reading"
    yield Row("late_day", "other lines held up", max(held_ms, 0.0), "ms", 100.0, is_floor=False, note=note)


def _preload(log: Log, begin_ns: int, span_ns: int) -> None:
    assets = feeder.names(1)
    total = int(span_ns / 1e9 * _RATE)
    for first in range(0, total, _FRAME):
        count = min(_FRAME, total - first)
        data = feeder.frame(assets, begin_ns, count, 1e9 / _RATE, first)
        log.append(Stream.READINGS, 0, b"", data, {"rows": str(count).encode()})
    log.flush(120.0)


def _append_late(log: Log, when_ns: int) -> None:
    one = np.zeros(1, np.int32)
    rows = Readings(
        np.array([when_ns + 1]), np.array([time.time_ns()]), one, one, np.array([_LATE_VALUE]), one.astype(np.uint8),
        feeder.names(1), ["power_kw"],
    )  # fmt: skip
    log.append(Stream.READINGS, 0, b"", encode_readings(rows), {"rows": b"1"}).result(30.0)


def _right_after(log: Log, start: int, when_ns: int, appended_ns: int) -> float:
    """Seconds until all closed windows around the late reading showed it: `max` in telemetry, a revision in energy."""
    closed = _closed(when_ns, appended_ns)
    shows = {"telemetry": pl.col("max") == _LATE_VALUE, "energy": pl.col("rev") > 0}
    slowest = 0.0
    for kind in shows:
        windows = closed - ({"day"} if kind == "telemetry" else set())  # telemetry has no days
        rows = read_metrics(log, kind, start).rows
        around = (pl.col("time").dt.epoch("ns") <= when_ns) & (pl.col("appended_ns") >= appended_ns)
        mine = (pl.col("asset") == feeder.names(1)[0]) & pl.col("window").is_in(list(windows))
        first = rows.filter(mine & around & shows[kind]).sort("appended_ns").unique("window", keep="first")
        if set(first["window"]) != windows:
            raise BenchFailed(f"{kind}: corrected were {sorted(set(first['window']))}, expected {sorted(windows)}")
        slowest = max(slowest, (int(first["appended_ns"].to_numpy().max()) - appended_ns) / 1e9)
    return slowest


def _closed(when_ns: int, now_ns: int) -> set[str]:
    """The windows that were over; a day that still runs is emitted now and then anyway."""
    day_ns = 86_400_000_000_000
    return set(_WINDOWS) - ({"day"} if when_ns // day_ns == now_ns // day_ns else set())


def _held_up(log: Log, start: int, appended_ns: int) -> tuple[float, float]:
    """(what the worst 1 s window of other lines took longer after the late reading than before, that before) [ms]."""
    rows = read_metrics(log, "telemetry", start).rows
    rows = rows.filter((pl.col("window") == "1s") & ~pl.col("asset").is_in(feeder.names(1)))
    rows = rows.unique(["asset", "tag", "time"], keep="last", maintain_order=True)
    end = rows["time"].dt.epoch("ns").to_numpy() + 1_000_000_000
    delay = (rows["appended_ns"].to_numpy() - end) / 1e6
    around = int(_AROUND_S * 1e9)
    earlier = delay[(end >= appended_ns - around) & (end < appended_ns - 500_000_000)]
    later = delay[(end >= appended_ns - 500_000_000) & (end < appended_ns + around)]
    return float(later.max() - earlier.max()), float(earlier.max())
