"""Clock policies: accept, correct, quarantine."""

from math import nan

import pytest

from fieldline.frames import Quality
from fieldline.plant import Plant
from ingest.clocks import ClockPolicies
from ingest.rows import Rows
from ingest.topics import Route, TopicMap

NOW = 1_767_225_600 * 10**9
S = 10**9


def message(policies: ClockPolicies, policy: str, times: list[int], received: int = NOW, route: Route | None = None):
    rows = Rows()
    route = route or TopicMap(Plant(), policy).route(b"a/b/c/d")
    for at, time in enumerate(times):
        rows.add(time, received, rows.assets.number("a/b/c"), rows.tags.number("d"), float(at))
    problem = policies.check(rows, 0, route, received)
    return rows, problem


@pytest.mark.parametrize("policy", ["accept", "quarantine"])
@pytest.mark.parametrize("time", [0, 12 * S, -5, NOW + 3601 * S, 10**21, -(10**21)])
def test_times_before_1990_and_in_the_far_future_are_set_aside(policy: str, time: int) -> None:
    rows, problem = message(ClockPolicies(3600.0, nan), policy, [NOW - S, time, NOW])

    assert rows.time == [NOW - S, NOW]
    assert rows.value == [0.0, 2.0]
    assert problem is not None
    assert (problem.reason, problem.readings) == ("clock", 1)


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (12 * S, "1970-01-01T00:00:12.000Z is before 1990"),
        (NOW + 7200 * S, "2026-01-01T02:00:00.000Z is more than 3600 s after reception at 2026-01-01T00:00:00.000Z"),
        (
            NOW - 172_800 * S,
            "2025-12-30T00:00:00.000Z is before 2025-12-31T00:00:00.000Z, the oldest that max_age_s allows",
        ),
    ],
)
def test_an_impossible_time_is_told_as_a_date_with_what_is_wrong_with_it(time: int, told: str) -> None:
    _, problem = message(ClockPolicies(3600.0, 86_400.0), "accept", [time])

    assert problem is not None and problem.detail == told


def test_late_messages_are_accepted_unless_an_age_is_set() -> None:
    old = NOW - 40 * 86_400 * S

    _, without = message(ClockPolicies(3600.0, nan), "accept", [old])
    _, with_age = message(ClockPolicies(3600.0, 86_400.0), "accept", [old])

    assert without is None
    assert with_age is not None and with_age.reason == "clock"


def test_correct_moves_a_message_from_1970_to_its_reception_and_keeps_its_spacing() -> None:
    rows, problem = message(ClockPolicies(3600.0, nan), "correct", [10 * S, 11 * S, 12 * S])

    assert problem is None
    assert rows.time == [NOW - 2 * S, NOW - S, NOW]
    assert rows.quality == dict.fromkeys(range(3), Quality.UNCERTAIN)


def test_correct_shifts_a_clock_that_is_ahead_by_its_offset() -> None:
    policies, route = ClockPolicies(3600.0, nan), TopicMap(Plant(), "correct").route(b"a/b/c/d")

    first, _ = message(policies, "correct", [NOW + 30 * S], NOW, route)
    second, _ = message(policies, "correct", [NOW + 45 * S], NOW + 15 * S, route)

    assert first.time == [NOW]
    assert second.time == [NOW + 15 * S]
    assert second.quality == {0: Quality.UNCERTAIN}


def test_quarantine_sets_a_clock_aside_that_is_behind_for_a_minute() -> None:
    policies, route = ClockPolicies(3600.0, nan), TopicMap(Plant(), "quarantine").route(b"a/b/c/d")

    results = [
        message(policies, "quarantine", [NOW + at * S - 20 * S], NOW + at * S, route) for at in range(0, 130, 10)
    ]

    taken = [len(rows) for rows, _ in results]
    assert taken[:6] == [1] * 6
    assert taken[-3:] == [0] * 3
    assert "-20.0 s" in results[-1][1].detail


def test_a_clock_with_little_delay_is_left_alone_by_every_policy() -> None:
    for policy in ("accept", "correct", "quarantine"):
        policies, route = ClockPolicies(3600.0, nan), TopicMap(Plant(), policy).route(b"a/b/c/d")
        for at in range(0, 200, 20):
            rows, problem = message(policies, policy, [NOW + at * S - S // 2], NOW + at * S, route)

            assert problem is None
            assert rows.time == [NOW + at * S - S // 2]
            assert rows.quality == {}
