"""Three weeks without the database, on a clock that hurries: nothing is lost, and memory does not grow."""

import random
import re
import threading
import time
from pathlib import Path

import psutil

from delivery.influx_sink import InfluxSink
from delivery.patience import Patience
from delivery.stage import DeliverStage
from fieldline.health import Health
from fieldline.log import Log, Stream, open_log
from fieldline.plant import Plant
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import levels, metric_frame
from tests.integration.scripted_server import Reply, scripted

T0 = 1_700_000_000_000_000_000
HOUR_NS = 3_600 * 10**9
DAYS = 21
ROWS_AN_HOUR = 200
FASTER = 300_000
_LINE = re.compile(r"asset=([^,]+),.* (\d+)$")


class HurriedClock:
    """The machine's clock, so many times as fast."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * FASTER

    def now_ns(self) -> int:
        return T0 + round(self.monotonic() * 1e9)


def append_day(log: Log, day: int) -> None:
    for hour in range(24):
        start = T0 + (day * 24 + hour) * HOUR_NS
        assets = [f"p/h/l/m{n}" for n in range(ROWS_AN_HOUR)]
        frame = metric_frame("energy", [start] * ROWS_AN_HOUR, assets, None, ["1h"] * ROWS_AN_HOUR, active_energy_kwh=[1.5] * ROWS_AN_HOUR)  # fmt: skip
        log.append(Stream.METRICS, 0, b"p/h/l", frame, {"kind": b"energy", "rows": b"200", "epoch": b"1"}).result(10)


def test_three_weeks_without_the_database_lose_nothing_and_cost_no_memory(tmp_path: Path) -> None:
    log, clock, health, stop = (
        open_log(f"sqlite:{tmp_path / 'plant.db'}"),
        HurriedClock(),
        Health("deliver"),
        threading.Event(),
    )
    is_back = threading.Event()
    stored: set[tuple[str, ...]] = set()
    lines_stored, requests = [0], [0]

    def answer(lines: list[str]) -> Reply:
        requests[0] += 1
        if not is_back.is_set():
            return Reply(503, "away", {"Retry-After": "0"})
        lines_stored[0] += sum(line.startswith("energy,") for line in lines)
        stored.update(found.groups() for line in lines if (found := _LINE.search(line)))
        return Reply()

    with scripted(answer) as server:
        settings = DeliverSettings(influx=f"{server.url}/b?api=v1")
        stage = DeliverStage(
            settings=settings, log=log, sink=InfluxSink(settings, levels, clock), health=health, clock=clock, plant=Plant(),
            patience=Patience(random.Random(1)),
        )  # fmt: skip
        thread = threading.Thread(target=stage.run, args=(stop,))
        thread.start()
        sizes, waiting = [], []
        for day in range(DAYS):
            append_day(log, day)
            before, until = health.total("writes_failed"), clock.monotonic() + 86_400
            _wait(lambda: clock.monotonic() >= until and health.total("writes_failed") > before)  # noqa: B023
            sizes.append(psutil.Process().memory_info().rss)
            waiting.append(health.snapshot()["gauges"]["rows_waiting"])
        away = requests[0]
        is_back.set()
        _wait(lambda: len(stored) == DAYS * 24 * ROWS_AN_HOUR)
        _wait(lambda: log.commits(Stream.METRICS, "deliver.influx")[0].offset == DAYS * 24)
        stop.set()
        thread.join(20.0)
    log.close()

    assert clock.monotonic() >= DAYS * 86_400
    assert (
        lines_stored[0] == DAYS * 24 * ROWS_AN_HOUR == health.total("rows_stored")
        and health.total("rows_rejected") == 0
    )
    assert len(set(waiting)) == 1 and waiting[0] <= 24 * ROWS_AN_HOUR, "one batch is held, however long it lasts"
    assert max(sizes[3:]) - sizes[2] < 32 << 20, [size >> 20 for size in sizes]
    assert away < DAYS * 86_400 / 10, "a database that names no pause is asked ever more rarely"


def _wait(is_so, timeout_s: float = 120.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
