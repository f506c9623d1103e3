"""The test stand: servers and Fieldline's own processes, each on its core, ended with the bench.

The bench itself, brokers, databases and publishers share the first cores; what is measured has the last one for itself
(`taskset`), unless a bench says that stages use all of them. `fieldline` runs from the stand's tree, which is this one unless an
earlier one is measured beside it; publishers and feeders are always this one's.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil  # type: ignore[import-untyped]

from deploy.native.server import HOST, Server, free_port
from deploy.native.servers import InfluxDB, Kafka, Mosquitto
from fieldline.log import Log, open_log
from fieldline.log.topics import apply_topics

ROOT = Path(__file__).resolve().parents[1]
ALL_CORES = sorted(os.sched_getaffinity(0))
MEASURED_CORE = ALL_CORES[-1:]
"""The core of what is measured."""
OTHER_CORES = ALL_CORES[:-1] or ALL_CORES
FIELDLINE = (sys.executable, "-m", "cli.main")
"""The command `fieldline` of the tree that is the working directory."""


class BenchFailed(Exception):
    """A process of the stand did not do what it was started for; the message has its last words."""


class Child:
    """A process of the stand, with the code of `tree`. Its output goes to a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        cores: Sequence[int],
        tree: Path = ROOT,
        env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._output = folder / f"{name}.log"
        self.started_s = time.monotonic()
        with self._output.open("ab") as output:
            self.process = psutil.Popen(
                [*_pinned(cores), *command],
                cwd=tree,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment(tree), **(env or {})},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that it printed."""
        return self._output.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def cpu_s(self) -> float:
        """Processor time of all its threads so far, user and system [s]."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        """Resident memory [MB = 10⁶ bytes]."""
        return float(self.process.memory_info().rss) / 1e6

    def pss_mb(self) -> float:
        """Resident memory with what it shares with other processes divided among them [MB = 10⁶ bytes]."""
        return float(self.process.memory_full_info().pss) / 1e6

    def peak_mb(self) -> float:
        """The most resident memory that it ever had [MB = 10⁶ bytes]."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kib) * 1024 / 1e6

    def wait(self, timeout_s: float) -> str:
        """Its output, once it has ended by itself. Raises BenchFailed."""
        try:
            code = self.process.wait(timeout_s)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired) as error:
            self.kill()
            raise BenchFailed(f"{self.name} did not end within {timeout_s:g} s: {self.output[-2000:]}") from error
        if code:
            raise BenchFailed(f"{self.name} ended with {code}: {self.output[-2000:]}")
        return self.output

    def stop(self, timeout_s: float = 20.0) -> None:
        """Ask it to end, and wait; kill it when it does not."""
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(timeout_s)
            except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
                self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self.is_running:
            self.process.kill()
            self.process.wait(10.0)


class Stage(Child):
    """`fieldline VERB …` with its health on a port of its own."""

    def __init__(
        self, verb: str, arguments: Sequence[str], folder: Path, cores: Sequence[int], tree: Path, **env: str
    ) -> None:
        port = free_port()
        self._http = f"http://{HOST}:{port}"
        command = [*FIELDLINE, verb, *arguments, "--http", f"{HOST}:{port}", "--json-logs"]
        super().__init__(verb, command, folder, cores, tree, env)

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when `/readyz` says yes. Raises BenchFailed."""
        until(lambda: self._get("/readyz") is not None, timeout_s, self, pause_s=0.02)

    def counter(self, name: str) -> float:
        """The sum of a counter over its labels; 0 before it counts, or while the stage does not answer."""
        prefix = f"fieldline_{name}_total"
        lines = (self._get("/metrics") or "").splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((prefix + "{", prefix + " ")))

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(self._http + path, timeout=5.0) as reply:
                return str(reply.read().decode())
        except (OSError, urllib.error.URLError):
            return None


class Stand:
    """Everything that a bench started, in a folder of its own; `tree` : whose `fieldline` it is. Use as a context manager."""

    def __init__(self, tree: Path = ROOT) -> None:
        self.tree = tree
        self._stack = ExitStack()
        self._logs = 0

    def __enter__(self) -> "Stand":
        parent = ROOT / ".build" / "bench"
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=parent)))
        self._stack.callback(os.sched_setaffinity, 0, set(ALL_CORES))
        os.sched_setaffinity(0, set(OTHER_CORES))  # and so for all servers
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def is_todays(self) -> bool:
        """Whether it is this tree's `fieldline`: what a bench measures inside its own process is never another's."""
        return self.tree == ROOT

    def mosquitto(self) -> Mosquitto:
        # A save of a long queue each second would be measured as the consumer's slowness.
        return self._serve(Mosquitto(self.folder / "mosquitto", extra="autosave_interval 600"))

    def kafka(self) -> Kafka:
        return self._serve(Kafka(self.folder / "kafka", heap_mb=512))

    def influxdb(self) -> InfluxDB:
        return self._serve(InfluxDB(self.folder / "influxdb"))

    def kafka_log(self, kafka: Kafka, partitions: int = 1) -> str:
        """The URL of a log with topics of its own on the broker."""
        self._logs += 1
        prefix = f"bench{self._logs}"
        apply_topics(kafka.url, partitions, prefix=prefix)
        return f"{kafka.url}?prefix={prefix}&session_timeout_ms=6000"

    def sqlite_log(self) -> str:
        """The URL of a log in a new file."""
        self._logs += 1
        return f"sqlite:{self.folder / f'log{self._logs}.db'}"

    def open(self, url: str) -> Log:
        """The log that `url` names, closed with the stand."""
        log = open_log(url)
        self._stack.callback(log.close)
        return log

    def stage(self, verb: str, *arguments: str, cores: Sequence[int] = MEASURED_CORE, **env: str) -> Stage:
        """Start `fieldline VERB …`, with room for as many series as are measured."""
        if verb == "process" and self.is_todays:
            config = self.folder / "many_series.toml"
            config.write_text("[process]\nmax_series = 1000000\nmax_series_of_line = 1000000\n")
            arguments = "--config", str(config), *arguments
        return self._child(Stage(verb, arguments, self.folder, cores, self.tree, **env))

    def fieldline(self, verb: str, *arguments: str, cores: Sequence[int] = OTHER_CORES, **env: str) -> Child:
        """Start `fieldline VERB …` that has no health page."""
        return self._child(Child(verb, [*FIELDLINE, verb, *arguments], self.folder, cores, self.tree, env))

    def wrapped(self, script: str, *arguments: str, cores: Sequence[int] = MEASURED_CORE) -> Child:
        """Start a script of this folder that runs a stage of the stand's tree inside itself."""
        # -P keeps this folder, whose modules have names such as `ingest`, off the path.
        command = [sys.executable, "-P", str(Path(__file__).with_name(f"{script}.py")), *arguments]
        return self._child(Child(script, command, self.folder, cores, self.tree))

    def script(self, module: str, *arguments: str, cores: Sequence[int] = OTHER_CORES) -> Child:
        """Start `python -m module …`."""
        name = module.rpartition(".")[2]
        return self._child(Child(name, [sys.executable, "-m", module, *arguments], self.folder, cores))

    def program(self, name: str, *command: str, cores: Sequence[int] = OTHER_CORES) -> Child:
        """Start any program."""
        return self._child(Child(name, command, self.folder, cores))

    def _serve(self, server: Any) -> Any:
        server.start()
        self._stack.callback(server.kill)  # its data goes with the folder
        return server

    def _child(self, child: Any) -> Any:
        self._stack.callback(child.kill)
        return child


def environment(tree: Path = ROOT) -> dict[str, str]:
    """The variables of this process, with `tree` first on Python's path, but for the one that keeps Python from keeping what it compiled.

    With it every start compiles all libraries' sources anew, which takes seconds and is no user's case.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (str(tree), kept.get("PYTHONPATH"))))}


def until(condition: Callable[[], object], timeout_s: float, child: Child | None = None, pause_s: float = 0.1) -> None:
    """Return when `condition` holds. Raises BenchFailed when it does not in time, or when `child` ends before."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        said = f": {child.output[-2000:]}" if child else ""
        if child is not None and not child.is_running:
            raise BenchFailed(f"{child.name} ended{said}")
        if time.monotonic() > deadline:
            raise BenchFailed(f"not done within {timeout_s:g} s{said}")
        time.sleep(pause_s)


def memory_of(server: Server) -> float:
    """A server's resident memory [MB]."""
    return float(psutil.Process(server.pid).memory_info().rss) / 1e6 if server.pid else 0.0


def _pinned(cores: Sequence[int]) -> list[str]:
    program = shutil.which("taskset")
    return [program, "-c", ",".join(map(str, cores))] if program else []
