"""Estimate control limits of a tag from its past (Phase I), to be frozen in the plant file, and its capability."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analysis.leave_out import LeaveOut
from analysis.limits.sample import FileColumns
from analysis.results import results_of
from cli import options
from cli.answers.limits import Asked, Past, Wanted, answer
from cli.exits import Exit
from cli.report import tell
from cli.wiring import plant_of


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
    lsl: Annotated[
        float | None,
        typer.Option("--lsl", help="Lower specification limit, for capability. [default: as the plant file says]"),
    ] = None,
    usl: Annotated[
        float | None, typer.Option("--usl", help="Upper specification limit. [default: as the plant file says]")
    ] = None,
    target: Annotated[
        float | None, typer.Option("--target", help="What is aimed at, for Cpm. [default: as the plant file says]")
    ] = None,
    leave_out: Annotated[
        LeaveOut, typer.Option("--leave-out", help="Only for points whose cause was found and removed.")
    ] = LeaveOut.NOTHING,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="COLUMN", help="The file's column with the values. [default: --tag]"),
    ] = None,
    time: options.TimeColumn = "time",
    time_format: options.TimeFormat = None,
    time_zone: options.TimeZone = "UTC",
    plant: options.PlantFile = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Gather the past, estimate, print; exit with 1 where the past gives no limits."""
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(asset, tag, chart and chart.value, every and every.value, n, product, version)
    columns = FileColumns(time, value or tag or "", time_format, time_zone)
    past = Past(file, columns, results_of(settings, influx or store), (start, stop))
    is_estimated, report = answer(plant_of(settings), asked, Wanted(lsl, usl, target), past, leave_out)
    tell(report, as_json=json, is_utc=utc)
    if not is_estimated:
        raise typer.Exit(Exit.FAILED)
