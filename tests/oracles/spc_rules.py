"""`spc_rules.json` by charts of the engine: each point is a minute's reading of a tag whose center is 0 and whose sigma is 1."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fieldline.plantfile import RULES, SpcEntry
from tests.processing.test_spc_operator import charted, points, temperatures


def _run_rules(given: dict[str, Any]) -> dict[str, Any]:
    said = points(charted(SpcEntry(center=0.0, sigma=1.0, rules=RULES)), temperatures(given["z"]))
    mask = np.array([point["rules"] for point in said]).astype(np.int64)
    return {name: np.flatnonzero(mask >> bit & 1).tolist() for bit, name in enumerate(RULES)}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"run_rules": _run_rules}
"""Name of a function in the case file → inputs → outputs."""
