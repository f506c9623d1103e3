"""Moments that a database is asked about, as few spans that hold them."""

import random

import pytest

from delivery.influx_points import Span, spans_of

MINUTE = 60 * 10**9


def test_minutes_in_a_row_are_few_spans() -> None:
    moments = [("1m", minute * MINUTE) for minute in range(600)]

    spans = list(spans_of(moments))

    assert spans == [Span("1m", first * MINUTE, (first + 59) * MINUTE) for first in range(0, 600, 60)]


def test_moments_far_from_each_other_are_spans_of_their_own() -> None:
    minutes = (0, 1, 5, 100, 101)  # 4 and 95 minutes between, the shortest distance is 1

    spans = list(spans_of([("1m", minute * MINUTE) for minute in minutes] + [("1h", 0)]))

    assert spans == [
        Span("1h", 0, 0),
        Span("1m", 0, 5 * MINUTE),
        Span("1m", 100 * MINUTE, 101 * MINUTE),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_moment_lies_in_one_span_of_its_window(seed: int) -> None:
    drawn = random.Random(seed)
    moments = [(drawn.choice(["", "1m", "order"]), drawn.randrange(10**6)) for _ in range(drawn.randrange(1, 300))]
    moments += moments[:3]

    spans = list(spans_of(moments))

    for window, time in set(moments):
        assert sum(span.window == window and span.first <= time <= span.last for span in spans) == 1
    assert all((span.window, span.first) in moments and (span.window, span.last) in moments for span in spans)
