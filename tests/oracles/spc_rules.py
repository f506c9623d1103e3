"""`spc_rules.json` by the project's run rules."""

from collections.abc import Callable
from typing import Any

import numpy as np

from processing.formulas.spc import RULES
from processing.unwired.kernels.rules import run_rules


def _run_rules(given: dict[str, Any]) -> dict[str, Any]:
    z = np.array([np.nan if value is None else value for value in given["z"]], np.float64)
    mask = np.empty(z.size, np.int64)
    run_rules(z, mask)
    return {name: np.flatnonzero(mask >> bit & 1).tolist() for bit, name in enumerate(RULES)}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"run_rules": _run_rules}
