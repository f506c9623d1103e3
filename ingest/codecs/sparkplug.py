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

A birth that comes again (the same bytes, its time among them: delivered twice, or a copy) tells nothing new, and data go on.

A metric by an alias that no birth explained, as after a start of Fieldline, is a dead letter with reason `birth`. The birth that
comes next, with no death between, is put beside it, so that `fieldline dlq replay --reason birth` reads it. A number that is passed
over and does not come within 2 s counts as missing (`sequence_missing`), and what comes goes on to be read.

    [[topic]]
    preset = "sparkplug"
    options = { rebirth = true, units = true }

`rebirth` : ask an edge node for a rebirth (NCMD `Node Control/Rebirth`) when a birth or a number is missing, at most once a minute
and node; off by default, since the broker must let ingest publish. `units` : a tag whose `engUnit` is known ends in it, `Power` in kW
is `Power_kw`.
"""

import msgspec

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Explanation, Limits, Problem, Reader
from ingest.rows import Rows
from ingest.sparkplug.births import Node, Nodes, Source
from ingest.sparkplug.message import LATEST_MS, Message, read_state
from ingest.sparkplug.payload import DataType, decode_payload
from ingest.sparkplug.plain import Times, split
from ingest.sparkplug.sequence import Verdict
from ingest.sparkplug.topics import NAMESPACE, Place, parse_topic
from ingest.sparkplug.wire import encode
from ingest.topics import Route

_MS_NS = 1_000_000
_REBIRTH_EVERY_NS = 60 * 1_000_000_000
_MOST_TOPICS = 100_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a `[[topic]]` can tell: see the module's text."""

    rebirth: bool = False
    units: bool = False


class Sparkplug(Reader):
    """Reads the messages of all edge nodes. Bounded as `Nodes`, and by 100,000 topics."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes = Nodes()
        self._places: dict[str, Place] = {}
        self._times = Times(LATEST_MS)

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
        message = Message(decode_payload(payload), route, received_ns, rows)
        self._take_message(message, payload, place, limits)
        if len(rows) - message.start > limits.max_values and place.type not in ("NDEATH", "DDEATH"):
            raise PayloadError(
                "values", f"expected at most {limits.max_values} values, got {len(rows) - message.start}"
            )
        return message.problem()

    def _take_message(self, message: Message, payload: bytes, place: Place, limits: Limits) -> None:
        if message.count > limits.max_values:
            raise PayloadError("values", f"expected at most {limits.max_values} metrics, got {message.count}")
        if place.type in ("NDEATH", "DDEATH"):
            self._end(message, place)
        elif message.count or "seq" in message.payload:
            self._take(message, payload, place)
        if len(message.rows) == message.start and place.type == "NBIRTH" and "seq" not in message.payload:
            raise PayloadError(
                "syntax", "expected a birth with metrics and seq: the payload is cut off or no Sparkplug B"
            )
        if message.count == 0 and place.type in ("NBIRTH", "NDATA", "DDATA"):
            raise PayloadError("syntax", "expected metrics, there are none")

    def _place(self, topic: str) -> Place:
        if len(self._places) >= _MOST_TOPICS:
            self._places.clear()
        place = self._places[topic] = parse_topic(topic)
        return place

    def _take_plain(
        self, payload: bytes, place: Place, route: Route, received_ns: int, rows: Rows, limits: Limits
    ) -> bool:
        """Read a data message of the common form by what is known of its aliases; False, and nothing done, for any other."""
        node = self._nodes.get(place.group, place.node)
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
            shape = source.shape(plain, lambda alias: node.by_alias(source, alias), rows) if plain is not None else None
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

    def _take(self, message: Message, payload: bytes, place: Place) -> None:
        """A birth, or data. A birth that comes again leaves what is known, and what was heard since."""
        node = self._nodes.node(place.group, place.node)
        source = node.source(place.device, message.asset)
        if place.type not in ("NBIRTH", "DBIRTH"):
            self._follow(node, message.payload.get("seq"), place, message.route, message.received)
            source.note(message.take(node, source, is_birth=False))
        elif _is_again(message, payload, place, node, source):
            message.take(node, Source(message.asset), is_birth=True)  # its readings again; what is known stays
        else:
            self._bear(message, payload, place, node, source)

    def _bear(self, message: Message, payload: bytes, place: Place, node: Node, source: Source) -> None:
        """A birth: what earlier ones told is over, and what came before it unexplained is explained."""
        seq = message.payload.get("seq")
        if place.type == "NBIRTH":
            node.begin()
            node.session.begin((seq or 0) % 256, message.birth_number)
        else:
            source.begin()
            self._follow(node, seq, place, message.route, message.received)
        since_ns = node.unexplained_ns if place.type == "NBIRTH" else source.unexplained_ns
        source.unexplained_ns = None
        source.note(message.take(node, source, is_birth=True))
        if since_ns is not None:
            of_node = f"{_root(message.route)}{NAMESPACE}/{place.group}/+/{place.node}/#"
            self.explanations.append(Explanation(of_node, since_ns, message.received, message.route.topic, payload))

    def _end(self, message: Message, place: Place) -> None:
        """A death: what the node, or the device, said last is stale."""
        node = self._nodes.get(place.group, place.node)
        if node is None:
            return
        if place.type == "DDEATH":
            self._follow(node, message.payload.get("seq"), place, message.route, message.received)
            dead = [node.sources.get(place.device)]
        elif node.session.end(message.birth_number):
            dead = list(node.sources.values())
        else:
            if not node.session.is_online:  # its birth was not heard, and the next one is of another session
                node.leave_unexplained()
            return
        for source in dead:
            if source is not None:
                message.stale(source)
                source.die()

    def _follow(self, node: Node, seq: int | None, place: Place, route: Route, received_ns: int) -> None:
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
        is_due = node.asked_ns is None or received_ns - node.asked_ns >= _REBIRTH_EVERY_NS
        if can_ask and is_due and verdict in (Verdict.NO_BIRTH, Verdict.WAITING):
            node.asked_ns = received_ns
            command = f"{_root(route)}{NAMESPACE}/{node.group}/NCMD/{node.name}"
            self.requests.append((command, rebirth_request(now_ms)))


def rebirth_request(now_ms: int) -> bytes:
    """The payload of an NCMD that asks an edge node for a rebirth."""
    metric = encode([(1, "Node Control/Rebirth"), (3, now_ms), (4, int(DataType.Boolean)), (14, True)])
    return encode([(1, now_ms), (2, metric)])


def _is_again(message: Message, payload: bytes, place: Place, node: Node, source: Source) -> bool:
    """Whether a birth tells what is known. Without a time in it nothing tells it from another one."""
    if "timestamp" not in message.payload or not source.has_heard(payload):
        return False
    # After a death, and where its node was born again, nothing is known: then a copy explains what there is.
    return node.session.is_online if place.type == "NBIRTH" else bool(source.named)


def _root(route: Route) -> str:
    """The levels before the namespace."""
    return route.topic.partition(f"{NAMESPACE}/")[0]


def _take_state(payload: bytes, route: Route, received_ns: int, rows: Rows) -> None:
    online, time = read_state(payload)
    rows.add(time * _MS_NS, received_ns, rows.assets.number(route.object_asset), rows.tags.number("online"), online)


_SAMPLES = (
    bytes.fromhex(
        "08eaf2f5a8a02b12120a05626453657118eaf2f5a8a02b2004580012170a0454656d70100518eaf2f5a8a02b200350f6"
        "ffffff0f12180a06526563697065100618eaf2f5a8a02b200c7a03412f371800"
    ),
    bytes.fromhex("08eaf2f5a8a02b120d0a0752756e6e696e67200b700112120a05436f64657310092017820104d08a30751800"),
)
COMPONENT = Codec(reader=Sparkplug, samples=_SAMPLES, topic="spBv1.0/Plant1/NBIRTH/Gateway", options=Options)
