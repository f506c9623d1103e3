"""An ingest stage that notes when each record became durable. A part of the bench `ingest`.

`python -P benchmarks/durable.py --mqtt URL --log sqlite:PATH`, with the tree whose stage it is to run on PYTHONPATH: runs until SIGTERM,
then prints `{"p50_ms", "p99_ms", "readings"}` of received → durable over all readings of its run, those of the first second left
out of the percentiles.
"""

import argparse
import json
import signal
import sys
import threading
import time
from concurrent.futures import Future
from typing import Any

import numpy as np

from fieldline.clock import SystemClock
from fieldline.frames import decode_readings
from fieldline.health import Health
from fieldline.log import Log, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.stage import IngestStage

_WARM_NS = 1_000_000_000


class WatchedLog(SqliteLog):
    """Remembers when appends to `readings` were acknowledged: (partition, offset, ns)."""

    acknowledged: list[tuple[int, int, int]]

    def append(self, stream: Stream, partition: int, *record: Any) -> "Future[int]":
        """See `Log.append`."""
        future = super().append(stream, partition, *record)
        if stream is Stream.READINGS:
            future.add_done_callback(lambda done: self.acknowledged.append((partition, done.result(), time.time_ns())))
        return future


def delays_ms(log: Log, acknowledged: list[tuple[int, int, int]]) -> tuple[np.ndarray, int]:
    """float64[n] [ms]: from each reading's reception to the acknowledgement of its frame; and how many came in all."""
    when = {(partition, offset): ns for partition, offset, ns in acknowledged}
    first = min(when.values(), default=0) + _WARM_NS
    parts = [np.empty(0)]
    total = 0
    for partition in range(log.partitions(Stream.READINGS)):
        for record in log.read(Stream.READINGS, partition, 0):
            done = when.get((partition, record.offset), 0)
            received = decode_readings(record.value or b"").received
            total += len(received)
            if done >= first:
                parts.append((done - received) / 1e6)
    return np.concatenate(parts), total


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="durable.py")
    parser.add_argument("--mqtt", required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    log = WatchedLog(options.log.removeprefix("sqlite:"))
    log.acknowledged = []
    settings = IngestSettings(mqtt=options.mqtt, client_id="bench-ingest")
    IngestStage(settings, Plant(), log, Health("ingest"), SystemClock()).run(stop)
    delays, total = delays_ms(log, log.acknowledged)
    log.close()
    p50, p99 = np.percentile(delays, (50, 99)) if len(delays) else (np.nan, np.nan)
    print(json.dumps({"p50_ms": float(p50), "p99_ms": float(p99), "readings": total}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
