"""Device → metric of a 1 s window on Kafka, at 10,000 samples/s over Mosquitto, ingest and one worker.

1,000 meters send one sample a message, ten times a second, with the time of sending. Delay: from the window's end to
the append of the row that counts of it (the last one written), over all `telemetry` rows of 1 s (energy has no such
window). All processes share all cores.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.drained import last_of_each, read_metrics, wait_processed
from benchmarks.report import Row
from benchmarks.stand import ALL_CORES, BenchFailed, Stand
from fieldline.log import Log
from fieldline.windows import WINDOWS

_RATE, _METERS = 10_000, 1_000
_SECONDS = 20.0
_WARM_S = 3


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker, kafka = stand.mosquitto(), stand.kafka()
    url = stand.kafka_log(kafka)
    log = stand.open(url)
    stages = [
        stand.stage("ingest", "--mqtt", broker.url, "--log", url, cores=ALL_CORES),
        stand.stage("process", "--log", url, "--windows", ",".join(WINDOWS), cores=ALL_CORES),
    ]
    for stage in stages:
        stage.wait_ready()
    seconds = max(8.0, _SECONDS * size)
    messages = str(int(_RATE * seconds))
    stand.script(
        "benchmarks.publisher",
        *("--port", str(broker.port), "--messages", messages, "--rate", str(_RATE), "--topics", str(_METERS), "--live"),
        cores=ALL_CORES,
    ).wait(seconds * 4 + 30.0)
    wait_processed(log, 60.0, stages[1])
    delays = delays_ms(log)
    p50, p99 = np.percentile(delays, (50, 99))
    note = f"p50 {p50:.0f} ms, worst {delays.max():.0f} ms, {len(delays):,} windows"
    yield Row("latency", "device → metric of 1 s on the log, p99", float(p99), "ms", 250.0, is_floor=False, note=note)


def delays_ms(log: Log) -> np.ndarray:
    """float64[windows] [ms]: end of each 1 s window to the append of its last row; begin and end of the run left out."""
    rows = read_metrics(log, "telemetry").rows
    rows = last_of_each(rows.filter(rows["window"] == "1s"))
    if not len(rows):
        raise BenchFailed("no windows of 1 s on the log")
    end = rows["time"].dt.epoch("ns").to_numpy() + 1_000_000_000
    inside = (end > end.min() + _WARM_S * 1_000_000_000) & (end < end.max() - 1_000_000_000)
    return (rows["appended_ns"].to_numpy() - end)[inside] / 1e6
