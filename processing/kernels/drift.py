"""Has the level of a tag changed? Page-Hinkley's test, in a row of numbers per tag.

It begins anew after a drift: what it saw before describes a level that is gone. DDM, for rates of errors, and the test over a block
are `processing/unwired/kernels/drift.py`; ADWIN, which finds the length of its memory itself, and where changes lay, looking back,
are `adwin.py` and `change_points.py` beside it.
"""

import numpy as np

from processing.kernels.jit import inline

PAGE_HINKLEY_FIELDS = (
    ("ph_count", "f8"),
    ("ph_mean", "f8"),
    ("ph_rise", "f8"),  # sum of deviations less the tolerated ones
    ("ph_rise_least", "f8"),
    ("ph_fall", "f8"),
    ("ph_fall_most", "f8"),
)

# verdicts of Page-Hinkley and ADWIN
FALL = -1
STEADY = 0
RISE = 1


@inline
def begin_page_hinkley(state):
    """Nothing was seen yet; state : a record with the fields of Page-Hinkley."""
    state.ph_count = state.ph_mean = state.ph_rise = state.ph_fall = 0.0
    state.ph_rise_least = np.inf
    state.ph_fall_most = -np.inf


@inline
def page_hinkley_step(state, value, delta, threshold, alpha, least_count):
    """Take one value and give the verdict; arguments as of the unwired `page_hinkley`, state : a record with the fields of it."""
    if np.isnan(value):
        return STEADY
    n = state.ph_count + 1.0
    state.ph_count = n
    state.ph_mean += (value - state.ph_mean) / n
    deviation = value - state.ph_mean
    rise = alpha * state.ph_rise + deviation - delta
    fall = alpha * state.ph_fall + deviation + delta
    state.ph_rise = rise
    state.ph_fall = fall
    state.ph_rise_least = min(state.ph_rise_least, rise)
    state.ph_fall_most = max(state.ph_fall_most, fall)
    verdict = STEADY
    if n >= least_count and rise - state.ph_rise_least > threshold:
        verdict = RISE
    elif n >= least_count and state.ph_fall_most - fall > threshold:
        verdict = FALL
    if verdict != STEADY:
        begin_page_hinkley(state)
    return verdict
