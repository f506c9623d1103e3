"""What events say, by the number that stands for each in its row.

A row of an event holds `payload_digest(payload)`, not the payload. What processing needs of payloads is kept here once for each
number: a table for kernels (`Plant.event_keys`, `Plant.events`) and the names of orders and products for `context.py`.
"""

import json
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np

from fieldline.event_kinds import STOPS, VOID
from fieldline.states import state_of
from processing.kernels import layout as at
from processing.timeline.tables import Tables

ROLES = {
    "@state": at.STATE_EVENT,
    "@correction": at.CORRECTION,
    "@count": at.COUNT_EVENT,
    "@order": at.ORDER_EVENT,
    "@order/stop": at.ORDER_EVENT,
    "@product": at.ORDER_EVENT,
}
"""The role of each kind of event that processing knows, by its tag.

An order's end is a series of its own, `ORDER_STOP`: where one order ends and the next begins at the same time, both count.
"""

ORDER, ORDER_STOP = "@order", "@order/stop"


class Order(NamedTuple):
    """What an event says of orders; empty text: nothing. phase : start, stop or void."""

    order: str
    product: str
    phase: str


class Events:
    """The events of a partition. It grows with the different payloads that it has seen."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._payloads: dict[float, bytes] = {}
        self._info: dict[float, tuple[float, ...]] = {}
        self._orders: dict[float, Order] = {}
        self._fresh: list[float] = []

    def add(self, value: float, payload: bytes) -> bool:
        """Take the payload of a row, and say whether it is new; call `settle` after new ones."""
        if value in self._payloads:
            return False
        self._payloads[value] = payload
        self._fresh.append(value)
        said = _attributes(payload)
        self._info[value] = (_state(said), _until(said), *(_number(said, name) for name in ("good", "scrap", "rework")))
        self._orders[value] = Order(_text(said, "order"), _text(said, "product"), _phase(said))
        return True

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

    def order(self, value: float) -> Order:
        """What the event of a row says of orders; nothing when it was never seen."""
        return self._orders.get(value, Order("", "", "void"))

    def names(self) -> list[tuple[float, bytes]]:
        """What a checkpoint keeps."""
        return list(self._payloads.items())

    def restore(self, names: list[tuple[float, bytes]]) -> None:
        """Take what `names` gave."""
        for value, payload in names:
            self.add(value, payload)
        self.settle()


def _attributes(payload: bytes) -> dict[str, Any]:
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _state(said: dict[str, Any]) -> float:
    name = said.get("state")
    if not isinstance(name, str):
        return nan
    found = state_of(name)
    return 0.0 if found is None else float(found)


def _until(said: dict[str, Any]) -> float:
    """The attribute `until`, epoch seconds or ISO 8601 with an offset [ms since 1970; NaN without]."""
    until = said.get("until")
    if isinstance(until, str):
        try:
            moment = datetime.fromisoformat(until)
        except ValueError:
            return nan
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000.0)
    return round(_number(said, "until") * 1000.0) if isfinite(_number(said, "until")) else nan


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
    return VOID if phase == VOID else "start"
