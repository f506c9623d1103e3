"""`water_line`: per window, whether an irrigation line lets through what it should at its pressure: leaks, blockages, uniformity.

    water_line,asset=farm/north/valve1,window=15m expected_flow_m3_h=38.2,flow_ratio=0.71,end_flow_ratio=0.93,leak_m3=0,is_leaking=0,
        is_blocked=1,coverage=1,rev=0

Rows are of assets whose `values` have `line_flow_m3_h`, the flow of the whole line at `line_pressure_bar`. Emitters give more under more
pressure, q = k p^x: `emitter_exponent` is x, by default 0.5 (turbulent flow); 0 of pressure-compensating ones, which need no pressure.
Tags are `flow_m3_h`, `pressure_bar` at the head, `end_pressure_bar` at the far end, and `is_open` of the valve (1 or 0).

`flow_ratio` is of windows through which the line was open. Without `is_open` that is one in which every sample flows, so a line that is
wholly blocked looks like a closed one. A line that is open and passes less than `blocked_below` (0.85) of what is expected is blocked,
more than `leaking_above` (1.15) leaks. What is known to flow through a closed valve is `leak_m3`, and leaks from `leaking_from_m3_h` on,
by default 0.02 of the line's flow. A valve that sends `is_open` only when it changes wants `max_gap_s` of that tag. Each window is judged
by itself.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.catalogue import NULL_REASON
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas.division import divide
from processing.formulas.irrigation import emitter_flow_ratio

_LINE = "line_flow_m3_h"
_DEFAULTS = {"emitter_exponent": 0.5, "blocked_below": 0.85, "leaking_above": 1.15}
_LEAKS_FROM, _LEAK_SHARE = "leaking_from_m3_h", 0.02
INPUTS = {
    "flow": "time_weighted_mean(flow_m3_h)",
    "least_flow": "min(flow_m3_h)",
    "seen": "coverage(flow_m3_h)",
    "pressure": "time_weighted_mean(pressure_bar)",
    "end_pressure": "time_weighted_mean(end_pressure_bar)",
    "open": "time_weighted_mean(is_open)",
    **{name: f"asset.{name}" for name in (_LINE, "line_pressure_bar", *_DEFAULTS, _LEAKS_FROM)},
    "length_s": "window.length_s",
}

REASONS = (
    "no flow measured",
    "impossible flow",
    "open for part of the window",
    "closed: no flow is expected",
    "no pressure above 0, or no line_pressure_bar",
    "no is_open: a leak of a closed line is not seen",
    "no end_pressure_bar",
)
_NOISE_M3_H = 0.5
"""Less below 0 is a meter's noise."""


def formula(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of windows, float64[n] each."""
    is_possible = ~(columns["least_flow"] < -_NOISE_M3_H)
    flow = np.where(is_possible, np.maximum(columns["flow"], 0.0), np.nan)
    is_told = ~np.isnan(columns["open"])
    is_open = np.where(is_told, columns["open"] > 1.0 - 1e-9, columns["least_flow"] > 0.0)
    is_closed = is_told & (columns["open"] < 1e-9)
    found = {"flow": flow, **_of_open(columns, flow, is_open)}
    found |= _judged(columns, found, is_closed)
    leak = np.where(is_closed, flow * columns["seen"] * columns["length_s"] / 3600.0, np.nan)
    found["leak_m3"] = np.where(is_told & is_open, 0.0, leak)
    holds = [
        np.isnan(columns["flow"]),
        ~is_possible,
        ~is_open & ~is_closed,
        is_closed,
        np.isnan(found["flow_ratio"]),
        ~is_told,
        np.isnan(found["end_flow_ratio"]),
    ]
    found["reason"] = np.select(holds, list(range(len(holds))), np.nan)
    return found


def _of_open(columns: Mapping[str, np.ndarray], flow: np.ndarray, is_open: np.ndarray) -> dict[str, np.ndarray]:
    """What an open line should pass, and how that compares; NaN of others."""
    pressure, exponent = columns["pressure"], _said(columns, "emitter_exponent")
    share = np.where(is_open, emitter_flow_ratio(pressure, columns["line_pressure_bar"], exponent), np.nan)
    expected = columns[_LINE] * share
    end = np.where(is_open, emitter_flow_ratio(columns["end_pressure"], pressure, exponent), np.nan)
    return {"expected_flow_m3_h": expected, "flow_ratio": divide(flow, expected), "end_flow_ratio": end}


def _judged(
    columns: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray], is_closed: np.ndarray
) -> dict[str, np.ndarray]:
    """1 or 0, NaN where it can't be told."""
    flow, ratio = found["flow"], found["flow_ratio"]
    said = columns[_LEAKS_FROM]
    from_m3_h = np.where(np.isnan(said), _LEAK_SHARE * columns[_LINE], said)
    leaks = np.where(is_closed, flow >= from_m3_h, ratio > _said(columns, "leaking_above"))
    return {
        "is_leaking": np.where(np.isnan(np.where(is_closed, flow, ratio)), np.nan, leaks),
        "is_blocked": np.where(np.isnan(ratio), np.nan, ratio < _said(columns, "blocked_below")),
    }


def _said(columns: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return np.where(np.isnan(columns[name]), _DEFAULTS[name], columns[name])


_KELLER = "J. Keller and D. Karmeli, Transactions of the ASAE 17 (1974) 678: q = k p^x"

COMPONENT = derived(
    name="water_line",
    meaning="Whether an irrigation line leaks, is blocked, and is even.",
    inputs=INPUTS,
    fields=(
        ("expected_flow_m3_h", "m3/h", "flow at the pressure", "line_flow_m3_h (p / line_pressure_bar)^x", _KELLER),
        ("flow_ratio", "1", "measured over expected flow", "flow / expected_flow_m3_h", "definition"),
        ("end_flow_ratio", "1", "flow of the far end's emitters over that of the head's", "(p_end / p)^x", _KELLER),
        ("leak_m3", "m3", "what flowed through the closed valve", "Σ flow Δt while is_open = 0", "definition"),
        (
            "is_leaking",
            "1",
            "1 where it leaks, open or closed",
            "flow_ratio > leaking_above; closed: flow ≥ leaking_from_m3_h",
            "ours",
        ),
        ("is_blocked", "1", "1 where too little flows", "flow_ratio < blocked_below", "ours"),
    ),
    formula=formula,
    windows=("15m", "1h", "day"),
    needs=("telemetry",),
    terms=Terms(
        texts={NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__)},
        only=_LINE,
        is_default=True,
        is_needed=lambda plant: plant.says_value(_LINE),
    ),
)
