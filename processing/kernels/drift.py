"""Has the level of a series changed, or the rate of errors? Page-Hinkley's test and DDM, in a record each.

They begin anew after a drift: what they saw before describes a level that is gone. ADWIN, which finds the length of its memory itself,
is `adwin.py`; where changes lay, looking back, is `analysis/limits/changes.py`.
"""

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS, INT, NOTHING, inline, kernel, record, records

PAGE_HINKLEY_FIELDS = (
    ("ph_count", "f8"),
    ("ph_mean", "f8"),
    ("ph_rise", "f8"),  # sum of deviations less the tolerated ones
    ("ph_rise_least", "f8"),
    ("ph_fall", "f8"),
    ("ph_fall_most", "f8"),
)

PAGE_HINKLEY = record(*PAGE_HINKLEY_FIELDS)
DDM = record(
    ("trials", "f8"),
    ("errors", "f8"),
    ("rate", "f8"),  # error rate and its deviation where their sum was least
    ("deviation", "f8"),
)

# verdicts of Page-Hinkley and ADWIN
FALL = -1
STEADY = 0
RISE = 1

# verdicts of DDM, beside STEADY
WARNING = 1
DRIFT = 2


@inline
def begin_page_hinkley(state):
    """Nothing was seen yet; state : a record with the fields of Page-Hinkley."""
    state.ph_count = state.ph_mean = state.ph_rise = state.ph_fall = 0.0
    state.ph_rise_least = np.inf
    state.ph_fall_most = -np.inf


@inline
def page_hinkley_step(state, value, delta, threshold, alpha, least_count):
    """Take one value and give the verdict; arguments as of `carry_page_hinkley`, state : a record with the fields of it."""
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


@kernel(NOTHING, FLOATS, FLOAT, FLOAT, FLOAT, INT, records(PAGE_HINKLEY), FLOATS)
def carry_page_hinkley(value, delta, threshold, alpha, least_count, state, verdict):
    """Page-Hinkley test for a change of the mean, in both directions. One value to each of n tests.

    value : float64[n]; NaN is passed over. delta : change of the mean that is tolerated, 0 or more [the value's unit]; threshold :
    lambda, above 0 [the value's unit]: the larger, the later and the surer. alpha : what is kept of the sums at each value, above 0, at
    most 1. least_count : no verdict before this many values.
    state : PAGE_HINKLEY[n], changed; a new one is as `begin_page_hinkley` makes it, which it is again after a drift.
    verdict : float64[n], output: RISE, FALL or STEADY, NaN where there is no value.
    Source: E. S. Page, Biometrika 41 (1954) 100; D. V. Hinkley, Biometrika 58 (1971) 509; with forgetting as J. Gama et al.,
    "A survey on concept drift adaptation", ACM Computing Surveys 46 (2014) 44.
    """
    for k in range(value.size):
        if np.isnan(value[k]):
            verdict[k] = np.nan
        else:
            verdict[k] = page_hinkley_step(state[k], value[k], delta, threshold, alpha, least_count)


@inline
def begin_ddm(state):
    """Nothing was seen yet; state : DDM."""
    state.trials = state.errors = 0.0
    state.rate = state.deviation = np.inf


@inline
def _judge_ddm(one, errors, trials, warning_level, drift_level, least_count):
    """Take the outcomes of a window and give the verdict."""
    one.trials += trials
    one.errors += errors
    if one.trials <= least_count:
        return STEADY
    rate = one.errors / one.trials
    deviation = np.sqrt(rate * (1.0 - rate) / one.trials)
    if rate + deviation <= one.rate + one.deviation:
        one.rate, one.deviation = rate, deviation
    above = rate + deviation - one.rate
    if above > drift_level * one.deviation:
        begin_ddm(one)
        return DRIFT
    return WARNING if above > warning_level * one.deviation else STEADY


@kernel(NOTHING, FLOATS, FLOATS, FLOAT, FLOAT, FLOAT, records(DDM), FLOATS)
def carry_ddm(errors, trials, warning_level, drift_level, least_count, state, verdict):
    """DDM: whether errors (scrap, rejects, wrong predictions) have become more frequent than they were at best. n tests at once.

    The source takes outcomes one by one. Here they come as counts: their rate p and its deviation sqrt(p (1 - p) / n) follow from totals,
    so a test that is handed one outcome at a time is the source's. Of many at a time it judges their totals alone: a drift is seen where
    they end, and a lowest rate that was passed among them is not.

    errors, trials : float64[n], of a window; where one is NaN, no trial was made or errors are no part of the trials they are passed over.
    warning_level, drift_level : deviations above the best rate, usually 2 and 3; least_count : no verdict up to this many trials.
    state : DDM[n], changed; a new one is as `begin_ddm` makes it, which it is again after a drift.
    verdict : float64[n], output: STEADY, WARNING or DRIFT; NaN where counts are passed over. A test that never saw an
    error drifts at its first.
    Source: J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with drift detection", SBIA 2004, LNCS 3171, 286.
    """
    for k in range(errors.size):
        verdict[k] = np.nan
        if trials[k] > 0.0 and 0.0 <= errors[k] <= trials[k]:  # false where one is NaN
            verdict[k] = _judge_ddm(state[k], errors[k], trials[k], warning_level, drift_level, least_count)
