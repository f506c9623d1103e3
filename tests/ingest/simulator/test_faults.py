"""Injected faults: each does what it says, and the truth knows."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from fieldline.errors import SettingsError
from ingest.simulator import Faults, Message, Simulation, parse_faults

NOON_NS = 1_768_046_400_000_000_000  # 2026-01-10 12:00 UTC
PRESS = "plant/hall1/line1/press1"


def _run(seconds: float = 900, **faults: float) -> tuple[list[Message], dict[str, Any]]:
    simulation = Simulation(NOON_NS, seed=2, faults=Faults(**faults))
    messages = list(simulation.messages(seconds, chunk_s=60))
    return messages, simulation.truth()


def _press_times(messages: list[Message]) -> np.ndarray:
    bodies = [json.loads(m.payload) for m in messages if m.topic == PRESS and "power_kw" in m.tags and not m.is_copy]
    return np.array(sorted(body["ts"] for body in bodies))


def test_without_faults_messages_come_once_and_in_order() -> None:
    messages, truth = _run()

    assert [m.due_ns for m in messages] == sorted(m.time_ns for m in messages)
    assert len(set(messages)) == len(messages) == truth["messages"]["sent"]
    assert truth["messages"]["copies"] == truth["messages"]["malformed"] == 0


def test_duplicates_are_the_same_message_again_and_counted() -> None:
    messages, truth = _run(duplicates=0.1)

    payloads = Counter((m.topic, m.payload) for m in messages)
    copies = sum(n - 1 for n in payloads.values())
    assert copies == truth["messages"]["copies"] == sum(m.is_copy for m in messages)
    assert 0.08 < copies / len(payloads) < 0.12
    readings = sum(len(m.tags) * m.rows for m in messages if m.is_copy)
    assert readings == sum(line["copies"] for line in truth["lines"].values())


def test_a_shuffle_delays_within_its_bound_and_loses_nothing() -> None:
    ordered, _ = _run()

    messages, truth = _run(shuffle_s=30)

    assert sorted(m.payload for m in messages) == sorted(m.payload for m in ordered)
    times = [m.time_ns for m in messages]
    assert times != sorted(times)
    newest = np.maximum.accumulate(times)
    assert int(np.max(newest - times)) <= 30_000_000_000
    assert truth["messages"]["copies"] == 0


def test_late_batches_come_after_their_time_and_are_complete() -> None:
    messages, truth = _run(3600, late=0.2, late_s=300)

    assert len(messages) == truth["messages"]["sent"]
    lateness = [m.due_ns - m.time_ns for m in messages]
    assert max(lateness) >= 300_000_000_000
    assert len(_press_times(messages)) == 3600


def test_gaps_leave_holes_and_the_truth_counts_what_is_left() -> None:
    messages, truth = _run(3600, gaps=1.0)

    times = _press_times(messages)
    assert 2000 < len(times) < 3600
    assert np.max(np.diff(times)) > 10_000
    assert truth["series"][PRESS]["power_kw"]["readings"] == len(times)
    assert truth["energy"][PRESS][0]["power_observed_s"] < 3600


def test_silence_takes_the_whole_line() -> None:
    messages, _ = _run(3600, silence=1.0)

    line = sorted({m.time_ns for m in messages if m.topic.startswith("plant/hall1/line1/")})
    assert 300 <= max(np.diff(line)) / 1e9 <= 1205


def test_one_clock_of_a_line_is_wrong_and_drifts() -> None:
    messages, truth = _run(100, clock_skew_s=-5, clock_drift_ppm=1000)

    own = [m.time_ns - m.due_ns for m in messages if m.topic == PRESS and "power_kw" in m.tags]
    others = [m.time_ns - m.due_ns for m in messages if m.topic.endswith("line1/press2")]
    assert own[0] == -5_000_000_000
    assert own[-1] == -5_000_000_000 + 99_000_000
    assert set(others) == {0}
    assert truth["series"][PRESS]["power_kw"]["first_ns"] == NOON_NS - 5_000_000_000


def test_registers_that_begin_again_keep_counting() -> None:
    messages, truth = _run(7200, counter_resets=1.0)

    bodies = [json.loads(m.payload) for m in messages if m.topic == PRESS and "energy_kwh" in m.tags]
    register = np.array([body["energy_kwh"] for body in bodies])
    falls = np.flatnonzero(np.diff(register) < 0)
    assert 1 <= len(falls) <= 2
    assert register[falls[0] + 1] < 0.1
    hours = truth["energy"][PRESS]
    assert sum(h["register_kwh"] for h in hours) == pytest.approx(sum(h["power_kwh"] for h in hours), abs=0.1)


def test_malformed_payloads_are_extra_messages_that_nothing_can_read() -> None:
    messages, truth = _run(malformed=0.05)

    broken = [m for m in messages if not m.tags]
    assert len(broken) == truth["messages"]["malformed"] == sum(line["malformed"] for line in truth["lines"].values())
    assert len({m.payload for m in broken}) == len(broken) > 100
    plain, _ = _run()
    assert [m.payload for m in messages if m.tags] == [m.payload for m in plain]


def test_stopping_early_still_gives_what_was_held_back() -> None:
    simulation = Simulation(NOON_NS, faults=Faults(shuffle_s=300))
    asked = iter([False, False, True])

    messages = list(simulation.messages(3600, chunk_s=60, stopped=lambda: next(asked)))

    assert simulation.end_ns == NOON_NS + 120_000_000_000
    assert len(messages) == simulation.truth()["messages"]["sent"]
    assert sum(m.topic == PRESS and "power_kw" in m.tags for m in messages) == 120


def test_faults_are_read_from_text() -> None:
    assert parse_faults("duplicates=0.01, shuffle_s=30") == Faults(duplicates=0.01, shuffle_s=30)
    assert parse_faults("") == Faults()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("duplicate=0.1", "did you mean 'duplicates'"),
        ("gaps=many", "expected gaps=NUMBER"),
        ("gaps", "expected gaps=NUMBER"),
        ("gaps=1.5", "gaps is a share from 0 to 1"),
        ("gaps=nan", "gaps is a share from 0 to 1"),
        ("shuffle_s=1e9", "shuffle_s lies between"),
        ("clock_skew_s=nan", "clock_skew_s"),
    ],
)
def test_wrong_faults_are_told(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_faults(text)
