"""What changed OEE from one window to another: the part of each of its factors, in points of OEE.

OEE is availability · performance · quality, so the logarithms of the factors' ratios add up to that of OEE's; each factor's part is its
share of the change, whatever the order in which they are looked at (`analysis/productivity/factors.py`).
"""

from typing import NamedTuple

from analysis.overview.asked import Asked
from analysis.overview.oee import Oee, oee_of
from analysis.productivity.factors import attributed_change
from fieldline.errors import SettingsError

FACTORS = ("availability", "performance", "quality")
_EQUAL = 1e-9


class OeeChange(NamedTuple):
    """Two windows, and what each factor adds to the change of OEE [1]; None, and why, where that can't be told."""

    before: Oee
    now: Oee
    parts: dict[str, float] | None
    null_reason: str | None


def oee_change(asked: Asked, against: int) -> OeeChange:
    """The window that is asked for, and the one as long that holds `against` [ns UTC]. Raises SettingsError where one is not there."""
    now = oee_of(asked)
    try:
        before = oee_of(asked._replace(window=now.shown.window, at=against))
    except SettingsError as error:
        raise SettingsError(f"to compare with: {error}") from error
    reason = _unknown(before, "before") or _unknown(now, "now")
    if reason is not None:
        return OeeChange(before, now, None, reason)
    factors = [[one.figures[name] for name in FACTORS] for one in (before, now)]
    parts = attributed_change(*factors).tolist()
    return OeeChange(before, now, dict(zip(FACTORS, parts, strict=True)), None)


def _unknown(one: Oee, which: str) -> str | None:
    """Why a window's OEE is no product of known factors above 0, if it is none."""
    product = 1.0
    for name in FACTORS:
        value = one.figures.get(name)
        if value is None:
            return f"{which}: {name} is unknown" + (f", {why}" if (why := one.figures.get("null_reason")) else "")
        if value <= 0.0:
            return f"{which}: {name} is {value:g}, of which no share can be told"
        product *= value
    oee = one.figures.get("oee")
    if oee is None or abs(product - oee) > _EQUAL * max(product, 1.0):
        return f"{which}: OEE is not the product of its factors"
    return None
