"""A machine's state, followed row by row: which of samples and corrections holds, and for how long."""

from math import nan

import numpy as np
import pytest

from fieldline.states import State
from processing.kernels import layout as at
from processing.kernels import states
from processing.kernels.jit import record

SECOND = 1_000_000_000
MODE, RUNNING, EVENT, CORRECTION, POWER, ON_CHANGE, COUNTER = range(7)
KNOWN = record(("before", "i8"), *states.KNOWN, *states.TELLER)
SETUP_EVENT, REPORTS_NOTHING, DOWN_UNTIL_40, DOWN_UNTIL_NEXT, IDLE_UNTIL_30, PRODUCES = (
    100.0,
    200.0,
    300.0,
    400.0,
    500.0,
    600.0,
)
EVENT_KEYS = np.array([SETUP_EVENT, REPORTS_NOTHING, DOWN_UNTIL_40, DOWN_UNTIL_NEXT, IDLE_UNTIL_30, PRODUCES])


def codes() -> np.recarray:
    meanings = {0.0: State.OFF, 1.0: State.IDLE, 6.0: State.PRODUCING, 9.5: State.DOWN}
    return np.array(list(meanings.items()), at.CODE).view(np.recarray)


def events() -> np.recarray:
    found = np.zeros(len(EVENT_KEYS), at.EVENT)
    for name in found.dtype.names:
        found[name] = nan
    found["state"] = State.SETUP, nan, State.DOWN, State.DOWN, State.IDLE, State.PRODUCING
    found["until_ms"][2], found["until_ms"][4] = 40_000.0, 30_000.0
    return found.view(np.recarray)


def series() -> np.recarray:
    """Numbers that hold 10 s, events, and numbers that may be told on change, that hold 100 s; power shows life for 10 s, a count for 30 s."""
    found = np.zeros(7, at.SERIES)
    found["role"] = at.STATE, at.RUNNING, at.STATE_EVENT, at.CORRECTION, at.ACTIVE_POWER, at.STATE, at.GOOD_COUNT
    found["gap"] = [gap * SECOND for gap in (10, 10, 100, 100, 10, 10, 10)]
    found["codes_end"][[MODE, ON_CHANGE]] = len(CODES)
    found["state_gap"][[EVENT, ON_CHANGE]] = 100 * SECOND
    found["life_gap"][[POWER, COUNTER]] = 10 * SECOND, 30 * SECOND
    return found.view(np.recarray)


CODES, EVENTS = codes(), events()
SERIES = series()


def nothing_known() -> np.record:
    """A record of an asset of whose state nothing is known."""
    made = np.zeros(1, KNOWN)
    for name, value in states.NOTHING_KNOWN.items():
        made[name] = value
    return made.view(np.recarray)[0]


def walk(rows: list[tuple[float, int, float]], until: float) -> list[tuple[float, float, State]]:
    """The states between 0 s and `until`, as (from, to, state) [s], from rows (time [s], series, value)."""
    known, tellers = nothing_known(), [nothing_known() for _ in SERIES]
    found: list[tuple[float, float, State]] = []
    time = 0
    for second, number, value in [*sorted(rows, key=lambda row: row[0]), (until, EVENT, REPORTS_NOTHING)]:
        row_time = round(second * SECOND)
        while time < row_time:
            state, end = states.state_at(known, time, row_time)
            if found and found[-1][2] == state:
                found[-1] = (found[-1][0], end / SECOND, State(state))
            else:
                found.append((time / SECOND, end / SECOND, State(state)))
            time = end
        if SERIES[number].life_gap > 0:
            states.hear(known, row_time, SERIES[number].life_gap)
        states.take_row(known, tellers[number], SERIES[number], row_time, value, EVENT_KEYS, EVENTS, CODES)
        states.forget(known, row_time)
    return found


@pytest.mark.parametrize(
    ("value", "state"),
    [(0.0, State.OFF), (1.0, State.IDLE), (6.0, State.PRODUCING), (9.5, State.DOWN), (2.0, State.UNKNOWN), (10.0, State.UNKNOWN),
     (-1.0, State.UNKNOWN), (nan, State.UNKNOWN)],
)  # fmt: skip
def test_a_number_means_what_its_codes_say_and_any_other_number_is_unknown(value: float, state: State) -> None:
    assert states.code_state(value, CODES, 0, len(CODES)) == state
    assert states.code_state(value, CODES, 0, 0) == State.UNKNOWN


def test_a_sample_holds_until_the_next_one_and_no_longer_than_its_gap() -> None:
    rows = [(2.0, MODE, 6.0), (5.0, MODE, 1.0), (20.0, MODE, 6.0)]

    assert walk(rows, 25.0) == [
        (0.0, 2.0, State.UNKNOWN),
        (2.0, 5.0, State.PRODUCING),
        (5.0, 15.0, State.IDLE),
        (15.0, 20.0, State.UNKNOWN),
        (20.0, 25.0, State.PRODUCING),
    ]


def test_a_state_told_when_it_changes_holds_until_the_next_one_and_no_longer_than_such_states_do() -> None:
    rows = [(0.0, ON_CHANGE, 6.0), (50.0, ON_CHANGE, 9.5)]

    assert walk(rows, 200.0) == [(0.0, 50.0, State.PRODUCING), (50.0, 150.0, State.DOWN), (150.0, 200.0, State.UNKNOWN)]


def test_a_tag_that_repeats_its_value_twice_within_its_gap_tells_by_the_clock_and_holds_no_longer_than_that() -> None:
    once = [(0.0, ON_CHANGE, 6.0), (4.0, ON_CHANGE, 6.0)]

    assert walk(once, 60.0) == [(0.0, 60.0, State.PRODUCING)]
    assert walk([*once, (12.0, ON_CHANGE, 6.0)], 60.0) == [(0.0, 22.0, State.PRODUCING), (22.0, 60.0, State.UNKNOWN)]


def test_a_repeat_after_more_than_the_gap_is_none_and_one_change_does_not_end_the_clock() -> None:
    slow = [(20.0 * k, ON_CHANGE, 6.0) for k in range(4)]
    clocked = [*[(5.0 * k, ON_CHANGE, 6.0) for k in range(4)], (20.0, ON_CHANGE, 9.5)]

    assert walk(slow, 120.0) == [(0.0, 120.0, State.PRODUCING)]
    assert walk(clocked, 40.0)[1:] == [(20.0, 30.0, State.DOWN), (30.0, 40.0, State.UNKNOWN)]


def test_a_tag_that_told_by_the_clock_and_tells_changes_now_holds_as_these_do() -> None:
    clocked = [(5.0 * k, ON_CHANGE, 6.0) for k in range(9)]
    changes = [(50.0, ON_CHANGE, 9.5), (52.0, ON_CHANGE, 6.0), (60.0, ON_CHANGE, 9.5)]

    assert walk([*clocked, *changes], 150.0)[-1] == (60.0, 150.0, State.DOWN)


@pytest.mark.parametrize("told", [(ON_CHANGE, 6.0), (EVENT, PRODUCES)], ids=["by a tag", "by an event"])
def test_a_producing_machine_whose_readings_stop_coming_is_unknown_until_the_next_sign_of_life(
    told: tuple[int, float],
) -> None:
    power = [(float(second), POWER, 3.0) for second in (*range(1, 31, 3), 70, 73)]

    assert walk([(0.0, *told), *power], 80.0) == [
        (0.0, 38.0, State.PRODUCING),  # 28 s, and its gap of 10 s
        (38.0, 70.0, State.UNKNOWN),
        (70.0, 80.0, State.PRODUCING),
    ]


def test_an_event_is_no_sign_of_life_since_a_person_may_have_sent_it() -> None:
    power = [(float(second), POWER, 3.0) for second in range(1, 31, 3)]
    events = [(0.0, EVENT, PRODUCES), (36.0, EVENT, PRODUCES), (45.0, EVENT, SETUP_EVENT)]

    assert walk([*power, *events[:2]], 60.0)[-1] == (38.0, 60.0, State.UNKNOWN)  # 28 s, and its gap of 10 s
    assert walk([*power, *events], 60.0)[-1] == (45.0, 60.0, State.SETUP)


def test_readings_that_come_further_apart_than_their_gap_have_no_rhythm_and_end_nothing() -> None:
    power = [(float(second), POWER, 3.0) for second in range(5, 80, 12)]

    assert walk([(0.0, ON_CHANGE, 6.0), *power], 95.0) == [(0.0, 95.0, State.PRODUCING)]


def test_a_counter_that_falls_silent_because_its_machine_stopped_does_not_end_the_stop() -> None:
    counts = [(float(second), COUNTER, float(second)) for second in range(1, 60, 2)]

    found = walk([(0.0, ON_CHANGE, 6.0), *counts, (60.0, ON_CHANGE, 9.5), (61.0, COUNTER, 61.0)], 150.0)

    assert found == [(0.0, 60.0, State.PRODUCING), (60.0, 150.0, State.DOWN)]


def test_a_standing_machine_whose_readings_went_on_and_stop_coming_is_unknown() -> None:
    power = [(float(second), POWER, 0.1) for second in range(1, 40, 3)]

    found = walk([(0.0, ON_CHANGE, 6.0), (10.0, ON_CHANGE, 9.5), *power], 60.0)

    assert found[1:] == [(10.0, 47.0, State.DOWN), (47.0, 60.0, State.UNKNOWN)]


def test_a_state_that_is_told_is_a_sign_of_life_itself() -> None:
    power = [(float(second), POWER, 3.0) for second in range(1, 30, 3)]

    found = walk([(0.0, ON_CHANGE, 6.0), *power, (60.0, ON_CHANGE, 1.0), (65.0, ON_CHANGE, 6.0)], 90.0)

    assert found == [(0.0, 38.0, State.PRODUCING), (38.0, 60.0, State.UNKNOWN), (60.0, 65.0, State.IDLE),
                     (65.0, 90.0, State.PRODUCING)]  # fmt: skip


def test_a_run_bit_is_producing_or_down_and_nothing_when_it_is_no_number() -> None:
    rows = [(0.0, RUNNING, 1.0), (3.0, RUNNING, 0.0), (6.0, RUNNING, -1.0), (8.0, RUNNING, nan)]

    found = [state for _, _, state in walk(rows, 9.0)]

    assert found == [State.PRODUCING, State.DOWN, State.PRODUCING, State.UNKNOWN]


def test_an_event_holds_for_the_events_gap_and_one_without_a_state_reports_nothing() -> None:
    rows = [(1.0, EVENT, SETUP_EVENT), (50.0, EVENT, REPORTS_NOTHING), (60.0, EVENT, 12345.0)]

    assert walk(rows, 200.0)[1:] == [(1.0, 101.0, State.SETUP), (101.0, 200.0, State.UNKNOWN)]


def test_a_correction_holds_over_what_is_measured_until_the_time_it_names() -> None:
    rows = [(0.0, EVENT, SETUP_EVENT), (20.0, CORRECTION, DOWN_UNTIL_40), (30.0, MODE, 6.0), (39.0, MODE, 6.0)]

    assert walk(rows, 50.0) == [(0.0, 20.0, State.SETUP), (20.0, 40.0, State.DOWN), (40.0, 49.0, State.PRODUCING),
                                (49.0, 50.0, State.UNKNOWN)]  # fmt: skip


def test_a_correction_without_an_end_holds_until_a_later_sample_not_one_of_its_own_time() -> None:
    rows = [(5.0, CORRECTION, DOWN_UNTIL_NEXT), (5.0, MODE, 6.0), (9.0, MODE, 1.0)]

    assert walk(rows, 12.0)[1:] == [(5.0, 9.0, State.DOWN), (9.0, 12.0, State.IDLE)]


def test_a_correction_within_another_gives_way_when_it_ends() -> None:
    rows = [(0.0, EVENT, SETUP_EVENT), (10.0, CORRECTION, DOWN_UNTIL_40), (20.0, CORRECTION, IDLE_UNTIL_30)]

    assert walk(rows, 50.0) == [(0.0, 10.0, State.SETUP), (10.0, 20.0, State.DOWN), (20.0, 30.0, State.IDLE),
                                (30.0, 40.0, State.DOWN), (40.0, 50.0, State.SETUP)]  # fmt: skip


def test_a_correction_that_ends_no_sooner_replaces_the_one_around_it() -> None:
    rows = [(0.0, EVENT, SETUP_EVENT), (10.0, CORRECTION, IDLE_UNTIL_30), (20.0, CORRECTION, DOWN_UNTIL_40)]

    assert walk(rows, 50.0)[1:] == [(10.0, 20.0, State.IDLE), (20.0, 40.0, State.DOWN), (40.0, 50.0, State.SETUP)]


def test_a_sample_ends_a_correction_without_an_end_and_not_the_one_around_it() -> None:
    rows = [(10.0, CORRECTION, IDLE_UNTIL_30), (20.0, CORRECTION, DOWN_UNTIL_NEXT), (25.0, MODE, 6.0)]

    assert walk(rows, 33.0)[1:] == [(10.0, 20.0, State.IDLE), (20.0, 25.0, State.DOWN), (25.0, 30.0, State.IDLE),
                                    (30.0, 33.0, State.PRODUCING)]  # fmt: skip


def test_a_sample_ends_a_correction_without_an_end_that_another_one_hides() -> None:
    rows = [(5.0, CORRECTION, DOWN_UNTIL_NEXT), (10.0, CORRECTION, IDLE_UNTIL_30), (25.0, MODE, 6.0)]

    assert walk(rows, 33.0)[1:] == [(5.0, 10.0, State.DOWN), (10.0, 30.0, State.IDLE), (30.0, 33.0, State.PRODUCING)]


def test_of_more_corrections_than_are_kept_the_innermost_count() -> None:
    known = nothing_known()

    for k in range(states.NESTED + 1):
        states.take_correction(known, k + 1, k * SECOND, (50.0 - k) * 1000, 100 * SECOND)

    assert list(known.fixed_state) == [5, 4, 3, 2]
    assert list(known.fixed_until) == [46 * SECOND, 47 * SECOND, 48 * SECOND, 49 * SECOND]


@pytest.mark.parametrize("until_ms", [nan, 1e12, 1e300, np.inf])
def test_a_correction_holds_no_longer_than_the_events_gap(until_ms: float) -> None:
    known = nothing_known()

    states.take_correction(known, State.DOWN, SECOND, until_ms, 100 * SECOND)

    assert known.fixed_until[0] == 101 * SECOND


@pytest.mark.parametrize("until_ms", [999.0, 0.0, -1e15, -1e300, -np.inf])
def test_a_correction_that_ends_before_it_begins_never_holds(until_ms: float) -> None:
    known = nothing_known()

    states.take_correction(known, State.DOWN, SECOND, until_ms, 100 * SECOND)

    assert states.state_at(known, SECOND, 2 * SECOND) == (State.UNKNOWN, 2 * SECOND)


def test_what_is_over_is_forgotten_so_that_the_state_carried_on_is_the_same_whatever_was_before() -> None:
    known = nothing_known()

    states.take_row(known, nothing_known(), SERIES[CORRECTION], 0, DOWN_UNTIL_40, EVENT_KEYS, EVENTS, CODES)
    states.take_row(known, nothing_known(), SERIES[ON_CHANGE], SECOND, 6.0, EVENT_KEYS, EVENTS, CODES)
    for second in range(2, 30):
        states.hear(known, second * SECOND, 10 * SECOND)
    states.forget(known, 101 * SECOND)

    assert known.tobytes() == nothing_known().tobytes()


def test_the_numbers_of_states_are_those_of_the_plant_model() -> None:
    names = [name for name in vars(states) if name in State.__members__]

    assert {name: getattr(states, name) for name in names} == {state.name: state.value for state in State}
