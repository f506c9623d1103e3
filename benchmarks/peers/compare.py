"""What the windows of the peers' workload have to be, by numpy, and whether a peer's are that."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.peers.clocked import METERS, START_MS, asset, powers

FIELDS = {"w1": ("count", "mean", "low", "high"), "w2": ("kwh",), "both": ("count", "mean", "low", "high", "kwh")}
_RELATIVE = 1e-9


def expected(readings: int) -> dict[str, np.ndarray]:
    """float64[minutes, meters] of each field; `readings` is a multiple of 1,000 and the last minute may be short.

    Energy of a pair of samples counts in the minute of the later one. [kWh]
    """
    power = np.fromiter(powers(readings), float, readings).reshape(-1, METERS)
    first = np.arange(0, len(power), 60)
    pairs = np.zeros_like(power)
    pairs[1:] = (power[1:] + power[:-1]) / 2 / 3600
    count = np.diff(first, append=len(power))[:, None] * np.ones(METERS)
    return {
        "count": count,
        "mean": np.add.reduceat(power, first) / count,
        "low": np.minimum.reduceat(power, first),
        "high": np.maximum.reduceat(power, first),
        "kwh": np.add.reduceat(pairs, first),
    }


def wrong_windows(rows: Iterable[Mapping[str, Any]], readings: int, work: str) -> list[str]:
    """Which windows are missing, odd or wrong, in words. A field of the newest minute may be missing: peers keep it open."""
    truth = {name: values for name, values in expected(readings).items() if name in FIELDS[work]}
    minutes = len(next(iter(truth.values())))
    found = {name: np.full((minutes, METERS), np.nan) for name in truth}
    places = {asset(meter): meter for meter in range(METERS)}
    wrong = []
    for row in rows:
        minute, meter = row["minute"] - START_MS // 60_000, places.get(row["asset"])
        if meter is None or not 0 <= minute < minutes:
            wrong.append(f"{row['asset']} has a window at minute {minute}")
            continue
        for name in truth:
            found[name][minute, meter] = row.get(name, np.nan)
    for name, values in truth.items():
        same = np.isclose(found[name], values, rtol=_RELATIVE, atol=0.0)
        same[-1] |= np.isnan(found[name][-1])
        wrong += [
            f"{name} of {asset(meter)} in minute {minute} is {found[name][minute, meter]}, not {values[minute, meter]}"
            for minute, meter in np.argwhere(~same)
        ]
    return wrong
