import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.unwired.formulas.state_time import state_durations

NEW_YEAR_NS = 1_767_225_600_000_000_000
changes = st.lists(st.tuples(st.integers(-50, 150), st.integers(0, 3)), max_size=30)


def test_states_hold_until_the_next_one_and_the_last_until_the_window_ends() -> None:
    found = state_durations([10, 40], [1, 0], 0, 100, 2)

    assert found.by_state.tolist() == [60, 30]  # 40 to 100, 10 to 40
    assert found.unqualified == 10  # before the first event


def test_a_state_from_before_the_window_holds_into_it() -> None:
    found = state_durations([-500, 40], [1, 0], 0, 100, 2)

    assert found.by_state.tolist() == [60, 40]
    assert found.unqualified == 0


def test_without_events_all_time_is_unqualified() -> None:
    found = state_durations(np.empty(0, np.int64), np.empty(0, np.int64), 0, 100, 2)

    assert found.by_state.tolist() == [0, 0]
    assert found.unqualified == 100


def test_a_state_without_news_holds_no_longer_than_it_may() -> None:
    found = state_durations([0, 30], [1, 0], 0, 100, 2, longest_hold=20)

    assert found.by_state.tolist() == [20, 20]
    assert found.unqualified == 60


@given(changes, st.randoms(use_true_random=False))
def test_order_and_repetition_of_events_change_nothing(events: list[tuple[int, int]], shuffle: random.Random) -> None:
    # given
    repeated = events * 2
    shuffle.shuffle(repeated)

    # when
    once = state_durations([time for time, _ in events], [state for _, state in events], 0, 100, 4)
    again = state_durations([time for time, _ in repeated], [state for _, state in repeated], 0, 100, 4)

    # then
    assert once.by_state.tolist() == again.by_state.tolist()


@given(changes, st.integers(0, 100))
def test_a_window_cut_in_two_has_the_same_times_and_all_add_up_to_it(events: list[tuple[int, int]], cut: int) -> None:
    times, states = [NEW_YEAR_NS + time for time, _ in events], [state for _, state in events]

    def between(start: int, end: int) -> np.ndarray:
        found = state_durations(times, states, NEW_YEAR_NS + start, NEW_YEAR_NS + end, 4)
        return np.array([*found.by_state, found.unqualified])

    assert between(0, 100).sum() == 100
    assert (between(0, cut) + between(cut, 100)).tolist() == between(0, 100).tolist()


def test_of_two_states_at_one_moment_the_smaller_counts_whatever_came_first() -> None:
    for states in ([2, 1], [1, 2]):
        assert state_durations([0, 0], states, 0, 10, 3).by_state.tolist() == [0, 10, 0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([1, 2], [0], 0, 10, 2), "a state for each moment"),
        (([1], [2], 0, 10, 2), "states of 0 to 1, got 2"),
        (([1], [0], 10, 0, 2), "ends after it starts"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments: tuple, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        state_durations(*arguments)
