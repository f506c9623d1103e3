"""Workers that hang for longer than their session, come back, and are left alone with everything."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from fieldline.frames import encode_readings
from fieldline.log import Log, Stream, open_log
from tests.integration.pipe_rig import Process, until
from tests.processing.engine_rig import SECOND, Row, frame_of

TIMES = int(os.environ.get("FIELDLINE_TEST_FREEZES", "2"))
PARTITIONS = 4
WAIT_S = 120.0


def test_a_worker_that_hung_longer_than_its_session_works_on_all_partitions_when_the_other_is_killed(
    _warm: None, kafka_url: Callable[..., str], tmp_path: Path
) -> None:
    url = kafka_url(PARTITIONS)
    log = open_log(url)
    append(log)
    workers = [Process(f"process{k}", tmp_path, "process", "--log", url).start() for k in range(2)]
    try:
        until(lambda: owned(workers) == [2, 2], WAIT_S, lambda: told(workers))
        for turn in range(TIMES):
            hung, other = workers if turn % 2 == 0 else reversed(workers)
            send(hung, signal.SIGSTOP)
            until(lambda other=other: owned([other]) == [PARTITIONS], WAIT_S, lambda: told(workers))
            append(log)
            send(hung, signal.SIGCONT)
            if turn % 4 > 1:  # once it is a member again; else it is still coming back
                until(lambda: owned(workers) == [2, 2], WAIT_S, lambda: told(workers))
            other.kill()
            append(log)

            until(lambda: is_read(log), WAIT_S, lambda: f"{log.commits(Stream.READINGS, 'process')} {told(workers)}")
            assert owned([hung]) == [PARTITIONS], told(workers)
            other.start()
            until(lambda: owned(workers) == [2, 2], WAIT_S, lambda: told(workers))
    finally:
        for worker in workers:
            worker.abandon()
        log.close()


def append(log: Log) -> None:
    """A frame of a minute for each partition."""
    now = time.time_ns() // SECOND * SECOND
    for partition in range(PARTITIONS):
        rows = [Row(f"plant/hall/p{partition}/oven", "power_kw", now - k * SECOND, 1.0) for k in range(60)]
        headers = {"rows": b"60"}
        log.append(Stream.READINGS, partition, b"", encode_readings(frame_of(rows, now)), headers).result(WAIT_S)


def is_read(log: Log) -> bool:
    """Whether the group has committed everything."""
    commits = log.commits(Stream.READINGS, "process")
    return all(
        partition in commits and commits[partition].offset == log.bounds(Stream.READINGS, partition)[1]
        for partition in range(PARTITIONS)
    )


def owned(workers: list[Process]) -> list[int]:
    """How many partitions each has open; -1 while it does not work or say."""
    reasons = [(worker.health() or [{"state": "", "reason": ""}])[0] for worker in workers]
    return [
        int(each["reason"].split()[0]) if each["state"] in ("active", "idle") and "partitions" in each["reason"] else -1
        for each in reasons
    ]


def told(workers: list[Process]) -> str:
    return "\n".join(f"--- {worker.name} {worker.health()}\n{worker.last_words()}" for worker in workers)


def send(worker: Process, number: signal.Signals) -> None:
    assert worker._process is not None
    os.kill(worker._process.pid, number)
