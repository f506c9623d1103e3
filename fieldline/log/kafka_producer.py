"""Appending to Kafka: an idempotent producer with bounded bytes in flight, replaced when it is spoilt."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.producer.future import RecordMetadata

from fieldline.errors import RecordTooLarge, Unavailable
from fieldline.log.gate import ByteGate
from fieldline.log.kafka_client import make_client, make_first_client
from fieldline.log.kafka_limit import RecordLimit
from fieldline.log.kafka_settings import MAX_MESSAGE_BYTES, REQUEST_S, KafkaSettings, translate, translated

_log = logging.getLogger(__name__)
_BATCH_BYTES = 1 << 20
_LINGER_MS = 2
_RECORD_OVERHEAD = 2048  # what a waiting record, its batch's share and its futures hold beside its bytes
_RETRY_S = 1.0
_GRACE_S = 10.0
_FORCED_S = 2.0


class Producer:
    """Safe to use from several threads. Futures are set on the library's thread: their callbacks must not block."""

    def __init__(self, settings: KafkaSettings, limit: RecordLimit) -> None:
        self._settings, self._limit = settings, limit
        self._gate = ByteGate(settings.in_flight_bytes)
        self._pending: set[Future[int]] = set()
        self._lock = threading.Lock()
        self._retry_at = 0.0
        self._is_open = True
        self._current: KafkaProducer | None = self._make(make_first_client)

    def send(
        self, topic: str, partition: int, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> "Future[int]":
        """Append; the future gives the offset. Raises RecordTooLarge, Unavailable."""
        size = len(key) + len(value or b"") + sum(len(name) + len(content) for name, content in headers)
        if size > self._limit.bytes():
            raise RecordTooLarge(size, self._limit.bytes())
        done: Future[int] = Future()
        done.set_running_or_notify_cancel()
        charged = size + _RECORD_OVERHEAD
        self._gate.acquire(charged, self._settings.delivery_timeout_ms / 1000 + _GRACE_S)
        try:
            with self._lock:
                producer = self._usable()
                self._pending.add(done)
            # Not under the lock: sending may wait for what the library's thread brings, and that may wait for the lock in a callback.
            with translated(self._settings.place):
                sent = producer.send(topic, value=value, key=key, headers=headers, partition=partition)
        except Exception:
            self._forget(done, charged)
            raise
        sent.add_callback(self._succeeded, done, charged)
        sent.add_errback(self._failed, done, charged, producer, size)
        return done

    def flush(self, timeout_s: float) -> None:
        """Wait for what was sent so far. Raises Unavailable when it takes longer or some of it failed."""
        with self._lock:
            waiting = set(self._pending)
        result = wait(waiting, timeout_s)
        if result.not_done:
            raise Unavailable(
                f"log kafka://{self._settings.place}: {len(result.not_done)} records not taken in {timeout_s:g} s"
            )
        failed = [done for done in result.done if done.exception()]
        if failed:
            raise Unavailable(
                f"log kafka://{self._settings.place}: {len(failed)} records not taken: {failed[0].exception()}"
            )

    def close(self, timeout_s: float) -> None:
        """Send what waits, up to `timeout_s`, and close."""
        self._is_open = False
        self._gate.close()
        with self._lock:
            producer, self._current = self._current, None
        if producer is not None:
            _close(producer, timeout_s)

    def _make(self, make: Callable[..., KafkaProducer] = make_client) -> KafkaProducer:
        settings = self._settings
        request_timeout_ms = min(int(REQUEST_S * 1000), settings.delivery_timeout_ms // 2)
        return make(
            KafkaProducer,
            settings,
            request_timeout_ms=request_timeout_ms,
            acks="all",
            enable_idempotence=True,
            compression_type=settings.compression,
            linger_ms=_LINGER_MS,
            batch_size=_BATCH_BYTES,
            max_request_size=MAX_MESSAGE_BYTES,
            delivery_timeout_ms=settings.delivery_timeout_ms,
            max_block_ms=settings.connect_timeout_ms,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _usable(self) -> KafkaProducer:
        """The producer, or a new one when it is spoilt; holds the lock. Raises Unavailable."""
        if not self._is_open:
            raise Unavailable(f"log kafka://{self._settings.place}: closed")
        if self._current is None:
            if time.monotonic() < self._retry_at:
                raise Unavailable(f"log kafka://{self._settings.place}: the broker did not answer a moment ago")
            try:
                self._current = self._make()
            except Unavailable:
                self._retry_at = time.monotonic() + _RETRY_S
                raise
        return self._current

    def _succeeded(self, done: "Future[int]", charged: int, where: RecordMetadata) -> None:
        self._forget(done, charged)
        done.set_result(where.offset)

    def _failed(self, done: "Future[int]", charged: int, producer: KafkaProducer, size: int, error: Exception) -> None:
        self._retire(producer, error)
        self._forget(done, charged)
        if isinstance(error, kafka_errors.MessageSizeTooLargeError | kafka_errors.RecordListTooLargeError):
            self._limit.forget()
            # The limit is asked for, which can't be done here, on the library's thread.
            threading.Thread(target=self._refuse, args=(done, size), name="kafka-refused", daemon=True).start()
        else:
            done.set_exception(translate(error, self._settings.place))

    def _refuse(self, done: "Future[int]", size: int) -> None:
        done.set_exception(RecordTooLarge(size, min(self._limit.bytes(), size - 1)))

    def _forget(self, done: "Future[int]", charged: int) -> None:
        self._gate.release(charged)
        with self._lock:
            self._pending.discard(done)

    def _retire(self, producer: KafkaProducer, error: Exception) -> None:
        """After any failure the producer goes: a refused record spoils it, a lost one leaves a hole in its numbers."""
        with self._lock:
            if self._current is not producer:
                return
            self._current = None
        _log.warning("kafka://%s: %s; a new producer will be made", self._settings.place, type(error).__name__)
        # It cannot be closed here, on its own thread.
        threading.Thread(target=_close, args=(producer, 0.0), name="kafka-producer-close", daemon=True).start()


def _close(producer: KafkaProducer, timeout_s: float) -> None:
    try:
        producer.close(timeout=timeout_s)
        return
    except kafka_errors.KafkaError:
        # The library gives up at the first record that still waits, and leaves its thread running: have it drop them first.
        producer._sender.force_close()
    try:
        producer.close(timeout=_FORCED_S)
    except kafka_errors.KafkaError as error:
        # Whatever was still waiting has been refused to its future.
        _log.info("closing a producer: %s", type(error).__name__)
