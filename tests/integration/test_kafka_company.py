"""Workers of one group have the same settings: one that differs from those at work is refused, and named what differs."""

import threading
from collections.abc import Callable

import pytest

from fieldline.clock import SystemClock
from fieldline.errors import InUse
from fieldline.health import Health
from fieldline.log import open_log
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile
from fieldline.settings import ProcessSettings
from processing.stage import ProcessStage

WAIT_S = 60.0


pytestmark = pytest.mark.usefixtures("kernels")


class Worker:
    """A process stage in a thread, on a connection to the log of its own."""

    def __init__(self, url: str, plant: Plant | None = None, **settings: float) -> None:
        self.log, self.health, self.stop = open_log(url), Health("process"), threading.Event()
        self.error: BaseException | None = None
        told = ProcessSettings(**settings)
        self._stage = ProcessStage(
            settings=told, plant=plant or Plant(), log=self.log, health=self.health, clock=SystemClock()
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._stage.run(self.stop)
        except BaseException as error:
            self.error = error

    def until_idle(self) -> None:
        pause = threading.Event()
        for _ in range(int(WAIT_S / 0.05)):
            if self.health.state == "idle":
                return
            pause.wait(0.05)
        raise AssertionError((self.health.state, self.health.reason, self.error))

    def end(self) -> BaseException | None:
        """Wait until it ends, by itself or because it was asked to."""
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        self.log.close()
        return self.error


def test_a_worker_with_other_settings_is_refused_while_others_are_at_work(
    kafka_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.company._WAIT_S", 1.0)
    url = kafka_url(2)
    other_plant = Plant(PlantFile(asset=(AssetEntry(path="plant/hall/line1/oven", ideal_cycle_s=3.0),)))
    first = Worker(url)
    first.until_idle()
    same = Worker(url)
    same.until_idle()

    refused = Worker(url, other_plant, horizon_s=7200.0).end()

    assert isinstance(refused, InUse)
    assert "horizon: 90000 s and 7200 s" in str(refused)
    assert "plant file: asset" in str(refused)
    for worker in (first, same):
        worker.stop.set()
        assert worker.end() is None


def test_other_settings_are_taken_up_when_nobody_is_at_work(kafka_url: Callable[..., str]) -> None:
    url = kafka_url(1)
    before = Worker(url)
    before.until_idle()
    before.stop.set()
    before.end()

    after = Worker(url, horizon_s=7200.0)
    after.until_idle()

    after.stop.set()
    assert after.end() is None
