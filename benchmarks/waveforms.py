"""Features of an acceleration waveform, all of them, by processor time of one core: within this process, from the payload of its row.

The best of many turns, so that what else the machine does counts little. Each length is that of a usual setting of an instrument.
"""

import struct
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.report import Row
from benchmarks.stand import Stand
from fieldline.plantfile import MachineEntry
from processing.vibration.features import features

_TURNS = 300
_LENGTHS = (
    ("25.6 kHz × 1 s", 25_600.0, 25_600, 2.0),
    ("25.6 kHz × 4 s", 25_600.0, 102_400, None),
    ("12.8 kHz × 1.28 s", 12_800.0, 16_384, None),
)
_MACHINE = MachineEntry(iso_group=2, support="rigid", speed_rpm=1488.0, bearing="6205-2RS JEM")


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    for name, rate_hz, samples, target in _LENGTHS:
        noise = np.random.default_rng(1).normal(size=samples).astype("<f4")
        payload = struct.pack("<d", rate_hz) + noise.tobytes()
        with_bearing = _best_ms(payload, _MACHINE, int(_TURNS * size))
        without = _best_ms(payload, None, int(_TURNS * size))
        note = f"without a bearing {without:.2f} ms"
        yield Row("waveforms", f"all features of {name}", with_bearing, "ms", target, is_floor=False, note=note)


def _best_ms(payload: bytes, machine: MachineEntry | None, turns: int) -> float:
    features(payload, machine)
    best = float("inf")
    for _ in range(turns):
        begun = time.process_time_ns()
        features(payload, machine)
        best = min(best, (time.process_time_ns() - begun) / 1e6)
    return best
