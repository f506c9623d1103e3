"""Which partitions a member of a Kafka group holds: what the group assigned, compared with what is open, at each poll.

The library's callbacks are no proof of ownership. A member that fell out of its group while it joined gets its partitions back without
a word that they were gone, although another worker may have had them meanwhile. So a partition is open since an *era* of the
membership, which ends when the member falls out; what was opened in an era before is given up, and opened anew if it is still assigned.
"""

import threading
from collections.abc import Iterable, Set


class Holdings:
    """`lose` and `fall_out` may be called from any thread, the others from the one that polls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._era = 0
        self._lost: set[int] = set()
        self._since: dict[int, int] = {}

    def __contains__(self, partition: int) -> bool:
        with self._lock:
            return self._since.get(partition) == self._era and partition not in self._lost

    @property
    def open(self) -> frozenset[int]:
        """Partitions that were announced and not given up yet."""
        return frozenset(self._since)

    def lose(self, partitions: Iterable[int]) -> None:
        """Partitions that went to another member, or may have."""
        with self._lock:
            self._lost |= set(partitions)

    def fall_out(self) -> None:
        """The member is none of the group any more: nothing that is open is its own."""
        with self._lock:
            self._era += 1

    def give_up(self, assigned: Set[int]) -> list[int]:
        """Forget what is open and not ours any more; which partitions that were."""
        with self._lock:
            lost, self._lost = self._lost, set()
            gone = [
                partition
                for partition, era in self._since.items()
                if era != self._era or partition in lost or partition not in assigned
            ]
        for partition in gone:
            del self._since[partition]
        return sorted(gone)

    @property
    def era(self) -> int:
        """To be asked before the assignment is, and given to `take` with it."""
        return self._era

    def take(self, partition: int, era: int) -> None:
        """A partition was put in place and is announced with the next poll that returns."""
        self._since[partition] = era
