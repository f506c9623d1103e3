"""What the bench `theodolite` measures: Fieldline from MQTT to metric, and Kafka Streams from topic to topic.

Both do a use case: `uc2` statistics of each sensor and window, `uc4` sums of groups. What is measured has the last core,
brokers and load have the other.
"""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import theodolite_model as model
from benchmarks.drained import last_of_each, read_metrics, wait_processed
from benchmarks.stand import MEASURED_CORE, ROOT, BenchFailed, Child, Stand, until
from deploy.native.server import find_program
from deploy.native.servers import KAFKA_VERSION, Kafka, Mosquitto

_JAVA = Path(__file__).parent / "theodolite_java"
_DONE_S = 60.0
_GRACE_S = 300
_SUMS_S = 60.0


def begin_ms() -> int:
    """Time of round 0: the next full minute. The plant's clock then runs ahead of ours, so that silence ends no window."""
    return (time.time_ns() // 1_000_000 // model.WINDOW_MS + 1) * model.WINDOW_MS


class Subject(ABC):
    """Something that takes the load. Started when made; `stop` ends its processes."""

    load: Child

    def __init__(self, stand: Stand, use_case: str) -> None:
        self.stand, self.use_case = stand, use_case
        self.begin_ms = begin_ms()
        self.commands = stand.folder / f"{type(self).__name__}-{use_case}.commands"
        self.commands.touch()
        self._given = 0

    @abstractmethod
    def processed(self) -> list[tuple[int, float]]:
        """(ns UTC, samples processed by then), by time; looks anew."""

    @abstractmethod
    def tell_groups(self, sensors: int) -> None:
        """Say what there is to be summed up, before the first step."""

    @abstractmethod
    def failed(self, steps: Sequence[model.Step]) -> list[str]:
        """Which results of closed windows are missing or wrong, in words; waits for those that are still to come."""

    @abstractmethod
    def stop(self) -> None:
        """End its processes and its load."""

    def sent(self) -> list[tuple[int, float]]:
        """(ns UTC, samples sent by then), by time."""
        return counted(self.load.output)

    def command(self, text: str) -> None:
        """Have the load do something; `is_done` says when it has."""
        with self.commands.open("a") as file:
            file.write(text + "\n")
        self._given += 1

    def is_done(self) -> bool:
        if not self.load.is_running:
            raise BenchFailed(f"the load ended: {self.load.output[-2000:]}")
        return self.load.output.count("done") == self._given + 1


def counted(output: str) -> list[tuple[int, float]]:
    """Lines of two numbers; a line that is still being written is left out."""
    whole = output[: output.rfind("\n") + 1]
    pairs = (line.split() for line in whole.splitlines() if line[:1].isdigit())
    return [(int(ns), float(count)) for ns, count in pairs]


class Fieldline(Subject):
    """`fieldline ingest` and `fieldline process` on one SQLite log, all default operators, 1-min windows."""

    def __init__(self, stand: Stand, use_case: str, broker: Mosquitto) -> None:
        super().__init__(stand, use_case)
        url = stand.sqlite_log()
        self._log = stand.open(url)
        self._process = stand.stage("process", "--log", url, "--windows", "1m")
        self._ingest = stand.stage(
            "ingest", "--mqtt", broker.url, "--client-id", f"theodolite-{use_case}", "--log", url
        )
        self._stages = (self._ingest, self._process)
        for stage in self._stages:
            stage.wait_ready(120.0)
        options = ("--port", str(broker.port), "--commands", str(self.commands), "--begin-ms", str(self.begin_ms))
        script = (sys.executable, "-m", "benchmarks.theodolite_load")
        self.load = stand.program(f"load-{use_case}", *script, *options)
        until(self.is_done, _DONE_S)
        self._looks: list[tuple[int, float]] = []
        self._others = 0.0

    def tell_groups(self, sensors: int) -> None:
        self.command(f"groups {sensors}")
        lines = -(-sensors // model.SENSORS)
        until(lambda: self.is_done() and self._process.counter("rows") >= lines, _DONE_S, self._process)
        self._others = self._process.counter("rows")

    def processed(self) -> list[tuple[int, float]]:
        before = time.time_ns()
        count = self._process.counter("rows") - self._others
        self._looks.append(((before + time.time_ns()) // 2, count))
        return self._looks

    def failed(self, steps: Sequence[model.Step]) -> list[str]:
        wait_processed(self._log, _DONE_S, self._process)
        if self.use_case == "uc2":
            return self._wrong_statistics(steps)
        return self._wrong_energy(steps)

    def stop(self) -> None:
        self.command("end")
        self.load.stop()
        for stage in self._stages:
            stage.stop()

    def _wrong_statistics(self, steps: Sequence[model.Step]) -> list[str]:
        rows = last_of_each(read_metrics(self._log, "telemetry").rows.filter(pl.col("tag") == "power_kw"))
        sensor = rows["asset"].str.extract(r"/m(\d+)$").cast(pl.Int64).to_numpy()
        truth = model.statistics(steps)
        names = ("count", "mean", "min", "max")
        return [
            line
            for name, expected in zip(names, truth, strict=True)
            for line in model.wrong(self._table(rows, sensor, name, expected), expected, f"{name} at [window, sensor]")
        ]

    def _wrong_energy(self, steps: Sequence[model.Step]) -> list[str]:
        """Of lines; what areas and the plant drew is added up here, as whoever reads them does."""
        rows = read_metrics(self._log, "production_order").rows
        rows = last_of_each(rows.filter(pl.col("asset").str.contains(r"/line\d+$") & (pl.col("window") == "1m")))
        line = rows["asset"].str.extract(r"/line(\d+)$").cast(pl.Int64).to_numpy()
        truth = model.of_groups(model.energy_kwh(steps), model.SENSORS)
        # A line that rests has no row, or one without energy: nothing was drawn.
        found = np.nan_to_num(self._table(rows, line, "active_energy_kwh", truth))
        wrong = model.wrong(found, truth, "kWh at [window, line]")
        for what, size in (("area", model.LINES), ("plant", truth.shape[1])):
            both = model.of_groups(found, size), model.of_groups(truth, size)
            wrong += model.wrong(*both, f"kWh at [window, {what}]")
        return wrong

    def _table(self, rows: pl.DataFrame, which: np.ndarray, name: str, like: np.ndarray) -> np.ndarray:
        """float64 of the shape of `like` of one column; windows that are not closed are left out."""
        window = (rows["time"].dt.epoch("ms").to_numpy() - self.begin_ms) // model.WINDOW_MS
        inside = (window >= 0) & (window < like.shape[0]) & (which < like.shape[1])
        found = np.full(like.shape, np.nan)
        found[window[inside], which[inside]] = rows[name].to_numpy()[inside]
        return found


class KafkaStreams(Subject):
    """The topology of `theodolite_java` with one thread, RocksDB and changelog, commits every 5 s as published."""

    def __init__(self, stand: Stand, use_case: str, broker: Kafka) -> None:
        super().__init__(stand, use_case)
        self._port = str(broker.port)
        self._classes = compiled(stand)
        load = (self._port, f"{use_case}-", str(self.commands), str(self.begin_ms), str(model.ROUND_MS))
        self.load = self._java("PowerLoad", *load)
        until(self.is_done, _DONE_S)
        state = str(stand.folder / f"streams-{use_case}")
        command = self._command("PowerStreams", use_case, self._port, state, str(_GRACE_S))
        self._streams = stand.program(f"streams-{use_case}", *command, cores=MEASURED_CORE)
        until(self.processed, _DONE_S, self._streams)

    def tell_groups(self, sensors: int) -> None:
        self.command(f"groups {sensors}")
        until(self.is_done, _DONE_S)

    def processed(self) -> list[tuple[int, float]]:
        if not self._streams.is_running:
            raise BenchFailed(f"Kafka Streams ended: {self._streams.output[-2000:]}")
        return counted(self._streams.output)

    def failed(self, steps: Sequence[model.Step]) -> list[str]:
        """Sums of groups of groups come some commits later."""
        compare = self._wrong_statistics if self.use_case == "uc2" else self._wrong_sums
        deadline = time.monotonic() + _SUMS_S
        while (wrong := compare(steps)) and time.monotonic() < deadline:
            time.sleep(1.0)
        return wrong

    def stop(self) -> None:
        self.command("end")
        self.load.stop()
        self._streams.stop()

    def _wrong_statistics(self, steps: Sequence[model.Step]) -> list[str]:
        fields = [("count", ">i8"), *((name, ">f8") for name in ("sum", "low", "high", "squares"))]
        rows = self._topic("output", fields)
        truth = model.statistics(steps)
        window, sensor, rows = self._placed(rows, truth.count.shape)
        values = (rows["count"], rows["sum"] / rows["count"], rows["low"], rows["high"])
        wrong = []
        for name, value, expected in zip(truth._fields, values, truth, strict=True):
            found = np.full(expected.shape, np.nan)
            found[window, sensor] = value
            wrong += model.wrong(found, expected, f"{name} at [window, sensor]")
        once = np.unique(window * truth.count.shape[1] + sensor).size
        return wrong + ([f"{len(rows) - once} windows were sent twice"] if once != len(rows) else [])

    def _wrong_sums(self, steps: Sequence[model.Step]) -> list[str]:
        rows = self._topic("sums", [("newest_ms", ">i8"), ("kw", ">f8")])
        wrong = []
        truth = model.newest_kw(steps)
        for what, size in (("line", model.SENSORS), ("area", model.LINES), ("plant", truth.shape[1])):
            truth = model.of_groups(truth, size)
            window, group, mine = self._placed(rows[rows["kind"] == what[0].encode()], truth.shape)
            found = np.full(truth.shape, np.nan)
            found[window, group] = mine["kw"]  # of several the last one counts
            wrong += model.wrong(found, truth, f"kW at [window, {what}]")
        return wrong

    def _placed(self, rows: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        window = (rows["time_ms"].astype(np.int64) - self.begin_ms) // model.WINDOW_MS
        inside = (window >= 0) & (window < shape[0])
        return window[inside], rows["number"][inside].astype(np.int64), rows[inside]

    def _topic(self, name: str, fields: list[tuple[str, str]]) -> np.ndarray:
        path = self.stand.folder / f"{self.use_case}-{name}.bin"
        self._java("PowerDump", self._port, f"{self.use_case}-{name}", str(path)).wait(_DONE_S)
        return np.fromfile(path, np.dtype([("kind", "S1"), ("number", ">i8"), ("time_ms", ">i8"), *fields]))

    def _java(self, name: str, *arguments: str) -> Child:
        return self.stand.program(f"{name}-{self.use_case}", *self._command(name, *arguments))

    def _command(self, name: str, *arguments: str) -> list[str]:
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
        classpath = f"{self._classes}:{self._classes.parent}/lib/*"
        return [find_program("java"), "-Xmx1g", "-XX:+UseSerialGC", quiet, "-cp", classpath, name, *arguments]


def compiled(stand: Stand) -> Path:
    """The folder of the classes, made on first use and when a source is newer. Raises BenchFailed, ServerError."""
    folder = ROOT / ".build" / f"theodolite-{KAFKA_VERSION}"
    library, classes = folder / "lib", folder / "classes"
    if not (folder / ".fetched").exists():
        pom = ("-f", str(_JAVA / "pom.xml"), f"-Dkafka.version={KAFKA_VERSION}")
        copy = ("dependency:copy-dependencies", f"-DoutputDirectory={library}", "-DincludeScope=runtime")
        stand.program("maven", find_program("mvn"), "-q", "-B", *pom, *copy).wait(300.0)
        (folder / ".fetched").touch()
    sources = sorted(_JAVA.glob("*.java"))
    made = classes / "PowerStreams.class"
    if not made.exists() or made.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        javac = (find_program("javac"), "-cp", f"{library}/*", "-d", str(classes))
        stand.program("javac", *javac, *map(str, sources)).wait(120.0)
    return classes
