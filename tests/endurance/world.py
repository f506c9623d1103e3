"""A plant's own small installation: a folder with settings, plant file, log and store, and real processes on it.

Readings are appended by the log's own `append`, as the ingest stage does it: so the run knows for each row whether the log has it, which no
broker between could tell. What ingest does under kills is the matter of `tests/integration/test_crashes.py`.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.exits import Exit
from fieldline.frames import decode_batch, encode_readings
from fieldline.log import Log, Stream, open_log
from fieldline.partition import partition_of
from tests.endurance.ledger import Entry, Ledger
from tests.endurance.site import Site, line_of
from tests.endurance.traffic import Row, Traffic, frame_of
from tests.integration.pipe_rig import Process, fieldline

PARTITIONS = 3
PROCESS, SECOND_PROCESS, DELIVER = "process", "process2", "deliver"
READY_S = 900.0
"""What hangs is found by it, and a machine that others keep busy is given time: nothing of a run is judged by how long it took [s]."""
_WAIT_S = 60.0
_LOCKED_S = 2.0


class World:
    """The installation of a run; stages run from `start` on. Use as a context manager.

    influx : URL of a database of its own, or None
    kafka : URL of a log with topics of its own; without one a SQLite file is made in the folder
    moved : lines that went to another partition; faults : what was seen to be wrong while it ran
    undrained : how many ends came before all was written, for lack of time: the next start goes on as after a kill
    """

    def __init__(
        self, folder: Path, site: Site, traffic: Traffic, influx: str | None = None, kafka: str | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.site, self.traffic, self.influx = folder, site, traffic, influx
        self.ledger = Ledger()
        self.store = folder / "results.db"
        self.is_pruned = self.is_damaged = False  # readings, checkpoints
        self.is_file = kafka is None
        self._log_path = folder / "log.db"
        self.log_url = kafka or f"sqlite:{self._log_path}"
        self._log = open_log(self.log_url, partitions=PARTITIONS)
        self.partitions = self._log.partitions(Stream.READINGS)
        self.moved: set[str] = set()
        self.faults: list[str] = []
        self.undrained = 0
        sinks = ["--store", str(self.store), *(["--influx", influx] if influx else [])]
        self._common = ("--config", str(folder / "fieldline.toml"), "--log", self.log_url)
        self.stages = {
            PROCESS: Process(PROCESS, folder, "process", *self._common),
            DELIVER: Process(DELIVER, folder, "deliver", *self._common, *sinks),
        }
        self.write_files()

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        for stage in self.stages.values():
            stage.abandon()
        self._log.close()

    def write_files(self) -> None:
        """Settings and plant file as the site has them now; stages read them when they start."""
        (self.folder / "plant.toml").write_text(self.site.plant_text(), encoding="utf-8")
        (self.folder / "fieldline.toml").write_text(self.site.settings_text(), encoding="utf-8")

    def start(self) -> None:
        """Start all stages and wait until they work."""
        for stage in self.stages.values():
            stage.start()
        for stage in self.stages.values():
            stage.until_ready(READY_S)

    @contextmanager
    def stopped(self, name: str, is_killed: bool, is_whole: bool = False) -> Iterator[None]:
        """A stage is not there in this block: killed at any moment, or ended as it is asked to, `is_whole`: with all written. It is started again."""
        stage = self.stages[name]
        if is_killed:
            stage.kill()
        else:
            self._end(stage, is_whole)
        yield
        stage.start()

    @property
    def workers(self) -> list[str]:
        """The names of the process stages."""
        return [name for name in self.stages if name != DELIVER]

    def add_worker(self) -> None:
        """Have a second worker join."""
        self.stages[SECOND_PROCESS] = Process(SECOND_PROCESS, self.folder, "process", *self._common).start()

    def remove_worker(self, is_killed: bool) -> None:
        """Have the second worker leave."""
        worker = self.stages.pop(SECOND_PROCESS)
        if is_killed:
            worker.kill()
        else:
            self._end(worker)

    def _end(self, stage: Process, is_whole: bool = False) -> None:
        """Ask a stage to end, once more where it had no time to write all that it held and `is_whole` wants it."""
        while True:
            stage.until_ready(READY_S)  # one that starts knows no signals yet
            stage.stop(READY_S, codes=(0, Exit.UNAVAILABLE))
            self.undrained += stage.code != 0
            if stage.code == 0 or not is_whole:
                return
            stage.start()

    def send_hour(self) -> None:
        """Have an hour of readings on the log."""
        for line, rows in self.traffic.next_hour():
            self.append(line, rows)

    def send_rest(self) -> None:
        """Have everything on the log that is on its way."""
        for line, rows in self.traffic.rest():
            self.append(line, rows)

    def append(self, line: str, rows: list[Row]) -> Entry:
        """Append a record as ingest does; it is in the ledger once the log has it."""
        value = encode_readings(frame_of(rows, time.time_ns()))
        partition = partition_of(line, self.partitions)
        offset = self.put(self._log, line, partition, value, len(rows))
        entry = Entry(line, partition, offset, value, rows)
        self.ledger.entries.append(entry)
        return entry

    @staticmethod
    def put(log: Log, line: str, partition: int, value: bytes, rows: int) -> int:
        """Append a frame; its offset."""
        headers = {"rows": str(rows).encode()}
        return log.append(Stream.READINGS, partition, line.encode(), value, headers).result(_WAIT_S)

    def check_running(self) -> None:
        """No stage ends by itself."""
        for stage in self.stages.values():
            assert stage.is_running, f"{stage.name} ended by itself: {stage.last_words()}"

    def committed(self, partition: int) -> int:
        """What process has committed of a partition's readings [offset]."""
        commit = self._log.commits(Stream.READINGS, "process").get(partition)
        return commit.offset if commit else 0

    def metrics_ends(self) -> list[int]:
        """Where the stream of metrics ends, by partition [offset]."""
        return [self._log.bounds(Stream.METRICS, number)[1] for number in range(self.partitions)]

    def emitted_since(self, ends: list[int]) -> Counter[str]:
        """How many rows of each line came on the stream of metrics behind these ends."""
        found: Counter[str] = Counter()
        for number, end in enumerate(ends):
            for record in self._log.read(Stream.METRICS, number, end):
                for asset in decode_batch(record.value or b"").column("asset").to_pylist():
                    found[line_of(asset)] += 1
        return found

    def grow(self, partitions: int) -> None:
        """More partitions; all stages have ended."""
        self._log.close()
        told = fieldline("topics", "grow", "--partitions", str(partitions), *self._common, "--json", timeout_s=READY_S)
        self.moved |= {row["line"] for row in json.loads(told)["moved"]}
        self._log = open_log(self.log_url)
        self.partitions = partitions

    def drain(self, timeout_s: float) -> None:
        """Have everything worked off, every window that is over emitted, and all of it delivered; stages have ended then."""
        self.wait_drained(timeout_s)
        for name in [*self.workers, DELIVER]:
            self._end(self.stages[name], is_whole=True)
            self.wait_drained(timeout_s)

    def wait_drained(self, timeout_s: float) -> None:
        """Return when no stage is behind."""
        text = fieldline("status", "--log", self.log_url, "--wait", f"{timeout_s:g}s", "--json", timeout_s=timeout_s + 60, code=None)  # fmt: skip
        assert json.loads(text or "{}").get("drained"), f"{text}\n{self.explain()}"

    def explain(self) -> str:
        """What the stages last said, for the message of a failure."""
        return "\n".join(f"--- {s.name} {s.health()}\n{s.last_words()}" for s in self.stages.values())

    def is_locked(self) -> bool:
        """Whether the log is a file that somebody has been writing to for a while."""
        if not self.is_file:
            return False
        db = sqlite3.connect(self._log_path, timeout=_LOCKED_S, isolation_level=None)
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return True
        finally:
            db.close()
        return False

    @contextmanager
    def file(self) -> Iterator[sqlite3.Connection]:
        """The log's file, behind the log's back."""
        db = sqlite3.connect(self._log_path, timeout=_WAIT_S)
        try:
            with db:
                yield db
        finally:
            db.close()
