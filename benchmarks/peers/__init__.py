"""The bench `peers`: other Python stream engines on the same readings, windows and Kafka, each in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.process import measure
from benchmarks.report import Row
from benchmarks.stand import MEASURED_CORE, ROOT, BenchFailed, Stand
from benchmarks.traffic import Field

_METERS = Field(lines=100, assets=10, tags=["power_kw"])
_OURS_S = 6000.0
_HERE = Path(__file__).parent
_PEERS = {
    # name: (what pip installs, readings, how many times slower it may be at most by the target)
    "bytewax": (("bytewax==0.21.*", "confluent-kafka>=2.12,<3"), 360_000, 20.0),
    "quix": (("quixstreams==3.*",), 180_000, 60.0),
}
_WORK = {"both": "statistics and kWh", "w1": "mean, min, max, count alone", "w2": "kWh by trapezoid alone"}


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    broker = stand.kafka()
    ours = measure(stand, stand.kafka_log(broker), _METERS, max(1800.0, _OURS_S * size))
    note = f"{ours.cpu_s:.2f} CPU s per 1 M; telemetry and energy at once, 1,000 meters, frames of 10,000 rows"
    yield Row("peers", "Fieldline, the same windows", ours.rate, "/s", note=note)
    for name, (packages, readings, target) in _PEERS.items():
        python = environment(stand, name, packages)
        readings = max(120_000, int(readings * size) // 1000 * 1000)
        topic = f"peer-{name}"
        _script(stand, python, "preload.py", "--port", str(broker.port), "--topic", topic, "--readings", str(readings))
        for work, told in _WORK.items():
            found = _script(
                stand, python, f"{name}_app.py",
                "--port", str(broker.port), "--topic", topic, "--readings", str(readings), "--work", work,
            )  # fmt: skip
            rate, cpu_s = found["rate"], found["cpu_s_per_million"]
            note = f"{rate:,.0f}/s, {cpu_s:.1f} CPU s per 1 M; {readings:,} readings, one of 103 bytes a record"
            title = f"ours to {name} {found['version']}, 1-min {told}"
            yield Row("peers", title, ours.rate / rate, "×", target if work == "both" else None, note=note)


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
