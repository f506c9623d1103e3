"""MQTT QoS 1 to the SQLite log on one core: messages/s and samples/s acknowledged after fsync, received → durable.

The publisher (packed beforehand) and Mosquitto share the other core. Rate: from the first to the last message that
`fieldline ingest` acknowledged, looked at ten times a second; of the embedded broker, as its publisher sees it. Delay: a
second run at half of the target rate, from the time a reading was received to its frame's acknowledgement by the log.
"""

import json
import time
from collections.abc import Iterator

from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stage, Stand, until
from deploy.native.server import free_port

_SINGLES, _BLOCKS, _SAMPLES = 200_000, 12_000, 100
_SINGLE_RATE, _BLOCK_RATE = 20_000.0, 4_000.0
_PACED_S = 10.0


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker = stand.mosquitto()
    rate, note = flood(stand, broker.port, int(_SINGLES * size), 1)
    yield Row("ingest", "single-sample messages/s, durable", rate, "/s", _SINGLE_RATE, note=note)
    rate, note = flood(stand, broker.port, int(_BLOCKS * size), _SAMPLES)
    yield Row(
        "ingest", "samples/s in 100-sample messages, durable", rate * _SAMPLES, "/s", _BLOCK_RATE * _SAMPLES, note=note
    )
    rate, note = embedded(stand, int(_SINGLES * size))
    yield Row(
        "ingest", "single-sample messages/s, durable, by the embedded broker", rate, "/s", _SINGLE_RATE, note=note
    )
    for samples, half in ((1, _SINGLE_RATE / 2), (_SAMPLES, _BLOCK_RATE / 2)):
        p50, p99 = delay(stand, broker.port, half, samples, max(3.0, _PACED_S * size))
        name = f"received → durable p99 at {half * samples:,.0f} samples/s, {samples} in a message"
        yield Row("ingest", name, p99, "ms", 50.0, is_floor=False, note=f"p50 {p50:.1f} ms")


def flood(stand: Stand, port: int, messages: int, samples: int) -> tuple[float, str]:
    """Messages/s that ingest takes when there are always more, and a remark."""
    name = f"flood{samples}"
    stage = stand.stage(
        "ingest", "--mqtt", f"mqtt://127.0.0.1:{port}", "--client-id", name, "--log", stand.sqlite_log()
    )
    stage.wait_ready()
    began_cpu = stage.cpu_s()
    command = ("--port", str(port), "--messages", str(messages), "--samples", str(samples))
    publisher = stand.script("benchmarks.publisher", *command)
    first, last = _watch(stage, messages)
    cpu_s = stage.cpu_s() - began_cpu
    publisher.wait(60.0)
    stage.stop()
    elapsed = last[0] - first[0]
    done = last[1] - first[1]
    share = cpu_s / (elapsed * messages / done)
    return done / elapsed, f"{cpu_s / messages * 1e6:.1f} CPU µs a message; its core {min(share, 1.0):.0%} busy"


def embedded(stand: Stand, messages: int) -> tuple[float, str]:
    """Messages/s that `fieldline run` acknowledges with its own broker, first sent to last acknowledged, and a remark."""
    port = free_port()
    stage = stand.stage("run", "--broker-port", str(port), "--operators", "raw", "--log", stand.sqlite_log())
    stage.wait_ready()
    began_cpu = stage.cpu_s()
    publisher = stand.script("benchmarks.publisher", "--port", str(port), "--messages", str(messages))
    seconds = json.loads(publisher.wait(300.0).splitlines()[-1])["seconds"]
    cpu_s = stage.cpu_s() - began_cpu
    stage.stop()
    return messages / seconds, f"{cpu_s / messages * 1e6:.1f} CPU µs a message, processing included"


def _watch(stage: Stage, messages: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """(time, acknowledged) when the first were acknowledged, and when all were."""
    until(lambda: stage.counter("acknowledged") > 0, 60.0, stage, pause_s=0.05)
    first = (time.monotonic(), stage.counter("acknowledged"))
    last = first
    deadline = time.monotonic() + 120.0
    while last[1] < messages:
        if time.monotonic() > deadline or not stage.is_running:
            raise BenchFailed(f"ingest acknowledged {last[1]:.0f} of {messages}: {stage.output[-2000:]}")
        time.sleep(0.1)
        last = (time.monotonic(), stage.counter("acknowledged"))
    if last[1] - first[1] < messages / 3:
        raise BenchFailed(f"{messages} messages are too few: {first[1]:.0f} were done at the first look")
    return first, last


def delay(stand: Stand, port: int, rate: float, samples: int, seconds: float) -> tuple[float, float]:
    """p50 and p99 of received → durable at `rate` messages/s [ms]."""
    child = stand.wrapped("durable", "--mqtt", f"mqtt://127.0.0.1:{port}", "--log", stand.sqlite_log())
    until(lambda: "subscribed" in child.output, 30.0, child)
    messages = int(rate * seconds)
    command = ("--port", str(port), "--messages", str(messages), "--samples", str(samples), "--rate", str(rate))
    stand.script("benchmarks.publisher", *command).wait(seconds * 4 + 30.0)
    time.sleep(1.0)
    child.stop()
    found = json.loads(child.output.splitlines()[-1])
    if found["readings"] != messages * samples:
        raise BenchFailed(f"{found['readings']} of {messages * samples} readings arrived: {child.output[-2000:]}")
    return found["p50_ms"], found["p99_ms"]
