import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.supervisor import StageFailed, Supervisor, stop_on_signals
from fieldline.errors import InUse

ROOT = Path(__file__).resolve().parents[2]
STOPS_SLOWLY = """
import sys, threading
from cli.supervisor import stop_on_signals

stop = threading.Event()
with stop_on_signals(stop):
    print("ready", flush=True)
    stop.wait()
    print("stopping", flush=True)
    threading.Event().wait()
"""


class _Worker:
    """A stage that works until it is asked to stop."""

    def __init__(self, order: list[str], name: str) -> None:
        self.order, self.name = order, name

    def run(self, stop: threading.Event) -> None:
        assert stop.wait(10)
        self.order.append(self.name)


class _Failing:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def run(self, stop: threading.Event) -> None:
        if self.error is not None:
            raise self.error


def test_stages_stop_in_the_order_in_which_data_flows() -> None:
    order: list[str] = []
    supervisor = Supervisor(threading.Event())
    for name in ("ingest", "process", "deliver"):
        supervisor.add(name, _Worker(order, name))

    supervisor.run(until=lambda: True)

    assert order == ["ingest", "process", "deliver"]


def test_a_stage_that_fails_ends_the_others_and_gives_its_reason() -> None:
    order: list[str] = []
    supervisor = Supervisor(threading.Event())
    supervisor.add("ingest", _Worker(order, "ingest"))
    supervisor.add("process", _Failing(InUse("process 7 runs this stage")))

    with pytest.raises(InUse, match="process 7"):
        supervisor.run()

    assert order == ["ingest"]


def test_a_fault_that_is_not_ours_is_named_with_its_stage() -> None:
    supervisor = Supervisor(threading.Event())
    supervisor.add("process", _Failing(ZeroDivisionError("division by zero")))

    with pytest.raises(StageFailed, match="process ended: ZeroDivisionError: division by zero"):
        supervisor.run()


def test_a_stage_that_returns_untold_is_a_failure() -> None:
    supervisor = Supervisor(threading.Event())
    supervisor.add("process", _Failing(None))

    with pytest.raises(StageFailed, match="nothing asked it to stop"):
        supervisor.run()


def test_sigterm_sets_stop_and_the_handler_goes_with_the_block() -> None:
    stop, before = threading.Event(), signal.getsignal(signal.SIGTERM)

    with stop_on_signals(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_sigterm_ends_a_process_that_is_still_draining_at_once() -> None:
    process = subprocess.Popen([sys.executable, "-c", STOPS_SLOWLY], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopping\n"

        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
