"""Power meters after the load model of Theodolite's benchmarks: what they send, and what has to come of it.

Each sensor sends one sample a round, and a round lasts a second. The plant's clock runs at six times that, so that a
1-min window closes after ten rounds. Sensors are in lines of 100, lines in areas of 10, areas in one plant. A load is a list
of steps, each a number of rounds with its number of sensors: the first ones, always the same.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

ROUND_MS = 6_000
WINDOW_MS = 60_000
SENSORS, LINES = 100, 10
"""Of a line, and of an area."""
LONGEST_GAP_MS = 300_000
"""Power between two samples that lie further apart counts as unknown."""


class Step(NamedTuple):
    """`rounds` rounds from `first` on, with `sensors` sensors."""

    first: int
    rounds: int
    sensors: int

    @property
    def samples(self) -> int:
        return self.rounds * self.sensors


class Statistics(NamedTuple):
    """float64[windows, sensors] each; NaN where a sensor sent nothing. Power in kW."""

    count: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def power_kw(sensors: int, number: int) -> np.ndarray:
    """What the first `sensors` sensors measure in a round. The same as in `theodolite_java/Formats.java`."""
    return (np.arange(sensors, dtype=np.int64) * 7919 + number * 104_729) % 10_000 / 1000.0


def times_ms(sensors: int, number: int) -> np.ndarray:
    """When they do, after the begin of round 0: spread evenly over the round, the first sensor at its begin."""
    return number * ROUND_MS + np.arange(sensors, dtype=np.int64) * ROUND_MS // sensors


def topic(sensor: int) -> str:
    """Where a sensor publishes its power."""
    return f"{line_path(sensor // SENSORS)}/m{sensor}/power_kw"


def line_path(line: int) -> str:
    """The path of a line, with its area."""
    return f"plant/area{line // LINES}/line{line}"


def most_sensors(steps: Sequence[Step]) -> int:
    """The sensors of the largest step."""
    return max(step.sensors for step in steps)


def closed_windows(steps: Sequence[Step]) -> int:
    """How many windows lie wholly before the last round of the last step."""
    return (steps[-1].first + steps[-1].rounds - 1) * ROUND_MS // WINDOW_MS


def rounds(steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
    """Every round with its sensors, as (round, sensors)."""
    for step in steps:
        for number in range(step.first, step.first + step.rounds):
            yield number, step.sensors


def statistics(steps: Sequence[Step]) -> Statistics:
    """Of each sensor and closed window: UC2."""
    shape = closed_windows(steps), most_sensors(steps)
    count, total, low, high = np.zeros(shape), np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf)
    for number, sensors in rounds(steps):
        window, values = number * ROUND_MS // WINDOW_MS, power_kw(sensors, number)
        if window < shape[0]:
            count[window, :sensors] += 1
            total[window, :sensors] += values
            np.minimum(low[window, :sensors], values, out=low[window, :sensors])
            np.maximum(high[window, :sensors], values, out=high[window, :sensors])
    none = count == 0
    count[none] = low[none] = high[none] = np.nan
    return Statistics(count, total / count, low, high)


def newest_kw(steps: Sequence[Step]) -> np.ndarray:
    """float64[windows, sensors] [kW]: the last sample of each sensor in each closed window, NaN without one."""
    newest = np.full((closed_windows(steps), most_sensors(steps)), np.nan)
    for number, sensors in rounds(steps):
        if number * ROUND_MS // WINDOW_MS < len(newest):
            newest[number * ROUND_MS // WINDOW_MS, :sensors] = power_kw(sensors, number)
    return newest


def energy_kwh(steps: Sequence[Step]) -> np.ndarray:
    """float64[windows, sensors] [kWh]: trapezoid over the samples, split at the windows' ends by linear interpolation."""
    windows, most = closed_windows(steps), most_sensors(steps)
    energy = np.zeros((windows, most))
    last_ms, last_kw = np.full(most, -(1 << 50)), np.zeros(most)
    for number, sensors in rounds(steps):
        now_ms, now_kw = times_ms(sensors, number), power_kw(sensors, number)
        was_ms, was_kw = last_ms[:sensors].copy(), last_kw[:sensors].copy()
        known = now_ms - was_ms <= LONGEST_GAP_MS
        oldest = int(was_ms[known].min(initial=number * ROUND_MS)) // WINDOW_MS
        for window in range(oldest, min(windows, int(now_ms[-1]) // WINDOW_MS + 1)):
            begin = np.clip(was_ms, window * WINDOW_MS, (window + 1) * WINDOW_MS)
            end = np.clip(now_ms, window * WINDOW_MS, (window + 1) * WINDOW_MS)
            middle = ((begin + end) / 2 - was_ms) / (now_ms - was_ms)
            drawn = (was_kw + (now_kw - was_kw) * middle) * (end - begin) / 3.6e6
            energy[window, :sensors] += np.where(known, drawn, 0.0)
        last_ms[:sensors], last_kw[:sensors] = now_ms, now_kw
    return energy


def of_groups(values: np.ndarray, size: int) -> np.ndarray:
    """float64[windows, groups]: sums over `size` neighbours, NaN where none of them has a value."""
    first = np.arange(0, values.shape[1], size)
    known = np.add.reduceat(~np.isnan(values), first, axis=1) > 0
    return np.where(known, np.add.reduceat(np.nan_to_num(values), first, axis=1), np.nan)


def wrong(found: np.ndarray, truth: np.ndarray, what: str) -> list[str]:
    """Which of the values differ by more than rounding, or are missing, or too many; in words."""
    same = np.isclose(found, truth, rtol=1e-9, atol=1e-9, equal_nan=True)
    return [f"{what} {at}: {found[tuple(at)]}, not {truth[tuple(at)]}" for at in np.argwhere(~same)]
