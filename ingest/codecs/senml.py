"""SenML (RFC 8428), as JSON or as CBOR.

    [{"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1767225600, "n": "temp", "u": "Cel", "v": 23.1}, {"n": "open", "vb": false}]

On the topic `field1/probe` that is asset `field1/probe/urn:dev:ow:10e2073a01080063` with tags `temp_degc` and `open`. What stands in a name
before its last `/`, or a URN of a device before what follows it, is a level below the topic's asset, and the rest the tag; where there
is no rest, the tag is `value`. The unit ends the tag (`Cel` → `_degc`, `%RH` → `_pct`, one that Fieldline does not know as it is),
since readings of two units are two series. `v` and `vb` are values, `vs` and `vd` go to `@text/<tag>`, a sum to `<tag>_sum`.

A time is seconds since 1970, or before now where it is less than 2²⁸; now is the time of reception.
"""

import math
import re
from typing import Any

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Limits, Problem
from ingest.documents import check_size, parse_cbor, parse_json, plain_document
from ingest.json_limits import check_limits
from ingest.rows import Rows
from ingest.senml import Record, resolve
from ingest.times import YEAR_2100_S
from ingest.topics import Route, asset_below, check_name

_DEVICE = re.compile(r"(urn:dev:[^:/]+:[^:/]+)(?:[:/]+(.*))?", re.DOTALL)
_SUFFIXES = {
    "Cel": "degc", "K": "k", "%": "pct", "%RH": "pct", "W": "w", "kW": "kw", "V": "v", "mV": "mv", "A": "a", "mA": "ma", "Hz": "hz",
    "Pa": "pa", "hPa": "hpa", "m": "m", "mm": "mm", "cm": "cm", "km": "km", "m2": "m2", "m3": "m3", "l": "l", "ml": "ml", "kg": "kg",
    "g": "g", "s": "s", "ms": "ms", "min": "min", "h": "h", "m/s": "m_s", "km/h": "km_h", "l/s": "l_s", "W/m2": "w_m2", "VA": "va",
    "kVA": "kva", "var": "var", "kvar": "kvar", "Wh": "wh", "kWh": "kwh", "varh": "varh", "kvarh": "kvarh", "VAh": "vah", "kVAh": "kvah",
    "deg": "deg", "rad": "rad", "N": "n", "ppm": "ppm", "ppb": "ppb", "m/s2": "m_s2", "/": "", "count": "",
}  # fmt: skip
"""SenML's units (RFC 8428 and 8798) and what a tag in ours ends in. Coulomb and farad are no degrees: so not by our symbols."""


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    check_size(payload, limits)
    is_json = payload.lstrip()[:1] in (b"[", b"{", b"")
    if is_json:
        check_limits(payload, limits)
        pack = parse_json(payload)
    else:
        pack = parse_cbor(payload, limits)
        plain_document(pack, limits)
    start, faults = len(rows), []
    for record in resolve(pack, received_ns / 1e9):
        try:
            if isinstance(record, PayloadError):
                raise record
            _take(record, route, received_ns, rows)
        except PayloadError as error:
            faults.append(error)
    count = len(rows) - start
    if count > limits.max_values:
        raise PayloadError("values", f"expected at most {limits.max_values} values, got {count}")
    if not faults:
        if count == 0:
            raise PayloadError("syntax", "expected at least one record with a value, there is none")
        return None
    return Problem(faults[0].reason, "; ".join(error.detail for error in faults[:5]), len(faults))


def _take(record: Record, route: Route, received_ns: int, rows: Rows) -> None:
    level, name = _split(record.name)
    asset = rows.assets.number(asset_below(route.object_asset, [level] if level else []))
    suffix = _suffix(record.unit)
    time = received_ns if record.time == received_ns / 1e9 else _ns(record.time)
    tag = route.prefix + check_name(_ended(name, suffix))
    if record.kind in ("vs", "vd"):
        rows.add_payload(time, received_ns, asset, rows.tags.number(f"@text/{tag}"), _encoded(record.value))
    elif record.kind is not None:
        rows.add(time, received_ns, asset, rows.tags.number(tag), _finite(record.value))
    if record.sum is not None:
        total = route.prefix + check_name(f"{name}_sum")
        rows.add(time, received_ns, asset, rows.tags.number(total), _finite(record.sum))


def _split(name: str) -> tuple[str, str]:
    """A device's path, which may be empty, and a tag."""
    device = _DEVICE.fullmatch(name)
    before, _, rest = (device[1], "", device[2] or "") if device else ("", "", name)
    folder, _, last = rest.strip("/").rpartition("/")
    levels = [level for level in (before, *folder.split("/")) if level]
    return "/".join(levels), last or "value"


def _suffix(unit: str | None) -> str:
    if unit is None:
        return ""
    return _SUFFIXES[unit] if unit in _SUFFIXES else re.sub(r"\W+", "_", unit, flags=re.ASCII).strip("_").lower()


def _ended(name: str, suffix: str) -> str:
    return f"{name}_{suffix}" if suffix and not name.lower().endswith(f"_{suffix}") else name


def _ns(time_s: float) -> int:
    """To the microsecond, which is what a float64 can hold."""
    if not math.isfinite(time_s) or not 0 <= time_s < YEAR_2100_S:
        raise PayloadError("time", f"{time_s!r} s is no time from 1970 to 2100")
    return round(time_s * 1_000_000) * 1000


def _finite(value: Any) -> float:
    try:
        if math.isfinite(value):
            return value if isinstance(value, bool) else float(value)
    except OverflowError:
        pass  # a whole number that no float64 holds
    raise PayloadError("value", f"expected a finite number, got {str(value)[:40]}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise PayloadError("value", "text that UTF-8 can't hold") from error


def _nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


_SAMPLES = (
    b'[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1767225600,"n":"temp","u":"Cel","v":23.1},{"n":"open","vb":false}]',
    b'[{"bn":"m1/","bu":"W","bv":100,"bs":5000,"n":"p","v":2.5,"s":10},{"n":"label","vs":"Room","t":-5}]',
    bytes.fromhex(
        "82a521781c75726e3a6465763a6f773a313065323037336130313038303036333a221a6955b900006474656d70016343656c02fb403719999999999aa200646f70656e04f5"
    ),
)
COMPONENT = Codec(decode=decode, samples=_SAMPLES, nested=_nested)
