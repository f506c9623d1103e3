"""Energy as meters told of it, window by window of one length: of an asset, of a line, or of lines together.

A line's energy is that of its meters, as `production_order` has it (`[[line]] meters`, `feeds`). Which ones they are is decided once for
the window that is shown, by what they observed of it, so a meter that fails for an hour leaves an hour out and no other one stands in.
Meters together are added up moment by moment: their highest demand is that of the sum, not the sum of their highest ones.
"""

from typing import NamedTuple

import numpy as np

from analysis.overview.asked import ALL_TIME, Asked
from analysis.recount.orders import outermost
from analysis.results import Row
from analysis.spans import Span, span_at

MINUTE_NS = 60_000_000_000
STEPS_NS = {"1m": MINUTE_NS, "15m": 15 * MINUTE_NS}


class Metered(NamedTuple):
    """Windows of one length side by side, and what meters told of each; those without a row are there too.

    start : of the first [ns UTC]; step : their length [ns]
    power_kw : float64[meters, n], mean power; NaN where it was not observed, as `peak_demand_kw` of windows that short has it [kW]
    energy_kwh, cost : float64[meters, n], NaN without a row [kWh, currency]
    coverage : float64[n], of the meter with the least; 0 without a row [1]
    """

    start: int
    step: int
    power_kw: np.ndarray
    energy_kwh: np.ndarray
    cost: np.ndarray
    coverage: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """When each begins, int64[n] [ns UTC]."""
        return self.start + self.step * np.arange(len(self.coverage), dtype=np.int64)

    @property
    def demand_kw(self) -> np.ndarray:
        """Mean power of all meters together, float64[n]; NaN where one of them was not observed [kW]."""
        return np.asarray(self.power_kw.sum(axis=0))

    @property
    def end_of_demand(self) -> int:
        """The end of the last one in which the power of any meter is known [ns UTC].

        Of the one before it where other meters have not told of it yet.
        """
        told = np.flatnonzero(~np.isnan(self.power_kw).all(axis=0))
        if not len(told):
            return self.start
        is_told_by_all = not np.isnan(self.power_kw[:, told[-1]]).any()
        return self.start + self.step * (int(told[-1]) + is_told_by_all)

    @property
    def reached(self) -> int:
        """How far observation reaches: within the last one that was observed by its share [ns UTC]."""
        seen = np.flatnonzero(self.coverage > 0.0)
        return self.start + round(self.step * (seen[-1] + float(self.coverage[seen[-1]]))) if len(seen) else self.start

    @property
    def observed_ns(self) -> float:
        """How much time was observed, of the meter with the least in each [ns]."""
        return float(self.coverage.sum()) * self.step

    def until(self, end: int) -> "Metered":
        """Those that end by a time [ns UTC]."""
        n = max((end - self.start) // self.step, 0)
        columns = (column[..., :n] for column in (self.power_kw, self.energy_kwh, self.cost, self.coverage))
        return Metered(self.start, self.step, *columns)


class Found(NamedTuple):
    """The window that is meant. is_newest : whether no later one has a row; meters : whose energy it is."""

    span: Span
    is_newest: bool
    meters: list[str]


def find(asked: Asked, window: str) -> Found:
    """The window that the time lies in, or the newest with energy. Raises SettingsError where there is none."""
    rows = _rows(asked, window, 0, ALL_TIME)
    if not rows:
        raise asked.nothing("energy", f"in a window {window}")
    newest = max(int(row["time"]) for row in rows)
    span = span_at(asked.plant, asked.clock.path, window, newest if asked.at is None else asked.at)
    meters = meters_of(asked, window, span.start)
    if not meters:
        raise asked.nothing("energy", f"for the {window} that was asked for")
    return Found(span, newest <= span.start, meters)


def meters_of(asked: Asked, window: str, start: int) -> list[str]:
    """The assets whose energy is that of the path in the window that begins then; none without rows."""
    return sorted(rows_of_meters(asked, window, start))


def rows_of_meters(asked: Asked, window: str, start: int) -> dict[str, Row]:
    """The rows of these assets."""
    found: dict[str, dict[str, Row]] = {}
    for row in _rows(asked, window, start, start + 1):
        found.setdefault(asked.plant.line_of(row["asset"]), {})[row["asset"]] = row
    if asked.asset != asked.line:
        return {asset: row for rows in found.values() for asset, row in rows.items()}
    return {meter: rows[meter] for line, rows in found.items() for meter in _of_line(asked, line, rows)}


def _of_line(asked: Asked, line: str, rows: dict[str, Row]) -> list[str]:
    declared = asked.plant.line_entry(line).meters
    counting = {asset: row for asset, row in rows.items() if declared is None or asset in declared}
    return outermost(asked.plant, counting)


def _rows(asked: Asked, window: str, start: int, stop: int) -> list[Row]:
    """Rows with energy of the path itself and, of a line or what lies above lines, of the machines of its lines."""
    rows = asked.rows("energy", window, start, stop)
    if asked.asset == asked.line:
        below = asked.rows_of_parts("energy", window, start, stop)
        # Besides machines there may be meters above lines: what they measure the lines' own meters tell.
        rows += [row for row in below if not asked.plant.is_above_lines(row["asset"])]
    return [row for row in rows if row["active_energy_kwh"] is not None and row["mean_power_kw"] is not None]


def metered(asked: Asked, meters: list[str], window: str, span: Span) -> Metered:
    """What meters told of the whole windows in a span. window : a name of `STEPS_NS`."""
    step = STEPS_NS[window]
    first = -(-span.start // step) * step
    count = max((span.end - first) // step, 0)
    power, energy, cost = (np.full((len(meters), count), np.nan) for _ in range(3))
    coverage = np.zeros((len(meters), count))
    for place, meter in enumerate(meters):
        for row in asked._replace(asset=meter).rows("energy", window, first, first + count * step):
            at = place, (row["time"] - first) // step
            power[at], energy[at], cost[at] = (
                np.nan if row[name] is None else row[name]
                for name in ("peak_demand_kw", "active_energy_kwh", "energy_cost")
            )
            coverage[at] = row["coverage"] or 0.0
    return Metered(first, step, power, energy, cost, coverage.min(axis=0))


def told(asked: Asked, meters: list[str], window: str, span: Span) -> Metered:
    """The same. Raises SettingsError where no meter has a row, as where `[process] windows` leaves these out."""
    steps = metered(asked, meters, window, span)
    if np.isnan(steps.energy_kwh).all():
        raise asked.nothing("energy", f"in a window {window}, which [process] windows must have for it")
    return steps
