"""The whole pipe as its users run it: every stage a process of the command line, over real servers.

A `Pipe` has a place of its own on them: topics with a prefix, a database, MQTT topics under a root, a session. Processes
are ended by the one who started them; every wait has a deadline.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deploy.native.server import HOST

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "cli.main"]
STAGE_BYTES = 400 << 20
"""What a stage may take at most [bytes resident]."""
_DRAIN_S = 10.0
_ports = iter(
    range(20_000 + os.getpid() * 6_181 % 10_000, 32_000)
)  # far from those of a worker or run that began a moment before
_LOOK = threading.Event()  # never set: waiting for it is a pause that a test's end can't outlast


def until(condition: Callable[[], bool], timeout_s: float, what: Callable[[], str]) -> None:
    """Return when the condition holds; fail, saying `what` is the matter, when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what()}"
        _LOOK.wait(0.05)


def fieldline(*arguments: str, timeout_s: float = 120.0, code: int | None = 0, folder: Path = ROOT) -> str:
    """What a verb prints; it must end in time and with this exit code (None: with any)."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=environment(),
    )
    assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Process:
    """One stage as a process of its own, with its health on a free port. `start` after `kill` runs the same again."""

    def __init__(self, name: str, folder: Path, *arguments: str) -> None:
        self.name = name
        self.folder = folder
        self.kills = 0
        self.code: int | None = None
        self.largest_bytes = 0
        self.variables: dict[str, str] = {}  # of its environment, beside ours, from its next start on
        self._port = quiet_port()
        self._command = [*COMMAND, *arguments, "--http", f"{HOST}:{self._port}"]
        self._output = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment(), **self.variables},
                start_new_session=True,
            )
        return self

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None and self.is_running, f"{self.name} ended by itself: {self.last_words()}"
        self._process.kill()
        self._process.wait(10.0)
        self.kills += 1

    def freeze(self) -> None:
        """Have it stand still, as a machine that is suspended does; all its threads do when this returns."""
        assert self._process is not None and self.is_running, f"{self.name} ended by itself: {self.last_words()}"
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def stop(self, within_s: float = _DRAIN_S + 5.0, codes: tuple[int, ...] = (0,)) -> float:
        """Ask it to end; it must in 10 s, with code 0, unless others are given. Gives how long it took [s]; `code` is how it ended."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self.code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.abandon()
            raise AssertionError(f"{self.name} did not stop: {self.last_words()}") from None
        self._process = None
        assert self.code in codes, f"{self.name} ended with {self.code}: {self.last_words()}"
        return time.monotonic() - began

    def abandon(self) -> None:
        """End it whatever it does; for a test that failed."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10.0)
        self._process = None

    def sample(self) -> int:
        """Resident memory now [bytes]; `largest_bytes` remembers the most."""
        if self._process is None:
            return 0
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return 0
        found = pages * os.sysconf("SC_PAGE_SIZE")
        self.largest_bytes = max(self.largest_bytes, found)
        return found

    def health(self) -> list[dict[str, str]]:
        """State and reason of its stages; nothing while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._port}/healthz", timeout=2.0) as reply:
                return list(json.load(reply))
        except urllib.error.HTTPError as error:
            return list(json.load(error))
        except (OSError, ValueError):
            return []

    def until_ready(self, timeout_s: float = 60.0) -> "Process":
        """Wait until all its stages work, or would if there was something."""

        def is_ready() -> bool:
            assert self.is_running, f"{self.name} ended: {self.last_words()}"
            found = self.health()
            return bool(found) and all(_works(stage) for stage in found)

        until(is_ready, timeout_s, lambda: f"{self.name} is {self.health()}: {self.last_words()}")
        return self

    def last_words(self, size: int = 3000) -> str:
        return self._output.read_bytes()[-size:].decode(errors="replace") if self._output.exists() else ""


class Pipe:
    """Stages of one log, and what came out of them at the end. Use as a context manager; one at a time on a broker.

    name : unique among the tests, part of the session's name
    """

    def __init__(self, name: str, folder: Path, mqtt: str, log: str, influx: str) -> None:
        self.name, self.mqtt, self.log, self.influx = name, mqtt, log, influx
        self.folder = folder
        self.processes: list[Process] = []

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for process in self.processes:
            process.abandon()
        self._end_session()

    def launch(self, name: str, *arguments: str) -> Process:
        """Start a verb of this log in a process that this pipe ends."""
        process = Process(name, self.folder, *arguments, "--log", self.log)
        self.processes.append(process.start())
        return process

    def ingest(self) -> Process:
        return self.launch(
            "ingest", "ingest", "--mqtt", self.mqtt, "--subscribe", "plant/#", "--client-id", f"test-{self.name}"
        )

    def process(self, number: int, *arguments: str) -> Process:
        return self.launch(f"process{number}", "process", *arguments)

    def deliver(self) -> Process:
        return self.launch("deliver", "deliver", "--influx", self.influx)

    def stop(self) -> None:
        """Stop all stages in the order in which data flows; each must end well."""
        for process in self.processes:
            process.stop()

    def wait_drained(self, timeout_s: float = 120.0) -> None:
        """Return when everything on the log has been worked off by every stage; fail when it is not in time."""
        text = fieldline(
            "status", "--log", self.log, "--wait", f"{timeout_s:g}s", "--json", timeout_s=timeout_s + 60, code=None
        )
        assert json.loads(text or "{}").get("drained"), f"{text}\n{self.explain()}"

    def audit(self) -> dict[str, dict[str, int]]:
        """The balanced account of each source."""
        document = json.loads(fieldline("audit", "--log", self.log, "--json"))
        accounts = {name: document[name] for name in ("balanced", "unprocessed", "undelivered", "cut")}
        assert accounts == {"balanced": True, "unprocessed": 0, "undelivered": 0, "cut": 0}, (
            f"{document}\n{self.explain()}"
        )
        return {source["source"]: source for source in document["sources"]}

    def explain(self) -> str:
        """What the stages last said, for the message of a failure."""
        return "\n".join(f"--- {p.name} {p.health()}\n{p.last_words()}" for p in self.processes)

    def points(self, kind: str, fields: Sequence[str]) -> str:
        """Every point of a kind in InfluxDB as CSV, sorted by series and time, floats in full."""
        names = ", ".join(f'"{name}"' for name in fields)
        return self.ask(f'SELECT {names} FROM "{kind}" GROUP BY *')

    def ask(self, query: str) -> str:
        """InfluxDB's answer to a query, as CSV."""
        parts = urllib.parse.urlsplit(self.influx)
        told = urllib.parse.urlencode({"db": parts.path.strip("/"), "epoch": "ns", "q": query})
        request = urllib.request.Request(f"http://{parts.netloc}/query?{told}", headers={"Accept": "application/csv"})
        with urllib.request.urlopen(request, timeout=60.0) as reply:
            return str(reply.read().decode())

    def difference(self, kind: str, fields: Sequence[str], want: str) -> str:
        """Nothing when the points of a kind are these, else how many differ and the first few."""
        got = self.points(kind, fields)
        if got == want:
            return ""
        left, right = want.splitlines(), got.splitlines()
        missing, more = sorted(set(left) - set(right)), sorted(set(right) - set(left))
        return (
            f"{kind}: {len(missing)} of {len(left)} lines are missing: {missing[:4]}, {len(more)} instead: {more[:4]}\n"
        )

    def _end_session(self) -> None:
        """Have the broker forget the session, so that it does not collect what later tests publish."""
        address = urllib.parse.urlsplit(self.mqtt)
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"test-{self.name}", clean_session=True)
        gone = threading.Event()
        client.on_connect = lambda *_: gone.set()
        try:
            client.connect(address.hostname or HOST, address.port or 1883)
        except OSError:
            return  # no broker, no session
        client.loop_start()
        gone.wait(5.0)
        client.disconnect()
        client.loop_stop()


def _works(stage: dict[str, str]) -> bool:
    if stage["stage"] == "ingest":
        return stage["state"] in ("active", "idle") and "connected" not in stage["reason"]
    return stage["state"] in ("active", "idle")


def quiet_port() -> int:
    """A free port below those that connections get, which one of them could take before a slow start has bound it."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port is left")


def environment() -> dict[str, str]:
    """Ours without what would change settings, and with the project to be found from any folder."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("FIELDLINE_") or name.endswith("_LIB")
    }
    return {**inherited, "PYTHONPATH": str(ROOT)}
