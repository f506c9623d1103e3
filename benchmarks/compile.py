"""Kernels: processor time of `fieldline warmup` with an empty cache, and of one that finds them compiled.

The whole process counts, its start and imports included, which the second figure tells alone.
"""

import resource
import statistics
import time
from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, Stand

_WARM_RUNS = 5
_HALF = 0.5


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is not used: there is only one cache to fill."""
    cpu_s, clock_s = _warmup(stand)
    note = f"{clock_s:.1f} s by the clock"
    name = "fieldline warmup with an empty cache, processor time"
    yield Row("compile", name, cpu_s, "s", is_floor=False, note=note, ratio=_HALF)
    times = [_warmup(stand)[0] for _ in range(_WARM_RUNS)]
    note = f"median of {_WARM_RUNS}; best {min(times):.2f} s"
    name = "the same with all kernels in the cache, processor time"
    yield Row("compile", name, statistics.median(times), "s", is_floor=False, note=note)


def _warmup(stand: Stand) -> tuple[float, float]:
    """Processor time and time by the clock of a process that sees to the kernels in the stand's own cache [s]."""
    cache = str(stand.folder / "kernels")
    before, began = _ended_children_s(), time.monotonic()
    child = stand.fieldline("warmup", cores=MEASURED_CORE, NUMBA_CACHE_DIR=cache, FIELDLINE_KERNEL_CACHE=cache)
    child.wait(600.0)
    return _ended_children_s() - before, time.monotonic() - began


def _ended_children_s() -> float:
    """Processor time of all children of this process that have ended [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
