"""`sparkplug.json` by the parts that the codec is made of, and by the codec itself where a case is a whole message."""

from typing import Any

import numpy as np

from fieldline.errors import PayloadError
from ingest.sparkplug.message import read_state
from ingest.sparkplug.payload import (
    ARRAYS,
    DATA_SET,
    METRIC,
    PAYLOAD,
    PROPERTY_VALUE,
    TEMPLATE,
    DataType,
    decode_array,
    decode_payload,
    quality_of,
    signed,
)
from ingest.sparkplug.sequence import Session, Verdict, next_number
from ingest.sparkplug.topics import parse_topic
from tests.oracles.cases import Function

_TABLES = {
    "Payload": PAYLOAD,
    "Metric": METRIC,
    "DataSet": DATA_SET,
    "Template": TEMPLATE,
    "PropertyValue": PROPERTY_VALUE,
}


def _topics(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"parsed": [_topic(topic) for topic in inputs["topics"]]}


def _topic(topic: str) -> dict[str, Any]:
    try:
        place = parse_topic(topic)
    except PayloadError:
        return {"valid": False}
    if place.type == "STATE":
        return {"valid": True, "type": "STATE", "host_id": place.node}
    named = {"valid": True, "type": place.type, "group_id": place.group, "edge_node_id": place.node}
    return named | ({"device_id": place.device} if place.device else {})


def _fields(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: {field.name: number for number, field in table.items()} for name, table in _TABLES.items()}


def _signed(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"value": [signed(raw, DataType[name]) for name, raw in inputs["type_raw"]]}


def _qualities(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: next(code for code in range(1000) if quality_of(code).name == name) for name in ("BAD", "GOOD", "STALE")
    }


def _array(inputs: dict[str, Any]) -> dict[str, Any]:
    """The project only reads arrays: what it reads of these bytes must be what was packed."""
    kind = DataType[inputs["type"]]
    packed = np.array(inputs["values"], ARRAYS[kind])
    assert decode_array(kind, packed.tobytes()) == packed.tolist()
    return {"bytes_hex": packed.tobytes().hex()}


def _booleans(inputs: dict[str, Any]) -> dict[str, Any]:
    values = inputs["values"]
    packed = len(values).to_bytes(4, "little") + np.packbits(values).tobytes()
    read = decode_array(DataType.BooleanArray, packed)
    assert read == values
    return {"count": len(read), "bytes_hex": packed.hex(), "significant_bits": len(read)}


def _texts(inputs: dict[str, Any]) -> dict[str, Any]:
    packed = b"".join(text.encode() + b"\0" for text in inputs["values"])
    assert decode_array(DataType.StringArray, packed) == inputs["values"]
    return {"bytes_hex": packed.hex()}


def _payload(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"seq": None} | decode_payload(bytes.fromhex(inputs["hex"]))


def _state(inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        online, time = read_state(inputs["payload"].encode())
    except PayloadError:
        return {"valid": False}
    return {"valid": True, "online": online, "timestamp": time}


class _Host:
    """A host that holds back what came early, as the cases' does; when is what the project's session says."""

    def __init__(self, timeout_ms: int) -> None:
        self.session = Session(timeout_ms)
        self.actions: list[list[Any]] = []
        self.order: list[str] = []
        self._held: dict[int, str] = {}

    def take(self, event: dict[str, Any]) -> None:
        now = event["t_ms"]
        passed = self.session.expire(now)
        if passed is not None:
            self.actions.append([passed, "rebirth_request", "reorder timeout"])
            self._held.clear()
        if event["type"] == "NBIRTH":
            self.session.begin(event["seq"], event["bdSeq"])
            self.actions.append([now, "online", event["bdSeq"]])
            self.order.append(event["id"])
        elif event["type"] == "NDEATH":
            is_its_end = self.session.end(event["bdSeq"])
            self.actions.append([now, "offline_stale" if is_its_end else "ignored_ndeath", event["bdSeq"]])
        elif event["type"] != "TICK":
            self._take_data(event, now)

    def _take_data(self, event: dict[str, Any], now: int) -> None:
        awaited, verdict = self.session.awaited, self.session.take(event["seq"], now)
        if verdict is Verdict.NO_BIRTH:
            self.actions.append([now, "rebirth_request", verdict.value])
        elif verdict is Verdict.WAITING:
            self.actions.append([now, "discarded", verdict.value])
        elif verdict is Verdict.EARLY:
            self._held[event["seq"]] = event["id"]
            if awaited is None:
                self.actions.append([now, "reorder_timer_start", self.session.awaited])
        elif verdict is Verdict.NEXT:
            self.order.append(event["id"])
            at = next_number(event["seq"])
            while at in self._held:
                self.order.append(self._held.pop(at))
                at = next_number(at)


def _sequence(inputs: dict[str, Any]) -> dict[str, Any]:
    host = _Host(inputs["reorder_timeout_ms"])
    for event in inputs["events"]:
        host.take(event)
    return {
        "actions": host.actions,
        "processed_order": host.order,
        "final_online": host.session.is_online,
        "next_expected_seq": host.session.next,
    }


FUNCTIONS: dict[str, Function] = {
    "parse_topic": _topics,
    "datatype_enum": lambda inputs: {"enum": {kind.name: int(kind) for kind in DataType}},
    "quality_codes": _qualities,
    "proto_fields": _fields,
    "seq_next": lambda inputs: {"next": [next_number(seq) for seq in inputs["seq"]]},
    "bdseq_next": lambda inputs: {"next": [next_number(seq) for seq in inputs["bdseq"]]},
    "decode_signed": _signed,
    "encode_array": _array,
    "encode_boolean_array": _booleans,
    "encode_string_array": _texts,
    "payload": _payload,
    "state_payload": _state,
    "host_sequence": _sequence,
}
