"""The local store: one SQLite file that needs no server.

    fieldline run --log sqlite:plant.db                   # results in plant.results.db beside it
    fieldline query energy --window 1h --asset 'plant/*'

Rows are durable when written (WAL, fsync). `retention_s` in the `deliver` table deletes what is older.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from delivery.lineprotocol import Levels
from delivery.rows import MetricRows
from delivery.sinks import Outcome, SinkComponent, SinkLost, never
from delivery.store import LocalStore
from fieldline.clock import Clock
from fieldline.settings import DeliverSettings

_UPKEEP_EVERY_S = 60.0


class LocalStoreSink:
    """See `delivery.sinks.Sink`."""

    group = "deliver.store"

    def __init__(self, settings: DeliverSettings, levels: Levels, clock: Clock) -> None:
        self._path = Path(settings.store or "")
        self._retention_s, self._clock = settings.retention_s, clock
        self._store: LocalStore | None = None
        self._next_upkeep = clock.monotonic()
        self._standing = ""
        self.target = str(self._path)

    def open(self) -> None:
        """Open the file, or make it. Raises SettingsError, LogCorrupt, SinkUnavailable."""
        if self._store is None:
            self._store = LocalStore(self._path)
            self._store.go_by(self._standing)

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Store the rows in one transaction, which is too short to be given up. Raises SinkUnavailable."""
        self.open()
        assert self._store is not None
        if not self._store.is_in_place():
            self.close()
            raise SinkLost(
                f"store {self._path}: the file was deleted or replaced while we wrote to it; it is made again from the log"
            )
        written = self._store.write(batches)
        if self._retention_s is not None and self._clock.monotonic() >= self._next_upkeep:
            more = self._store.forget_before(self._clock.now_ns() - int(self._retention_s * 1e9))
            self._next_upkeep = self._clock.monotonic() + (0.0 if more else _UPKEEP_EVERY_S)
        return Outcome(written.stored, [], written.empty, written.left)

    def mark(self) -> str:
        """The store's own name and how often it was written to."""
        return "" if self._store is None else self._store.mark()

    def has(self, mark: str) -> bool:
        """Whether the file is that of the mark, and not an older copy."""
        self.open()
        assert self._store is not None
        return self._store.has(mark)

    def let_stand(self, before_ns: int) -> str:
        """See `delivery.sinks.Standing`."""
        self.open()
        assert self._store is not None
        self._standing = self._store.let_stand(before_ns)
        return self._standing

    def go_by(self, name: str) -> None:
        """See `delivery.sinks.Standing`."""
        self._standing = name
        if self._store is not None:
            self._store.go_by(name)

    def release(self) -> None:
        """See `delivery.sinks.Standing`."""
        self.open()
        assert self._store is not None
        self._store.release()
        self._standing = ""

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()
            self._store = None


COMPONENT = SinkComponent(lambda settings: settings.store is not None, LocalStoreSink)
