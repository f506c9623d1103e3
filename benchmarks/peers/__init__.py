"""The bench `peers`: other Python stream engines on the same readings, windows and Kafka, each in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.compare import wrong_windows
from benchmarks.process import measure
from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, ROOT, BenchFailed, Stand
from benchmarks.traffic import Field

_METERS = Field(lines=100, assets=10, tags=["power_kw"])
# Some eight seconds of work, so that its first one counts as little as theirs.
_OURS_S = 24_000.0
_HERE = Path(__file__).parent
_PEERS = {
    # name: (what pip installs, readings, for each work how many times our processor time it has to take by the target)
    "bytewax": (("bytewax==0.21.*", "confluent-kafka>=2.12,<3"), 360_000, {"both": 60.0, "w1": None, "w2": None}),
    "quix": (("quixstreams==3.*",), 180_000, {"both": 60.0, "w1": None, "w2": None}),
    # Of Pathway the statistics alone have the target too: ours do kWh and all the rest besides.
    "pathway": (("pathway==0.33.*", "confluent-kafka>=2.12,<3"), 720_000, {"both": 35.0, "w1": 35.0}),
}
_WORK = {"both": "statistics and kWh", "w1": "mean, min, max, count alone", "w2": "kWh by trapezoid alone"}


class Found(NamedTuple):
    """What a peer's script printed; rate [readings/s], cpu_s : processor time for a million readings [s]."""

    rate: float
    cpu_s: float
    version: str


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker = stand.kafka()
    ours = measure(stand, stand.kafka_log(broker), _METERS, max(1800.0, _OURS_S * size))
    note = f"{ours.rate:,.0f}/s; all default operators with kWh, 1,000 meters, frames of 10,000 rows, results to Kafka"
    yield Row("peers", "Fieldline, the same windows, CPU time per 1 M", ours.cpu_s, "s", note=note)
    for name, (packages, readings, targets) in _PEERS.items():
        python = environment(stand, name, packages)
        readings = max(120_000, int(readings * size) // 1000 * 1000)
        topic = f"peer-{name}"
        _script(stand, python, "preload.py", "--port", str(broker.port), "--topic", topic, "--readings", str(readings))
        for work, target in targets.items():
            found = peer(stand, python, name, (broker.port, topic, readings), work)
            note = f"{found.cpu_s:.1f} CPU s per 1 M, {found.rate:,.0f}/s; {readings:,} readings, one a record"
            title = f"{name} {found.version} to ours by CPU time, 1-min {_WORK[work]}"
            yield Row("peers", title, found.cpu_s / ours.cpu_s, "×", target, note=note)


def peer(stand: Stand, python: str, name: str, source: tuple[int, str, int], work: str) -> Found:
    """Have a peer work off a preloaded topic: `source` is the broker's port, the topic and how many readings it holds.

    Raises BenchFailed when one of its windows is not what numpy makes of the readings.
    """
    port, topic, readings = source
    path = stand.folder / f"{name}-{work}.json"
    said = _script(
        stand, python, f"{name}_app.py",
        *("--port", str(port), "--topic", topic, "--readings", str(readings)),
        *("--work", work, "--windows", str(path)),
    )  # fmt: skip
    if wrong := wrong_windows(json.loads(path.read_text()), readings, work):
        raise BenchFailed(f"{name}, {work}: {len(wrong)} windows are wrong, the first: {wrong[0]}")
    return Found(said["rate"], said["cpu_s_per_million"], said["version"])


def environment(stand: Stand, name: str, packages: tuple[str, ...]) -> str:
    """The Python of a peer's own environment, made on first use. Raises BenchFailed."""
    folder = ROOT / ".build" / f"peers-{name}"
    done = folder / ".complete"
    python = str(folder / "bin" / "python")
    if not done.exists():
        stand.program(f"venv-{name}", sys.executable, "-m", "venv", str(folder)).wait(120.0)
        install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        stand.program(f"pip-{name}", *install).wait(600.0)
        done.touch()
    return python


def _script(stand: Stand, python: str, script: str, *arguments: str) -> dict:
    """Run a script of a peer on the measured core; what it printed last, as JSON."""
    child = stand.program(script.removesuffix(".py"), python, str(_HERE / script), *arguments, cores=MEASURED_CORE)
    lines = child.wait(300.0).strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError, subprocess.SubprocessError) as error:
        raise BenchFailed(f"{script}: {child.output[-2000:]}") from error
