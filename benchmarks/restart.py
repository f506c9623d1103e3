"""Catching up after `kill -9`: how many times faster than live a restarted worker works off what came meanwhile.

A worker follows 100,000 readings/s on Kafka, in frames of 50 ms, is killed and started again some seconds later,
while the feed goes on. Speed: rows between two looks at its counter, while it is behind; the live rate is that of the
feed.
"""

import time
from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stage, Stand
from fieldline.log import Log, Stream

_RATE, _LINES = 100_000.0, 100
_BEFORE_S, _DOWN_S, _AFTER_S = 12.0, 15.0, 15.0
_LOOK_S = 0.1


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    url = stand.kafka_log(stand.kafka())
    log = stand.open(url)
    down_s = max(5.0, _DOWN_S * size)
    seconds = _BEFORE_S + down_s + _AFTER_S
    feed = ("--log", url, "--lines", str(_LINES), "--rate", str(_RATE), "--seconds", str(seconds))
    first = stand.stage("process", "--log", url, "--windows", "1m,15m,1h,day")
    first.wait_ready()
    feeder = stand.script("benchmarks.feeder", *feed)
    time.sleep(_BEFORE_S)
    first.kill()
    time.sleep(down_s)
    second = stand.stage("process", "--log", url, "--windows", "1m,15m,1h,day")
    speed, rows, wait_s = _catch_up(second, log)
    feeder.wait(seconds + 60.0)
    note = f"{speed:,.0f}/s over {rows:,.0f} readings; first of them {wait_s:.1f} s after the start (the dead member's session is 6 s)"
    yield Row("restart", "catch-up after kill -9, times live (100,000/s)", speed / _RATE, "×", 3.0, note=note)


def _catch_up(stage: Stage, log: Log) -> tuple[float, float, float]:
    """(rows/s while behind, rows done by then, seconds from start to the first look with rows)."""
    behind = _behind(log)
    looks: list[tuple[float, float]] = []
    deadline = time.monotonic() + 90.0
    while time.monotonic() < deadline:
        if not stage.is_running:
            raise BenchFailed(f"process ended: {stage.output[-2000:]}")
        rows = stage.counter("rows")
        if rows:
            looks.append((time.monotonic(), rows))
            if rows >= behind:
                break
        time.sleep(_LOOK_S)
    else:
        raise BenchFailed(f"not caught up in time: {stage.output[-2000:]}")
    wait_s = looks[0][0] - stage.started_s
    # Done at the first look: counted as of the look before, when there was nothing.
    elapsed = looks[-1][0] - looks[0][0] + _LOOK_S
    return looks[-1][1] / elapsed, looks[-1][1], wait_s


def _behind(log: Log) -> float:
    """Readings from the last commit to the end of the log as of now."""
    commit = log.commits(Stream.READINGS, "process").get(0)
    start = commit.offset if commit else 0
    return float(sum(int(record.headers["rows"]) for record in log.read(Stream.READINGS, 0, start)))
