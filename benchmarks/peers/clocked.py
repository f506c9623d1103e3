"""Rate and processor time of a peer, first reading to last, and the check of its windows. Runs in a peer's environment."""

import argparse
import json
import resource
import time
from collections.abc import Sequence


def parse() -> argparse.Namespace:
    """What every peer's script takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--readings", type=int, required=True)
    parser.add_argument("--work", choices=("w1", "w2", "both"), required=True)
    return parser.parse_args()


def cpu_s() -> float:
    """Processor time of this process, all threads [s]."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Counts readings; call `reading` on each. The clock runs from the first to the last of `readings`."""

    def __init__(self, readings: int) -> None:
        self.readings, self.count = readings, 0
        self.began = self.ended = (0.0, 0.0)

    def reading(self) -> None:
        if self.count == 0:
            self.began = (time.perf_counter(), cpu_s())
        self.count += 1
        if self.count == self.readings:
            self.ended = (time.perf_counter(), cpu_s())

    def report(self, version: str, windows: int, kinds: int) -> None:
        """Print the figures. windows : how many closed ones the peer gave of `kinds` kinds; a full minute has 1,000."""
        full = self.readings // 60_000 * 1000
        if self.count != self.readings or not (full - 1000) * kinds <= windows <= (full + 1000) * kinds:
            raise SystemExit(
                f"{self.count} of {self.readings} readings, {windows} windows where {full * kinds} are due"
            )
        wall, cpu = (end - begin for begin, end in zip(self.began, self.ended, strict=True))
        print(
            json.dumps(
                {
                    "rate": self.readings / wall,
                    "cpu_s_per_million": cpu / self.readings * 1e6,
                    "version": version,
                    "windows": windows,
                }
            )
        )


def trapezoid(state: Sequence[float] | None, ts_ms: int, kw: float) -> tuple[float, tuple[int, float]]:
    """kWh that a sample adds to (last time, last power), 0 over a gap of more than 5 min; and the new pair."""
    added = 0.0
    if state is not None:
        gap = ts_ms - state[0]
        if 0 < gap <= 300_000:
            added = (state[1] + kw) / 2 * gap / 3_600_000
    return added, (ts_ms, kw)
