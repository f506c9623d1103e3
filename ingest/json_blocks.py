"""Events and waveforms as JSON objects: the payload that their row has on the log."""

import json
import struct
from collections.abc import Iterable
from typing import Any

from fieldline.errors import PayloadError
from fieldline.event_kinds import fault_of
from ingest.json_values import read_samples
from ingest.topics import check_name


def event_block(fields: dict[str, Any], keys: Iterable[str]) -> tuple[str, bytes]:
    """The tag of an event and its attributes, those under `keys`, as canonical JSON. Raises PayloadError."""
    kind = fields["event"]
    tag = f"@{check_name(kind)}"
    attributes = {key: fields[key] for key in keys if key != "event"}
    try:
        text = json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:  # an Unreadable in it, or text that UTF-8 can't hold
        raise PayloadError("value", "event: an attribute is no finite number and no text") from error
    fault = fault_of(kind, attributes)
    if fault is not None:
        raise PayloadError("event", f"event {kind}: {fault}")
    return tag, text


def waveform_block(fields: dict[str, Any]) -> bytes:
    """The sample rate as float64, then the samples as float32, both little-endian. Raises PayloadError."""
    rate = fields.get("rate_hz")
    if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 < rate < 1e12:
        raise PayloadError("value", "rate_hz: expected the sample rate in Hz, above 0")
    return struct.pack("<d", rate) + read_samples(fields["waveform"]).tobytes()
