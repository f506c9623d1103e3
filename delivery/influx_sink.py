"""Metric rows into InfluxDB, by whichever wire: encodes, cuts into requests, isolates what the server refuses."""

from collections.abc import Callable, Sequence
from pathlib import Path

from delivery.answers import Answer
from delivery.influx import InfluxWire
from delivery.influx_url import parse_influx_url
from delivery.isolation import Isolation
from delivery.lineprotocol import Levels, LineEncoder, Lines
from delivery.rows import MetricRows
from delivery.sinks import Outcome, SinkUnavailable, never
from fieldline.clock import Clock
from fieldline.errors import SettingsError
from fieldline.settings import DeliverSettings

LONGEST_REQUEST_S = 8.0
"""A request is given no longer, whatever `timeout_s` says, so that a stop is over within ten seconds [s]."""


class InfluxSink:
    """See `delivery.sinks.Sink`. Durable when the server says 204.

    A row sent again replaces the values it brings; a value that a later revision no longer has stays, as line
    protocol has no word for taking one back.
    """

    group = "deliver.influx"

    def __init__(self, settings: DeliverSettings, levels: Levels, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._target = parse_influx_url(settings.influx or "")
        self._encoder = LineEncoder(levels)
        self._wire: InfluxWire | None = None
        self.target = str(self._target)

    def open(self) -> None:
        """Read the token; no connection yet."""
        if self._wire is None:
            self._wire = InfluxWire(
                self._target, influx_token(self._settings), min(self._settings.timeout_s, LONGEST_REQUEST_S)
            )

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Store the rows, `batch_lines` a request. Raises SinkUnavailable."""
        wire = self._opened()

        def send(body: bytes) -> Answer:
            if is_over():
                raise SinkUnavailable("given up between two requests")
            return wire.send(body)

        isolation = Isolation(send, self._clock.now_ns())
        pieces = [piece for rows in batches for piece in self._encoder.encode(rows, self._settings.batch_lines)]
        try:
            for request in _requests(pieces, self._settings.batch_lines):
                isolation.deliver(request)
        except SinkUnavailable as error:
            if error.needs_operator:
                # The token may have been replaced meanwhile: the next try reads it again.
                self.close()
            raise
        offered = sum(rows.size for rows in batches)
        return Outcome(isolation.stored, isolation.rejected, offered - sum(piece.size for piece in pieces))

    def close(self) -> None:
        """Drop the connection; `open` makes another."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

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
