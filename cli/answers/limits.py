"""Control limits from a tag's past, and how far they can be trusted."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from analysis import phase_one
from analysis.frozen_limits import Chart, Limits
from analysis.leave_out import LeaveOut
from analysis.limits.doubts import doubts
from analysis.limits.plant_toml import Drawn, plant_toml
from analysis.limits.sample import Cells, FileColumns, Readings, gather, read_file, read_store, within
from analysis.normality import Shape, shape_of
from analysis.results import Results
from cli.report import Data, Facts, Note, Piece, Report, Verbatim
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant

_INDIVIDUALS, _MINUTE = "i_mr", "1m"


class Asked(NamedTuple):
    """What the flags say of the chart. None: as the plant file says of the tag."""

    asset: str | None
    tag: str | None
    chart: str | None
    every: str | None
    n: int | None
    product: str | None
    version: int | None


class Past(NamedTuple):
    """Where the past is read: in a file, or in a store. span : from and to [ns UTC]."""

    file: Path | None
    columns: FileColumns
    results: Results
    span: tuple[int | None, int | None]


class _Found(NamedTuple):
    """The estimate and what it is from. zone : of the asset's site."""

    asked: Drawn
    readings: Readings
    cells: Cells
    estimate: Limits
    zone: str


def answer(plant: Plant, asked: Asked, past: Past, leave_out: LeaveOut) -> tuple[bool, Report]:
    """Whether limits can be estimated from the past, and the report. Raises SettingsError."""
    drawn = _drawn(plant, asked)
    start, stop = past.span
    if start is not None and stop is not None and start >= stop:
        raise _wrong("--from must be before --to")
    readings = within(_stored(drawn, past) if past.file is None else read_file(past.file, past.columns), past.span)
    cells = gather(readings, drawn.every, drawn.n)
    estimate = _estimate(cells, drawn, leave_out)
    zone = plant.time_zone(drawn.asset) if drawn.asset is not None else "UTC"
    return not math.isnan(estimate.sigma), _report(_Found(drawn, readings, cells, estimate, zone))


def _wrong(text: str) -> SettingsError:
    return SettingsError(f"limits: {text}")


def _drawn(plant: Plant, asked: Asked) -> Drawn:
    """What was asked for, completed by what the plant file says of the tag."""
    if asked.tag is None:
        raise _wrong("expected --tag TAG")
    entry = plant.tag_info(asked.asset, asked.tag).spc if asked.asset is not None else None
    chart = asked.chart or (entry.chart if entry else _INDIVIDUALS)
    every = asked.every or (entry.every if entry else _MINUTE)
    n = entry.n if asked.n is None and entry is not None else asked.n
    if chart != _INDIVIDUALS and n == 1:
        raise _wrong(f"a subgroup of chart {chart} needs at least 2 readings, got --n 1")
    version = asked.version
    if version is None:
        known = [row.version for row in (entry.limits if entry else ()) if row.product == asked.product]
        version = max(known, default=0) + 1
    return Drawn(asked.asset, asked.tag, chart, every, n, asked.product, version)


def _stored(drawn: Drawn, past: Past) -> Readings:
    """The tag's readings in the store."""
    if drawn.asset is None:
        raise _wrong("expected --asset PATH, or a FILE")
    is_of_means = drawn.chart != _INDIVIDUALS
    return read_store(past.results, drawn.asset, drawn.tag, past.span, is_of_means=is_of_means, every=drawn.every)


def _estimate(cells: Cells, asked: Drawn, leave_out: LeaveOut) -> Limits:
    kept: dict[str, Any] = {"product": asked.product or "", "version": asked.version, "leave_out": leave_out}
    if asked.chart == _INDIVIDUALS:
        # A moving range doesn't bridge a missing reading.
        return phase_one.fit_individuals(_means(cells), times_ns=cells.starts_ns, **kept)
    taken = [subgroup for subgroup in cells.taken if subgroup.size]
    starts_ns = [start for start, subgroup in zip(cells.starts_ns, cells.taken, strict=True) if subgroup.size]
    return phase_one.fit_subgroups(Chart(asked.chart), taken, times_ns=starts_ns, **kept)


def _means(cells: Cells) -> list[float]:
    """The mean of each cell; NaN where all its readings are missing."""
    return [float(taken.mean()) if taken.size else math.nan for taken in cells.taken]


def _report(found: _Found) -> Report:
    asked, readings, estimate = found.asked, found.readings, found.estimate
    left_out = set(estimate.fitted_on.excluded)
    points = [mean for place, mean in enumerate(_means(found.cells)) if place not in left_out and not math.isnan(mean)]
    shape = shape_of(points)
    text = "" if math.isnan(estimate.sigma) else plant_toml(asked, estimate)
    sample = {
        "source": readings.source,
        "rows": readings.rows,
        "readings": int(np.isfinite(readings.values).sum()),
        "every": asked.every,
    }
    data = {"limits": msgspec.to_builtins(estimate), "sample": sample, "shape": shape._asdict(), "toml": text}
    pieces: list[Piece] = [*(Data(name, value) for name, value in data.items()), *_shown(found, shape)]
    return Report([*pieces, Note(""), Verbatim(text)] if text else pieces)


def _shown(found: _Found, shape: Shape) -> Iterator[Piece]:
    asked, fitted, cells = found.asked, found.estimate.fitted_on, found.cells
    what = " ".join(word for word in (asked.asset, asked.tag) if word)
    yield Note(f"{what}: {asked.chart} every {asked.every}, from {found.readings.source}")
    if fitted.from_ns is not None and fitted.to_ns is not None:
        yield Note("points from {} to {}", tuple(Moment(time, found.zone) for time in (fitted.from_ns, fitted.to_ns)))
    yield Note("")
    yield Facts(_figures(found, shape))
    for place in fitted.excluded:
        at, mean = Moment(int(cells.starts_ns[place]), found.zone), float(cells.taken[place].mean())
        yield Note("left out: {}, mean {}", (at, mean))
    for note in doubts(found.estimate, shape):
        yield Note(f"note: {note}")


def _figures(found: _Found, shape: Shape) -> dict[str, Any]:
    estimate, fitted = found.estimate, found.estimate.fitted_on
    is_of_means = found.asked.chart != _INDIVIDUALS
    return {
        "rows": found.readings.rows,
        "readings taken": fitted.rows if is_of_means else sum(map(len, found.cells.taken)),
        "points used": fitted.points,
        "points left out": len(fitted.excluded),
        "center": estimate.center,
        "sigma": estimate.sigma,
        "lcl": estimate.lcl,
        "ucl": estimate.ucl,
        "readings a point": estimate.n if is_of_means else None,
        "skewness": shape.skewness,
        "excess kurtosis": shape.kurtosis,
        "p of normality": shape.normality_p,
        "autocorrelation": shape.autocorrelation,
    }
