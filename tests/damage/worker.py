"""A process that works on damaged logs, one after the other, and prints a line of JSON for each: it may crash without harm to its test.

`python -m tests.damage.worker drained|read LOG...` goes on until everything on a log is drained, or only read: readings of which a
byte of the time was damaged may wait for a far future.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from analysis.audit.balance import audit
from analysis.audit.committed import committed
from analysis.audit.lag import measure
from analysis.dead_letters.records import Chosen, dead_letter, newest
from analysis.stream_rows import rows_of
from delivery.sinks.local_store import LocalStoreSink
from delivery.stage import DeliverStage
from fieldline.clock import SystemClock
from fieldline.errors import FieldlineError
from fieldline.health import READY, Health, configure_logging
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import DeliverSettings, ProcessSettings
from processing.stage import ProcessStage

LATE_S = 300.0


def work(path: Path, until: str) -> dict[str, Any]:
    """Process and deliver what lies on a log, then look at all of it."""
    log, healths = SqliteLog(path), [Health("process"), Health("deliver")]
    plant, clock, stop = Plant(), SystemClock(), threading.Event()
    settings = ProcessSettings(checkpoint_s=0.2, settle_s=0.02)
    delivery = DeliverSettings(store=str(path.with_suffix(".results")))
    stages = [
        ProcessStage(settings=settings, plant=plant, log=log, health=healths[0], clock=clock),
        DeliverStage(
            settings=delivery,
            log=log,
            sink=LocalStoreSink(delivery, plant.levels, clock),
            health=healths[1],
            clock=clock,
            plant=plant,
        ),
    ]
    threads = [threading.Thread(target=stage.run, args=(stop,), daemon=True) for stage in stages]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LATE_S
    while not (is_done := is_at_rest(log, healths, until)) and time.monotonic() < deadline:
        if not all(thread.is_alive() for thread in threads):
            break
        stop.wait(0.02)
    died = [health.reason for health, thread in zip(healths, threads, strict=True) if not thread.is_alive()]
    stop.set()
    for thread in threads:
        thread.join(20)
    told = {"done": is_done, "died": died, "states": [health.reason for health in healths], **account(log)}
    log.close()
    return told


def is_at_rest(log: SqliteLog, healths: list[Health], until: str) -> bool:
    """Whether the stages have come up and done everything, and what they committed can be read."""
    is_done = all(lag.is_drained if until == "drained" else lag.lag == 0 for lag in measure(log))
    if not is_done or any(health.state not in READY for health in healths):
        return False
    try:
        committed(log, 0)
    except FieldlineError:
        return False
    return True


def account(log: SqliteLog) -> dict[str, Any]:
    """What the verbs say of a log: the audit, dead letters by origin with what they were made of, and every stream read."""
    letters, _ = newest(log, Chosen(), 1 << 20)
    for stream in (Stream.READINGS, Stream.METRICS, Stream.DEADLETTER):
        for record in log.read(stream, 0, 0):
            list(rows_of(stream, record))
    try:
        balance = audit(log, Plant().line_of)
        verdict = {
            "verdict": balance.verdict,
            "stored": sum(source.stored for source in balance.sources),
            "waiting": sum(source.waiting for source in balance.sources),
        }
    except FieldlineError as error:
        verdict = {"verdict": str(error)}
    rows = [dead_letter(record) for record in letters]
    return {
        **verdict,
        "letters": [[row.get("origin"), row.get("reason"), row.get("offset"), row["source"]] for row in rows],
    }


if __name__ == "__main__":
    configure_logging(level="error")
    for name in sys.argv[2:]:
        print(json.dumps({"log": name, **work(Path(name), sys.argv[1])}), flush=True)
