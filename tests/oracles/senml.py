"""`senml.json`: packs resolved, or refused, by ingest."""

from typing import Any

from fieldline.errors import PayloadError
from ingest.senml import Record, resolve
from tests.oracles.cases import Function


def _resolve(inputs: dict[str, Any]) -> dict[str, Any]:
    records = resolve(inputs["pack"], inputs["now"])
    assert all(isinstance(record, Record) for record in records), records
    return {"records": [_told(record) for record in records if isinstance(record, Record)]}


def _told(record: Record) -> dict[str, Any]:
    told = {"n": record.name, "u": record.unit, "t": record.time, "s": record.sum}
    told |= {record.kind: record.value} if record.kind else {}
    return {key: value for key, value in told.items() if value is not None}


def _reject(inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        found = resolve(inputs["pack"], 0.0)
    except PayloadError:
        return {"error": True}
    return {"error": any(isinstance(record, PayloadError) for record in found)}


FUNCTIONS: dict[str, Function] = {"senml_resolve": _resolve, "senml_reject": _reject}
