"""The health of presses by their bearings: what the plant file states, and what it comes to.

A press is as well as its bearing shakes little against what it did in the first hour after it was new. The probability of a failure is
taken to grow with that; what is advised follows from costs.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.vibration import Bearing

WINDOW_NS = 900 * SECOND_NS
BASELINE_WINDOWS = 4
WORN_OUT, SURE_FAILURE = 8.0, 9.0
"""By how much more than when it was new a bearing shakes that is worn out, and one that would surely fail."""
MOST_RISK = 0.9
FAILURE_COST = 20_000.0
ACTIONS = (("inspect bearing", 200.0, 0.3, 1.0), ("replace bearing", 1500.0, 0.98, 3.0))
"""Name, cost, share of the probability that it removes, crew hours."""
_MINUTE_NS = 60 * SECOND_NS


def plant_file() -> str:
    """The metric, as the plant file states it."""
    actions = "\n".join(
        f'[[metric.advice.action]]\nname = "{name}"\ncost = {cost:g}\nremoves = {removes:g}\nhours = {hours:g}'
        for name, cost, removes, hours in ACTIONS
    )
    return f"""\
# ---- how well presses are, and what should be done about it
[[metric]]
kind = "press_health"
asset = "plant/*/*/press*"
windows = ["15m"]
meaning = "How well a press is, by its bearing and its oil, and what should be done."
field.rms_m_s2 = {{ value = "vibration.acceleration_rms_m_s2", unit = "m/s2" }}
field.grown = {{ value = "rms_m_s2 / baseline(rms_m_s2, {BASELINE_WINDOWS})", unit = "1", meaning = "how much it shakes against when new" }}
field.of_bearing = {{ value = "1 - (grown - 1) / {WORN_OUT:g}", unit = "1", meaning = "1 as new, 0 worn out" }}
field.of_oil = {{ value = "(120 - mean(oil_temperature_c)) / 40", unit = "1", meaning = "1 below 80 degC, 0 from 120 degC on" }}
field.risk = {{ value = "max(0, min({MOST_RISK:g}, (grown - 1) / {SURE_FAILURE:g}))", unit = "1", meaning = "of a failure within 8 h" }}

[metric.health]
channels = ["of_bearing", "of_oil"]

[metric.advice]
probability = "risk"
within_s = "8h"
failure_cost = {FAILURE_COST:g}

{actions}
"""


def health_of(asset: str, bearing: Bearing, start_ns: int, first_ns: int, stop_ns: int) -> Iterator[dict[str, Any]]:
    """A row for each window that lies wholly behind `first_ns` and before `stop_ns`; what was told before `start_ns` nobody knows."""
    first: dict[int, list[float]] = defaultdict(list)
    exchanges = bearing.exchanges(start_ns, stop_ns)
    for begin in range(start_ns // WINDOW_NS * WINDOW_NS, stop_ns - WINDOW_NS + 1, WINDOW_NS):
        rms = bearing.mean_rms(max(begin, start_ns), begin + WINDOW_NS)
        if rms is None:
            continue
        since = max((time for time in exchanges if -(-time // _MINUTE_NS) * _MINUTE_NS <= begin), default=0)
        known = first[since]
        if len(known) < BASELINE_WINDOWS:
            known.append(rms)
        if begin > max(first_ns, start_ns) and begin + WINDOW_NS < stop_ns:
            yield {
                "kind": "press_health",
                "asset": asset,
                "window": "15m",
                "start_ns": begin,
                "end_ns": begin + WINDOW_NS,
                "figures": _figures(rms, known),
            }


def _figures(rms: float, first: list[float]) -> dict[str, float | None]:
    if len(first) < BASELINE_WINDOWS:
        return {"rms_m_s2": rms, "grown": None, "of_bearing": None, "expected_cost": None}
    grown = rms / (sum(first) / BASELINE_WINDOWS)
    risk = max(0.0, min(MOST_RISK, (grown - 1.0) / SURE_FAILURE))
    costs = [risk * FAILURE_COST]
    costs += [cost + risk * (1.0 - removes) * FAILURE_COST for _, cost, removes, _ in ACTIONS]
    of_bearing = 1.0 - (grown - 1.0) / WORN_OUT
    return {
        "rms_m_s2": rms,
        "grown": grown,
        "of_bearing": of_bearing,
        "health": min(max(of_bearing, 0.0), 1.0),
        "waiting_cost": costs[0],
        "expected_cost": min(costs),
    }
