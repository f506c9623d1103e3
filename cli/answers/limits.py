"""Control limits from a tag's past, and how far they can be trusted."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from analysis import phase_one
from analysis.frozen_limits import Chart, Limits
from analysis.leave_out import LeaveOut
from analysis.limits.alarms import alarms_of, not_counted
from analysis.limits.doubts import doubts
from analysis.limits.levels import levels_of
from analysis.limits.plant_toml import Drawn, plant_toml
from analysis.limits.sample import Cells, FileColumns, Readings, gather, read_file, read_store, within
from analysis.limits.study import CONFIDENCE, Specification, document, study_of
from analysis.normality import Shape, shape_of
from analysis.results import Results
from cli.answers.limits_told import alarms_told, past_told
from cli.report import Data, Facts, Note, Piece, Report, Verbatim
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile.spc import SpcEntry

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


class Wanted(NamedTuple):
    """The specification that the flags tell, in the tag's unit. None: as the plant file says of the tag."""

    lsl: float | None
    usl: float | None
    target: float | None


class Past(NamedTuple):
    """Where the past is read: in a file, or in a store. span : from and to [ns UTC]."""

    file: Path | None
    columns: FileColumns
    results: Results
    span: tuple[int | None, int | None]


class _Found(NamedTuple):
    """The estimate and what it is from.

    zone : of the asset's site; study : its document, None without a specification; entry : how the chart signals
    places : cells whose mean is a point of the estimate, int64[points]; points : these means, float64[points]
    """

    asked: Drawn
    readings: Readings
    cells: Cells
    estimate: Limits
    zone: str
    specification: Specification
    study: dict[str, Any] | None
    entry: SpcEntry
    places: NDArray[np.int64]
    points: NDArray[np.float64]

    @property
    def readings_a_point(self) -> float:
        """How many readings sigma of a point is of: one, or those of a subgroup, the middle one where they differ."""
        if self.asked.chart == _INDIVIDUALS or not self.places.size:
            return 1.0
        return float(np.median([self.cells.taken[place].size for place in self.places]))

    def at(self, point: int) -> Moment:
        """When a point's cell begins."""
        return Moment(int(self.cells.starts_ns[self.places[point]]), self.zone)


def answer(plant: Plant, asked: Asked, wanted: Wanted, past: Past, leave_out: LeaveOut) -> tuple[bool, Report]:
    """Whether limits can be estimated from the past, and the report. Raises SettingsError."""
    drawn = _drawn(plant, asked)
    start, stop = past.span
    if start is not None and stop is not None and start >= stop:
        raise _wrong("--from must be before --to")
    readings = within(_stored(drawn, past) if past.file is None else read_file(past.file, past.columns), past.span)
    cells = gather(readings, drawn.every, drawn.n)
    if drawn.chart != _INDIVIDUALS:
        cells = cells.known()  # a subgroup without a reading is none; between single points it is a gap
    estimate = _estimate(cells, drawn, leave_out)
    zone = plant.time_zone(drawn.asset) if drawn.asset is not None else "UTC"
    specification = _specification(plant, asked, wanted)
    study = document(study_of(cells, estimate, specification), specification) if specification.is_told else None
    entry = _charted(plant, asked) or SpcEntry()
    places, points = _points(cells, estimate)
    found = _Found(drawn, readings, cells, estimate, zone, specification, study, entry, places, points)
    return not math.isnan(estimate.sigma), _report(found)


def _charted(plant: Plant, asked: Asked) -> SpcEntry | None:
    """What the plant file says of the tag's chart."""
    return plant.tag_info(asked.asset, asked.tag).spc if asked.asset is not None and asked.tag is not None else None


def _specification(plant: Plant, asked: Asked, wanted: Wanted) -> Specification:
    """The specification of the flags, completed by what the plant file says of the tag."""
    entry = _charted(plant, asked)
    told = {name: getattr(wanted, name) for name in Wanted._fields}
    told = {name: getattr(entry, name, None) if value is None else value for name, value in told.items()}
    return Specification(**{name: math.nan if value is None else value for name, value in told.items()})


def _wrong(text: str) -> SettingsError:
    return SettingsError(f"limits: {text}")


def _drawn(plant: Plant, asked: Asked) -> Drawn:
    """What was asked for, completed by what the plant file says of the tag."""
    if asked.tag is None:
        raise _wrong("expected --tag TAG")
    entry = _charted(plant, asked)
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
    return phase_one.fit_subgroups(Chart(asked.chart), cells.taken, times_ns=cells.starts_ns, **kept)


def _means(cells: Cells) -> list[float]:
    """The mean of each cell; NaN where all its readings are missing."""
    return [float(taken.mean()) if taken.size else math.nan for taken in cells.taken]


def _points(cells: Cells, estimate: Limits) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The places of the cells that the estimate is from, and their means."""
    means = np.array(_means(cells), np.float64)
    places = np.setdiff1d(np.flatnonzero(~np.isnan(means)), np.array(estimate.fitted_on.excluded, np.int64))
    return places, means[places]


def _report(found: _Found) -> Report:
    asked, readings, estimate = found.asked, found.readings, found.estimate
    shape = shape_of(found.points)
    alarms = alarms_of(found.entry, found.readings_a_point)
    levels, apart = levels_of(found.points, estimate.sigma / math.sqrt(found.readings_a_point))
    text = "" if math.isnan(estimate.sigma) else plant_toml(asked, estimate, found.specification)
    sample = {
        "source": readings.source,
        "rows": readings.rows,
        "readings": int(np.isfinite(readings.values).sum()),
        "every": asked.every,
    }
    data = {"limits": msgspec.to_builtins(estimate), "sample": sample, "shape": shape._asdict(), "toml": text}
    data["capability"] = found.study
    data["alarms"] = [one._asdict() for one in alarms]
    data["levels"] = [
        {"from": found.at(one.first), "to": found.at(one.end - 1), "points": one.end - one.first, "mean": one.mean}
        for one in levels
    ]
    data["apart"] = [
        {"time": found.at(one.place), "mean": float(found.points[one.place]), "score": one.score} for one in apart
    ]
    pieces: list[Piece] = [*(Data(name, value) for name, value in data.items()), *_shown(found, shape)]
    pieces += past_told(levels, apart, found.points, found.at)
    pieces += [Note(f"note: {note}") for note in doubts(estimate, shape, len(levels), len(apart))]
    pieces += alarms_told(alarms, not_counted(found.entry), asked.every)
    return Report([*pieces, Note(""), Verbatim(text)] if text else pieces)


def _shown(found: _Found, shape: Shape) -> Iterator[Piece]:
    asked, fitted, cells = found.asked, found.estimate.fitted_on, found.cells
    what = " ".join(word for word in (asked.asset, asked.tag) if word)
    yield Note(f"{what}: {asked.chart} every {asked.every}, from {found.readings.source}")
    if fitted.from_ns is not None and fitted.to_ns is not None:
        yield Note("points from {} to {}", tuple(Moment(time, found.zone) for time in (fitted.from_ns, fitted.to_ns)))
    yield Note("")
    yield Facts(_figures(found, shape))
    if found.study is not None:
        yield from _capability(found.study, found.asked.chart, found.asked.every)
    for place in fitted.excluded:
        at, mean = Moment(int(cells.starts_ns[place]), found.zone), float(cells.taken[place].mean())
        yield Note("left out: {}, mean {}", (at, mean))


def _capability(study: dict[str, Any], chart: str, every: str) -> Iterator[Piece]:
    yield Note("")
    limits = [f"{name} {study[name]:g}" for name in Specification._fields if not math.isnan(study[name])]
    yield Note(f"capability against {', '.join(limits)}, with {100 * CONFIDENCE:g} % intervals")
    yield Facts({name: _index(study[name.lower()]) for name in ("Cp", "Cpk", "Pp", "Ppk")} | {"Cpm": study["cpm"]})
    if chart == _INDIVIDUALS:
        yield Note(
            f"note: this is what means of {every} are capable of; where they are of several readings, one reading spreads wider"
        )


def _index(told: dict[str, float]) -> str | None:
    """An index with its interval; None: it does not exist."""
    if math.isnan(told["value"]):
        return None
    return f"{told['value']:.3f} ({told['low']:.3f} to {told['high']:.3f})"


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
