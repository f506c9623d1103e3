"""MQTT → durable → InfluxDB 1.x: samples per processor second of `fieldline run` with only `raw` on.

Mosquitto, InfluxDB and the publisher have the other core. Processor time of the run process, all stages and threads
of it, from before the first message until InfluxDB holds every sample; its start is not in it. Targets are what
Telegraf reaches on such a machine.
"""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.stand import Stand, until

_SINGLES, _BLOCKS, _SAMPLES = 200_000, 10_000, 100
_SINGLE_TARGET, _BLOCK_TARGET = 24_000.0, 200_000.0


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker, database = stand.mosquitto(), stand.influxdb()
    for messages, samples, target in ((_BLOCKS, _SAMPLES, _BLOCK_TARGET), (_SINGLES, 1, _SINGLE_TARGET)):
        per_cpu_s, wall = measure(stand, broker.port, database.port, int(messages * size), samples)
        name = f"samples per CPU second, MQTT to InfluxDB, {samples} in a message"
        yield Row(
            "pipe", name, per_cpu_s, "/CPU s", target, note=f"{wall:,.0f} samples/s by the clock, every one found"
        )


def measure(stand: Stand, mqtt_port: int, influx_port: int, messages: int, samples: int) -> tuple[float, float]:
    """Samples per CPU second and samples/s, start of publishing to the last sample in the database."""
    name = f"pipe{samples}"
    stage = stand.stage(
        "run",
        *("--mqtt", f"mqtt://127.0.0.1:{mqtt_port}", "--client-id", name, "--log", stand.sqlite_log()),
        *("--influx", f"http://127.0.0.1:{influx_port}/{name}?api=v1", "--store", "none"),
        *("--operators", "raw", "--raw", "*"),
    )
    stage.wait_ready()
    began, began_cpu = time.monotonic(), stage.cpu_s()
    command = ("--port", str(mqtt_port), "--messages", str(messages), "--samples", str(samples))
    publisher = stand.script("benchmarks.publisher", *command)
    publisher.wait(300.0)
    total = messages * samples
    until(lambda: points(influx_port, name) >= total, 120.0, stage, pause_s=0.5)
    cpu_s, wall_s = stage.cpu_s() - began_cpu, time.monotonic() - began
    stage.stop()
    return total / cpu_s, total / wall_s


def points(port: int, database: str) -> int:
    """How many readings InfluxDB has."""
    query = urllib.parse.urlencode({"db": database, "q": "SELECT count(value) FROM reading"})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/query?{query}", timeout=60.0) as reply:
        series = json.load(reply)["results"][0].get("series")
    return int(series[0]["values"][0][1]) if series else 0
