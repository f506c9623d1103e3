"""What a bench gives: rows of target and measurement, and the table made of them."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.native.server import ServerError, find_program
from deploy.native.servers import KAFKA_VERSION

_LIBRARIES = ("kafka-python", "paho-mqtt", "numba", "numpy", "pyarrow")


class Row(NamedTuple):
    """One measurement.

    measured : in `unit`; target : in the same unit, None for a figure that has none; is_floor : more is better
    note : what a reader has to know to read the figure right
    ratio : target of this tree's figure to an earlier tree's, when both are measured (`--against`)
    """

    bench: str
    name: str
    measured: float
    unit: str
    target: float | None = None
    is_floor: bool = True
    note: str = ""
    ratio: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.measured >= self.target if self.is_floor else self.measured <= self.target

    @property
    def verdict(self) -> str:
        return {True: "met", False: "missed", None: ""}[self.is_met]

    @property
    def goal(self) -> str:
        if self.target is None:
            return ""
        return f"{'≥' if self.is_floor else '≤'} {quantity(self.target, self.unit)}"


def quantity(value: float, unit: str) -> str:
    """A number in four digits at most, with its unit."""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def line(row: Row) -> str:
    """A row for a terminal."""
    found = quantity(row.measured, row.unit)
    text = f"{row.bench:9} {row.name:78} {row.goal:>14} {found:>14}  {row.verdict:6}"
    return f"{text} {row.note}".rstrip()


def table(rows: Iterable[Row]) -> str:
    """Rows as a Markdown table."""
    lines = ["| bench | what | target | measured | | remark |", "|---|---|---|---|---|---|"]
    for row in rows:
        cells = (row.bench, row.name, row.goal, quantity(row.measured, row.unit), row.verdict, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine() -> list[tuple[str, str]]:
    """What the figures depend on: processor, memory, load, versions."""
    load = os.getloadavg()[0]
    return [
        ("processor", f"{_cpu_model()}, {os.cpu_count()} cores seen by the system"),
        ("load before the run", f"{load:.2f} (1 min)"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("libraries", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)),
        (
            "servers",
            f"Apache Kafka {KAFKA_VERSION}, {_first_line('mosquitto', '-h')}, {_first_line('influxd', 'version')}",
        ),
    ]


def worst(rows: Sequence[Row]) -> int:
    """Exit code: 1 when a target was missed."""
    return int(any(row.is_met is False for row in rows))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed; of a non-empty sequence."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [entry.partition(":")[2].strip() for entry in lines if entry.startswith("model name")]
    return names[0] if names else platform.machine()


def _first_line(program: str, argument: str) -> str:
    """What a program says it is; most print it first."""
    try:
        done = subprocess.run(
            [find_program(program), argument], capture_output=True, text=True, timeout=10, check=False
        )
    except (ServerError, OSError, subprocess.TimeoutExpired) as error:
        return f"{program}: {error}"
    said = (done.stdout or done.stderr).strip().splitlines()
    return said[0].strip() if said else program


Say = Callable[[str], None]
