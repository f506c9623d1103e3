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
        starts = np.arange(-(-span.start_s // _MINUTE_S) * _MINUTE_S, span.end_s - _MINUTE_S + 1, _MINUTE_S)
        if span.window != "order" or not len(starts):
            continue
        seconds = (starts[:, np.newaxis] + np.arange(SUBGROUP)).astype(np.int64)
        samples = packer.seal_temperature_c(seconds.ravel() * SECOND_NS).reshape(seconds.shape)
        means, spreads, center = samples.mean(axis=1), samples.std(axis=1, ddof=1), centers[span.product]
        for start, mean, spread in zip(starts.tolist(), means.tolist(), spreads.tolist(), strict=True):
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
                    "standard_deviation": spread,
                    "center": center,
                    "lcl": center - width,
                    "ucl": center + width,
                    "standardised": (mean - center) / (width / 3.0),
                    "limits_version": 1.0,
                },
            }
