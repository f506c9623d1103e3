"""`make stack`: build the image, run the whole of docker-compose.yml on a real engine, and prove that it works.

Images come from their registry where it is reached, else stand-ins are made of Debian's packages (`stand-ins`). The steps: every module of
Fieldline is imported in the image; all services come up healthy; a simulated plant is published, over TLS too; its rows are in the
database and the audit balances; the process stage is killed with -9 and comes back; more is published, and the audit balances again.
Everything is taken down at the end.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGE = "fieldline:0.1.0"
PULLED = ("python:3.11-slim-bookworm", "eclipse-mosquitto:2.0.22", "apache/kafka:4.1.1", "influxdb:2.9")
GRAFANA = "grafana/grafana:12.2.0"
LONG_RUNNING = ("mosquitto", "kafka", "influxdb", "ingest", "process", "deliver")

IMPORT_ALL = """
import importlib, pkgutil, sys
rooms = ("fieldline", "ingest", "processing", "analysis", "models", "delivery", "cli")
count = 0
for room in rooms:
    package = importlib.import_module(room)
    for found in pkgutil.walk_packages(package.__path__, room + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
            count += 1
print(count)
"""


class StackError(Exception):
    """A step did not give what it should; the message says what came."""


def main() -> int:
    """Run all steps. Exit code 1 when one fails, with the last lines that the services wrote."""
    parser = argparse.ArgumentParser(prog="python -m deploy.docker", description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave the stack running at the end")
    parser.add_argument("--work", type=Path, help="a folder for making stand-ins (default: a temporary one)")
    options = parser.parse_args()
    try:
        with engine(), tempfile.TemporaryDirectory(prefix="fieldline-stack-") as folder:
            stack = Stack(has_stand_ins=provide_images(options.work or Path(folder)))
            try:
                prove(stack)
            except StackError:
                print(stack.last_words(), file=sys.stderr)
                raise
            finally:
                if not options.keep:
                    stack.down()
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    say("all of it holds")
    return 0


def prove(stack: "Stack") -> None:
    """Take the steps that the module's docstring names. Raises StackError."""
    subprocess.run([ROOT / "deploy" / "secrets"], check=True, stdout=subprocess.DEVNULL)
    build()
    say(f"the image imports {imported_modules()} modules, without network and with its root read-only")
    stack.up()
    say("every service is healthy")
    stack.publish("30m", "2026-01-05T06:00:00Z")
    first = stack.rows_when_drained()
    say(f"30 min of the plant are through, the audit balances, the database has {first} rows of energy")
    stack.publish_over_tls()
    say("a device came in by TLS")
    stack.kill("process")
    stack.publish("30m", "2026-01-05T06:30:00Z")
    second = stack.rows_when_drained()
    if second <= first:
        raise StackError(f"after the kill and 30 min more: expected more than {first} rows of energy, got {second}")
    say(
        f"process was killed with -9 and came back; 30 min more are through, the audit balances, {second} rows of energy"
    )


def build() -> None:
    """Build the image with BuildKit. Raises StackError."""
    started = time.monotonic()
    command = [docker(), "build", "--quiet", "--network", "host", "-t", IMAGE, str(ROOT)]
    done = subprocess.run(
        command, env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True, text=True, timeout=1800
    )
    if done.returncode:
        raise StackError(f"docker build: {done.stderr[-2000:]}")
    sizes = [int(ask(docker(), "image", "inspect", "-f", "{{.Size}}", image)) for image in (IMAGE, PULLED[0])]
    took = time.monotonic() - started
    say(f"built {IMAGE} in {took:.0f} s: {sizes[0] / 1e6:.0f} MB, of which {sizes[1] / 1e6:.0f} MB are the base image")


def imported_modules() -> int:
    """How many modules the image imports, confined as in production. Raises StackError with the first that fails."""
    confined = [
        "--rm",
        "--read-only",
        "--network",
        "none",
        "--user",
        "10001:10001",
        "--tmpfs",
        "/var/cache/fieldline:uid=10001",
    ]
    return int(ask(docker(), "run", *confined, "--entrypoint", "python", IMAGE, "-c", IMPORT_ALL))


class Stack:
    """The services of docker-compose.yml under a project name of their own."""

    def __init__(self, *, has_stand_ins: bool) -> None:
        files = ["docker-compose.yml", *(["deploy/docker/stand-ins.yml"] if has_stand_ins else [])]
        self._compose = [*compose(), "--project-directory", str(ROOT), "-p", "fieldline-stack"]
        for file in files:
            self._compose += ["-f", str(ROOT / file)]
        self._is_1x = has_stand_ins
        self._services = [*LONG_RUNNING] if has_stand_ins else [*LONG_RUNNING, "grafana"]

    def up(self) -> None:
        """Start everything and wait until all of it is healthy. Raises StackError."""
        self._run("up", "-d", "--no-build", *self._services)
        wait_until("every service is healthy", self._is_healthy, 300)

    def down(self) -> None:
        """End everything and remove its volumes."""
        subprocess.run(
            [*self._compose, "--profile", "demo", "down", "-v", "-t", "20"], capture_output=True, timeout=300
        )

    def publish(self, duration: str, start: str) -> None:
        """Publish a part of the simulated plant's day as fast as the broker takes it."""
        what = [
            "simulate",
            "--to",
            "mqtt://mosquitto:1883",
            "--seed",
            "1",
            "--fastest",
            "--duration",
            duration,
            "--start",
            start,
        ]
        self._run("run", "--rm", "--no-deps", "-T", "simulator", *what)

    def publish_over_tls(self) -> None:
        """Publish one reading from this machine through port 8883, checking the broker's certificate."""
        secrets = ROOT / ".secrets"
        mount = [f"{secrets / name}:/run/secrets/{name}:ro" for name in ("mqtts_ca", "mqtt_device")]
        environment = {
            "FIELDLINE_MQTT_USERNAME": "device",
            "FIELDLINE_MQTT_PASSWORD_FILE": "/run/secrets/mqtt_device",
            "SSL_CERT_FILE": "/run/secrets/mqtts_ca",
        }
        arguments = [part for path in mount for part in ("-v", path)]
        arguments += [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        send = ["simulate", "--to", "mqtts://localhost:8883", "--fastest", "--duration", "1s", "--lines", "1"]
        ask(docker(), "run", "--rm", "--network", "host", *arguments, IMAGE, *send)

    def kill(self, service: str) -> None:
        """End a service's process with SIGKILL, as the kernel would, and wait until the engine has started it again. Raises StackError."""
        container = self._container(service)
        before = ask(docker(), "inspect", "-f", "{{.State.Pid}}", container)
        os.kill(int(before), signal.SIGKILL)
        wait_until(
            f"{service} runs again",
            lambda: (
                ask(docker(), "inspect", "-f", "{{.State.Pid}} {{.State.Running}}", container)
                not in (f"{before} true", "0 false")
            ),
            60,
        )

    def rows_when_drained(self) -> int:
        """Wait until nothing is on its way, check the audit, and count the rows of energy in the database. Raises StackError."""
        self._fieldline("status", "--wait", "5m")
        self._fieldline("audit")
        return self._energy_rows()

    def last_words(self) -> str:
        """The last lines that every service wrote."""
        done = subprocess.run(
            [*self._compose, "logs", "--no-color", "--tail", "30"], capture_output=True, text=True, timeout=60
        )
        return done.stdout + done.stderr

    def _fieldline(self, verb: str, *flags: str) -> None:
        self._run("exec", "-T", "ingest", "fieldline", verb, "--log", "kafka://kafka:9092", *flags)

    def _energy_rows(self) -> int:
        if self._is_1x:
            login = (
                'influx -username admin -password "$(cat /run/secrets/influx_token)" -database fieldline -format csv'
            )
            count = f"{login} -execute 'SELECT count(coverage) FROM energy'"
        else:
            kept = 'r._measurement == "energy" and r._field == "coverage"'
            query = f'from(bucket: "fieldline") |> range(start: 0) |> filter(fn: (r) => {kept})'
            login = 'influx query --org plant --raw --token "$(cat /run/secrets/influx_token)"'
            count = f"{login} '{query} |> group() |> count()'"
        lines = self._run("exec", "-T", "influxdb", "sh", "-c", count).split()
        return int(lines[-1].rsplit(",", 1)[-1]) if lines else 0

    def _is_healthy(self) -> bool:
        states = [
            ask(docker(), "inspect", "-f", "{{.State.Health.Status}}", self._container(name)) for name in self._services
        ]
        return all(state == "healthy" for state in states)

    def _container(self, service: str) -> str:
        return self._run("ps", "-q", service).split()[0]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._compose, *arguments], capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise StackError(
                f"compose {' '.join(arguments)}: exit code {done.returncode}: {done.stderr[-2000:]}{done.stdout[-1000:]}"
            )
        return done.stdout


def provide_images(work: Path) -> bool:
    """Pull the images or make stand-ins; whether there are stand-ins. Raises StackError."""
    missing = [image for image in (*PULLED, GRAFANA) if not is_there(image)]
    for image in missing:
        if subprocess.run([docker(), "pull", "--quiet", image], capture_output=True, timeout=900).returncode:
            say(f"{image} can't be pulled: stand-ins of Debian's packages")
            made = subprocess.run(
                [ROOT / "deploy" / "docker" / "stand-ins", work], env={**os.environ, "DOCKER": docker()}, timeout=1800
            )
            if made.returncode:
                raise StackError("deploy/docker/stand-ins failed, see above")
            return True
    return False


@contextmanager
def engine() -> Iterator[None]:
    """A running Docker engine: the one that is there, or one that this starts and ends. Raises StackError."""
    if answers():
        yield
        return
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.getuid():
        raise StackError("no Docker engine answers; start one, or run deploy/docker/install as root")
    with tempfile.TemporaryFile() as words:
        daemon = subprocess.Popen([program], stdout=words, stderr=words)
        try:
            wait_until("dockerd answers", answers, 60)
            yield
        finally:
            daemon.terminate()
            daemon.wait(60)


def answers() -> bool:
    """Whether an engine answers."""
    try:
        return subprocess.run([docker(), "info"], capture_output=True, timeout=30).returncode == 0
    except StackError:
        return False


def docker() -> str:
    """The client's path. Debian's own brings BuildKit, so it goes first. Raises StackError."""
    found = os.environ.get("DOCKER") or shutil.which("docker", path="/usr/bin") or shutil.which("docker")
    if found is None:
        raise StackError("docker is not installed; deploy/docker/install brings it on Debian")
    return found


def compose() -> list[str]:
    """The command of compose, of either generation. Raises StackError."""
    if subprocess.run([docker(), "compose", "version"], capture_output=True, timeout=30).returncode == 0:
        return [docker(), "compose"]
    found = shutil.which("docker-compose")
    if found is None:
        raise StackError(
            "neither docker compose nor docker-compose is installed; deploy/docker/install brings one on Debian"
        )
    return [found]


def is_there(image: str) -> bool:
    """Whether the engine has the image."""
    return subprocess.run([docker(), "image", "inspect", image], capture_output=True, timeout=30).returncode == 0


def ask(*command: str) -> str:
    """What a command prints. Raises StackError with its last words."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise StackError(f"{' '.join(command[:4])} …: exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def wait_until(what: str, holds: Callable[[], bool], timeout_s: float) -> None:
    """Ask every second until it holds. Raises StackError."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise StackError(f"waited {timeout_s:.0f} s until {what}")
        time.sleep(1)


def say(text: str) -> None:
    """Tell one line of progress."""
    print(f"stack: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
