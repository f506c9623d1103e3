"""Three weeks without `process` and without InfluxDB at 100 readings/s, time scaled: what is lost, and what it costs.

Devices live on in event time, as fast as ingest takes it: all of the 30,240 minutes pass, each with a message of every series,
a reading a second. `size` 1 has 10 series, a tenth of 100 readings/s. The retention time is a few seconds, so that it passes several
times meanwhile. Then process comes back and, when that is done, the database. Memory is looked at throughout. Nothing is lost when
the audit says so and InfluxDB holds what numpy makes of the values.

What a SQLite log grows by a reading depends on how many readings share a record, which are many at full speed: so it is measured at
the pace of 100 readings/s, too.
"""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from analysis.audit.lag import is_drained, measure
from benchmarks.publisher import Connection, Packer
from benchmarks.report import Row
from benchmarks.stand import ALL_CORES, Stage, Stand, until
from delivery.query import query
from fieldline.log import Log

_DAYS, _MINUTES = 21, 21 * 1440
_SERIES, _RATE = 10, 100.0
_SAMPLES, _PERIOD_MS = 60, 1000
_KEPT_S = 20.0
_CHUNK = 500
_PACED_S = 20.0
_WAIT_S = 3600.0
_LOOK_S = 0.5
_FLAT_MB, _MOST_MB = 32.0, 400.0
_WEEKS_READINGS = _RATE * _DAYS * 86_400


class Look(NamedTuple):
    """Memory of a stage [MB] when a share of the work was done (0 to 1)."""

    share: float
    mb: float


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of 10 series, and 10 of it are 100 readings/s."""
    series = max(2, round(_SERIES * size))
    sent = _MINUTES * series * _SAMPLES
    yield from _at_pace(stand)
    broker, influx, url = stand.mosquitto(), stand.influxdb(), stand.sqlite_log()
    influx.kill()
    database = f"{influx.url}/absence?api=v1"
    deliver = "deliver", "--log", url, "--influx", database
    _stopped(_started(stand, "process", "--log", url), stand.stage(*deliver, cores=ALL_CORES))

    ingest = _started(stand, "ingest", "--mqtt", broker.url, "--log", f"{url}?retention_s={_KEPT_S:g}")
    packer, connection = Packer(series, _SAMPLES, _PERIOD_MS, "plant/hall"), Connection(broker.port)
    began = time.monotonic()
    away = [_live(packer, connection, ingest, day, series) for day in range(_DAYS)]
    often = (time.monotonic() - began) / _KEPT_S
    # The broker acknowledges more than ingest has taken so far.
    until(lambda: ingest.counter("received") >= sent, _WAIT_S, ingest)
    _stopped(ingest)
    note = f"{sent / 1e6:.1f} M readings, the retention time {often:.0f} times"
    yield _memory("ingest, while process is away", away, note)
    yield _grown(url, sent)

    log, delivering = stand.open(url), stand.stage(*deliver, cores=ALL_CORES)
    yield _memory("process, catching up", _watch(_started(stand, "process", "--log", url), log, "process"))
    yield _peak("deliver, while InfluxDB is away", delivering)
    influx.start()
    yield _memory("deliver, catching up", _watch(delivering, log, "deliver.influx"))
    yield from _lost(stand, url, database, series, sent)


def _started(stand: Stand, verb: str, *arguments: str) -> Stage:
    stage = stand.stage(verb, *arguments, cores=ALL_CORES)
    stage.wait_ready(300.0)
    return stage


def _live(packer: Packer, connection: Connection, ingest: Stage, day: int, series: int) -> Look:
    """A day of all series, acknowledged, and the day before it received."""
    for first in range(day * 1440 * series, (day + 1) * 1440 * series, _CHUNK):
        count = min(_CHUNK, (day + 1) * 1440 * series - first)
        connection.send(packer.pack(first, count), count)
    connection.settle(0)
    # The broker drops what is beyond its own limits: ingest is never more than a day behind.
    until(lambda: ingest.counter("received") >= day * 1440 * series * _SAMPLES, _WAIT_S, ingest)
    return Look((day + 1) / _DAYS, ingest.rss_mb())


def _stopped(*stages: Stage) -> None:
    """Away they go."""
    for stage in stages:
        stage.stop()


def _watch(stage: Stage, log: Log, name: str) -> list[Look]:
    """Look at a stage, which `status` calls so, until it is not behind. Raises BenchFailed."""
    looks: list[Look] = []

    def is_done() -> bool:
        lags = [lag for lag in measure(log) if lag.stage == name]
        done, ends = sum(lag.offset for lag in lags), sum(lag.end for lag in lags)
        looks.append(Look(done / max(1, ends), stage.rss_mb()))
        return bool(lags) and is_drained(lags)

    until(is_done, _WAIT_S, stage, pause_s=_LOOK_S)
    return looks


def _memory(name: str, looks: list[Look], note: str = "") -> Row:
    """The most memory of the last third, beside that of the second: caches are full by then. The note has it at seven points."""
    most = [max((look.mb for look in looks if k / 3 <= look.share <= (k + 1) / 3), default=0.0) for k in range(3)]
    points = {round(look.share * _DAYS): look.mb for k in range(1, 8) for look in [_nearest(looks, k / 7)]}
    told = ", ".join(f"{mb:.0f} ({day})" for day, mb in points.items())
    told = "; ".join(filter(None, (note, f"MB (days done): {told}")))
    return Row(
        "absence", f"{name}, growth in the last week", most[2] - most[1], "MB", _FLAT_MB, is_floor=False, note=told
    )


def _nearest(looks: list[Look], share: float) -> Look:
    return min(looks, key=lambda look: abs(look.share - share))


def _peak(name: str, stage: Stage) -> Row:
    return Row("absence", f"{name}, peak", stage.peak_mb(), "MB", _MOST_MB, is_floor=False)


def _at_pace(stand: Stand) -> Iterator[Row]:
    """What a log grows by in three weeks at 100 readings/s, sent one or ten in a message."""
    for samples in (1, 10):
        broker, url = stand.mosquitto(), stand.sqlite_log()
        ingest = _started(stand, "ingest", "--mqtt", broker.url, "--log", url)
        before, count = _bytes(url), round(_PACED_S * _RATE)
        paced = "--messages", str(count // samples), "--rate", str(_RATE / samples), "--samples", str(samples), "--live"
        stand.script("benchmarks.publisher", "--port", str(broker.port), "--topics", "10", *paced).wait(_PACED_S + 60.0)
        ingest.stop()
        broker.stop()
        grown = (_bytes(url) - before) / count
        note = f"{grown:.0f} bytes a reading, by {_PACED_S:.0f} s at that pace"
        yield Row(
            "absence",
            f"log of three weeks at 100 readings/s, {samples} in a message",
            grown * _WEEKS_READINGS / 1e9,
            "GB",
            note=note,
        )


def _bytes(url: str) -> int:
    """What a log takes on the disk, with its WAL."""
    path = Path(url.removeprefix("sqlite:").partition("?")[0])
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _grown(url: str, sent: int) -> Row:
    size = _bytes(url)
    return Row(
        "absence", "log after three weeks at full speed", size / 1e9, "GB", note=f"{size / sent:.0f} bytes a reading"
    )


def _lost(stand: Stand, url: str, database: str, series: int, sent: int) -> Iterator[Row]:
    """What the audit misses, and what the database says of each series that numpy does not."""
    told = json.loads(stand.fieldline("audit", "--log", url, "--json").wait(_WAIT_S))
    stored = sum(source["stored"] for source in told["sources"])
    note = f"of {sent:,}; audit: {told['verdict']}"
    yield Row("absence", "readings lost", float(sent - stored), "readings", 0.0, is_floor=False, note=note)
    samples = query("telemetry", window="1h", source=database).group_by("asset").agg(pl.col("count").sum())
    energy = query("energy", window="1h", source=database).group_by("asset").agg(pl.col("active_energy_kwh").sum())
    counted, kwh = dict(samples.iter_rows()), dict(energy.filter(pl.col("asset").str.contains("/m")).iter_rows())
    wrong = 0
    for number in range(series):
        asset, right = f"plant/hall/line{number % 4}/m{number:04d}", _kwh(number, series)
        wrong += counted.get(asset) != _MINUTES * _SAMPLES or not math.isclose(kwh.get(asset, 0.0), right, rel_tol=1e-9)
    note = "samples of all hours, and their energy against numpy's trapezoids"
    yield Row(
        "absence", f"series of {series} with other sums in InfluxDB", float(wrong), "", 0.0, is_floor=False, note=note
    )


def _kwh(number: int, series: int) -> float:
    """Energy of what a topic sends: the packer's values of its messages, a second apart."""
    first = np.arange(number, _MINUTES * series, series)[:, None]
    kw = np.round((first + np.arange(_SAMPLES)) % 977 / 7, 2).ravel()
    return float(np.sum((kw[1:] + kw[:-1]) / 2) * _PERIOD_MS / 3.6e6)
