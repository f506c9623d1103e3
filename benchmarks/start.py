"""Start: `fieldline --help`, and a second start of `fieldline run` to its first reading processed (kernels cached).

The message waits in the broker's session while the run process is away; measured from starting the process to the
moment its health page tells of a row processed. `fieldline warmup` ran before, as the image's build and the first
start do it.
"""

import subprocess
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.report import Row, percentile
from benchmarks.stand import FIELDLINE, BenchFailed, Stand, environment, until

_HELP_RUNS, _RUN_RUNS = 7, 3


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is not used: it is quick anyway."""
    _help(stand)  # the first one compiles
    times = [_help(stand) for _ in range(_HELP_RUNS)]
    best = f"best of {_HELP_RUNS}: {min(times):.2f} s"
    yield Row("start", "fieldline --help, median", percentile(times, 0.5), "s", 0.3, is_floor=False, note=best)
    times = list(_runs(stand))
    best = f"best of {_RUN_RUNS}: {min(times):.2f} s"
    name = "second start of fieldline run to its first reading, median"
    yield Row("start", name, percentile(times, 0.5), "s", 3.0, is_floor=False, note=best)


def _help(stand: Stand) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [*FIELDLINE, "--help"],
        cwd=stand.tree,
        env=environment(stand.tree),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode or b"ingest" not in done.stdout:
        raise BenchFailed(f"--help: {done.stderr.decode()}")
    return time.perf_counter() - began


def _runs(stand: Stand) -> Iterator[float]:
    """Seconds of each start after the first."""
    broker = stand.mosquitto()
    stand.fieldline("warmup").wait(600.0)
    url = stand.sqlite_log()
    arguments = ("--mqtt", broker.url, "--client-id", "bench-start", "--log", url)
    for number in range(_RUN_RUNS + 1):
        stage = stand.stage("run", *arguments)
        if number:
            until(partial(stage.counter, "rows"), 60.0, stage, pause_s=0.02)
            yield time.monotonic() - stage.started_s
        else:
            stage.wait_ready()
        stage.stop()
        command = ("--port", str(broker.port), "--messages", "1", "--live")
        stand.script("benchmarks.publisher", *command).wait(30.0)
