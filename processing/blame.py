"""Whether a record is to blame for a failure: it is run alone and twice before it is, and never where other rows fail too."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from fieldline.errors import FieldlineError, Unavailable
from fieldline.frames import Readings
from processing.dead_letters import TRIES
from processing.place import Place
from processing.state import State
from processing.steps import only

_PROVEN_ROWS = 100
_BLAMELESS = FieldlineError, MemoryError, OSError
"""Errors that are no property of a row: the log or the disk, or no memory left. Their rows are run again, whole."""


class Blame:
    """What is known of failures in the kernels. It outlives them: the partition is opened again in between.

    has_failed : since then nothing was run, also not what waited when the checkpoint was made.
    """

    def __init__(self, place: Place, state: State) -> None:
        self._place, self._state = place, state
        self._tries: Counter[int] = Counter()
        self._proven: Readings | None = None
        self._careful_until = -1
        self.has_failed = False

    def is_suspect(self, offset: int) -> bool:
        """Whether a record is among those of which one failed."""
        return offset <= self._careful_until

    def is_proven(self, offset: int) -> bool:
        """Whether a record has failed often enough."""
        return self._tries[offset] >= TRIES

    @contextmanager
    def suspecting(self) -> Iterator[None]:
        """After an error in the kernels: what was taken so far is run one record at a time when the partition is open again."""
        try:
            yield
        except _BLAMELESS:
            raise
        except Exception:
            self._careful_until = max(self._careful_until, self._state.offset - 1)
            self.has_failed = True
            raise

    def attempt(self, offset: int, work: Callable[[], int]) -> int:
        """Run the rows of the record at `offset`, which is blamed where that fails; gives what `work` gives.

        Raises what it raises, or Unavailable where no row is to blame.
        """
        with self.suspecting():
            try:
                return work()
            except _BLAMELESS:
                raise
            except Exception:
                self._check_engine(offset)
                self._tries[offset] += 1
                raise

    def clear(self, rows: Readings) -> None:
        """Remember some rows that the engine could run, to be asked when others fail."""
        if self._proven is None and len(rows.time):
            self._proven = only(rows, slice(0, min(_PROVEN_ROWS, len(rows.time))))

    def _check_engine(self, suspect: int) -> None:
        """See that the engine runs rows it has run before, or any, from an empty state.

        Raises Unavailable when it does not: then no row is to blame, and all are tried again.
        """
        engine = self._state.spare_engine()
        rows = self._proven if self._proven is not None else _any_reading(self._place.clock.now_ns())
        try:
            engine.step([(0, rows)], 0)
            engine.flush()
        except Exception as error:
            raise Unavailable(
                f"processing fails for all rows, none is to blame (met at offset {suspect}): {type(error).__name__}: {error}"
            ) from error


def _any_reading(time_ns: int) -> Readings:
    """One reading of a device that nobody has."""
    one, name = np.array([time_ns]), np.zeros(1, np.int32)
    return Readings(one, one, name, name, np.ones(1), np.zeros(1, np.uint8), ["fieldline"], ["power_kw"])
