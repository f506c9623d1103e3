"""An engine under test: frames in a list as the log of readings, checkpoints on a real log, metrics as a database would hold them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

import numpy as np

from fieldline.frames import Readings, payload_digest
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.unused import Heard
from processing.adaptation import adapt
from processing.checkpoint import Checkpoints, Noted
from processing.made_with import Adapted
from processing.metric_rows import WINDOWS, MetricRows, Named, level_of
from processing.operator import Operator
from processing.operators import energy, telemetry
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

T0 = 1_700_000_040_000_000_000
SECOND = 1_000_000_000

OPERATORS = (telemetry.COMPONENT, energy.COMPONENT)


class Row(NamedTuple):
    """One reading; time [ns UTC]. An event's value is the digest of its payload."""

    asset: str
    tag: str
    time: int
    value: float
    quality: int = 0
    payload: bytes | None = None


def event(asset: str, tag: str, time: int, payload: bytes) -> Row:
    """A row of an event or text."""
    return Row(asset, tag, time, payload_digest(payload), 0, payload)


ONE = np.ones(1).tobytes()
"""The bits of 1.0."""

Table = dict[tuple[str, ...], dict[str, bytes]]
"""kind, asset, tag, window, start → field → its bits"""


def frame_of(rows: Sequence[Row], received: int | None = None) -> Readings:
    """Rows as one frame; received at the time of its newest row unless told [ns UTC]."""
    assets, tags = sorted({row.asset for row in rows}), sorted({row.tag for row in rows})
    time = np.array([row.time for row in rows], np.int64)
    payloads = [row.payload for row in rows]
    return Readings(
        time=time,
        received=np.full(len(rows), max(time) if received is None else received, np.int64),
        asset=np.array([assets.index(row.asset) for row in rows], np.int32),
        tag=np.array([tags.index(row.tag) for row in rows], np.int32),
        value=np.array([row.value for row in rows], np.float64),
        quality=np.array([row.quality for row in rows], np.uint8),
        assets=assets,
        tags=tags,
        payload=payloads if any(payload is not None for payload in payloads) else None,
    )


def frames_of(rows: Sequence[Row], size: int, received: int | None = None) -> list[Readings]:
    """Rows cut into frames of `size`."""
    return [frame_of(rows[k : k + size], received) for k in range(0, len(rows), size)]


class Slow(Executor):
    """Does what it is given when told to, as a thread that takes its time might."""

    def __init__(self) -> None:
        self._queue: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._queue.append((future, lambda: fn(*args, **kwargs)))
        return future

    def work(self) -> None:
        queue, self._queue = self._queue, []
        for future, work in queue:
            future.set_result(work())


class EngineRig:
    """Feeds frames to an engine, crashes it when asked to, and keeps the last metric row of each identity.

    log : where checkpoints go; without one there are none. row_cache, node_cache : memory budgets [bytes].
    slow : after how many turns slices are read back that lie on the log only; 0: at once.
    """

    def __init__(
        self,
        plant: Plant | None = None,
        *,
        windows: tuple[str, ...] = WINDOWS,
        operators: Sequence[Operator] = OPERATORS,
        timing: Timing | None = None,
        raw: tuple[str, ...] = (),
        row_cache: int = 1 << 21,
        node_cache: int = 1 << 30,
        log: Log | None = None,
        slow: int = 0,
    ) -> None:
        self.frames: list[Readings] = []
        self.fetched = self.restarts = self.now = self.wall = self.first = 0
        self.table: Table = {}
        self._texts: dict[tuple[str, ...], dict[str, str]] = {}
        self._emitted: set[tuple[str, ...]] = set()
        self._unconfirmed: set[tuple[str, ...]] = set()
        self.emitted_since_restart: list[tuple[str, ...]] = []
        self.revisions: dict[tuple[str, ...], float] = {}
        self._plant, self._windows, self._operators = plant or Plant(), windows, list(operators)
        self._timing, self._raw, self._row_cache, self._node_cache = timing or Timing(), raw, row_cache, node_cache
        self._log, self._slow, self._turns = log, slow, 0
        self._saved: tuple[int, int] | None = None
        self.adapted: list[Adapted] = []
        self._start()

    def _start(self) -> None:
        if self._log is not None:
            self.checkpoints = Checkpoints(self._log, 0, 1 + self.restarts)
        self._executor = Slow() if self._slow else None
        self.engine = Engine(
            plant=self._plant,
            operators=self._operators,
            windows=self._windows,
            timing=self._timing,
            raw_globs=self._raw,
            row_cache=self._row_cache,
            origin=Origin(self._fetch, self._load_page, self._executor, lambda: self.first),
        )
        self.engine.touched_at = self.now

    def _fetch(self, first: int, last: int) -> Iterator[tuple[int, Readings]]:
        self.fetched += 1
        yield from ((k, self.frames[k]) for k in range(max(first, self.first), last + 1))

    def _load_page(self, offset: int) -> Mapping[str, np.ndarray]:
        assert self._log is not None, f"nothing was evicted, yet page {offset} is wanted"
        return self.checkpoints.load_page(offset)

    def send(self, frames: Iterable[Readings], pause_s: float = 0.01) -> "EngineRig":
        """Append frames to the log of readings and run each; `pause_s` goes by before each [s]."""
        for frame in frames:
            self.frames.append(frame)
            self._run([(len(self.frames) - 1, frame)], pause_s)
        return self

    def _run(self, frames: list[tuple[int, Readings]], pause_s: float) -> None:
        self.now += int(pause_s * SECOND)
        self.wall = max(self.wall + int(pause_s * SECOND), *(int(frame.received.max()) for _, frame in frames))
        self.engine.step(frames, self.now)
        self._turn()

    def _turn(self, everything: bool = False) -> None:
        self._turns += 1
        if self._executor is not None and self._turns % self._slow == 0:
            self._executor.work()
        self.engine.tick(self.now, self.wall)
        self.engine.emit(everything)
        self.collect()

    def wait(self, seconds: float, turns: int = 1) -> None:
        """Let time go by without readings."""
        for _ in range(turns):
            self.now += int(seconds / turns * SECOND)
            self.wall += int(seconds / turns * SECOND)
            self._turn(everything=True)
        self._confirm()
        self.collect()

    def checkpoint(self) -> None:
        """Write a checkpoint of everything sent so far."""
        state, _ = self.checkpoints.write(self.engine, len(self.frames), b"{}", Noted({}, [], [], {}, Heard()))
        self.checkpoints.done(self.engine, self._node_cache)
        self._saved = state, len(self.frames)
        self._emitted.clear()

    def crash(self, frames_a_step: int = 1, pause_s: float = 0.01) -> None:
        """Lose everything in memory, restore the last checkpoint and read on from there, some frames a step."""
        self.restarts += 1
        self._start()
        offset = 0
        self._unconfirmed |= self._emitted  # they may come to be none when their rows are run again
        if self._saved is not None:
            state, offset = self._saved
            restored = self.checkpoints.restore(self.engine, state)
            self._emit_again()
            self.adapted = adapt(self.engine, restored, offset, self.relieve)
        again = list(enumerate(self.frames))[offset:]
        for k in range(0, len(again), frames_a_step):
            self._run(again[k : k + frames_a_step], pause_s)

    def _confirm(self) -> None:
        """Retract what was emitted before a crash and does not come about again, as `Partition` does when it has caught up."""
        alike: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for key in sorted(self._unconfirmed):
            kind, asset, _, window, _, *labels = key
            if self.table[key].get("retracted") == ONE or self.engine.registry.asset_number(asset) < 0 or not window:
                continue
            alike.setdefault((kind, *(label.split("=", 1)[0] for label in labels)), []).append(key)
        for keys in alike.values():
            self.engine.doubtful.retract_missing(self._rows_named(keys))
        self._unconfirmed.clear()

    def _rows_named(self, keys: Sequence[tuple[str, ...]]) -> MetricRows:
        """Rows of these identities, which are of one kind and have the same labels."""
        names = self.engine.registry
        kinds, assets, tags, windows, starts, *labels = zip(*keys, strict=True)
        said = [[label.split("=", 1) for label in column] for column in labels]
        return MetricRows(
            kinds[0],
            np.array([int(start) for start in starts]),
            np.array([names.asset_number(asset) for asset in assets]),
            np.array([names.tag_number(tag) for tag in tags]) if tags[0] else None,
            np.array([WINDOWS.index(window) for window in windows]),
            {"rev": np.zeros(len(keys))},
            {column[0][0]: Named.of([text for _, text in column]) for column in said},
        )

    def relieve(self) -> None:
        """What a partition does when it is crowded while it opens."""

    def restart(self, **settings: Any) -> "EngineRig":
        """Stop with a checkpoint and start with other settings: `plant`, `windows`, `operators`, `timing`."""
        self.engine.emit()
        self.collect()
        self.checkpoint()
        for name, value in settings.items():
            setattr(self, f"_{name}", value)
        self.emitted_since_restart.clear()
        self.crash()
        self.collect()
        return self

    def prune(self, first: int) -> "EngineRig":
        """Have the log forget the frames before `first`."""
        self.first = first
        return self

    def _emit_again(self) -> None:
        """What was emitted after the checkpoint, as `Partition` has it from the stream of metrics."""
        names = self.engine.registry
        series = [(names.assets[a], names.tags[t]) for a, t in names.series]
        rows = [
            (k, level_of(window), int(start))
            for _, asset, tag, window, start, *_ in self._emitted | self._unconfirmed
            for k, name in enumerate(series)
            if window not in ("", "1s")
            and (name == (asset, tag) or (not tag and asset in (name[0], names.line_of(name[0]))))
        ]
        self.engine.windows.flagging.emit_again(*np.array(rows, np.int64).reshape(-1, 3).T)

    def finish(self) -> "EngineRig":
        """Fall silent until every window is over."""
        for seconds in (0.2, 1, 5, 4000, 90_000, 200_000):
            self.wait(seconds, turns=1 + self._slow)
        for _ in range(100):  # a line whose slices are many is moved on in portions
            if not self.engine.unemitted:
                return self
            self.wait(1)
        assert not self.engine.unemitted
        return self

    def collect(self) -> None:
        """Put what was emitted into the table."""
        for rows in self.engine.take():
            self.keep(rows, self._identities(rows))

    def keep(self, rows: MetricRows, keys: list[tuple[str, ...]]) -> None:
        """Put rows of one kind, whose identities are `keys`, into the table."""
        self._emitted.update(keys)
        self.emitted_since_restart += keys
        columns = {name: np.asarray(column, np.float64).tobytes() for name, column in rows.fields.items()}
        revisions = columns.pop("rev", b"")
        said = [(name, column.codes.tolist(), column.names) for name, column in rows.texts.items()]
        for k, key in enumerate(keys):
            here = slice(8 * k, 8 * k + 8)
            self.table[key] = {name: bits[here] for name, bits in columns.items()}
            self._texts[key] = {name: names[codes[k]] for name, codes, names in said if codes[k] >= 0}
            if revisions:
                self.revisions[key] = float(np.frombuffer(revisions[here])[0])

    def _identities(self, rows: MetricRows) -> list[tuple[str, ...]]:
        """Of each row: kind, asset, tag, window and start, and the labels that it has."""
        names, nothing = self.engine.registry, [""] * len(rows.time)
        tags = nothing if rows.tag is None else [names.tags[tag] for tag in rows.tag.tolist()]
        windows = nothing if rows.window is None else [WINDOWS[window] for window in rows.window.tolist()]
        said = [
            [f"{name}={column.names[code]}" if code >= 0 else "" for code in column.codes.tolist()]
            for name, column in sorted(rows.labels.items())
        ]
        labels = [tuple(filter(None, each)) for each in zip(*said, strict=True)] or [()] * len(rows.time)
        assets = [names.assets[asset] for asset in rows.asset.tolist()]
        places = zip(assets, tags, windows, map(str, rows.time.tolist()), labels, strict=True)
        return [(rows.kind, asset, tag, window, start, *mine) for asset, tag, window, start, mine in places]

    @property
    def counts(self) -> dict[str, int]:
        """The counters of all lines together."""
        total: dict[str, int] = {}
        for line in self.engine.counters().values():
            for name, count in line.items():
                total[name] = total.get(name, 0) + count
        return total

    def texts(self, kind: str, asset: str, window: str) -> dict[int, dict[str, str]]:
        """The texts of the rows that stand in the table, by start of the window [ns UTC]."""
        return {int(key[4]): said for key, said in self._texts.items() if key[:4] == (kind, asset, "", window)}

    def values(self, kind: str, asset: str, window: str = "", tag: str = "") -> dict[int, dict[str, float]]:
        """What stands in the table, by start of the window [ns UTC]."""
        return {
            int(key[4]): {name: float(np.frombuffer(bits)[0]) for name, bits in fields.items()}
            for key, fields in self.table.items()
            if key[:4] == (kind, asset, tag, window)
        }


def differences(
    want: Table, got: Table
) -> list[tuple[tuple[str, ...], dict[str, float] | None, dict[str, float] | None]]:
    """The rows of two tables whose bits differ, readable."""

    def readable(fields: dict[str, bytes] | None) -> dict[str, float] | None:
        return {name: float(np.frombuffer(bits)[0]) for name, bits in fields.items()} if fields else None

    keys = sorted(key for key in want.keys() | got.keys() if want.get(key) != got.get(key))
    return [(key, readable(want.get(key)), readable(got.get(key))) for key in keys]
