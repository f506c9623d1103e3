"""The ring of rows: what stays at hand, and how much memory it takes for that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.timeline import store
from processing.timeline.store import RowStore

ROW = 21
MINUTE = 60_000_000_000
Step = tuple[int, int]


def added(ring: RowStore, steps: list[Step]) -> dict[int, tuple[int, int]]:
    """(time, series) by running number of rows that are added; a step is (how many, how much time they take)."""
    found, time, number = dict[int, tuple[int, int]](), 0, 0
    for count, span in steps:
        times = time + np.arange(count) * span // max(count, 1)
        series = np.arange(number, number + count, dtype=np.int32)
        first = ring.add(times, series, np.zeros(count), np.zeros(count, np.uint8))
        found |= {first + k: (int(times[k]), number + k) for k in range(count)}
        time, number = time + span, number + count
    return found


@given(
    st.integers(64, 600),
    st.integers(64, 600),
    st.lists(st.tuples(st.integers(0, 63), st.integers(0, 4 * MINUTE)), max_size=60),
)
def test_rows_of_the_last_ten_minutes_stay_at_hand_while_the_ring_may_grow(
    most: int, first: int, steps: list[Step]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_BYTES_AT_FIRST", first * ROW)
        ring = RowStore(most * ROW)

        rows = added(ring, steps)

    at_hand = {number: row for number, row in rows.items() if number >= ring.oldest}
    assert {n: (int(ring.time[n % ring.size]), int(ring.series[n % ring.size])) for n in at_hand} == at_hand
    newest = max((time for time, _ in rows.values()), default=0)
    lost = [number for number, (time, _) in rows.items() if number < ring.oldest and time > newest - 10 * MINUTE]
    assert not lost or ring.size >= most


def test_rows_far_apart_take_no_more_than_the_ring_began_with() -> None:
    ring = RowStore(64 << 20)
    began = ring.size

    added(ring, [(50_000, 4 * MINUTE)] * 40)

    assert ring.size == began
    assert ring.size * ROW == pytest.approx(16 << 20, abs=4 * ROW)


def test_a_wide_plant_has_the_whole_row_cache() -> None:
    ring = RowStore(64 << 20)

    added(ring, [(50_000, 2_000_000_000)] * 80)

    assert ring.size * ROW == pytest.approx(64 << 20, abs=4 * ROW)
