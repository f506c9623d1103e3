"""The process stage: readings of the partitions it holds to metrics, with a checkpoint every few seconds.

A partition that fails is opened again from its last checkpoint: after a log that did not answer, and after an error in the kernels,
when its records are then run one by one; one that fails again is a dead letter, and the partition moves on. Where other rows fail too, or
memory or the disk gave out, no row is to blame: all are tried again, ever less often.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from fieldline.clock import Clock
from fieldline.errors import FieldlineError, LogCorrupt, PartitionLost, SettingsError, Unavailable
from fieldline.health import Health
from fieldline.line_depths import check_lines
from fieldline.log import Log, Poll, Reader, Record, Stream
from fieldline.log.unopened import Unopened
from fieldline.memory import give_back
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.company import join_company
from processing.growth import check_partitions
from processing.made_with import MadeWith
from processing.partition import Partition
from processing.place import operators_for, timing_of
from processing.warmup import load

_POLL_S = 0.25
_GAUGES_S = 0.1
_GIVE_BACK_S, _BACKLOG_ROWS = 60.0, 50_000  # it takes some 10 ms
_POLL_BYTES = 4 << 20
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_FAILURES_AT_ONCE = 5  # a record that fails the kernels is tried that often; only what fails on waits ever longer


class ProcessStage:
    """Runs until it is asked to stop."""

    def __init__(self, *, settings: ProcessSettings, plant: Plant, log: Log, health: Health, clock: Clock) -> None:
        self._operators = operators_for(settings.operators, plant)
        self._settings, self._plant, self._log, self._health, self._clock = settings, plant, log, health, clock
        self._partitions: dict[int, Partition] = {}
        self._rows_held, self._give_back_at = 0, clock.monotonic() + _GIVE_BACK_S
        self._gauged_at = -_GAUGES_S
        self._unopened = Unopened(clock)
        self._logger = structlog.get_logger().bind(stage="process")

    def run(self, stop: threading.Event) -> None:
        """Process until `stop` is set, then emit, checkpoint and leave the group.

        Raises SettingsError, LogCorrupt, and InUse when another process holds the stage on an embedded log.
        """
        check_partitions(self._log)
        check_lines(self._log, self._plant)
        self._health.set("starting", "loading kernels")
        settings, operators = self._settings, self._operators
        load(operators, stop.is_set)
        give_back()  # of the libraries' code that starting ran through, LLVM's 65 MB above all
        self._health.set("starting", "joining the group")
        made_with = MadeWith.of(self._plant, operators, settings.windows, timing_of(settings))
        member = join_company(self._log, "process", made_with, stop, self._clock)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="read-back")
        reader = self._log.reader(Stream.READINGS, "process", member)
        try:
            while not stop.is_set():
                self._turn(reader, stop)
            for partition in list(self._partitions.values()):
                self._guard(partition, partition.finish, stop)
            self._health.set("stopped", "asked to stop")
        except BaseException as error:
            self._health.set("stopped", f"{type(error).__name__}: {error}")
            raise
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
            reader.close()

    def _turn(self, reader: Reader, stop: threading.Event) -> None:
        try:
            pause_s = min((partition.pause_s for partition in self._partitions.values()), default=_POLL_S)
            poll = reader.poll(pause_s, _POLL_BYTES)
        except Unavailable as error:
            self._health.set("degraded", f"log: {error}")
            stop.wait(_PAUSE_S)
            return
        self._change_hands(poll, reader, stop)
        by_partition: dict[int, list[Record]] = {}
        for record in poll.records:
            # One that was opened just now reads from where that put it, which may lie before what the poll brought.
            if record.partition not in poll.assigned:
                by_partition.setdefault(record.partition, []).append(record)
        rows = 0
        for number, partition in list(self._partitions.items()):
            records = by_partition.get(number, [])
            rows += self._guard(partition, partial(partition.take, records), stop) or 0
            if number in self._partitions:
                self._guard(partition, partition.tick, stop)
        self._report(rows, self._unopened.look(reader.assigned, self._partitions.keys()))

    def _change_hands(self, poll: Poll, reader: Reader, stop: threading.Event) -> None:
        for number in poll.revoked:
            self._partitions.pop(number, None)
            self._logger.info("partition revoked", partition=number)
        for number in poll.assigned:
            partition = Partition(
                number=number,
                settings=self._settings,
                plant=self._plant,
                log=self._log,
                clock=self._clock,
                reader=reader,
                executor=self._executor,
            )
            self._health.set("recovering", f"partition {number}")
            self._reopen(partition, stop)

    def _reopen(self, partition: Partition, stop: threading.Event) -> None:
        """Open a partition from its last checkpoint, trying until the log answers.

        It is ours only when that is done: one that is not open when we stop must not be checkpointed, as empty as it is.
        """
        self._partitions.pop(partition.number, None)
        while not stop.is_set():
            try:
                said = partition.open()
            except (SettingsError, LogCorrupt):
                raise
            except PartitionLost:
                self._logger.warning("partition lost", partition=partition.number)
                return  # if it stays assigned, a poll announces it again
            except Exception as error:
                self._health.set("degraded", f"partition {partition.number}: {error or type(error).__name__}")
                stop.wait(self._pause_s(partition))
                continue
            tell = self._logger.warning if partition.state.is_rebuilt and partition.offset else self._logger.info
            tell("partition open", partition=partition.number, start=said, offset=partition.offset)
            for done in partition.state.adapted:
                self._logger.warning(done.mark.cause.words, partition=partition.number, what=str(done))
            self._partitions[partition.number] = partition
            return

    def _guard(self, partition: Partition, work: Callable[[], int | None], stop: threading.Event) -> int | None:
        """Do a piece of work for a partition; after a failure it is opened again from its last checkpoint."""
        try:
            return work()
        except PartitionLost:
            self._partitions.pop(partition.number, None)
            self._logger.warning("partition lost", partition=partition.number)
        except SettingsError:
            raise
        except LogCorrupt as error:
            if partition.state.is_rebuilt:
                raise  # it is not the checkpoint that is damaged
            partition.distrust(str(error))
            self._begin_again(partition, str(error), stop)
        except (FieldlineError, TimeoutError) as error:
            self._begin_again(partition, str(error), stop)
        except Exception as error:
            self._logger.exception("processing failed", partition=partition.number)
            self._health.count("failures", 1, kind=type(error).__name__)
            self._begin_again(partition, f"{type(error).__name__}: {error}", stop)
        return None

    def _begin_again(self, partition: Partition, reason: str, stop: threading.Event) -> None:
        """Open a partition anew after a pause, which grows while nothing succeeds."""
        self._health.set("degraded", f"partition {partition.number}: {reason}")
        stop.wait(self._pause_s(partition))
        self._reopen(partition, stop)

    def _pause_s(self, partition: Partition) -> float:
        """How long to wait after one more failure [s]."""
        partition.failures += 1
        return float(min(_PAUSE_S * 2.0 ** max(0, partition.failures - _FAILURES_AT_ONCE), _LONGEST_PAUSE_S))

    def _report(self, rows: int, unopened: str | None) -> None:
        if rows:
            self._health.count("rows", rows)
        is_active = bool(rows) or any(partition.unemitted for partition in self._partitions.values())
        concerns = (partition.concern for partition in self._partitions.values())
        self._health.worry(self._log.concern or next(filter(None, concerns), ""))
        if unopened is not None:
            self._health.set("degraded", unopened)
        elif not any(partition.failures for partition in self._partitions.values()):
            self._health.set("active" if is_active else "idle", f"{len(self._partitions)} partitions")
        self._give_back(rows, is_active)
        now = self._clock.monotonic()
        if now - self._gauged_at < _GAUGES_S:
            return
        self._gauged_at = now
        for number, partition in self._partitions.items():
            self._health.gauge("lost_records", partition.state.lost, partition=str(number))
            for name, value in partition.engine.watch().items():
                self._health.gauge(name, value, partition=str(number))

    def _give_back(self, rows: int, is_active: bool) -> None:
        """Now and then, and after a backlog, give back what steps took."""
        now = self._clock.monotonic()
        self._rows_held += rows
        if now >= self._give_back_at or (not is_active and self._rows_held >= _BACKLOG_ROWS):
            self._give_back_at, self._rows_held = now + _GIVE_BACK_S, 0
            give_back()
