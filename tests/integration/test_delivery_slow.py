"""A database that takes its time: its own rows wait on the log, memory stays at a batch, and nobody else is kept waiting."""

import threading
from pathlib import Path

from fieldline.log import Stream, open_log
from tests.delivery.metric_frames import metric_frame
from tests.integration.scripted_server import Reply, scripted
from tests.integration.test_delivery_stage import T0, append, running, to_influx, to_store

FRAMES, ROWS, BATCH = 30, 1000, 5000


def test_a_slow_database_keeps_no_other_sink_waiting_and_gets_everything(tmp_path: Path) -> None:
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}")
    for frame in range(FRAMES):
        times = [T0 + frame * ROWS + row for row in range(ROWS)]
        rows = metric_frame("reading", times, ["p/h/l/m"] * ROWS, ["t"] * ROWS, value=[1.0] * ROWS)
        append(log, rows, rows=ROWS)
    goes_on = threading.Event()

    def answer(lines: list[str]) -> Reply:
        goes_on.wait(60)
        return Reply()

    with (
        scripted(answer) as server,
        running(log, *to_influx(f"{server.url}/b?api=v1", batch_lines=BATCH, timeout_s=90.0)) as slow,
        running(log, *to_store(tmp_path)) as quick,
    ):
        quick.until_drained()
        meanwhile = slow.health.total("rows_stored"), log.commits(Stream.METRICS, "deliver.influx")
        goes_on.set()
        slow.until_drained()

        assert meanwhile == (0, {})
        assert slow.health.total("rows_stored") == quick.health.total("rows_stored") == FRAMES * ROWS
        assert max(len(lines) for lines in server.requests) <= BATCH
    log.close()
