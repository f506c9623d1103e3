"""When something was last done to assets, as events tell (`holding.py`): a repair, after which one is learnt anew, or a spray."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fieldline.event_kinds import VOID
from processing.kernels import layout as at
from processing.timeline.events import Events
from processing.timeline.holding import Holding, Part, alike

OF_ROLE = {at.REPAIR_EVENT: "maintenance", at.SPRAY_EVENT: "spray"}
"""What events of a role tell of, a name of `event_kinds.DONE`."""


class LastDone(Holding[tuple[int, int], int]):
    """When one thing was last done to each asset of a partition, by line and asset [ns UTC]."""

    def __init__(self, events: Events) -> None:
        super().__init__(events, _parts)

    def newest(self, line: np.ndarray, asset: np.ndarray, start: np.ndarray) -> np.ndarray:
        """float64[n], when it was last done to assets at times [s since 1970]; 0: no event tells it."""
        found = np.zeros(len(start))
        for where, mine in alike(line, asset):
            held = self.at((where[0], where[1]), start[mine])
            if held is not None:
                place, times = held
                found[mine] = np.array([0.0 if time is None else time / 1e9 for time in times])[place]
        return found


def _parts(time: int, said: dict[str, Any]) -> Iterator[Part[int]]:
    is_void = str(said.get("phase") or "").lower() == VOID
    yield Part(time, at.FAR, None if is_void else time, is_void)
