"""The demo's plant as a stage, and when there is nothing more to come of it."""

import threading

from analysis.audit.lag import is_drained
from cli.demo.state import DemoState
from fieldline.clock import Clock
from fieldline.health import READY, Health
from ingest.publisher import Publisher
from ingest.simulator import Simulation, simulate

_DAY_NS = 86_400 * 1_000_000_000
_FIRST_NS = (5 * 3600 + 1800) * 1_000_000_000  # half an hour before the early shift begins
_DRAIN_S = 60.0
_ON_ITS_WAY_S = 0.5  # from ingest's count to the log


def first_moment(now_ns: int, span_ns: int) -> int:
    """Half past five in the morning of the last day from which the whole span lies in the past [ns UTC]."""
    return (now_ns - span_ns - _FIRST_NS) // _DAY_NS * _DAY_NS + _FIRST_NS


class SimulatorStage:
    """Publishes the plant until its time is over; then waits until it is stopped, as any stage.

    subscribed : set when somebody listens; what is published before is lost
    enough : set to end it early; what is delayed is still sent, so that the truth is about what was sent
    messages : how many were sent, once `finished` is set
    """

    def __init__(self, simulation: Simulation, url: str, seconds: float, speed: float, clock: Clock) -> None:
        self.subscribed, self.enough, self.finished = threading.Event(), threading.Event(), threading.Event()
        self.messages = 0
        self._simulation, self._url, self._seconds, self._speed, self._clock = simulation, url, seconds, speed, clock

    def run(self, stop: threading.Event) -> None:
        """Raises Unavailable when the broker stays away."""
        while not self.subscribed.wait(0.1):
            if stop.is_set():
                return
        with Publisher(self._url, max_inflight=200) as publisher:
            done = simulate(
                self._simulation,
                publisher,
                seconds=self._seconds,
                clock=self._clock,
                stop=self.enough,
                speed=self._speed,
            )
        self.messages = done.messages
        self.finished.set()
        while not stop.wait(1.0):
            pass


class Ending:
    """Lets the plant begin when ingest has subscribed, and says when all that it sent has become results."""

    def __init__(self, simulator: SimulatorStage, ingest: Health, state: DemoState, clock: Clock) -> None:
        self._simulator, self._ingest, self._state, self._clock = simulator, ingest, state, clock
        self._finished_s = self._received_s = float("inf")

    def is_reached(self) -> bool:
        """Ask it some times a second. True too when the rest did not come within a minute: the audit shows it."""
        if self._ingest.state in READY:
            self._simulator.subscribed.set()
        if not self._simulator.finished.is_set():
            return False
        now = self._clock.monotonic()
        self._finished_s = min(self._finished_s, now)
        if self._ingest.total("messages") >= self._simulator.messages:
            self._received_s = min(self._received_s, now)
        is_measured = self._state.measured_s > self._received_s + _ON_ITS_WAY_S
        return (is_measured and is_drained(self._state.lags)) or now > self._finished_s + _DRAIN_S
