"""Slow, obvious windows of other stream processors: every multiple of the hop is looked at, sessions are merged until nothing overlaps."""

from typing import NamedTuple


def hopping_windows(time: int, size: int, hop: int, offset: int) -> list[int]:
    """Starts of the windows that hold `time`."""
    around = range(-((abs(time) + abs(offset) + size) // hop + 2), (abs(time) + abs(offset) + size) // hop + 3)
    return [offset + k * hop for k in around if offset + k * hop <= time < offset + k * hop + size]


def session_windows(times: list[int], gap: int, touching: bool) -> list[tuple[int, int, int]]:
    """Start, end and events of each session, of events in any order."""
    sessions = [(time, time + gap, 1) for time in times]
    while pair := _overlapping(sessions, touching):
        a, b = pair
        sessions = [session for k, session in enumerate(sessions) if k not in (a, b)] + [
            (min(sessions[a][0], sessions[b][0]), max(sessions[a][1], sessions[b][1]), sessions[a][2] + sessions[b][2])
        ]
    return sorted(sessions)


def _overlapping(sessions: list[tuple[int, int, int]], touching: bool) -> tuple[int, int] | None:
    for a, (start_a, end_a, _) in enumerate(sessions):
        for b, (start_b, end_b, _) in enumerate(sessions[:a]):
            shared = min(end_a, end_b) - max(start_a, start_b)
            if shared > 0 or (touching and shared == 0):
                return a, b
    return None


class Firing(NamedTuple):
    """A window's result after an event."""

    after: int
    start: int
    count: int
    late: bool
    total: float


def event_time_sums(
    events: list[tuple[int, float]], size: int, disorder: int, lateness: int
) -> tuple[list[Firing], list[int]]:
    """Firings in order and the events that were dropped; windows are worked out from all the events they took."""
    firings: list[Firing] = []
    dropped: list[int] = []
    taken: dict[int, list[float]] = {}
    fired: set[int] = set()
    for k, (time, value) in enumerate(events):
        before = max((t for t, _ in events[:k]), default=None)
        watermark = None if before is None else before - disorder - 1
        start = time - time % size
        last = start + size - 1
        if watermark is not None and last + lateness <= watermark:
            dropped.append(k)
        else:
            taken.setdefault(start, []).append(value)
            if watermark is not None and last <= watermark:
                firings.append(Firing(k, start, len(taken[start]), True, sum(taken[start])))
                fired.add(start)
        watermark = max(t for t, _ in events[: k + 1]) - disorder - 1
        for due in sorted(taken.keys() - fired):
            if due + size - 1 <= watermark:
                firings.append(Firing(k, due, len(taken[due]), False, sum(taken[due])))
                fired.add(due)
    return firings, dropped
