"""Publishes a CSV or Parquet file as the device that recorded it would have: row by row, in the file's own order.

Used by `fieldline send`. One message a row, `{"ts": …, "values": {…}}` on the asset's path as its topic, or arrays of
rows; an empty cell is no sample, a row without any is no message. Of events a row is one, `{"ts": …, "event": …}` with its
attributes.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from fieldline.errors import SettingsError
from ingest.event_table import Attribute, EventColumns, parse_attribute, read_events
from ingest.publisher import Publisher
from ingest.table import Table, TagColumn, parse_tag_column, read_table, tag_name

__all__ = [
    "Attribute",
    "Columns",
    "EventColumns",
    "Playback",
    "SendReport",
    "TagColumn",
    "check_asset",
    "parse_attribute",
    "parse_tag_column",
    "send_event",
    "send_file",
    "tag_name",
]

_MS = 1_000_000
_EPOCH_IS_PLAIN_NS = 1_000_000_000_000 * _MS
"""From September 2001 on, epoch milliseconds can't be mistaken for another unit."""


class SendReport(NamedTuple):
    """What was sent and acknowledged.

    samples : of tags, or events; empty_rows : rows without any
    first_ns, last_ns : the file's first and last time [ns UTC]
    stopped : whether it was stopped before the end
    """

    rows: int
    messages: int
    samples: int
    empty_rows: int
    first_ns: int
    last_ns: int
    seconds: float
    stopped: bool


class Columns(NamedTuple):
    """What a file's columns are: its time, and either tags or what kind of event each row is."""

    time: str
    tags: Sequence[TagColumn] = ()
    events: EventColumns | None = None
    time_format: str | None = None
    time_zone: str = "UTC"


class Playback(NamedTuple):
    """How a file is sent.

    speed : the file's seconds in one second, by the newest time so far; None is as fast as the broker acknowledges
    shuffle_within_s : displace each row by up to so long in the file's time, seeded [s]
    repeat : how many times over; each time the same rows, shuffled anew
    batch : rows in one message
    """

    speed: float | None = None
    shuffle_within_s: float | None = None
    seed: int = 1
    repeat: int = 1
    batch: int = 1


_PLAIN = Playback()


def send_file(
    path: Path,
    asset: str,
    columns: Columns,
    to: str,
    *,
    playback: Playback = _PLAIN,
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
    connect: Callable[[str], Publisher] = Publisher,
) -> SendReport:
    """Send a file and wait until the broker has acknowledged all of it.

    progress : called with (rows sent, rows in all)
    connect : makes the publisher, for brokers that need more than a URL tells

    Raises SettingsError before anything is sent for what is wrong with the file or the request, and Unavailable when
    the broker is away too long; sending all of it again is harmless.
    """
    check_asset(asset, "send: --asset")
    _check(playback)
    table = _read(path, columns)
    stop, repeat = stop or threading.Event(), playback.repeat
    begin = time.monotonic()
    with connect(to) as publisher:
        run = _Run(table, asset, publisher, _Pace(playback.speed, stop), len(table.times_ns) * repeat, progress)
        for number in range(repeat):
            run.send(_order(table.times_ns, playback.shuffle_within_s, playback.seed + number), playback.batch)
        publisher.flush()
    low, high = int(table.times_ns.min()), int(table.times_ns.max())  # type: ignore[arg-type]
    empty_rows = run.empty_rows + table.left_out * repeat
    return SendReport(
        run.rows + table.left_out * repeat,
        run.messages,
        run.samples,
        empty_rows,
        low,
        high,
        time.monotonic() - begin,
        stop.is_set(),
    )


def send_event(publisher: Publisher, asset: str, time_ns: int, kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Send one event and wait until the broker has acknowledged it; gives what was sent.

    said : its attributes. Raises SettingsError for an asset that can't be published to, Unavailable.
    """
    body = {"ts": _stamp(time_ns), "event": kind, **said}
    publisher.publish(asset, msgspec.json.encode(body))
    publisher.flush()
    return body


class _Pace:
    """Waits until a row is due. Rows that go back in time are sent at once, as a device's late rows are."""

    def __init__(self, speed: float | None, stop: threading.Event) -> None:
        self.stop = stop
        self._speed = speed
        self._begin: tuple[float, int] | None = None

    def wait(self, time_ns: int) -> None:
        if self._speed is None:
            return
        if self._begin is None:
            self._begin = time.monotonic(), time_ns
        begin, first_ns = self._begin
        while (ahead := (time_ns - first_ns) / 1e9 / self._speed - (time.monotonic() - begin)) > 0.002:
            if self.stop.wait(min(ahead, 10.0)):
                return


class _Run:
    """One file on its way, and what was sent of it."""

    def __init__(
        self,
        table: Table,
        asset: str,
        publisher: Publisher,
        pace: _Pace,
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.rows = self.messages = self.samples = self.empty_rows = 0
        self._table = table
        self._asset = asset
        self._publisher = publisher
        self._pace = pace
        self._total = total
        self._progress = progress

    def send(self, order: list[int] | None, batch: int) -> None:
        rows = self._objects(order)
        while (group := list(islice(rows, batch))) and not self._pace.stop.is_set():
            self._pace.wait(max(time_ns for time_ns, _ in group))
            bodies = [body for _, body in group if body is not None]
            self.rows += len(group)
            self.empty_rows += len(group) - len(bodies)
            if bodies:
                payload = msgspec.json.encode(bodies[0] if len(bodies) == 1 else bodies)
                self._publisher.publish(self._asset, payload)
                self.messages += 1
                self.samples += sum(len(body["values"]) if self._table.event is None else 1 for body in bodies)
            if self._progress is not None:
                self._progress(self.rows, self._total)

    def _objects(self, order: list[int] | None) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """(time [ns UTC], what is sent or None) of each row; cells are made Python objects some thousand at a time."""
        frame = pl.DataFrame({"": self._table.times_ns, **self._table.columns})
        frame = frame if order is None else frame[order]
        names = list(self._table.columns)
        for part in frame.iter_slices(10_000):
            for time_ns, *cells in part.iter_rows():
                values = {n: c for n, c in zip(names, cells, strict=True) if c is not None}
                yield time_ns, self._body(time_ns, values) if values else None

    def _body(self, time_ns: int, values: dict[str, Any]) -> dict[str, Any]:
        if self._table.event is None:
            return {"ts": _stamp(time_ns), "values": values}
        return {"ts": _stamp(time_ns), "event": self._table.event, **values}


def _order(times_ns: pl.Series, within_s: float | None, seed: int) -> list[int] | None:
    """Rows displaced by up to `within_s` of the file's newest time so far; None is the file's own order."""
    if not within_s:
        return None
    draw = random.Random(seed)
    newest = times_ns.cum_max().to_list()
    keys = [at + draw.random() * within_s * 1e9 for at in newest]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _stamp(time_ns: int) -> int | str:
    if time_ns >= _EPOCH_IS_PLAIN_NS:
        return time_ns // _MS if time_ns % _MS == 0 else time_ns
    second, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _read(path: Path, columns: Columns) -> Table:
    how = columns.time_format, columns.time_zone
    if columns.events is None:
        table = read_table(path, columns.time, columns.tags, *how)
    elif columns.tags:
        raise SettingsError("send: --tag and --event are not sent together: send the file twice")
    else:
        table = read_events(path, columns.time, columns.events, *how)
    if not len(table.times_ns):
        raise SettingsError(f"send: {path} has no rows")
    return table


def _check(playback: Playback) -> None:
    speed, shuffle_within_s, _, repeat, batch = playback
    if speed is not None and not speed > 0:
        raise SettingsError(f"send: --speed is above 0, got {speed:g}")
    if shuffle_within_s is not None and not shuffle_within_s >= 0:
        raise SettingsError(f"send: a row can't be displaced by {shuffle_within_s:g} s")
    if repeat < 1 or not 1 <= batch <= 10_000:
        raise SettingsError(f"send: repeat is at least 1 and batch 1 to 10000, got {repeat} and {batch}")


def check_asset(asset: str, what: str) -> None:
    """Raises SettingsError for an asset that is no topic, or a glob; `what` names the flag that it came by."""
    if not all(asset.split("/")) or any(c in asset for c in "+#*?[\x00") or asset.startswith("$"):
        # A glob would be published to a machine of that very name.
        raise SettingsError(
            f"{what}: expected a path such as plant/hall1/press, of one machine or line, without + # * ? and [; got {asset!r}"
        )
