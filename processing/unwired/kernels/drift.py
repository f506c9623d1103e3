"""Has the level of a tag, or the rate of errors, changed? Page-Hinkley over a block, and DDM, each in a row of numbers per tag.

Both begin anew after a drift: what they saw before it describes a level that is gone.
"""

import numpy as np

from processing.kernels.drift import PAGE_HINKLEY_FIELDS, STEADY, page_hinkley_step
from processing.kernels.jit import FLOAT, FLOATS, INT, INTS, NOTHING, SIGNS, inline, kernel, record, records
from processing.kernels.kept import first_of

PAGE_HINKLEY = record(*PAGE_HINKLEY_FIELDS)
FIRST_PAGE_HINKLEY = first_of(PAGE_HINKLEY, ph_rise_least=np.inf, ph_fall_most=-np.inf)

# columns of DDM's state
DDM_COUNT = 0
DDM_ERRORS = 1
DDM_RATE = 2  # error rate and its deviation where their sum was least
DDM_DEVIATION = 3
DDM = 4

FIRST_DDM = (0.0, 0.0, np.inf, np.inf)

# verdicts of DDM
WARNING = 1
DRIFT = 2


@kernel(NOTHING, INTS, FLOATS, FLOAT, FLOAT, FLOAT, INT, records(PAGE_HINKLEY), SIGNS)
def page_hinkley(row, value, delta, threshold, alpha, least_count, state, verdict):
    """Page-Hinkley test for a change of the mean, in both directions.

    row : int64[n], row of each value; value : float64[n]; NaN is passed over.
    delta : change of the mean that is tolerated, 0 or more [the value's unit]; threshold : lambda, above 0 [the value's unit]:
    the larger, the later and the surer. alpha : what is kept of the sums at each value, above 0, at most 1.
    least_count : no verdict before this many values.
    state : PAGE_HINKLEY[rows], changed; a new one is `FIRST_PAGE_HINKLEY`, which it is again after a drift.
    verdict : int8[n], output: RISE, FALL or STEADY.
    Source: E. S. Page, Biometrika 41 (1954) 100; D. V. Hinkley, Biometrika 58 (1971) 509; with forgetting as J. Gama et al.,
    "A survey on concept drift adaptation", ACM Computing Surveys 46 (2014) 44.
    """
    for i in range(value.size):
        verdict[i] = page_hinkley_step(state[row[i]], value[i], delta, threshold, alpha, least_count)


@inline
def ddm_step(state, k, c0, error, warning_level, drift_level, least_count):
    """Take one outcome (1: an error) into row k and give the verdict; see `detect_error_drift`."""
    n = state[k, c0 + DDM_COUNT] + 1.0
    state[k, c0 + DDM_COUNT] = n
    state[k, c0 + DDM_ERRORS] += error
    if n <= least_count:
        return STEADY
    rate = state[k, c0 + DDM_ERRORS] / n
    deviation = np.sqrt(rate * (1.0 - rate) / n)
    if rate + deviation <= state[k, c0 + DDM_RATE] + state[k, c0 + DDM_DEVIATION]:
        state[k, c0 + DDM_RATE] = rate
        state[k, c0 + DDM_DEVIATION] = deviation
    above = rate + deviation - state[k, c0 + DDM_RATE]
    if above > drift_level * state[k, c0 + DDM_DEVIATION]:
        for c in range(DDM):
            state[k, c0 + c] = FIRST_DDM[c]
        return DRIFT
    return WARNING if above > warning_level * state[k, c0 + DDM_DEVIATION] else STEADY


@kernel("void(int64[::1], uint8[::1], float64, float64, int64, float64[:,::1], int8[::1])")
def detect_error_drift(row, error, warning_level, drift_level, least_count, state, verdict):
    """DDM: whether errors (scrap, rejects, wrong predictions) have become more frequent than they were at best.

    row : int64[n]; error : uint8[n], 1 for an error, 0 for none.
    warning_level, drift_level : deviations above the best rate, usually 2 and 3; least_count : no verdict up to this many.
    state : float64[rows, DDM], changed; a new row is `FIRST_DDM`, which it is again after a drift.
    verdict : int8[n], output: STEADY, WARNING or DRIFT. A row that has never seen an error drifts at its first one.
    Source: J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with drift detection", SBIA 2004, LNCS 3171, 286.
    """
    for i in range(error.size):
        verdict[i] = ddm_step(state, row[i], 0, float(error[i]), warning_level, drift_level, least_count)
