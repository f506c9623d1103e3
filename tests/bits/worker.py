"""A worker on a log of its own, driven frame by frame by a clock that moves only with the readings.

It meets processing from outside only: frames and commits of the log, and a partition's open, take, tick and finish.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from fieldline.clock import ManualClock
from fieldline.frames import encode_readings
from fieldline.log import Record, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant, load_plant
from fieldline.settings import ProcessSettings, load_settings
from processing.partition import Partition
from tests.bits.arrivals import Input, Step

_WAIT_S = 60.0
_GAP_S = 1.0
_TURNS = 3
_BLOCKED_S = 3.0  # a turn that takes as long waits for what was not done yet; on a machine so busy that others do, `rev` may differ
_SILENCES_S = (0.2, 1.0, 5.0, 4000.0, 90_000.0, 200_000.0)
"""After the last frame: enough for what settles, for late rows, and for the end of every window but month and week."""


EVENTS = ("crashes", "slices", "pages")
"""What must befall the workers now and then: a crash, slices that are read back from the readings, and pages of checkpoints."""


class _CountingLog(SqliteLog):
    """Counts the records that are read outside the group: slices read back, and pages of checkpoints."""

    read_back: Counter[Stream]

    def read(self, stream: Stream, partition: int, start: int, stop: int | None = None) -> Iterator[Record]:
        self.read_back[stream] += 1
        return super().read(stream, partition, start, stop)


class _Patient(ThreadPoolExecutor):
    """Does what it is given a few turns later, always after the same number of them; at once when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__(1)
        self._gate, self._given, self._turns = threading.Event(), list[Future[Any]](), 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        gate = self._gate

        def run() -> Any:
            if not gate.wait(_BLOCKED_S):
                gate.set()  # the worker stands and waits: what else it was given is wanted now, too
            return fn(*args, **kwargs)

        future = super().submit(run)
        self._given.append(future)
        return future

    def turn(self) -> None:
        self._turns += 1
        if self._turns % _TURNS == 0:
            self.work()

    def work(self) -> None:
        """Do all of it now."""
        self._gate.set()
        wait(self._given, _WAIT_S)
        self._gate, self._given = threading.Event(), []


class Worker:
    """Plays an input."""

    def __init__(self, given: Input, folder: Path) -> None:
        self._plant, self._settings = _configured(given, folder)
        self.log = _CountingLog(folder / "log.db")
        self.log.read_back = Counter()
        self._is_slow, self._clock = given.is_slow, ManualClock(0)
        self._counts: Counter[str] = Counter()

    def play(self, steps: Iterator[Step]) -> None:
        """Take all frames, fall silent until every window is over, and stop as a stage does."""
        first = next(steps)
        self._clock = ManualClock(int(first.frame.received.min()))
        self._open()
        self._take(first)
        for step in steps:
            self._take(step)
        for seconds in _SILENCES_S:
            self._turn(seconds / 2)
            self._turn(seconds / 2)
            self._drain()
        self._partition.finish()
        self._settle()
        self._check()

    def counters(self) -> dict[str, dict[str, int]]:
        """What the audit needs, by line: rows stored, duplicate, late and so on, as the last commit names them."""
        note = json.loads(self.log.commits(Stream.READINGS, "process")[0].note)
        (record,) = self.log.read(Stream.CHECKPOINTS, 0, note["counters"], note["counters"] + 1)
        counted: dict[str, dict[str, int]] = json.loads(record.value or b"{}")["sources"]
        return counted

    def befell(self) -> dict[str, int]:
        """How many rows came, how many crashes, and how much was read back from the log."""
        return {name: self._counts[name] for name in ("readings", *EVENTS)}

    def close(self) -> None:
        """Let go of the log."""
        self._leave()
        self.log.close()

    def _leave(self) -> None:
        """End without a word, as a process that is killed does."""
        if self._executor is not None:
            self._executor.work()
            self._executor.shutdown()
        self._reader.close()

    def _open(self) -> None:
        self._executor = _Patient() if self._is_slow else None
        self._reader = self.log.reader(Stream.READINGS, "process")
        (number,) = self._reader.poll(0.0).assigned
        self._partition = Partition(
            number=number,
            settings=self._settings,
            plant=self._plant,
            log=self.log,
            clock=self._clock,
            reader=self._reader,
            executor=self._executor,
        )
        self._partition.open()
        self.log.read_back.clear()

    def _settle(self) -> None:
        """Wait until what was emitted is on the log, so that what a crash leaves there is the same each time."""
        self.log.flush(_WAIT_S)
        self._counts["slices"] += self.log.read_back[Stream.READINGS]
        self._counts["pages"] += self.log.read_back[Stream.CHECKPOINTS]
        self.log.read_back.clear()

    def _take(self, step: Step) -> None:
        behind_s = (int(step.frame.received.max()) - self._clock.now_ns()) / 1e9
        if behind_s > _GAP_S:
            self._turn(behind_s / 2)
            self._turn(behind_s / 2)
        self._append(encode_readings(step.frame), len(step.frame.time))
        self._counts["readings"] += len(step.frame.time)
        self._read()
        self._turn(0.01)
        if step.then == "pause":
            self._turn(1.0)
        elif step.then == "broken":
            self._append(b"no frame", 3)
            self._read()
        elif step.then == "crash":
            self._settle()
            self._leave()
            self._counts["crashes"] += 1
            self._open()
            self._read()

    def _append(self, value: bytes, rows: int) -> None:
        headers = {"rows": str(rows).encode()}
        self.log.append(Stream.READINGS, 0, b"works", value, headers).result(_WAIT_S)

    def _read(self) -> None:
        while records := self._reader.poll(0.0).records:
            self._partition.take(records)
            self._turn(0.01)

    def _turn(self, seconds: float) -> None:
        self._clock.advance(seconds)
        if self._executor is not None:
            self._executor.turn()
        self._partition.tick()

    def _drain(self) -> None:
        for _ in range(10 * _TURNS if self._is_slow else 2):
            self._turn(1.5)

    def _check(self) -> None:
        commit = self.log.commits(Stream.READINGS, "process")[0]
        end = self.log.bounds(Stream.READINGS, 0)[1]
        assert commit.offset == end, f"{commit.offset} of {end} frames are committed"
        assert json.loads(commit.note)["unemitted"] == 0, "results of rows before the last commit were not emitted"


def _configured(given: Input, folder: Path) -> tuple[Plant, ProcessSettings]:
    """The plant and the settings, by the names of their files' keys."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plant.toml").write_text(given.plant, encoding="utf-8")
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.process.items()]
    (folder / "fieldline.toml").write_text("\n".join(["[process]", *lines, ""]), encoding="utf-8")
    return load_plant(folder / "plant.toml"), load_settings(folder / "fieldline.toml").process
