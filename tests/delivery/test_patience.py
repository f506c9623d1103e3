"""Waits between two tries."""

import random

import pytest

from delivery.patience import Patience


def test_waits_double_up_to_half_a_minute_and_are_spread() -> None:
    patience = Patience(random.Random(1))

    waits = [patience.next_s(None, needs_operator=False) for _ in range(12)]

    full = [min(0.25 * 2**n, 30.0) for n in range(12)]
    assert all(0.5 * longest <= wait <= longest for wait, longest in zip(waits, full, strict=True))
    assert len(set(waits)) == 12


def test_a_server_that_names_its_wait_is_obeyed() -> None:
    patience = Patience(random.Random(1))

    wait = patience.next_s(7.0, needs_operator=False)

    assert 7.0 <= wait <= 7.7


@pytest.mark.parametrize("named_s", [0.0, 0.001])
def test_a_server_that_names_no_pause_is_asked_ever_more_rarely(named_s: float) -> None:
    patience = Patience(random.Random(1))

    waits = [patience.next_s(named_s, needs_operator=False) for _ in range(10)]

    assert waits[0] >= 0.125 and waits[-1] >= 15.0


def test_what_an_operator_must_mend_is_asked_for_rarely() -> None:
    patience = Patience(random.Random(1))

    waits = [patience.next_s(None, needs_operator=True) for _ in range(8)]

    assert 2.5 <= waits[0] <= 5.0 and 30.0 <= waits[-1] <= 60.0


def test_success_starts_the_waits_anew() -> None:
    patience = Patience(random.Random(1))
    for _ in range(8):
        patience.next_s(None, needs_operator=False)

    patience.reset()

    assert patience.next_s(None, needs_operator=False) <= 0.25
