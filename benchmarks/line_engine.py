"""Time and memory of the engine against the number of lines, without a log: frames in memory to metric rows. A part of the bench `line`.

`python -m benchmarks.line_engine 10 50 200` prints a line for each number of lines: the number, processor time a reading [ns], bytes a
series that the timeline's tables take after the same quarter-hour and more of the plant's time.
"""

import argparse
import sys
import time
import tomllib

import numpy as np

from benchmarks.line_traffic import Lines, frames
from fieldline.frames import decode_readings
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.operators import known
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

_SECONDS = 1200
_WARM_S = 120  # series are made known and arrays grow to their size
_READINGS = 4_000_000
_EMIT_S = 0.25  # as a partition does
_WINDOWS = ("1m", "15m", "1h", "day", "week", "month", "shift", "order")


def grow(count: int) -> tuple[float, float]:
    """Processor time a reading [ns] and bytes a series for `count` lines."""
    lines = Lines(count)
    packed = list(frames(lines, _SECONDS))
    runs = max(1, round(_READINGS / (lines.series * _SECONDS)))
    times, memory = zip(*(_run(lines, packed) for _ in range(runs)), strict=True)
    return float(np.mean(times)), memory[0] / lines.series


def _run(lines: Lines, packed: list[tuple[int, bytes]]) -> tuple[float, int]:
    engine = _engine(lines)
    warm = lines.series * _WARM_S
    done, emitted, began, counted = 0, 0.0, 0.0, 0
    for at, (number, frame) in enumerate(packed):
        if done >= warm and not counted:
            began, counted = time.process_time(), done
        now = time.monotonic_ns()
        engine.step([(at, decode_readings(frame))], now)
        engine.tick(now, 0)
        if now * 1e-9 - emitted >= _EMIT_S or at == len(packed) - 1:
            emitted = now * 1e-9
            engine.emit()
            for _ in engine.take():
                pass
        done += number
    spent = time.process_time() - began
    return spent / (done - counted) * 1e9, _bytes(engine)


def _bytes(engine: Engine) -> int:
    """What blocks, windows and live state take."""
    tables = engine.tables
    held = (*tables.states, *tables.opens, tables.row_series, tables.series)
    windows = int(tables.heap["windows"][0]) * (tables.windows.itemsize + tables.labels.itemsize)
    return tables.used_bytes + windows + sum(array.nbytes for array in held)


def _engine(lines: Lines) -> Engine:
    file = to_struct(PlantFile, tomllib.loads(lines.plant()), "$", [])
    return Engine(
        plant=Plant(file),
        operators=list(known().values()),
        windows=_WINDOWS,
        timing=Timing(),
        row_cache=64 << 20,
        origin=Origin(lambda first, last: (), _no_page),
    )


def _no_page(offset: int) -> np.ndarray:
    raise AssertionError(f"no checkpoint was written, yet page {offset} of one is asked for")


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.line_engine")
    parser.add_argument("lines", type=int, nargs="*", default=[10, 50, 200])
    for count in parser.parse_args(arguments).lines:
        spent, memory = grow(count)
        print(f"{count}\t{spent:.1f}\t{memory:.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
