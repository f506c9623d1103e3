"""Real servers for the tests, started once on free ports of loopback. A missing program fails the test, it never skips it.

`mosquitto`, `kafka`, `influxdb` and `victoria_metrics` are running when a test gets them; it may `restart`, `kill` or `freeze`
them, the next test gets them running again. `kafka_url(partitions)` gives a log on the broker with topics of its own.

`make test` runs two workers (pytest-xdist). Each has servers of its own, so no test meets another's topics, clients or outages; tests
of a file stay together, in their order, and share what its fixtures make.
"""

import gc
import itertools
import mmap
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deploy.native.server import Server
from deploy.native.servers import InfluxDB, Kafka, Mosquitto, VictoriaMetrics
from fieldline.memory import give_back
from processing.operators import chosen
from processing.warmup import load

_numbers = itertools.count(1)

_LONGEST_FIRST = ("integration", "cases", "endurance", "damage", "processing", "contracts")
"""Folders of `tests` whose files take minutes. What is left when a worker runs out of work is then short."""
_MOST_LEFT_BYTES, _held_bytes = 256 << 20, [0]
_TOGETHER = {f"tests/integration/test_{name}.py": "undisturbed" for name in ("steel", "crashes", "pipe_run")}
"""Files that compare with one run of the whole pipe, which takes as long as they do."""


def pytest_configure(config: pytest.Config) -> None:
    # kafka-python 3.0 reads its protocol's schemas by a function that Python 3.11 deprecates (and 3.13 took back).
    config.addinivalue_line("filterwarnings", "ignore:(read_text|open_text) is deprecated:DeprecationWarning")
    # As `configure_logging` has it. Unless told otherwise structlog draws each exception with all locals of all its frames, for seconds.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (*(f"/tests/{folder}/" not in str(item.path) for folder in _LONGEST_FIRST),))


def pytest_runtest_logfinish() -> None:
    """Let go of what tests left: the parts of an engine know each other, and Python counts objects, not the bytes of their arrays."""
    if _resident_bytes() > _held_bytes[0] + _MOST_LEFT_BYTES:
        gc.collect()
        give_back()
        _held_bytes[0] = _resident_bytes()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        """Hands out files in the order of collection."""

        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return _TOGETHER.get(file, file)

    config.option.loadscopereorder = False  # it would begin with the files of most tests, which are the quick ones
    return ByFile(config, log)


def _kept(server: Server) -> Iterator[Server]:
    yield server
    server.thaw()
    server.stop()


@pytest.fixture(scope="session")
def kernels() -> None:
    """Compiled before a stage is started, which a test's bounds do not allow for."""
    load(chosen(None))


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def _mosquitto(_servers: Path) -> Iterator[Server]:
    yield from _kept(Mosquitto(_servers / "mosquitto"))


@pytest.fixture(scope="session")
def _kafka(_servers: Path) -> Iterator[Server]:
    quick_cleaning = {"log.cleaner.backoff.ms": "200", "log.retention.check.interval.ms": "500"}
    yield from _kept(Kafka(_servers / "kafka", properties=quick_cleaning))


@pytest.fixture(scope="session")
def _influxdb(_servers: Path) -> Iterator[Server]:
    yield from _kept(InfluxDB(_servers / "influxdb"))


@pytest.fixture(scope="session")
def _victoria_metrics(_servers: Path) -> Iterator[Server]:
    yield from _kept(VictoriaMetrics(_servers / "victoria-metrics"))


def _running(server: Server) -> Server:
    server.thaw()
    server.start()
    return server


@pytest.fixture
def mosquitto(_mosquitto: Server) -> Server:
    """A real MQTT broker."""
    return _running(_mosquitto)


@pytest.fixture
def kafka(_kafka: Server) -> Server:
    """A real Kafka broker; topics come from `kafka_url` or `fieldline.log.topics.apply_topics`."""
    return _running(_kafka)


@pytest.fixture
def influxdb(_influxdb: Server) -> Server:
    """A real InfluxDB 1.x."""
    return _running(_influxdb)


@pytest.fixture
def victoria_metrics(_victoria_metrics: Server) -> Server:
    """A real VictoriaMetrics, which takes InfluxDB 2's write requests."""
    return _running(_victoria_metrics)


@pytest.fixture
def kafka_url(kafka: Server) -> Callable[..., str]:
    """Make topics with a prefix of their own and give the log's URL, quick sessions included."""
    from fieldline.log.topics import apply_topics

    def make(partitions: int = 1) -> str:
        prefix = f"test{next(_numbers)}"
        apply_topics(kafka.url, partitions, prefix=prefix)
        return f"{kafka.url}?prefix={prefix}&session_timeout_ms=6000"

    return make
