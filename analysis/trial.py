"""What processing would come to with a plant file, tried on the log's readings. Nothing is written to the log.

A partition is run as the process stage runs it, on a log of its own that lies in a temporary folder and is thrown away; its readings are
those of the real one. So memory is bounded as in the stage, and what it gives is what the stage would give from an empty state.
"""

import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import pyarrow as pa

from analysis.across.making import Across
from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink, Maker
from delivery.rows import read_rows
from fieldline.across import entries_across
from fieldline.clock import Clock
from fieldline.errors import FrameError
from fieldline.expressions import remembered_in
from fieldline.frames import ColumnRole, role_of
from fieldline.log import Commit, Log, Reader, Record, Stream, open_log
from fieldline.plant import Plant
from fieldline.readable import metrics_in, readings_in
from fieldline.settings import ProcessSettings
from processing.partition import Partition

BEFORE_NS = 26 * 3600 * 1_000_000_000
"""Readings so long before the span that is asked for are run too: a state that is told on change holds for 25 hours."""

_EVER_NS = 1 << 60
"""So long before where the plant's own metrics remember: what they do began with the first reading."""

_TOGETHER = 64
_NOT_TAGS = frozenset({"level", "site", "area", "line", "name"})


class Identity(NamedTuple):
    """What tells a row from all others. labels : `name=value` each."""

    kind: str
    asset: str
    tag: str
    window: str
    time: int
    labels: tuple[str, ...] = ()


Rows = dict[Identity, dict[str, Any]]
"""Numbers and texts by field; None for what does not exist."""


class Span(NamedTuple):
    """From when until when windows are wanted that begin then [ns UTC]."""

    start: int
    stop: int


def trial(
    log: Log,
    settings: ProcessSettings,
    plant: Plant,
    span: Span,
    clock: Clock,
    advance: Callable[[int], None] = lambda _: None,
    kinds: frozenset[str] | None = None,
) -> Rows:
    """The rows that stand at the end, of windows that begin in the span. Memory grows with them.

    advance : told how many records were run; kinds : rows of these are wanted alone, None: of all. Raises SettingsError, Unavailable.
    """
    found: Rows = {}
    with tempfile.TemporaryDirectory(prefix="fieldline-trial-") as folder:
        aside = open_log(f"sqlite:{Path(folder) / 'trial.db'}", partitions=log.partitions(Stream.READINGS))
        try:
            for number in range(log.partitions(Stream.READINGS)):
                _run(_Beside(log, aside), number, settings, plant, clock, span, advance)
            _make_beyond_lines(aside, plant, Path(folder), clock)
            for number in range(log.partitions(Stream.READINGS)):
                for record in aside.read(Stream.METRICS, number, 0):
                    _take(record, span, kinds, found)
        finally:
            aside.close()
    return found


def _run(
    log: "_Beside",
    number: int,
    settings: ProcessSettings,
    plant: Plant,
    clock: Clock,
    span: Span,
    advance: Callable[[int], None],
) -> None:
    partition = Partition(
        number=number,
        settings=settings,
        plant=plant,
        log=cast(Log, log),
        clock=clock,
        reader=cast(Reader, _Alone()),
    )
    partition.open()
    remembers = any(remembered_in(field.tree) for entry in plant.metrics for field in entry.field.values())
    before_ns = _EVER_NS if remembers else BEFORE_NS
    held: list[Record] = []
    for record in log.read(Stream.READINGS, number, log.bounds(Stream.READINGS, number)[0]):
        advance(1)
        if _reaches(record, span, before_ns):
            held.append(record)
        if len(held) == _TOGETHER:
            partition.take(held)
            partition.tick()
            held = []
    partition.take(held)
    partition.engine.flush()
    partition.finish()


def _make_beyond_lines(log: Log, plant: Plant, folder: Path, clock: Clock) -> None:
    """Append what is made of several lines' rows, as the stages behind the stream of metrics do."""
    makers: list[Maker] = [Areas(plant)]
    if entries_across(plant):
        makers.append(Across(plant))
    ends = [log.bounds(Stream.METRICS, number)[1] for number in range(log.partitions(Stream.METRICS))]
    for maker in makers:
        sink = DerivingSink(maker, folder / f"{maker.name}.db", log, clock)
        sink.open()
        sink.begin(1)
        try:
            for number, end in enumerate(ends):
                records = log.read(Stream.METRICS, number, 0, end)
                while batches := [read_rows(metrics_in(record)) for record in islice(records, _TOGETHER)]:
                    sink.write([rows for rows in batches if rows.kind in maker.kinds])
        finally:
            sink.close()


def _reaches(record: Record, span: Span, before_ns: int) -> bool:
    """Whether a record has readings that windows of the span may be made of, which lie at most so long before it."""
    try:
        times = readings_in(record).time
    except FrameError:
        return False
    return bool(len(times)) and bool(((times >= span.start - before_ns) & (times < span.stop + BEFORE_NS)).any())


def _take(record: Record, span: Span, kinds: frozenset[str] | None, found: Rows) -> None:
    batch = metrics_in(record)
    kind = (batch.schema.metadata or {}).get(b"kind", b"").decode()
    if kinds is not None and kind not in kinds:
        return
    fields, tags = list[str](), list[str]()
    for field in batch.schema:
        is_field = pa.types.is_floating(field.type) or role_of(field) is ColumnRole.TEXT
        (fields if is_field else tags).append(field.name)
    for row in _rows(batch):
        if span.start <= row["time"] < span.stop:
            labels = tuple(f"{tag}={row[tag]}" for tag in tags if tag not in _IDENTITY and row[tag] is not None)
            key = Identity(kind, row["asset"], row.get("tag") or "", row.get("window") or "", row["time"], labels)
            if row.get("retracted") == 1.0:
                found.pop(key, None)
            else:
                found[key] = {name: row[name] for name in fields if name not in ("rev", "retracted")}


_IDENTITY = frozenset({"time", "asset", "tag", "window"})


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    columns = {
        field.name: (column.cast("int64") if field.name == "time" else column).to_pylist()
        for field, column in zip(batch.schema, batch.columns, strict=True)
    }
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


class _Beside:
    """A log whose readings are another's, and which has everything else itself."""

    def __init__(self, readings: Log, rest: Log) -> None:
        self._readings, self._rest = readings, rest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rest, name)

    def _of(self, stream: Stream) -> Log:
        return self._readings if stream is Stream.READINGS else self._rest

    def bounds(self, stream: Stream, partition: int) -> tuple[int, int]:
        return self._of(stream).bounds(stream, partition)

    def read(self, stream: Stream, partition: int, start: int, stop: int | None = None) -> Iterator[Record]:
        return self._of(stream).read(stream, partition, start, stop)

    def partitions(self, stream: Stream) -> int:
        return self._of(stream).partitions(stream)


class _Alone:
    """The only member of a group that has committed nothing."""

    generation = 1

    def committed(self, partition: int) -> Commit | None:
        return None

    def seek(self, partition: int, offset: int) -> None:
        """Nothing is read by it."""

    def commit(self, partition: int, offset: int, note: str = "") -> None:
        """Nothing is to be gone on with."""
