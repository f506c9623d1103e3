"""Sensors that one core sustains, after Theodolite: power meters, one message a sensor and second, downsampled (UC2) and summed up (UC4).

Fieldline takes them from MQTT (Mosquitto) and puts metrics on its log; Kafka Streams takes them from a topic and puts
results on a topic. A step of too much load says what can be reached; a binary search around that finds the largest number
of sensors with no growing lag (`theodolite_verdict`). Every closed window of every sensor or group is compared with what
was sent, also those of the steps that were too much: nothing may be dropped.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks import theodolite_model as model
from benchmarks.report import Row
from benchmarks.stand import BenchFailed, Stand
from benchmarks.theodolite_subjects import Fieldline, KafkaStreams, Subject
from benchmarks.theodolite_verdict import Search, Verdict, course, verdict

_LOOK_S = 0.4
_FIRST_S, _DRAIN_S = 240.0, 90.0
"""How long working off may take: the first step, in which series are made known, and any other."""
_USE_CASES = {"uc2": "UC2 downsampling", "uc4": "UC4 hierarchy"}
# More than was reached on the machines at hand. What sustains it even so has "at least" in its row.
_TOO_MUCH = {("Fieldline", "uc2"): 60_000, ("Fieldline", "uc4"): 60_000}
_TOO_MUCH |= {("KafkaStreams", "uc2"): 120_000, ("KafkaStreams", "uc4"): 80_000}
_FIRST = 1
"""Rounds of the first step."""
_LOW, _HIGH = 0.5, 1.3
"""Where the search begins, as shares of what was worked off a second of too much load."""


class Plan(NamedTuple):
    """Seconds of the step of too much load, of one of the search, and of what is not watched of it."""

    probe_s: int
    step_s: int
    warm_s: float
    steps: int


_FULL, _QUICK = Plan(8, 12, 3.0, 4), Plan(5, 7, 2.0, 2)


class Found(NamedTuple):
    """The most sensors that were sustained, and what each step said, in words."""

    sensors: int
    tried: str


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` below 1 makes fewer and shorter steps."""
    plan = _FULL if size >= 1.0 else _QUICK
    mosquitto, kafka = stand.mosquitto(), stand.kafka()
    for use_case, told in _USE_CASES.items():
        ours = measure(lambda name=use_case: Fieldline(stand, name, mosquitto), use_case, plan)
        yield Row("theodolite", f"{told}: sensors a core, MQTT to metric", ours.sensors, "", note=ours.tried)
        theirs = measure(lambda name=use_case: KafkaStreams(stand, name, kafka), use_case, plan)
        yield Row("theodolite", f"{told}: Kafka Streams, topic to topic", theirs.sensors, "", note=theirs.tried)


def measure(make: Callable[[], Subject], use_case: str, plan: Plan) -> Found:
    """The largest sustained number of sensors. Raises BenchFailed when a result is missing or wrong."""
    subject = make()
    try:
        return _measured(subject, use_case, plan)
    finally:
        subject.stop()


def _measured(subject: Subject, use_case: str, plan: Plan) -> Found:
    most = _TOO_MUCH[type(subject).__name__, use_case]
    if use_case == "uc4":
        subject.tell_groups(most)
    steps = [model.Step(0, _FIRST, most)]  # sensors appear for the first time, the JVM warms up: not in the verdict
    _send(subject, steps, _FIRST_S)
    found, rate = _step(subject, steps, most, plan.probe_s, plan.warm_s)
    tried = [f"{most:,}: {found.value}, {rate:,.0f}/s worked off"]
    search = Search(int(rate * _LOW), min(most, int(rate * _HIGH)))
    search.tell(most, found)
    for _ in range(plan.steps):
        sensors = search.next
        found, _ = _step(subject, steps, sensors, plan.step_s, plan.warm_s)
        search.tell(sensors, found)
        tried.append(f"{sensors:,}: {found.value}")
    if wrong := subject.failed(steps):
        raise BenchFailed(
            f"{type(subject).__name__}, {use_case}: {len(wrong)} results are wrong, the first: {wrong[0]}"
        )
    checked = model.closed_windows(steps)
    if search.sustained == most:
        tried.insert(0, "at least")
    return Found(search.sustained, f"{'; '.join(tried)}; all results of {checked} windows right")


def _step(
    subject: Subject, steps: list[model.Step], sensors: int, seconds: int, warm_s: float
) -> tuple[Verdict, float]:
    """Send a step; what it says, and how many samples a second were worked off from its begin to its last one."""
    steps.append(model.Step(steps[-1].first + steps[-1].rounds, seconds, sensors))
    began = _send(subject, steps)
    total = sum(each.samples for each in steps)
    span = (began + int(warm_s * 1e9), began + int(seconds * 1e9))
    looks = subject.processed()
    ended = next(ns for ns, count in looks if count >= total)
    return verdict(course(subject.sent(), looks, span), sensors), steps[-1].samples / (ended - began) * 1e9


def _send(subject: Subject, steps: list[model.Step], timeout_s: float = _DRAIN_S) -> int:
    """Send the last step and wait until it is worked off. Gives when it began [ns UTC]."""
    step = steps[-1]
    began = time.time_ns()
    subject.command(f"step {step.first} {step.rounds} {step.sensors}")
    _watch(subject, subject.is_done, step.rounds * 3.0 + 10.0)
    total = sum(each.samples for each in steps)
    _watch(subject, lambda: subject.processed()[-1][1] >= total, timeout_s)
    if (count := subject.processed()[-1][1]) > total:
        raise BenchFailed(f"{count:.0f} samples were counted as processed, {total} were sent")
    return began


def _watch(subject: Subject, condition: Callable[[], bool], timeout_s: float) -> None:
    """Look at the lag until the condition holds. Raises BenchFailed when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise BenchFailed(f"not done within {timeout_s:g} s: {subject.processed()[-1:]} of {subject.sent()[-1:]}")
        subject.processed()
        time.sleep(_LOOK_S)
