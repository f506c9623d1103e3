"""One Sparkplug payload on its way into the rows: metrics of births and data, and the stale numbers of a death."""

from typing import Any

from fieldline.errors import PayloadError
from fieldline.frames import Quality
from ingest.codecs import Problem
from ingest.documents import parse_json
from ingest.named_units import with_unit
from ingest.rows import Rows
from ingest.sparkplug.births import Known, Node, Source
from ingest.sparkplug.payload import DataType, quality_of, value_of
from ingest.sparkplug.topics import asset_of
from ingest.topics import Route, check_name

LATEST_MS = 4_102_444_800_000
"""The year 2100 [ms, UTC]."""
_MS_NS = 1_000_000
_OWN = ("Node Control/", "Device Control/")
_UNEXPLAINED = (
    "no birth that ingest heard tells what metric it is. Have the edge node send one (Node Control/Rebirth; with"
    " `options = { rebirth = true }` ingest asks for it), then `fieldline dlq replay --reason birth` reads this"
)


class Message:
    """One payload and where its rows go. `asset` : of the device, or of the node; `start` : the number of its first row."""

    def __init__(self, payload: dict[str, Any], route: Route, received: int, rows: Rows) -> None:
        self.payload, self.route, self.received, self.rows = payload, route, received, rows
        self.asset = asset_of(route.object_asset)
        self.start = len(rows)
        self.count = len(payload["metrics"])
        self._has_units = route.options is not None and route.options.units
        self._faults: list[tuple[str, str]] = []

    @property
    def birth_number(self) -> int | None:
        """The bdSeq of a birth or a death."""
        found = [metric for metric in self.payload["metrics"] if metric.get("name") == "bdSeq"]
        return found[0].get("long_value", found[0].get("int_value")) if found else None

    def problem(self) -> Problem | None:
        """All faults as one; the first gives the reason."""
        if not self._faults:
            return None
        details = list(dict.fromkeys(detail for _, detail in self._faults))
        more = f"; and {len(self._faults) - 5} more" if len(self._faults) > 5 else ""
        return Problem(self._faults[0][0], "; ".join(details[:5]) + more, len(self._faults))

    def take(self, node: Node, source: Source, is_birth: bool) -> dict[str, float]:
        """Make rows of the metrics, one by one, and note what a birth tells; gives the numbers by tag."""
        heard: dict[str, float] = {}
        unexplained: list[str] = []
        for metric in self.payload["metrics"]:
            named = metric.get("name") or f"alias {metric.get('alias')}"
            try:
                if named != "bdSeq" and not named.startswith(_OWN):
                    known = self._explained(metric, node, source, is_birth)
                    if known is None:
                        unexplained.append(named)
                    else:
                        self._take_metric(metric, known, heard)
            except PayloadError as error:
                self._faults.append((error.reason, f"{named[:80]}: {error.detail}"))
        if unexplained:
            source.unexplained_ns = self.received if source.unexplained_ns is None else source.unexplained_ns
            self._refuse(unexplained)
        return heard

    def _refuse(self, unexplained: list[str]) -> None:
        """Metrics by aliases without a meaning: named together, for what is to be done is the same."""
        shown = ", ".join([named[:40] for named in unexplained[:5]] + ["…"] * (len(unexplained) > 5))
        self._faults += [("birth", f"{shown}: {_UNEXPLAINED}")] * len(unexplained)

    def _take_metric(self, metric: dict[str, Any], known: Known, heard: dict[str, float]) -> None:
        time = self._time(metric)
        value = value_of(metric, known.datatype)
        at = len(self.rows)
        asset = self.rows.assets.number(self.asset)
        for name, item in _items(known.tag, value):
            if isinstance(item, str):
                tag = self.rows.tags.number(f"@text/{name}")
                self.rows.add_payload(time, self.received, asset, tag, item.encode())
            else:
                self.rows.add(time, self.received, asset, self.rows.tags.number(name), item)
                heard[name] = item
        self.rows.mark(at, _quality(metric), None)

    def _explained(self, metric: dict[str, Any], node: Node, source: Source, is_birth: bool) -> Known | None:
        """Name and type of a metric, from itself or from its birth; None: no birth told them."""
        name, alias = metric.get("name"), metric.get("alias")
        if is_birth and name is not None:
            unit = _property(metric, "engUnit") if self._has_units else None
            tag = check_name(with_unit(name, unit) if isinstance(unit, str) else name)
            known = source.named[name] = Known(tag, metric.get("datatype", DataType.Unknown))
            if alias is not None:
                source.aliases[alias] = known
        elif name is not None:
            known = source.named.get(name) or Known(check_name(name), metric.get("datatype", DataType.Unknown))
        else:
            found = node.by_alias(source, alias) if alias is not None else None
            if found is None:
                return None
            known = found
        return known._replace(datatype=metric["datatype"]) if metric.get("datatype") else known

    def _time(self, metric: dict[str, Any]) -> int:
        time = metric.get("timestamp", self.payload.get("timestamp"))
        if time is None:
            return self.received
        if not 0 <= time <= LATEST_MS:
            raise PayloadError("time", f"{time} ms is no time from 1970 to 2100")
        return int(time) * _MS_NS

    def stale(self, source: Source) -> None:
        """A row of quality stale for each number that the source said last."""
        at, rows = len(self.rows), self.rows
        asset = rows.assets.number(source.asset)
        for name, value in source.newest.items():
            rows.add(self.received, self.received, asset, rows.tags.number(name), value)
        rows.mark(at, Quality.STALE, None)


def read_state(payload: bytes) -> tuple[bool, int]:
    """Whether a host is online, and since when [ms, UTC]. Raises PayloadError."""
    document = parse_json(payload)
    online, time = (document.get("online"), document.get("timestamp")) if type(document) is dict else (None, None)
    if type(online) is not bool or type(time) is not int or not 0 <= time <= LATEST_MS:
        raise PayloadError("syntax", f'expected {{"online": true, "timestamp": ms}}, got {payload[:60]!r}')
    return online, time


def _items(name: str, value: Any) -> list[tuple[str, Any]]:
    if value is None:
        return []
    return [(f"{name}/{at}", item) for at, item in enumerate(value)] if isinstance(value, list) else [(name, value)]


def _property(metric: dict[str, Any], key: str) -> Any:
    """A property's value; None where it is not there."""
    properties = metric.get("properties", {})
    for name, value in zip(properties.get("keys", ()), properties.get("values", ()), strict=False):
        if name.casefold() == key.casefold():
            return next((value[field] for field in value if field.endswith("_value")), None)
    return None


def _quality(metric: dict[str, Any]) -> Quality:
    code = _property(metric, "Quality")
    return quality_of(code) if isinstance(code, int) else Quality.GOOD
