"""Limits of an attribute chart from an asset's past counts, and how far they can be trusted."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from analysis.frozen_limits import Chart, Limits, limits_at
from analysis.leave_out import LeaveOut
from analysis.limits.counted import Counts, chart_toml, fitted, one_size, read_counts, spread_of
from analysis.limits.doubts import few_points
from analysis.results import Results
from cli.report import Data, Facts, Note, Piece, Report, Verbatim
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile.attribute_chart import COUNTS

_HOUR, _WIDE, _FEW_A_WINDOW = "1h", 1.2, 5.0


class Asked(NamedTuple):
    """What the flags say of the chart. None: as the plant file says of the asset."""

    asset: str | None
    chart: str | None
    every: str | None
    counted: str | None
    n: int | None


class _Found(NamedTuple):
    """The estimate and what it is from. sigma_z : of the windows, NaN where the chart has none; zone : of the asset's site."""

    asset: str
    every: str
    counted: str
    sample: Counts
    estimate: Limits
    sigma_z: float
    zone: str


def answer(
    plant: Plant, asked: Asked, results: Results, span: tuple[int | None, int | None], leave_out: LeaveOut
) -> tuple[bool, Report]:
    """Whether limits can be estimated from the past, and the report. Raises SettingsError."""
    if asked.asset is None:
        raise SettingsError("limits: expected --tag TAG, or --asset PATH and a chart of what it counts")
    entry = plant.asset_info(asked.asset).attribute_chart
    named = asked.chart or (entry.chart if entry else None)
    if named is None:
        raise SettingsError(
            f"limits: expected --tag TAG, or --chart, one of p, np, c, u, laney_p, laney_u, of {asked.asset}"
        )
    chart = Chart(named)
    every = asked.every or (entry.every if entry else _HOUR)
    counted = asked.counted or (entry.count if entry else COUNTS[0])
    sample = read_counts(results, asked.asset, every, counted, span)
    told = entry.n if asked.n is None and entry is not None else asked.n
    estimate = fitted(chart, sample, one_size(sample, told) if chart is Chart.NP else None, leave_out)
    zone = plant.time_zone(asked.asset)
    found = _Found(asked.asset, every, counted, sample, estimate, spread_of(estimate, sample), zone)
    return not math.isnan(estimate.sigma), Report(list(_report(found)))


def _report(found: _Found) -> Iterator[Piece]:
    estimate, sample = found.estimate, found.sample
    is_estimated = not math.isnan(estimate.sigma)
    text = chart_toml(found.asset, estimate, found.every, found.counted, found.sigma_z) if is_estimated else ""
    yield Data("limits", msgspec.to_builtins(estimate))
    yield Data("sigma_z", found.sigma_z)
    yield Data("sample", {"source": sample.source, "rows": sample.rows, "every": found.every, "count": found.counted})
    yield Data("toml", text)
    yield Note(f"{found.asset}: {estimate.chart} of {found.counted} every {found.every}, from {sample.source}")
    ends = (estimate.fitted_on.from_ns, estimate.fitted_on.to_ns)
    yield Note("windows from {} to {}", tuple(Moment(time, found.zone) for time in ends if time is not None))
    yield Note("")
    yield Facts(_figures(found))
    for place in estimate.fitted_on.excluded:
        at = Moment(int(sample.times_ns[place]), found.zone)
        yield Note("left out: {}, {} of {} units", (at, float(sample.counts[place]), float(sample.units[place])))
    for note in _doubts(found):
        yield Note(f"note: {note}")
    if text:
        yield Note("")
        yield Verbatim(text)


def _figures(found: _Found) -> dict[str, Any]:
    estimate, fitted_on = found.estimate, found.estimate.fitted_on
    return {
        "rows": found.sample.rows,
        "points used": fitted_on.points,
        "points left out": len(fitted_on.excluded),
        "windows without a place": fitted_on.missing,
        "center": estimate.center,
        "sigma_z": found.sigma_z,
        **_limits(found),
    }


def _limits(found: _Found) -> dict[str, Any]:
    """The units of windows and the limits for them; where windows differ for the fewest and for the most. A c chart looks at no units."""
    estimate, units = found.estimate, found.sample.units[found.sample.units > 0.0]
    if not math.isnan(estimate.n) or math.isnan(estimate.sigma):
        n = None if estimate.chart is Chart.C else estimate.n
        return {"units a window": n, "lcl": estimate.lcl, "ucl": estimate.ucl}
    ends = np.array([units.min(), units.max()])
    band = limits_at(estimate, ends)
    ranges = {"units a window": ends, "lcl": band.lcl, "ucl": band.ucl}
    return {name: f"{one[0]:.6g} to {one[1]:.6g}" for name, one in ranges.items()}


def _doubts(found: _Found) -> Iterator[str]:
    """What speaks against the limits."""
    estimate, sample = found.estimate, found.sample
    if math.isnan(estimate.sigma):
        yield estimate.reason
        return
    yield from few_points(estimate)
    average = float(np.nanmean(sample.counts[sample.units != 0.0]))
    if average < _FEW_A_WINDOW:
        yield f"{average:.3g} a window are few: three-sigma limits suit counts from {_FEW_A_WINDOW:g} on, take longer windows"
    if estimate.chart in (Chart.P, Chart.U) and found.sigma_z > _WIDE:
        yield (
            f"windows vary {found.sigma_z:.2f} times as much as chance does (sigma_z): laney_{estimate.chart} has limits for that"
        )
