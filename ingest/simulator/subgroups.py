"""The points of the control chart on a packer's sealing temperature: subgroups of what its sensor truly shows."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.machines import SEAL_SIGMA_C, Packer
from ingest.simulator.schedule import PRODUCTS
from ingest.simulator.spans import Span

CHARTED = "seal_temperature_c"
SUBGROUP = 5
"""Samples at the start of each minute that make a point."""
_MINUTE_S = 60


def points_of(packer: Packer, spans: list[Span]) -> Iterator[dict[str, Any]]:
    """The point of each minute that lies wholly in an order: rows as those of `figures.py`, of kind `spc`.

    Limits are the mean ± 3 standard deviations of a mean of `SUBGROUP` samples (Shewhart, Economic Control of Quality, 1931).
    """
    centers = {product.name: product.seal_setpoint_c for product in PRODUCTS}
    width = 3.0 * SEAL_SIGMA_C / math.sqrt(SUBGROUP)
    for span in spans:
        if span.window != "order":
            continue
        for start in range(-(-span.start_s // _MINUTE_S) * _MINUTE_S, span.end_s - _MINUTE_S + 1, _MINUTE_S):
            samples = packer.columns(np.arange(start, start + SUBGROUP, dtype=np.int64) * SECOND_NS)[CHARTED]
            mean, center = float(np.mean(samples)), centers[span.product]
            yield {
                "kind": "spc",
                "asset": packer.asset,
                "tag": CHARTED,
                "window": "1m",
                "start_ns": start * SECOND_NS,
                "end_ns": (start + _MINUTE_S) * SECOND_NS,
                "product": span.product,
                "figures": {
                    "n": float(SUBGROUP),
                    "mean": mean,
                    "standard_deviation": float(np.std(samples, ddof=1)),
                    "center": center,
                    "lcl": center - width,
                    "ucl": center + width,
                    "standardised": (mean - center) / (width / 3.0),
                    "limits_version": 1.0,
                },
            }
