"""SenML (RFC 8428): a pack of records resolved into readings that stand alone. Tables 1, 2 and 4 of the RFC; its sections in brackets."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fieldline.errors import PayloadError
from ingest.json_values import LARGEST_INT

_LABELS = dict(enumerate("bs bv bu bt bn bver".split(), -6)) | dict(enumerate("n u v vs vb s t ut vd".split()))
"""CBOR's labels [6]."""
_VERSION = 10
_RELATIVE_BELOW_S = 2**28
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", re.ASCII)
_NUMBERS = ("bver", "bt", "bv", "bs", "t", "v", "s", "ut")
_TEXTS = ("bn", "bu", "n", "u", "vs", "vd")
_VALUES = ("v", "vs", "vb", "vd")
_KNOWN = frozenset(_LABELS.values())


class Record(NamedTuple):
    """A resolved record [4.6].

    unit : None where none is told; kind, value : of `v`, `vs`, `vb` or `vd`, None where there is a sum only; time : [s, UTC]
    """

    name: str
    unit: str | None
    kind: str | None
    value: Any
    sum: float | None
    time: float


def resolve(pack: Any, now_s: float) -> list[Record | PayloadError]:
    """The records in order of time, and after them what is wrong with others.

    now_s : what relative times count from [s, UTC]. Raises PayloadError for a pack that can't be read at all.
    """
    if type(pack) is not list:
        raise PayloadError("syntax", f"expected a SenML pack, an array of records, got {type(pack).__name__}")
    base: dict[str, Any] = {}
    found: list[Record] = []
    faults: list[PayloadError] = []
    for at, item in enumerate(pack):
        record = _labelled(item, at)
        told = {key: record[key] for key in record if key.startswith("b")}
        _check(told)
        base |= told
        if base.get("bver", _VERSION) > _VERSION:
            raise PayloadError("syntax", f"expected SenML up to version {_VERSION}, got {base['bver']}")
        try:
            _check(record)
            if record.keys() - base.keys():
                found.append(_resolved(record, base, now_s))
        except PayloadError as error:
            faults.append(PayloadError(error.reason, f"[{at}]: {error.detail}"))
    return [*sorted(found, key=lambda record: record.time), *faults]


def _labelled(item: Any, at: int) -> dict[str, Any]:
    """The fields of a record that are known, by their labels. Raises PayloadError for one that must be understood and is not [4.4]."""
    if not isinstance(item, Mapping):
        raise PayloadError("syntax", f"[{at}]: expected a record, got {type(item).__name__}")
    record = {_LABELS.get(key, key) if type(key) is int else key: value for key, value in item.items()}
    strange = [key for key in record if isinstance(key, str) and key.endswith("_")]
    if strange:
        raise PayloadError("syntax", f"[{at}]: {strange[0][:40]!r} must be understood, and is not known")
    return {key: value for key, value in record.items() if key in _KNOWN}


def _check(fields: dict[str, Any]) -> None:
    """Raises PayloadError for a field of another type than its label's."""
    for key, value in fields.items():
        if key in _NUMBERS and not (type(value) is float or (type(value) is int and abs(value) < LARGEST_INT)):
            raise PayloadError("value", f"{key}: expected a number, got {_shown(value)}")
        if key in _TEXTS and type(value) is not str:
            raise PayloadError("value", f"{key}: expected a text, got {_shown(value)}")


def _shown(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, str | float | bool) else type(value).__name__


def _resolved(record: dict[str, Any], base: dict[str, Any], now_s: float) -> Record:
    name = base.get("bn", "") + record.get("n", "")
    if not _NAME.fullmatch(name):
        raise PayloadError("name", f"expected a name of letters, digits and -:./_, got {name[:60]!r}")
    kinds = [kind for kind in _VALUES if kind in record]
    total = base.get("bs", 0) + record.get("s", 0) if "s" in record or "bs" in base else None
    if len(kinds) > 1 or (not kinds and total is None):
        raise PayloadError("value", f"{name[:60]}: expected one of v, vs, vb and vd, got {', '.join(kinds) or 'none'}")
    kind = kinds[0] if kinds else None
    value = record[kind] if kind is not None else None
    if kind == "v":
        value += base.get("bv", 0)
    elif kind == "vb" and not isinstance(value, bool):
        raise PayloadError("value", f"{name[:60]}: expected true or false, got {str(value)[:40]!r}")
    time = base.get("bt", 0) + record.get("t", 0)
    return Record(
        name, record.get("u", base.get("bu")), kind, value, total, time if time >= _RELATIVE_BELOW_S else now_s + time
    )
