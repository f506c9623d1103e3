"""`farm_gdd_chill.json` by the project's own kernels."""

import math
from typing import Any

import numpy as np

from processing.kernels.chill import CHILL, carry_chill
from processing.kernels.growing_degree_days import METHODS, growing_degree_days

Case = dict[str, Any]


def _degree_days(inputs: Case, method: str) -> float:
    upper = math.nan if inputs["upper"] is None else inputs["upper"]
    columns = (inputs["tmin"], inputs["tmax"], inputs["lower"], upper, METHODS.index(method))
    out = np.empty(1)
    growing_degree_days(*(np.array([value], np.float64) for value in columns), out)
    return float(out[0])


def gdd(inputs: Case) -> Case:
    return {method: _degree_days(inputs, method) for method in METHODS}


def gdd_modified(inputs: Case) -> Case:
    return {"gdd": _degree_days(inputs, "modified")}


def chill(inputs: Case) -> Case:
    state, total, out = np.zeros(1, CHILL), np.zeros(4), np.empty((1, 4))
    for degc in inputs["hourly_c"]:
        carry_chill(np.array([degc], np.float64), state, out)
        total += out[0]
    names = ("chill_hours_0_7p2", "utah_units", "dynamic_portions", "gdh_anderson")
    return dict(zip(names, total.tolist(), strict=True))


FUNCTIONS = {"gdd": gdd, "gdd_modified": gdd_modified, "chill": chill}
