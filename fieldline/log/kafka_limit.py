"""The largest record that the topics take: the broker says it, not we, since a topic's `max.message.bytes` can be smaller than ours."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from fieldline.errors import FieldlineError
from fieldline.log.kafka_settings import MAX_MESSAGE_BYTES

_log = logging.getLogger(__name__)
_MOST_ROOM_BYTES = 64 << 10


class RecordLimit:
    """Asked of the broker when it is first needed, and again after a record was refused. Safe to use from several threads."""

    def __init__(self, topics: list[str], ask: Callable[[Callable[[KafkaAdminClient], Any]], Any], place: str) -> None:
        self._topics, self._ask, self._place = topics, ask, place
        self._lock = threading.Lock()
        self._bytes: int | None = None

    def bytes(self) -> int:
        """The most that a record's key, value and headers may have together, of any of our topics.

        Where the broker does not answer, or not to us, what `fieldline topics apply` sets.
        """
        known = self._bytes
        if known is not None:
            return known
        with self._lock:
            if self._bytes is None:
                try:
                    self._bytes = self._read()
                except FieldlineError as error:
                    _log.warning("log kafka://%s: the topics' max.message.bytes can't be told: %s", self._place, error)
                    self._bytes = _fitting(MAX_MESSAGE_BYTES)
            return self._bytes

    def forget(self) -> None:
        """Have the broker asked again: it has just refused a record."""
        self._bytes = None

    def _read(self) -> int:
        present = set(self._ask(lambda admin: admin.list_topics()))
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in self._topics if name in present]
        if not asked:
            return _fitting(MAX_MESSAGE_BYTES)
        found: Mapping[str, Any] = self._ask(lambda admin: admin.describe_configs(asked, config_filter="all"))["topic"]
        limits = {name: int(told["max.message.bytes"]["value"]) for name, told in found.items()}
        name, smallest = min(limits.items(), key=lambda item: item[1])
        if smallest < MAX_MESSAGE_BYTES:
            _log.warning(
                "log kafka://%s: %s takes records of %d bytes (max.message.bytes), expected %d: larger ones are split or"
                " set aside; `fieldline topics apply` sets it",
                self._place, name, smallest, MAX_MESSAGE_BYTES,
            )  # fmt: skip
        return _fitting(min(smallest, MAX_MESSAGE_BYTES))


def _fitting(limit: int) -> int:
    """What of a limit is left for a record beside its batch's and request's own bytes."""
    return limit - min(_MOST_ROOM_BYTES, limit // 8)
