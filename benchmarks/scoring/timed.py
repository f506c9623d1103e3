"""How long a call takes: the least of many, by the clock, since whatever else runs only adds to it."""

import math
import time
from collections.abc import Callable
from typing import Any

_SECONDS, _FEWEST, _MOST = 0.6, 5, 3000


def least_us(work: Callable[[], Any], seconds: float = _SECONDS) -> float:
    """The least time of one call [µs], of as many as fit."""
    work()
    best, begin, runs = math.inf, time.perf_counter(), 0
    while runs < _FEWEST or (time.perf_counter() - begin < seconds and runs < _MOST):
        began = time.perf_counter_ns()
        work()
        best = min(best, time.perf_counter_ns() - began)
        runs += 1
    return best / 1000.0
