"""How often a chart that is drawn as the plant file says cries wolf, and how soon it sees its process shift.

Each chart by itself: those of one tag see the same points, so together they cry a little more often than the most often of them. All
for independent normal points within limits that are right, and for the steady limits of the EWMA.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from analysis.limits.rule_run_length import OF_ZONES, rules_arl
from analysis.limits.run_length import cusum_arl, ewma_arl
from fieldline.plantfile.spc import SpcEntry

LONGEST = 1e9
"""Average run lengths beyond it are not told: no plant sees them, and the equations lose their digits. [points]"""


class Alarms(NamedTuple):
    """A chart's average run lengths [points], the one that signals included; NaN beyond `LONGEST`.

    chart : `rules`, `ewma` or `cusum`, and drawn : its parameters
    false_alarm_points : of a process in control
    shift_seen_points : after its mean has moved by one sigma of a reading
    """

    chart: str
    drawn: str
    false_alarm_points: float
    shift_seen_points: float


def alarms_of(entry: SpcEntry, readings: float) -> list[Alarms]:
    """Of each chart that raises an alarm. readings : that make a point, so that sigma of a point is sigma / sqrt(readings)."""
    counted = [rule for rule in entry.rules if rule in OF_ZONES]
    charts: list[tuple[str, str, Callable[[float], float]]] = [
        ("ewma", f"λ {entry.ewma_lambda:g}, L {entry.ewma_l:g}", _ewma(entry)),
        ("cusum", f"k {entry.cusum_k:g}, h {entry.cusum_h:g}", _cusum(entry)),
    ]
    if counted:
        charts.insert(0, ("rules", ", ".join(counted), lambda shift: rules_arl(counted, shift)))
    return [Alarms(name, drawn, _told(arl, 0.0), _told(arl, math.sqrt(readings))) for name, drawn, arl in charts]


def not_counted(entry: SpcEntry) -> list[str]:
    """The chosen rules whose run length can't be told: those that compare points with each other."""
    return [rule for rule in entry.rules if rule not in OF_ZONES]


def _ewma(entry: SpcEntry) -> Callable[[float], float]:
    return lambda shift: ewma_arl(entry.ewma_lambda, entry.ewma_l, shift)


def _cusum(entry: SpcEntry) -> Callable[[float], float]:
    return lambda shift: cusum_arl(entry.cusum_k, entry.cusum_h, shift)


def _told(arl: Callable[[float], float], shift: float) -> float:
    try:
        length = arl(shift)
    except ValueError:  # so wide that the equation would take too many nodes
        return math.nan
    return length if 1.0 <= length <= LONGEST else math.nan
