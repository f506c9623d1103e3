"""Frames into steps: together where their rows lie close, apart where they don't, and no row is left out or run twice."""

from random import Random

import numpy as np
import pytest

from fieldline.frames import Readings
from processing.steps import groups, only

HOUR = 3_600_000_000_000


def cut(counts: list[int], sparse: set[int]) -> list[tuple[int, list[slice]]]:
    """Groups of frames of `counts` rows a second apart; rows of the `sparse` ones lie an hour apart."""
    times = [np.arange(count) * (HOUR if k in sparse else 1_000_000_000) for k, count in enumerate(counts)]
    return list(groups(np.concatenate([*times, np.empty(0, np.int64)]), counts, HOUR - 1))


def test_frames_whose_rows_lie_close_are_one_step() -> None:
    assert cut([3, 0, 4], set()) == [(3, [slice(0, 7)])]


def test_frames_that_lie_far_apart_but_are_dense_are_one_step() -> None:
    time = np.concatenate([np.arange(5), np.arange(5) + 10 * HOUR])

    assert list(groups(time, [5, 5], HOUR - 1)) == [(2, [slice(0, 10)])]


def test_a_sparse_frame_is_run_alone_in_steps_of_its_own_and_what_is_beside_it_together() -> None:
    assert cut([5, 6, 4_100, 7, 8], {2}) == [
        (2, [slice(0, 11)]),
        (3, [slice(11, 2011), slice(2011, 4011), slice(4011, 4111)]),
        (5, [slice(4111, 4126)]),
    ]


def test_a_step_reaches_over_no_more_time_than_it_is_given() -> None:
    time = np.arange(12_000) * 1_000_000_000

    found = list(groups(time, [4_000, 4_000, 4_000], 5_000_000_000_000))

    assert found == [(1, [slice(0, 4_000)]), (2, [slice(4_000, 8_000)]), (3, [slice(8_000, 12_000)])]


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_run_once_and_in_order(seed: int) -> None:
    random = Random(seed)
    counts = [random.choice((0, 1, 2, 30, 2_500)) for _ in range(random.randrange(1, 9))]
    sparse = {k for k in range(len(counts)) if random.random() < 0.3}

    found = cut(counts, sparse)

    assert [row for _, spans in found for span in spans for row in range(span.start, span.stop)] == [
        *range(sum(counts))
    ]
    assert [end for end, _ in found] == sorted({end for end, _ in found})
    assert found[-1][0] == len(counts)


def test_some_rows_of_a_frame_keep_their_payloads() -> None:
    k = np.arange(4)
    rows = Readings(k, k, k, k, k * 1.0, k, list("abcd"), list("tuvw"), payload=[b"0", None, b"2", None])

    some = only(rows, slice(1, 3))

    assert some.time.tolist() == some.value.tolist() == [1, 2]
    assert some.payload == [None, b"2"]
    assert only(rows, slice(0, 4)) is rows
