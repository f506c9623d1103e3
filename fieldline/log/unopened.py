"""Notices partitions that nobody works on: the group assigned them to this worker, and the worker has not opened them."""

from collections.abc import Set

from fieldline.clock import Clock

PATIENCE_S = 30.0
"""How long opening may take: restoring a large state does some seconds."""


class Unopened:
    """A watchdog: to be asked at each turn of a stage."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[int, float] = {}

    def look(self, assigned: Set[int], opened: Set[int]) -> str | None:
        """What is wrong in words, None when each assigned partition is open or was assigned less than 30 s ago."""
        now = self._clock.monotonic()
        self._since = {number: self._since.get(number, now) for number in assigned - opened}
        late = {number: now - since for number, since in self._since.items() if now - since >= PATIENCE_S}
        if not late:
            return None
        names = ", ".join(map(str, sorted(late)))
        return f"partition {names}: assigned to this worker for {max(late.values()):.0f} s, but not open"
