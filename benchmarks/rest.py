"""`fieldline run` with nothing to do: share of a core, and resident memory.

Once with a broker beside it, once as it starts when nothing is given, with its own; SQLite log, local store and all operators, by
default. Kernels are compiled. Measured from 3 s after it was ready on. Memory is what is resident (RSS, as `top` shows it);
the remark has PSS, where what it shares with other processes counts for a part.
"""

import time
from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, BenchFailed, Stand

_SECONDS, _LEAST_S = 60.0, 20.0
_SETTLE_S = 3.0
_SHARE, _MEMORY_MB = 1.0, 180.0


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default time."""
    seconds = max(_LEAST_S, _SECONDS * size)
    stand.fieldline("warmup", cores=MEASURED_CORE).wait(600.0)
    for name, broker in (
        ("a broker beside it", ("--mqtt", stand.mosquitto().url)),
        ("its own broker", ("--broker-port", "0")),
    ):
        stage = stand.stage("run", *broker, "--log", stand.sqlite_log())
        stage.wait_ready()
        time.sleep(_SETTLE_S)
        began, cpu_s = time.monotonic(), stage.cpu_s()
        time.sleep(seconds)
        if not stage.is_running:
            raise BenchFailed(f"run ended: {stage.output[-2000:]}")
        share = (stage.cpu_s() - cpu_s) / (time.monotonic() - began) * 100.0
        rss_mb, pss_mb, peak_mb = stage.rss_mb(), stage.pss_mb(), stage.peak_mb()
        stage.stop()
        what = f"fieldline run at rest, {name}"
        yield Row("rest", f"{what}, share of a core", share, "%", _SHARE, is_floor=False, note=f"over {seconds:.0f} s")
        note = f"PSS {pss_mb:.0f} MB; peak {peak_mb:.0f} MB"
        yield Row("rest", f"{what}, resident memory", rss_mb, "MB", _MEMORY_MB, is_floor=False, note=note)
