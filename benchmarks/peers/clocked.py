"""What every peer's script shares: the readings, rate and processor time of first reading to last. Runs in a peer's environment."""

import argparse
import json
import random
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

METERS = 1000
START_MS = 1_700_000_040_000
LONGEST_GAP_MS = 300_000


def asset(meter: int) -> str:
    """The path of one of the 1,000 meters."""
    return f"plant/area/line{meter // 10}/m{meter % 10}"


def powers(readings: int) -> Iterator[float]:
    """The value of each reading, second by second and meter by meter. [kW] Seeded: the same each time."""
    rng = random.Random(0)
    return (round(rng.random() * 10, 4) for _ in range(readings))


def parse() -> argparse.Namespace:
    """What every peer's script takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--readings", type=int, required=True)
    parser.add_argument("--work", choices=("w1", "w2", "both"), required=True)
    parser.add_argument("--windows", type=Path, required=True, help="file for the windows")
    return parser.parse_args()


def cpu_s() -> float:
    """Processor time of this process, all threads [s]."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Counts readings; call `reading` on each, or `start` and `all_read`. The clock runs from the first to the last."""

    def __init__(self, readings: int) -> None:
        self.readings, self.count = readings, 0
        self.began = self.ended = (0.0, 0.0)

    def reading(self) -> None:
        if self.count == 0:
            self.start()
        self.count += 1
        if self.count == self.readings:
            self.all_read()

    def start(self) -> None:
        self.began = (time.perf_counter(), cpu_s())

    def all_read(self) -> None:
        self.count, self.ended = self.readings, (time.perf_counter(), cpu_s())

    def report(self, version: str, windows: "Windows", path: Path) -> None:
        """Write the windows to a file and print the figures; ends the process when readings are missing."""
        if self.count != self.readings:
            raise SystemExit(f"{self.count} of {self.readings} readings")
        path.write_text(json.dumps(list(windows.rows.values())))
        wall, cpu = (end - begin for begin, end in zip(self.began, self.ended, strict=True))
        figures = {"rate": self.readings / wall, "cpu_s_per_million": cpu / self.readings * 1e6}
        print(json.dumps({**figures, "version": version}), flush=True)


class Windows:
    """The last row of each window, by asset and minute."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], dict[str, Any]] = {}

    def put(self, row: Mapping[str, Any]) -> None:
        """Add a row: `asset`, `minute` (since 1970), and some of `count`, `mean`, `low`, `high`, `kwh`."""
        self.rows.setdefault((row["asset"], row["minute"]), {}).update(row)


def trapezoid(state: Sequence[float] | None, ts_ms: int, kw: float) -> tuple[float, tuple[int, float]]:
    """kWh that a sample adds to (last time, last power), 0 over a gap of more than 5 min; and the new pair."""
    added = 0.0
    if state is not None:
        gap = ts_ms - state[0]
        if 0 < gap <= LONGEST_GAP_MS:
            added = (state[1] + kw) / 2 * gap / 3_600_000
    return added, (ts_ms, kw)
