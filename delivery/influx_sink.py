"""Metric rows into InfluxDB, by whichever wire: encodes, cuts into requests, isolates what the server refuses."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from delivery.held import Held, Stale, by_kind, window_of
from delivery.influx import InfluxWire
from delivery.influx_points import InfluxPoints
from delivery.influx_retention import kept_s, told, too_long
from delivery.influx_url import parse_influx_url
from delivery.isolation import Isolation
from delivery.lineprotocol import Levels, LineEncoder, Lines, storable_name
from delivery.null_fields import NULL_FIELDS, with_null_fields
from delivery.rows import MetricRows
from delivery.settling import wait_until_settled
from delivery.sinks import Outcome, SinkUnavailable, never
from fieldline.clock import Clock
from fieldline.errors import SettingsError
from fieldline.settings import DeliverSettings

LONGEST_REQUEST_S = 8.0
"""A request is given no longer, whatever `timeout_s` says, so that a stop is over within ten seconds [s]."""
_TRIES = 20  # to delete a point: one or two are needed while the server writes its cache to the disk
_PAUSE_S = 0.1


class InfluxSink:
    """See `delivery.sinks.Sink`. Durable when the server says 204.

    A point whose row no longer has one of its values is deleted and written anew, and asked for: a server that writes its cache to the
    disk just then does not delete what is on its way there. Where a server has no delete, the row names these fields in `null_fields`
    (`,oee,mttr_s,`), and its other fields are right.
    """

    group = "deliver.influx"

    def __init__(self, settings: DeliverSettings, levels: Levels, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._target = parse_influx_url(settings.influx or "")
        self._encoder = LineEncoder(levels)
        self._wire: InfluxWire | None = None
        self._points: InfluxPoints | None = None
        self._held: dict[str, Held] = {}
        self._windows: set[str] = set()
        self._is_settled = False  # whether no write can be under way whose outcome is not known
        self.target = str(self._target)

    @property
    def certificate_ends_s(self) -> float | None:
        """See `delivery.sinks.Certified`."""
        return self._wire.http.certificate_ends_s if self._wire is not None else None

    def open(self) -> None:
        """Read the token; no connection yet."""
        if self._wire is None:
            self._wire = InfluxWire(
                self._target, influx_token(self._settings), min(self._settings.timeout_s, LONGEST_REQUEST_S)
            )
            self._points = InfluxPoints(self._target, self._wire.http)

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Store the rows, `batch_lines` a request. Raises SinkUnavailable."""
        wire = self._opened()
        wire.http.is_over = is_over
        if not self._is_settled:
            wait_until_settled(self._target, wire.http, self._clock, is_over)
            self._is_settled = True
        isolation = Isolation(wire.send, self._clock.now_ns())
        try:
            pieces, replaced, deleted = self._prepared(batches)
            for request in _requests(pieces, self._settings.batch_lines):
                isolation.deliver(request)
            self._see_deleted(batches, deleted, is_over)
        except SinkUnavailable as error:
            # What is held now nobody knows: a part may have been deleted or written.
            self._held.clear()
            self._is_settled = False
            if error.needs_operator:
                # The token may have been replaced meanwhile: the next try reads it again.
                self.close()
            raise
        for held in self._held.values():
            held.written()
        self._warn_of_retention(batches)
        offered = sum(rows.size for rows in batches) - replaced
        return Outcome(isolation.stored + replaced, isolation.rejected, offered - sum(piece.size for piece in pieces))

    def close(self) -> None:
        """Drop the connection; `open` makes another."""
        if self._wire is not None:
            self._wire.close()
            self._wire = self._points = None
            self._held.clear()

    def _prepared(self, batches: Sequence[MetricRows]) -> tuple[list[Lines], int, dict[str, list[Stale]]]:
        """The lines of the rows, once what they lack is gone; how many rows a later one replaces; whose points were deleted, by kind."""
        assert self._points is not None
        series = [self._encoder.series(rows) for rows in batches]
        wanted: dict[int, np.ndarray] = {}
        deleted: dict[str, list[Stale]] = {}
        marked = list(batches)
        for kind, of_kind in by_kind(list(zip(batches, series, strict=True))).items():
            held = self._held.setdefault(kind, Held(kind, self._points.ask))
            stale, that_count = held.find(of_kind, NULL_FIELDS)
            wanted |= that_count
            left = self._deleted(kind, batches, stale)
            remains = set(left)
            deleted[kind] = [one for one in stale if one not in remains]
            if left and self._points.can_read:
                for number, rows in with_null_fields(batches, left).items():
                    marked[number] = rows
                held.forget(NULL_FIELDS)
        most = self._settings.batch_lines
        encoded = [self._encoder.encode(marked[at], most, series[at], wanted.get(at)) for at in range(len(batches))]
        replaced = sum(int((~rows).sum()) for rows in wanted.values())
        return [piece for pieces in encoded for piece in pieces], replaced, deleted

    def _see_deleted(
        self, batches: Sequence[MetricRows], deleted: dict[str, list[Stale]], is_over: Callable[[], bool]
    ) -> None:
        """Delete and write again until no point has a value that its row lacks. Raises SinkUnavailable when they go on to come back."""
        assert self._points is not None
        wire, pause = self._opened(), threading.Event()
        for kind, stale in deleted.items():
            for _ in range(_TRIES):
                stale = self._came_back(kind, batches, stale)
                if not stale or is_over():
                    break
                self._deleted(kind, batches, stale)
                for number, rows in enumerate(batches):
                    mine = np.zeros(rows.size, bool)
                    mine[[one.row for one in stale if one.batch == number]] = True
                    if mine.any():
                        lines = self._encoder.encode(rows, self._settings.batch_lines, self._encoder.series(rows), mine)
                        for request in _requests(lines, self._settings.batch_lines):
                            Isolation(wire.send, self._clock.now_ns()).deliver(request)
                pause.wait(_PAUSE_S)
            if stale:
                raise SinkUnavailable(
                    f"{self.target}: {len(stale)} points of {kind} have values that were deleted, whatever is done"
                )

    def _came_back(self, kind: str, batches: Sequence[MetricRows], stale: list[Stale]) -> list[Stale]:
        """Those of the rows whose point has a value that they lack; none where the server can't be asked."""
        if not stale:
            return []
        assert self._points is not None
        keys = {}
        for number in {one.batch for one in stale}:
            prefixes, codes = self._encoder.series(batches[number])
            for one in stale:
                if one.batch == number:
                    keys[one] = str(prefixes[int(codes[one.row])].as_py()), batches[number].time[one.row].as_py()
        moments = {(window_of(batches[one.batch], one.row), time) for one, (_, time) in keys.items()}
        found = self._points.ask.at(kind, sorted(moments)) or []
        held = {(point.series, point.time): point.fields for point in found}
        return [one for one in stale if held.get(keys[one], frozenset()) & set(one.fields)]

    def _warn_of_retention(self, batches: Sequence[MetricRows]) -> None:
        """Say of each window that comes for the first time whether the database keeps rows long enough for it."""
        fresh = {name for rows in batches if rows.window is not None for name in rows.window.names} - self._windows
        if not fresh or self._wire is None:
            return
        self._windows |= fresh
        kept = kept_s(self._target, self._wire.http)
        if kept is not None and (long := too_long(sorted(fresh), kept)):
            import structlog

            structlog.get_logger("delivery").warning("retention_too_short", target=self.target, reason=told(long, kept))

    def _deleted(self, kind: str, batches: Sequence[MetricRows], stale: list[Stale]) -> list[Stale]:
        """Delete the points of stale rows, which are written anew; those that are still there."""
        if not stale:
            return []
        assert self._points is not None
        points = []
        for batch, row, _ in stale:
            rows = batches[batch]
            self._points.know_tags(kind, {storable_name(name): None for name in rows.labels})
            points.append((self._encoder.tags(rows, row), rows.time[row].as_py()))
        is_gone = self._points.delete(kind, points)
        return [one for one, gone in zip(stale, is_gone, strict=True) if not gone]

    def _opened(self) -> InfluxWire:
        try:
            self.open()
        except SettingsError as error:
            # The secret was there when the stage began, so it may come back
            raise SinkUnavailable(str(error), needs_operator=True) from error
        assert self._wire is not None
        return self._wire


def influx_token(settings: DeliverSettings) -> str:
    """The token, or user:password for a 1.x server; empty when neither is set.

    Raises SettingsError for an unreadable file.
    """
    if settings.token or settings.token_file:
        return settings.token.reveal() if settings.token else _secret_file(settings.token_file or "")
    if settings.username is None:
        return ""
    password = settings.password.reveal() if settings.password else ""
    if settings.password_file:
        password = _secret_file(settings.password_file)
    return f"{settings.username}:{password}"


def _secret_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"deliver: the secret file {path} can't be read: {error}") from error


def _requests(pieces: list[Lines], max_lines: int) -> list[Lines]:
    """Small pieces joined, so that many small frames become few requests; order is kept."""
    requests: list[Lines] = []
    gathered: list[Lines] = []
    count = 0
    for piece in pieces:
        if gathered and count + piece.size > max_lines:
            requests.append(_joined(gathered))
            gathered, count = [], 0
        gathered.append(piece)
        count += piece.size
    if gathered:
        requests.append(_joined(gathered))
    return requests


def _joined(pieces: list[Lines]) -> Lines:
    return pieces[0] if len(pieces) == 1 else Lines(b"".join(p.body for p in pieces), sum(p.size for p in pieces))
