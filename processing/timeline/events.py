"""What events say, by the number that stands for each in its row.

A row of an event holds a number for its payload (`fieldline.frames.event_value`), not the payload. What processing needs of
payloads is kept here once for each: a table for kernels (`Plant.event_keys`, `Plant.events`) and the names of orders and products
for `context.py`.

A frame's number has 31 to 52 bits of a digest, so among very many events two payloads may share one. Payloads are told apart here
by a digest that is long enough, and the later one gets the next free number. Which of them that is, only matters where they are of
one kind, asset and time.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from math import inf, isfinite, nan, nextafter
from typing import Any, NamedTuple

import numpy as np

from fieldline.event_kinds import MAINTENANCE, PAUSES, SHADOW, STOPS, VOID, WITHDRAWN
from fieldline.states import State
from processing.kernels import layout as at
from processing.timeline.tables import Tables

METER, READING, PRICE, MODEL = "@meter", "@reading", "@price", "@model"
"""Those of meters and readings are about one tag of their asset, and those of models about one model: of each they are a series of their
own, `@meter/<tag>`."""

ROLES = {
    "@state": at.STATE_EVENT,
    "@correction": at.CORRECTION,
    "@count": at.COUNT_EVENT,
    "@order": at.ORDER_EVENT,
    "@order/stop": at.ORDER_EVENT,
    "@product": at.ORDER_EVENT,
    METER: at.METER_EVENT,
    READING: at.READING_EVENT,
    PRICE: at.PRICE_EVENT,
    MODEL: at.MODEL_EVENT,
    "@repaired": at.REPAIR_EVENT,
    "@replaced": at.REPAIR_EVENT,
    "@spray": at.SPRAY_EVENT,
}
"""The role of each kind of event that processing knows, by its tag.

An order's end is a series of its own, `ORDER_STOP`: where one order ends and the next begins at the same time, both count.
"""

ORDER, ORDER_STOP = "@order", "@order/stop"

_ABOUT_OTHERS = frozenset(
    {"@correction", ORDER, ORDER_STOP, "@product", PRICE, MODEL, "@spray", *(f"@{kind}" for kind in MAINTENANCE)}
)

_BY_NAME = f"{METER}/", f"{READING}/", f"{MODEL}/"
_AT_LEAST = 1000  # payloads, before any is let go


def role_of(tag: str) -> int:
    """The role of a series of events, 0 where processing knows none."""
    return ROLES.get(tag, ROLES.get(tag.partition("/")[0], 0) if tag.startswith(_BY_NAME) else 0)


def is_about_others(tag: str) -> bool:
    """Whether it is a series of events that say something of what else is heard of: alone they change nothing."""
    return tag in _ABOUT_OTHERS or tag.startswith(f"{MODEL}/")


def target_of(tag: str) -> str:
    """The tag that a series of events is about; empty: none."""
    return tag.partition("/")[2] if tag.startswith((f"{METER}/", f"{READING}/")) else ""


class Order(NamedTuple):
    """What an event says of orders; empty text: nothing. phase : start, pause, stop or void."""

    order: str
    product: str
    phase: str

    @property
    def is_end(self) -> bool:
        """Whether an order is not made any more from then on, for good or for now."""
        return self.phase in ("pause", "stop")


class Events:
    """The events of a partition: those that rows at hand, or what is known of orders, refer to."""

    def __init__(self, tables: Tables, state_of: Callable[[str], State | None]) -> None:
        self._tables = tables
        self._state_of = state_of
        self._numbers: dict[bytes, float] = {}
        self._payloads: dict[float, bytes] = {}
        self._info: dict[float, tuple[float, ...]] = {}
        self._orders: dict[float, Order] = {}
        self._tags: dict[float, str] = {}
        self._fresh: list[float] = []
        self._kept = 0  # payloads that were left when some were let go

    def __len__(self) -> int:
        return len(self._payloads)

    def number(self, value: float, payload: bytes) -> float:
        """The number by which a row's payload is known, the row's own where no other payload has it; call `settle` after new ones."""
        digest = _digest(payload)
        number = self._numbers.get(digest)
        if number is None:
            number = value
            while number in self._payloads:
                number = nextafter(number, inf)
            self._add(number, digest, payload)
        return number

    def _add(self, number: float, digest: bytes, payload: bytes) -> None:
        self._numbers[digest] = number
        self._payloads[number] = payload
        self._fresh.append(number)
        said = attributes_of(payload)
        order = Order(_text(said, "order"), _text(said, "product"), _phase(said))
        self._info[number] = (
            self._state(said),
            moment_ms(said.get("until")),
            *(_number(said, name) for name in ("good", "scrap", "rework", "old", "new", "amount", "value")),
            1.0 if _text(said, "phase").lower() == WITHDRAWN else nan,
            1.0 if order.order and order.phase != VOID else nan,
        )
        if tag := _text(said, "tag"):
            self._tags[number] = tag
        self._orders[number] = order

    def _state(self, said: dict[str, Any]) -> float:
        name = said.get("state")
        if not isinstance(name, str):
            return nan
        found = self._state_of(name)
        return 0.0 if found is None else float(found)

    def settle(self) -> None:
        """Put new payloads into the kernels' table."""
        keys = sorted(self._fresh)
        if not keys:
            return
        self._fresh = []
        events = np.array([self._info.pop(key) for key in keys], at.EVENT)
        tables = self._tables
        where = np.searchsorted(tables.event_keys, keys)
        tables.event_keys = np.insert(tables.event_keys, where, keys)
        tables.events = np.insert(tables.events, where, events)

    def forget(self, in_use: Callable[[], np.ndarray]) -> bool:
        """Let go of payloads that nothing refers to, once there are many more than were left before; whether any went.

        in_use : gives the numbers that rows at hand and orders refer to, float64[n]. Rows that are read from the log again bring
        their payloads with them.
        """
        if len(self) < max(_AT_LEAST, 2 * self._kept):
            return False
        tables = self._tables
        is_kept = np.isin(tables.event_keys, in_use())
        for number in tables.event_keys[~is_kept].tolist():
            del self._numbers[_digest(self._payloads.pop(number))], self._orders[number]
            self._tags.pop(number, None)
        tables.event_keys, tables.events = tables.event_keys[is_kept], tables.events[is_kept]
        self._kept = len(self)
        return not is_kept.all()

    def order(self, value: float) -> Order:
        """What the event of a row says of orders; nothing when it was never seen."""
        return self._orders.get(value, Order("", "", "void"))

    def payload(self, value: float) -> bytes:
        """The payload of a row's event; empty when it was never seen."""
        return self._payloads.get(value, b"")

    def tag(self, value: float) -> str:
        """The tag that the event of a row names; empty: none."""
        return self._tags.get(value, "")

    def model(self, value: float) -> str:
        """The model that the event of a row names, `NAME/shadow` where it is about what scores beside it; empty: none."""
        said = attributes_of(self.payload(value))
        model = _text(said, "model")
        return f"{model}/{SHADOW}" if model and _text(said, "role").lower() == SHADOW else model

    def names(self) -> list[tuple[float, bytes]]:
        """What a checkpoint keeps."""
        return list(self._payloads.items())

    def restore(self, names: list[tuple[float, bytes]]) -> None:
        """Take what `names` gave."""
        for number, payload in names:
            self._add(number, _digest(payload), payload)
        self.settle()


def _digest(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=16).digest()


def attributes_of(payload: bytes) -> dict[str, Any]:
    """What an event says; nothing where its payload is no JSON object."""
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def moment_ms(told: Any) -> float:
    """An attribute that is a moment, epoch seconds or ISO 8601 with an offset [ms since 1970; NaN for anything else]."""
    if isinstance(told, str):
        try:
            moment = datetime.fromisoformat(told)
        except ValueError:
            return nan
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000.0)
    is_number = isinstance(told, int | float) and not isinstance(told, bool) and isfinite(told)
    return round(told * 1000.0) if is_number else nan


def _number(said: dict[str, Any], name: str) -> float:
    value = said.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else nan


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _phase(said: dict[str, Any]) -> str:
    phase = _text(said, "phase").lower()
    if phase in STOPS:
        return "stop"
    if phase in PAUSES:
        return "pause"
    return VOID if phase == VOID else "start"
