"""Sparkplug B (Eclipse Sparkplug 3.0): protobuf, with births that explain the metrics of the messages after them.

    spBv1.0/Plant1/DDATA/Gateway/Press  →  asset Plant1/Gateway/Press, tags as the metrics are named

| message | becomes |
|---|---|
| NBIRTH, DBIRTH | a row a metric, and what its alias means from now on |
| NDATA, DDATA | a row a metric at the metric's own time, also where it is historical |
| NDEATH, DDEATH | the last number of each metric again, quality stale, at reception; a late NDEATH of an earlier birth nothing |
| STATE | tag `online` of `spBv1.0/STATE/<host>` |
| NCMD, DCMD | nothing: they are for devices |

Numbers and booleans are values, texts go to `@text/<tag>`, arrays to `<tag>/0`, `<tag>/1`, …; a null is no sample. DataSet,
Template, Bytes and File are not read: the dead letters name them. `bdSeq`, `Node Control/…` and `Device Control/…` are the protocol's own.
A metric's property `Quality` (0 bad, 192 good, 500 stale) is the row's. A group such as `Plant1:Area3:Line4` is three levels.

A metric by an alias that no birth explained, as after a start of Fieldline, is a dead letter with reason `birth`. A number that is
passed over and does not come within 2 s counts as missing (`sequence_missing`), and what comes goes on to be read.

    [[topic]]
    preset = "sparkplug"
    options = { rebirth = true, units = true }

`rebirth` : ask an edge node for a rebirth (NCMD `Node Control/Rebirth`) when a birth or a number is missing, at most once a minute
and node; off by default, since the broker must let ingest publish. `units` : a tag whose `engUnit` is known ends in it, `Power` in kW
is `Power_kw`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fieldline.errors import PayloadError
from fieldline.frames import Quality
from ingest.codecs import Codec, Limits, Problem, Reader
from ingest.documents import parse_json
from ingest.named_units import with_unit
from ingest.rows import Names, Rows
from ingest.sparkplug.payload import DataType, decode_payload, quality_of, value_of
from ingest.sparkplug.plain import Layout, Plain, Times, split
from ingest.sparkplug.sequence import Session, Verdict
from ingest.sparkplug.topics import NAMESPACE, Place, asset_of, parse_topic
from ingest.sparkplug.wire import encode, number_of
from ingest.topics import Route, check_name

_MS_NS = 1_000_000
_LATEST_MS = 4_102_444_800_000
_REBIRTH_EVERY_NS = 60 * 1_000_000_000
_MOST_TOPICS = 100_000
_MOST_METRICS = 500_000
_MOST_LAYOUTS = 64
_OWN = ("Node Control/", "Device Control/")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a `[[topic]]` can tell: see the module's text."""

    rebirth: bool = False
    units: bool = False


class _Known(NamedTuple):
    """What a birth told of a metric."""

    tag: str
    datatype: int


class _Shape(NamedTuple):
    """What is known of messages with one sequence of aliases; `tags` are numbers."""

    tags: list[int]
    names: tuple[str, ...]
    layout: Layout


class _Source:
    """A device, or an edge node as one. `numbers` are the names that its tags have numbers of."""

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.aliases: dict[int, _Known] = {}
        self.named: dict[str, _Known] = {}
        self.last: dict[int, tuple[tuple[str, ...], Sequence[float]]] = {}
        self.shapes: dict[bytes, _Shape] = {}
        self.asset_number = -1
        self.numbers: Names | None = None
        self.usual: _Shape | None = None
        self.newest_shape: _Shape | None = None

    def begin(self) -> None:
        """Forget what an earlier birth told."""
        self.aliases, self.named, self.last, self.shapes = {}, {}, {}, {}
        self.usual = self.newest_shape = None

    def number_anew(self, rows: Rows) -> None:
        """Forget numbers of names: the rows' names began anew."""
        self.numbers = rows.tags
        self.asset_number = rows.assets.number(self.asset)
        self.forget_shapes()

    def forget_shapes(self) -> None:
        """Forget how messages are read, and that what was heard belongs to those."""
        self.heard((), [])
        self.shapes, self.usual, self.newest_shape = {}, None, None

    def heard(self, names: tuple[str, ...], values: Sequence[float], key: int = 0) -> None:
        """Note the newest numbers. `key` : of the sequence of names, not 0; without one the names are noted one by one."""
        if not key or len(self.last) >= _MOST_LAYOUTS:
            newest = self.newest | dict(zip(names, values, strict=True))
            self.last = {0: (tuple(newest), list(newest.values()))}
            return
        self.last.pop(key, None)  # what is set anew stands last
        self.last[key] = (names, values)

    @property
    def newest(self) -> dict[str, float]:
        return {name: value for names, values in self.last.values() for name, value in zip(names, values, strict=True)}


class _Node:
    """An edge node with its devices; the device `""` is itself."""

    def __init__(self, group: str, name: str) -> None:
        self.group, self.name = group, name
        self.session = Session()
        self.sources: dict[str, _Source] = {}
        self.asked_ns = -_REBIRTH_EVERY_NS

    def source(self, device: str, asset: str) -> _Source:
        if device not in self.sources:
            self.sources[device] = _Source(asset)
        return self.sources[device]

    @property
    def metrics(self) -> int:
        return sum(len(source.named) for source in self.sources.values())


class Sparkplug(Reader):
    """Reads the messages of all edge nodes. Bounded: 500,000 metrics of births; above that the nodes born first are forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes: dict[tuple[str, str], _Node] = {}
        self._places: dict[str, Place] = {}
        self._times = Times(_LATEST_MS)

    def decode(self, payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
        """See `Codec`."""
        if len(payload) > limits.max_payload_bytes:
            raise PayloadError("size", f"expected at most {limits.max_payload_bytes} bytes, got {len(payload)}")
        place = self._places.get(route.topic) or self._place(route.topic)
        if place.type in ("NDATA", "DDATA") and self._take_plain(payload, place, route, received_ns, rows, limits):
            return None
        if place.type == "STATE":
            _take_state(payload, route, received_ns, rows)
        if place.type in ("STATE", "NCMD", "DCMD"):
            return None
        message = _Message(decode_payload(payload), route, received_ns, rows)
        self._take_message(message, place, limits)
        if len(rows) - message.start > limits.max_values and place.type not in ("NDEATH", "DDEATH"):
            raise PayloadError(
                "values", f"expected at most {limits.max_values} values, got {len(rows) - message.start}"
            )
        return message.problem()

    def _take_message(self, message: "_Message", place: Place, limits: Limits) -> None:
        if message.count > limits.max_values:
            raise PayloadError("values", f"expected at most {limits.max_values} metrics, got {message.count}")
        if place.type in ("NDEATH", "DDEATH"):
            self._end(message, place)
        elif message.count or "seq" in message.payload:
            self._take(message, place)
        if len(message.rows) == message.start and place.type == "NBIRTH" and "seq" not in message.payload:
            raise PayloadError(
                "syntax", "expected a birth with metrics and seq: the payload is cut off or no Sparkplug B"
            )
        if message.count == 0 and place.type in ("NBIRTH", "NDATA", "DDATA"):
            raise PayloadError("syntax", "expected metrics, there are none")

    # -- the common data message

    def _take_plain(
        self, payload: bytes, place: Place, route: Route, received_ns: int, rows: Rows, limits: Limits
    ) -> bool:
        """Read a message of the common form by what is known of its aliases; False, and nothing done, for any other."""
        node = self._nodes.get(place[1:3])
        source = node.sources.get(place.device) if node is not None else None
        if source is None or node is None or not node.session.is_online:
            return False
        if source.numbers is not rows.tags:
            source.number_anew(rows)
        usual = source.usual
        plain = usual.layout.match(payload) if usual is not None else None
        shape = usual
        if plain is None:
            plain = split(payload)
            shape = self._shape(node, source, plain, rows) if plain is not None else None
            if shape is not None and shape is usual:
                shape.layout.loosen()
        if plain is None or shape is None or len(plain.values) > limits.max_values:
            return False
        values = shape.layout.values(plain.values)
        if not -1e300 < sum(values) < 1e300:
            return False
        known = self._times
        try:
            times = [known[text] for text in plain.times]
            times *= len(values) // len(times)
        except OverflowError:
            return False
        if not node.session.is_next(plain.seq):
            self._follow(node, plain.seq, place, route, received_ns)
        rows.time += times
        rows.tag += shape.tags
        rows.value += values
        rows.runs.append((len(values), source.asset_number, received_ns))
        source.heard(shape.names, values, id(shape))
        return True

    def _shape(self, node: _Node, source: _Source, plain: Plain, rows: Rows) -> _Shape | None:
        """How a message is read; None where a value is not of its type. What comes twice in a row is usual."""
        key = b"".join(plain.aliases)
        shape = source.shapes.get(key) or self._learn(node, source, plain, rows)
        if shape is None or not shape.layout.has(plain.values):
            return None
        source.usual = shape if shape is source.newest_shape else None
        source.newest_shape = shape
        return shape

    def _learn(self, node: _Node, source: _Source, plain: Plain, rows: Rows) -> _Shape | None:
        """What to do with messages of these aliases; None where one of them is unknown or of a type of its own."""
        found = [_by_alias(node, source, number_of(alias)) for alias in plain.aliases]
        known = [each for each in found if each is not None]
        try:
            layout = Layout(plain.aliases, [each.datatype for each in known])
        except ValueError:
            return None
        if len(known) < len(found):
            return None
        names = tuple(each.tag for each in known)
        if len(source.shapes) >= _MOST_LAYOUTS:
            source.forget_shapes()
        shape = _Shape([rows.tags.number(name) for name in names], names, layout)
        source.shapes[b"".join(plain.aliases)] = shape
        return shape

    # -- any other message

    def _place(self, topic: str) -> Place:
        if len(self._places) >= _MOST_TOPICS:
            self._places.clear()
        place = self._places[topic] = parse_topic(topic)
        return place

    def _node(self, place: Place) -> _Node:
        key = place[1:3]
        if key not in self._nodes:
            while self._nodes and sum(node.metrics for node in self._nodes.values()) > _MOST_METRICS:
                del self._nodes[next(iter(self._nodes))]
            if len(self._nodes) >= _MOST_TOPICS:
                del self._nodes[next(iter(self._nodes))]
            self._nodes[key] = _Node(place.group, place.node)
        return self._nodes[key]

    def _take(self, message: "_Message", place: Place) -> None:
        """A birth, or data."""
        node = self._node(place)
        source = node.source(place.device, message.asset)
        seq = message.payload.get("seq")
        if place.type == "NBIRTH":
            for each in node.sources.values():
                each.begin()
            node.session.begin((seq or 0) % 256, _birth_number(message.payload))
        elif place.type == "DBIRTH":
            source.begin()
        if place.type != "NBIRTH":
            self._follow(node, seq, place, message.route, message.received)
        is_birth = place.type in ("NBIRTH", "DBIRTH")
        message.take(node, source, is_birth)

    def _end(self, message: "_Message", place: Place) -> None:
        """A death: what the node, or the device, said last is stale."""
        node = self._nodes.get(place[1:3])
        if node is None:
            return
        if place.type == "DDEATH":
            self._follow(node, message.payload.get("seq"), place, message.route, message.received)
            dead = [node.sources.get(place.device)]
        elif node.session.end(_birth_number(message.payload)):
            dead = list(node.sources.values())
        else:
            return
        for source in dead:
            if source is not None:
                message.stale(source)
                source.begin()

    def _follow(self, node: _Node, seq: int | None, place: Place, route: Route, received_ns: int) -> None:
        """Note the message's number, and ask for a rebirth where one is missing."""
        session, now_ms = node.session, received_ns // _MS_NS
        can_ask = route.options is not None and route.options.rebirth
        if session.expire(now_ms) is not None:
            asset = f"{place.group}/{place.node}"
            self.missing[asset] = self.missing.get(asset, 0) + session.missing
            session.missing = 0
            if not can_ask:
                session.go_on()
        verdict = session.take(seq, now_ms)
        is_due = received_ns - node.asked_ns >= _REBIRTH_EVERY_NS
        if can_ask and is_due and verdict in (Verdict.NO_BIRTH, Verdict.WAITING):
            node.asked_ns = received_ns
            root = route.topic.partition(f"{NAMESPACE}/")[0]
            self.requests.append((f"{root}{NAMESPACE}/{node.group}/NCMD/{node.name}", rebirth_request(now_ms)))


class _Message:
    """One payload on its way into the rows."""

    def __init__(self, payload: dict[str, Any], route: Route, received: int, rows: Rows) -> None:
        self.payload, self.route, self.received, self.rows = payload, route, received, rows
        self.asset = asset_of(route.object_asset)
        self.start = len(rows)
        self.count = len(payload["metrics"])
        self.has_units = route.options is not None and route.options.units
        self._faults: list[tuple[str, str]] = []

    def problem(self) -> Problem | None:
        """All faults as one; the first gives the reason."""
        if not self._faults:
            return None
        shown = "; ".join(detail for _, detail in self._faults[:5])
        more = f"; and {len(self._faults) - 5} more" if len(self._faults) > 5 else ""
        return Problem(self._faults[0][0], shown + more, len(self._faults))

    def take(self, node: _Node, source: _Source, is_birth: bool) -> None:
        """The metrics, one by one."""
        heard: dict[str, float] = {}
        for metric in self.payload["metrics"]:
            named = metric.get("name") or f"alias {metric.get('alias')}"
            try:
                if named != "bdSeq" and not named.startswith(_OWN):
                    self._take_metric(metric, node, source, is_birth, heard)
            except PayloadError as error:
                self._faults.append((error.reason, f"{named[:80]}: {error.detail}"))
        if heard:
            source.heard(tuple(heard), list(heard.values()))

    def _take_metric(
        self, metric: dict[str, Any], node: _Node, source: _Source, is_birth: bool, heard: dict[str, float]
    ) -> None:
        known = self._explained(metric, node, source, is_birth)
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

    def _explained(self, metric: dict[str, Any], node: _Node, source: _Source, is_birth: bool) -> _Known:
        """Name and type of a metric, from itself or from its birth."""
        name, alias = metric.get("name"), metric.get("alias")
        if is_birth and name is not None:
            unit = _property(metric, "engUnit") if self.has_units else None
            tag = check_name(with_unit(name, unit) if isinstance(unit, str) else name)
            known = source.named[name] = _Known(tag, metric.get("datatype", DataType.Unknown))
            if alias is not None:
                source.aliases[alias] = known
        elif name is not None:
            known = source.named.get(name) or _Known(check_name(name), metric.get("datatype", DataType.Unknown))
        else:
            found = _by_alias(node, source, alias) if alias is not None else None
            if found is None:
                raise PayloadError("birth", "no birth has told what metric it is")
            known = found
        return known._replace(datatype=metric["datatype"]) if metric.get("datatype") else known

    def _time(self, metric: dict[str, Any]) -> int:
        time = metric.get("timestamp", self.payload.get("timestamp"))
        if time is None:
            return self.received
        if not 0 <= time <= _LATEST_MS:
            raise PayloadError("time", f"{time} ms is no time from 1970 to 2100")
        return int(time) * _MS_NS

    def stale(self, source: _Source) -> None:
        """A row of quality stale for each number that the source said last."""
        at, rows = len(self.rows), self.rows
        asset = rows.assets.number(source.asset)
        for name, value in source.newest.items():
            rows.add(self.received, self.received, asset, rows.tags.number(name), value)
        rows.mark(at, Quality.STALE, None)


def rebirth_request(now_ms: int) -> bytes:
    """The payload of an NCMD that asks an edge node for a rebirth."""
    metric = encode([(1, "Node Control/Rebirth"), (3, now_ms), (4, int(DataType.Boolean)), (14, True)])
    return encode([(1, now_ms), (2, metric)])


def read_state(payload: bytes) -> tuple[bool, int]:
    """Whether a host is online, and since when [ms, UTC]. Raises PayloadError."""
    document = parse_json(payload)
    online, time = (document.get("online"), document.get("timestamp")) if type(document) is dict else (None, None)
    if type(online) is not bool or type(time) is not int or not 0 <= time <= _LATEST_MS:
        raise PayloadError("syntax", f'expected {{"online": true, "timestamp": ms}}, got {payload[:60]!r}')
    return online, time


def _take_state(payload: bytes, route: Route, received_ns: int, rows: Rows) -> None:
    online, time = read_state(payload)
    rows.add(time * _MS_NS, received_ns, rows.assets.number(route.object_asset), rows.tags.number("online"), online)


def _birth_number(payload: dict[str, Any]) -> int | None:
    """The bdSeq of a birth or a death."""
    found = [metric for metric in payload["metrics"] if metric.get("name") == "bdSeq"]
    return found[0].get("long_value", found[0].get("int_value")) if found else None


def _by_alias(node: _Node, source: _Source, alias: int) -> _Known | None:
    """A metric of the source itself, or of its node: aliases are told once for all of a node's metrics, or once for each device."""
    known = source.aliases.get(alias)
    if known is None and "" in node.sources:
        known = node.sources[""].aliases.get(alias)
    return known


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


_SAMPLES = (
    bytes.fromhex(
        "08eaf2f5a8a02b12120a05626453657118eaf2f5a8a02b2004580012170a0454656d70100518eaf2f5a8a02b200350f6"
        "ffffff0f12180a06526563697065100618eaf2f5a8a02b200c7a03412f371800"
    ),
    bytes.fromhex("08eaf2f5a8a02b120d0a0752756e6e696e67200b700112120a05436f64657310092017820104d08a30751800"),
)
COMPONENT = Codec(reader=Sparkplug, samples=_SAMPLES, topic="spBv1.0/Plant1/NBIRTH/Gateway", options=Options)
