"""Resident memory of ingest, process and deliver at 25,000 readings/s over Mosquitto and Kafka, and how fast it grows.

250 meters, 100 samples a message, all windows, into the local store. The peak is over the whole run; growth is the
slope of a straight line through the second half. All processes share all cores.
"""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.report import Row
from benchmarks.stand import ALL_CORES, BenchFailed, Stage, Stand

_RATE, _SAMPLES, _METERS = 25_000, 100, 250
_SECONDS = 150.0
_LOOK_S = 1.0


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount. `memory` alone with a larger one shows more."""
    broker = stand.mosquitto()
    url = stand.kafka_log(stand.kafka())
    store = str(stand.folder / "results.db")
    stages = [
        stand.stage("ingest", "--mqtt", broker.url, "--log", url, cores=ALL_CORES),
        stand.stage("process", "--log", url, cores=ALL_CORES),
        stand.stage("deliver", "--log", url, "--store", store, cores=ALL_CORES),
    ]
    for stage in stages:
        stage.wait_ready()
    seconds = max(20.0, _SECONDS * size)
    rate = _RATE // _SAMPLES
    publisher = stand.script(
        "benchmarks.publisher",
        *("--port", str(broker.port), "--messages", str(int(rate * seconds)), "--samples", str(_SAMPLES)),
        *("--rate", str(rate), "--topics", str(_METERS), "--live"),
        cores=ALL_CORES,
    )
    looks: list[list[float]] = []
    until_s = time.monotonic() + seconds * 2 + 30
    while publisher.is_running and time.monotonic() < until_s:
        looks.append([time.monotonic(), *(stage.rss_mb() for stage in stages)])
        time.sleep(_LOOK_S)
    publisher.wait(30.0)
    yield from _rows(stages, np.array(looks), int(rate * seconds) * _SAMPLES)


def _rows(stages: list[Stage], looks: np.ndarray, sent: int) -> Iterator[Row]:
    arrived = stages[0].counter("received")
    processed = stages[1].counter("rows")
    if arrived != sent or processed < sent * 0.9:
        raise BenchFailed(f"of {sent} readings ingest has {arrived:.0f} and process {processed:.0f}")
    half = looks[len(looks) // 2 :]
    span = looks[-1, 0] - looks[0, 0]
    for column, stage in enumerate(stages, 1):
        slope = float(np.polyfit(half[:, 0], half[:, column], 1)[0]) * 60
        note = (
            f"{slope:+.1f} MB/min in the second half of {span:.0f} s; {half[:, column].mean():.0f} MB on average there"
        )
        peak = float(looks[:, column].max())
        yield Row("memory", f"{stage.name} at {_RATE:,} readings/s, peak", peak, "MB", 400.0, is_floor=False, note=note)
