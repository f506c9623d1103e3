"""The timeline and its operators without a log: frames in memory to metric rows in memory. A part of the bench `process`.

`python -m benchmarks.engine --seconds 200` prints a line for each workload: its name, a tab, readings/s.
"""

import argparse
import sys
import time

import numpy as np

from benchmarks.traffic import TAGS, Field, frames, readings
from fieldline.frames import decode_readings
from fieldline.plant import Plant
from processing.operators import energy, telemetry
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

_PLANT = Field(lines=100, assets=20, tags=TAGS)
_METERS = Field(lines=100, assets=10, tags=["power_kw"])
_WARM_FRAMES = 3


def rate(field: Field, seconds: float, late_share: float, windows: tuple[str, ...]) -> float:
    """Readings/s, decoding included, late rows run to the end."""
    packed = [frame for _, frame in frames(readings(field, seconds, late_share))]
    engine = Engine(
        plant=Plant(),
        operators=[telemetry.COMPONENT, energy.COMPONENT],
        windows=windows,
        timing=Timing(),
        row_cache=64 << 20,
        origin=Origin(
            lambda first, last: ((at, decode_readings(packed[at])) for at in range(first, last + 1)), _no_page
        ),
    )
    rows = 0
    began = 0.0
    for at, frame in enumerate(packed):
        if at == _WARM_FRAMES:
            began, rows = time.perf_counter(), 0
        now = time.monotonic_ns()
        rows += engine.step([(at, decode_readings(frame))], now)
        engine.tick(now, 0)
        engine.emit()
        engine.take()
    engine.reprocessing.run_due(2**62)
    engine.emit()
    engine.take()
    return rows / (time.perf_counter() - began)


def _no_page(offset: int) -> np.ndarray:
    raise AssertionError(f"no checkpoint was written, yet page {offset} of one is asked for")


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine")
    parser.add_argument("--seconds", type=float, default=200.0, help="of plant time, 24,000 readings/s")
    seconds = parser.parse_args(arguments).seconds
    for name, field, late, windows in (
        ("in order, 24,000 series, 1m", _PLANT, 0.0, ("1m",)),
        ("1 % late, 24,000 series, 1m", _PLANT, 0.01, ("1m",)),
        ("in order, 1,000 meters, 1m", _METERS, 0.0, ("1m",)),
        ("in order, 24,000 series, 1m 15m 1h day", _PLANT, 0.0, ("1m", "15m", "1h", "day")),
    ):
        span = seconds if field is _PLANT else seconds * 6
        print(f"{name}\t{rate(field, span, late, windows):.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
