"""What was really sent: the ledger that a test compares a pipeline's results with.

It sees each sample once, in order of time, before the faults of the way (duplicates, shuffles, lateness) touch it. Its
size grows with the number of series and hours, not with the number of samples.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.simulator.devices import SECOND_NS

HOUR_NS = 3600 * SECOND_NS
MAX_GAP_S = 300.0
"""Power is not integrated over longer gaps than this; the energy operator's default."""
REGISTER_MAX_GAP_S = 7200.0


class SeriesTruth:
    """One series: how many readings, their range, the first and the last."""

    def __init__(self) -> None:
        self.readings = 0
        self.copies = 0
        self.low, self.high, self.last = math.inf, -math.inf, math.nan
        self.first_ns = self.last_ns = 0

    def add(self, times_ns: np.ndarray, values: np.ndarray) -> None:
        """Add samples (int64[n] rising, float64[n], n > 0)."""
        if not self.readings:
            self.first_ns = int(times_ns[0])
        self.readings += len(times_ns)
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self.last, self.last_ns = float(values[-1]), int(times_ns[-1])

    def report(self) -> dict[str, Any]:
        """The series as JSON; times in ns UTC."""
        return {
            "readings": self.readings,
            "copies": self.copies,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "min": self.low,
            "max": self.high,
            "last": self.last,
        }


class Integral:
    """A quantity by hour of event time: the trapezoid of a rate, or the growth of a register.

    What lies between two samples on both sides of an hour is split there by linear interpolation.
    """

    def __init__(self, max_gap_s: float) -> None:
        self.by_hour: defaultdict[int, float] = defaultdict(float)
        self.observed_s: defaultdict[int, float] = defaultdict(float)
        self._max_gap_s = max_gap_s
        self._last: tuple[int, float] | None = None

    def add_rate(self, times_ns: np.ndarray, rate: np.ndarray) -> None:
        """Integrate a rate per hour (kW → kWh)."""
        times_ns, rate = self._joined(times_ns, rate)
        for t0, t1, a, b in _pairs(times_ns, rate):
            self._split(t0, t1, lambda x, y, a=a, b=b: (y - x) * (a + (b - a) * (x + y) / 2), (t1 - t0) / HOUR_NS)

    def add_register(self, times_ns: np.ndarray, register: np.ndarray) -> None:
        """Add the growth of a register; one that goes back began again at zero."""
        times_ns, register = self._joined(times_ns, register)
        for t0, t1, a, b in _pairs(times_ns, register):
            grown = b - a if b >= a else b
            self._split(t0, t1, lambda x, y, grown=grown: (y - x) * grown, 1.0)

    def _joined(self, times_ns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._last is not None:
            times_ns = np.concatenate(([self._last[0]], times_ns))
            values = np.concatenate(([self._last[1]], values))
        if len(times_ns):
            self._last = int(times_ns[-1]), float(values[-1])
        return times_ns, values

    def _split(self, t0: int, t1: int, part: Any, factor: float) -> None:
        if (t1 - t0) / SECOND_NS > self._max_gap_s:
            return
        at = t0
        while at < t1:
            hour = at // HOUR_NS
            stop = min(t1, (hour + 1) * HOUR_NS)
            self.by_hour[hour] += float(part((at - t0) / (t1 - t0), (stop - t0) / (t1 - t0))) * factor
            self.observed_s[hour] += (stop - at) / SECOND_NS
            at = stop


class Truth:
    """The ledger of one simulation."""

    def __init__(self) -> None:
        self.messages = self.message_copies = self.malformed = 0
        self.malformed_by_line: defaultdict[str, int] = defaultdict(int)
        self.reasons: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.series: defaultdict[str, defaultdict[str, SeriesTruth]] = defaultdict(lambda: defaultdict(SeriesTruth))
        self._integrals: defaultdict[str, dict[str, Integral]] = defaultdict(dict)
        self._counters: dict[tuple[str, str], Integral] = {}

    def add_samples(self, asset: str, times_ns: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """Samples of one asset that are about to be sent, each once and in order of time."""
        if not len(times_ns):
            return
        for tag, values in columns.items():
            self.series[asset][tag].add(times_ns, values)
            if tag in ("power_kw", "reactive_power_kvar"):
                self._integral(asset, tag, MAX_GAP_S).add_rate(times_ns, values)
            elif tag in ("energy_kwh", "good_count", "reject_count"):
                self._integral(asset, tag, REGISTER_MAX_GAP_S).add_register(times_ns, values)

    def add_single(self, asset: str, tag: str, time_ns: int, value: float = math.nan) -> None:
        """One reading that is about to be sent; of an event or a waveform `tag` is `@<event kind>` or `@waveform`."""
        self.series[asset][tag].add(np.array([time_ns], np.int64), np.array([value]))

    def report(self) -> dict[str, Any]:
        """Everything but what only the plant knows, as JSON."""
        return {
            "messages": {"sent": self.messages, "copies": self.message_copies, "malformed": self.malformed},
            "series": {a: {t: _clean(s.report()) for t, s in tags.items()} for a, tags in self.series.items()},
            "energy": {asset: self._hours(found) for asset, found in self._integrals.items() if "power_kw" in found},
            "counts": {asset: self._counts(found) for asset, found in self._integrals.items() if "good_count" in found},
            "reject_reasons": {asset: dict(found) for asset, found in self.reasons.items()},
        }

    def _integral(self, asset: str, tag: str, max_gap_s: float) -> Integral:
        return self._integrals[asset].setdefault(tag, Integral(max_gap_s))

    def _hours(self, found: dict[str, Integral]) -> list[dict[str, Any]]:
        hours = sorted(set().union(*(found[tag].by_hour for tag in found)))
        rows = []
        for hour in hours:
            row: dict[str, Any] = {"hour": datetime.fromtimestamp(hour * 3600, UTC).isoformat()}
            row["power_kwh"] = found["power_kw"].by_hour.get(hour)
            row["power_observed_s"] = found["power_kw"].observed_s.get(hour, 0.0)
            for tag, name in (("energy_kwh", "register_kwh"), ("reactive_power_kvar", "reactive_kvarh")):
                if tag in found:
                    row[name] = found[tag].by_hour.get(hour)
            rows.append(row)
        return rows

    def _counts(self, found: dict[str, Integral]) -> dict[str, int]:
        return {name: round(sum(found[f"{name}_count"].by_hour.values())) for name in ("good", "reject")}


def _pairs(times_ns: np.ndarray, values: np.ndarray) -> Iterator[tuple[int, int, float, float]]:
    """Neighbouring samples: (time, next time, value, next value)."""
    times, numbers = times_ns.tolist(), values.tolist()
    return zip(times[:-1], times[1:], numbers[:-1], numbers[1:], strict=True)


def _clean(report: dict[str, Any]) -> dict[str, Any]:
    """Without numbers that do not exist: an event has no range."""
    return {k: v for k, v in report.items() if not (isinstance(v, float) and not math.isfinite(v))}
