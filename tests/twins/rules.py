"""Slow, obvious twin of the run rules: each rule looks at its own last points, written down as the rule is spoken."""

import math


def _last(points: list[float], count: int) -> list[float] | None:
    """The last `count` points, or None if there are not as many since the newest missing one."""
    window = points[-count:]
    return window if len(window) == count and not any(math.isnan(z) for z in window) else None


def _on_one_side(points: list[float], count: int) -> bool:
    window = _last(points, count)
    return window is not None and (all(z > 0 for z in window) or all(z < 0 for z in window))


def _k_of_n(points: list[float], k: int, n: int, limit: float) -> bool:
    window = _last(points, n)
    if window is None:
        return False
    above = window[-1] > limit and len([z for z in window if z > limit]) >= k
    below = window[-1] < -limit and len([z for z in window if z < -limit]) >= k
    return above or below


def _trend(points: list[float]) -> bool:
    window = _last(points, 6)
    if window is None:
        return False
    return window == sorted(set(window)) or window == sorted(set(window), reverse=True)


def _zigzag(points: list[float]) -> bool:
    window = _last(points, 14)
    if window is None:
        return False
    steps = [after - before for before, after in zip(window, window[1:], strict=False)]
    return all(one * other < 0 for one, other in zip(steps, steps[1:], strict=False))


def _calm(points: list[float]) -> bool:
    window = _last(points, 15)
    return window is not None and all(-1 <= z <= 1 for z in window)


def _mixture(points: list[float]) -> bool:
    window = _last(points, 8)
    if window is None or any(-1 <= z <= 1 for z in window):
        return False
    return max(window) > 0 and min(window) < 0


def rules_at(points: list[float]) -> set[str]:
    """Names of the rules that the last of these points completes."""
    beyond = _last(points, 1) is not None and (points[-1] > 3 or points[-1] < -3)
    two_of_three, four_of_five = _k_of_n(points, 2, 3, 2.0), _k_of_n(points, 4, 5, 1.0)
    found = {
        "nelson1": beyond,
        "nelson2": _on_one_side(points, 9),
        "nelson3": _trend(points),
        "nelson4": _zigzag(points),
        "nelson5": two_of_three,
        "nelson6": four_of_five,
        "nelson7": _calm(points),
        "nelson8": _mixture(points),
        "we1": beyond,
        "we2": two_of_three,
        "we3": four_of_five,
        "we4": _on_one_side(points, 8),
    }
    return {name for name, holds in found.items() if holds}


def run_rules(z: list[float]) -> list[set[str]]:
    """For every point the rules that it completes."""
    return [rules_at(z[: i + 1]) for i in range(len(z))]
