"""What became of the readings of registers and counters, as fields of metric rows: how many were refused, and what else they showed."""

from functools import cache

import numpy as np

from processing.kernels import registers
from processing.metric_rows import Named

JUDGED_BY = tuple(
    f"asset.tags.{name}"
    for name in ("modulus", "max_delta", "low", "high", "confirm_readings", "confirm_s", "starts_over")
)
"""What the plant file says of how readings are judged, for an operator's `parameters`."""

_NAMES = {
    registers.GLITCH: "glitch",
    registers.SPIKE: "spike",
    registers.OUT_OF_RANGE: "out of range",
    registers.EVENT_OF[registers.ROLLOVER]: "rollover",
    registers.EVENT_OF[registers.RESET]: "reset",
    registers.EVENT_OF[registers.JUMP]: "jump",
    registers.EVENT_OF[registers.FALL]: "fall",
    registers.EVENT_OF[registers.EXCHANGED]: "exchanged",
    registers.CORRECTED: "corrected",
}

REJECTED_READINGS = (
    "rejected_readings",
    "1",
    "readings of registers or counters that were not believed, since later ones came back to what stood before, or that lie outside the "
    "declared range; counted with the reading that showed it",
    "number of readings",
    "Fieldline's own definition, see `processing/kernels/registers.py`",
)
METER_EVENTS = (
    "meter_events",
    "what readings showed beside counting on: `glitch` (a reading below was refused), `spike` (one above), `out of range`, and what "
    "later readings confirmed: `rollover`, `reset`, `jump` (further up than is plausible, not counted), `fall` (not counted); what "
    "events said: `exchanged`, `corrected`",
)


def named_events(bits: np.ndarray) -> Named:
    """A column of `meter_events`; bits : int64[n]."""
    if not bits.any():  # most often
        return Named(np.subtract(bits, 1, dtype=np.int32, casting="unsafe"), [])
    return Named.by_number(bits.astype(np.int64), _name_of)


@cache
def _name_of(bits: int) -> str:
    return ", ".join(name for bit, name in _NAMES.items() if bits & bit)
