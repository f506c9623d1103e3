"""What delivery sets aside on `deadletter`: rows that a sink refuses and frames that can't be read, each with its reason."""

from collections.abc import Mapping
from concurrent.futures import Future

from delivery.sinks import Rejected
from fieldline.clock import Clock
from fieldline.errors import RecordTooLarge, Unavailable
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant

_DETAIL_LIMIT = 500
_DURABLE_S = 30.0


class DeadLetters:
    """Writes dead letters of origin `deliver`; `settle` makes sure that they are durable before an offset is committed.

    These are metric rows, not readings, so the audit of readings leaves them out.
    """

    def __init__(self, log: Log, plant: Plant, clock: Clock) -> None:
        self._log, self._plant, self._clock = log, plant, clock
        self._pending: list[Future[int]] = []

    def add_row(self, row: Rejected, target: str) -> None:
        """A row that the sink at `target` will never take."""
        headers = {"reason": row.reason, "detail": f"{target}: {row.detail}", "count": "1"}
        self._add(self._plant.line_of(row.source_asset), row.payload, headers)

    def add_frame(self, record: Record, detail: str) -> None:
        """A record of `metrics` that can't be read."""
        where = {"partition": str(record.partition), "offset": str(record.offset)}
        headers = {"reason": "bad_frame", "detail": detail, "count": str(record.told_rows or 1), **where}
        self._add(record.key.decode(errors="replace"), record.value or b"", headers)

    def settle(self) -> None:
        """Wait until everything added is durable. Raises Unavailable: add it all again then."""
        pending, self._pending = self._pending, []
        for future in pending:
            try:
                future.result(_DURABLE_S)
            except TimeoutError as error:
                raise Unavailable(f"the log did not take a dead letter within {_DURABLE_S:.0f} s") from error

    def _add(self, source: str, payload: bytes, headers: Mapping[str, str]) -> None:
        partition = partition_of(source, self._log.partitions(Stream.DEADLETTER))
        texts = {"topic": "metrics", "received_ns": str(self._clock.now_ns()), "origin": "deliver", **headers}
        texts["detail"] = texts["detail"][:_DETAIL_LIMIT]
        encoded = {name: text.encode() for name, text in texts.items()}
        try:
            self._pending.append(self._log.append(Stream.DEADLETTER, partition, source.encode(), payload, encoded))
        except RecordTooLarge as error:
            room = max(0, len(payload) - (error.size - error.limit) - 100)
            encoded["cut_from"] = str(len(payload)).encode()
            self._pending.append(
                self._log.append(Stream.DEADLETTER, partition, source.encode(), payload[:room], encoded)
            )
