"""Estimate control limits of a tag from its past (Phase I), to be frozen in the plant file."""

import math
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from analysis import phase_one
from analysis.frozen_limits import Chart, Limits
from analysis.limits.doubts import doubts
from analysis.limits.plant_toml import Drawn, plant_toml
from analysis.limits.sample import Cells, FileColumns, Readings, gather, read_file, read_store, within
from analysis.normality import Shape, shape_of
from analysis.phase_one import LeaveOut
from analysis.results import results_of
from cli import options
from cli.report import Data, Facts, Note, Piece, Report, Verbatim, tell
from cli.wiring import plant_of
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile import SpcEntry
from fieldline.settings import Settings


class ChartKind(StrEnum):
    """The charts that a plant file knows."""

    I_MR = "i_mr"
    XBAR_R = "xbar_r"
    XBAR_S = "xbar_s"


class Every(StrEnum):
    """What makes a point."""

    MINUTE = "1m"
    QUARTER = "15m"
    HOUR = "1h"


def limits(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A CSV or Parquet file, also packed; without it, the store is read."),
    ] = None,
    asset: Annotated[
        str | None, typer.Option("--asset", metavar="PATH", help="The asset; needed with a store.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag to be charted.")] = None,
    start: options.From = None,
    stop: options.To = None,
    chart: Annotated[
        ChartKind | None, typer.Option("--chart", help="[default: as the plant file says, or i_mr]")
    ] = None,
    every: Annotated[
        Every | None, typer.Option("--every", help="What makes a point. [default: as the plant file says, or 1m]")
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="Readings from the start of each cell. [default: as there, or all]")
    ] = None,
    product: Annotated[
        str | None,
        typer.Option("--product", metavar="NAME", help="What was made then. [default: limits of no product]"),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="[default: one more than the plant file has, or 1]")
    ] = None,
    leave_out: Annotated[
        LeaveOut, typer.Option("--leave-out", help="Only for points whose cause was found and removed.")
    ] = LeaveOut.NOTHING,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="COLUMN", help="The file's column with the values. [default: --tag]"),
    ] = None,
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="The file's column with the time.")] = "time",
    time_format: Annotated[
        str | None,
        typer.Option("--time-format", metavar="FORMAT", help="Such as '%d/%m/%Y %H:%M', where the file leaves doubt."),
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="IANA name, of the file's local times.")
    ] = "UTC",
    plant: options.PlantFile = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    model = plant_of(settings)
    asked = _asked(model, asset, tag, (chart, every, n), product, version)
    if start is not None and stop is not None and start >= stop:
        raise _wrong("--from must be before --to")
    if file is not None:
        readings = read_file(file, FileColumns(time, value or asked.tag, time_format, time_zone))
    else:
        readings = _stored(settings, asked, (start, stop), influx or store)
    readings = within(readings, (start, stop))
    cells = gather(readings, asked.every, asked.n)
    estimate = _estimate(cells, asked, leave_out)
    zone = model.time_zone(asset) if asset is not None else "UTC"
    tell(_report(_Found(asked, readings, cells, estimate, zone)), as_json=json, is_utc=utc)
    if math.isnan(estimate.sigma):
        raise typer.Exit(1)


class _Found(NamedTuple):
    """The estimate and what it is from. zone : of the asset's site"""

    asked: Drawn
    readings: Readings
    cells: Cells
    estimate: Limits
    zone: str


def _wrong(text: str) -> SettingsError:
    return SettingsError(f"limits: {text}")


def _asked(
    plant: Plant, asset: str | None, tag: str | None, drawn: tuple[Any, Any, int | None], product: str | None, version: int | None
) -> Drawn:  # fmt: skip
    """What was asked for, completed by what the plant file says of the tag."""
    if tag is None:
        raise _wrong("expected --tag TAG")
    entry: SpcEntry | None = plant.tag_info(asset, tag).spc if asset is not None else None
    chart, every, n = drawn
    if chart is None:
        chart = ChartKind(entry.chart) if entry else ChartKind.I_MR
    if every is None:
        every = Every(entry.every) if entry else Every.MINUTE
    if n is None and entry is not None:
        n = entry.n
    if chart is not ChartKind.I_MR and n == 1:
        raise _wrong(f"a subgroup of chart {chart} needs at least 2 readings, got --n 1")
    if version is None:
        known = [row.version for row in (entry.limits if entry else ()) if row.product == product]
        version = max(known, default=0) + 1
    return Drawn(asset, tag, chart.value, every.value, n, product, version)


def _stored(settings: Settings, asked: Drawn, span: tuple[int | None, int | None], told: str | None) -> Readings:
    """The tag's readings in the store that was asked for, or that the settings name."""
    if asked.asset is None:
        raise _wrong("expected --asset PATH, or a FILE")
    return read_store(
        results_of(settings, told),
        asked.asset,
        asked.tag,
        span,
        is_of_means=asked.chart != ChartKind.I_MR,
        every=asked.every,
    )


def _estimate(cells: Cells, asked: Drawn, leave_out: LeaveOut) -> Limits:
    kept: dict[str, Any] = {
        "product": asked.product or "",
        "version": asked.version,
        "times_ns": cells.starts_ns,
        "leave_out": leave_out,
    }
    if asked.chart == ChartKind.I_MR:
        return phase_one.fit_individuals(_means(cells), **kept)
    return phase_one.fit_subgroups(Chart(asked.chart), cells.taken, **kept)


def _means(cells: Cells) -> list[float]:
    return [float(taken.mean()) for taken in cells.taken]


def _report(found: _Found) -> Report:
    asked, readings, estimate = found.asked, found.readings, found.estimate
    left_out = set(estimate.fitted_on.excluded)
    shape = shape_of([mean for place, mean in enumerate(_means(found.cells)) if place not in left_out])
    text = "" if math.isnan(estimate.sigma) else plant_toml(asked, estimate)
    sample = {
        "source": readings.source,
        "rows": readings.rows,
        "readings": len(readings.values),
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
    is_of_means = found.asked.chart != ChartKind.I_MR
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
