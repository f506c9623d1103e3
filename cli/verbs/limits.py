"""Estimate control limits from the past (Phase I), to be frozen in the plant file: of a tag, with its capability, or of what is counted.

Charts p, np, c, u, laney_p and laney_u are of what an asset counts in windows, from its stored rows of quality; the others of a --tag.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analysis.frozen_limits import COUNTS
from analysis.leave_out import LeaveOut
from analysis.limits.sample import FileColumns
from analysis.results import results_of
from cli import options
from cli.answers.attribute_limits import Asked as Counted
from cli.answers.attribute_limits import answer as answer_counted
from cli.answers.limits import Asked, Past, Wanted, answer
from cli.exits import Exit
from cli.report import tell
from cli.wiring import plant_of
from fieldline.errors import SettingsError


class ChartKind(StrEnum):
    """The charts that a plant file knows; the last six are of counts."""

    I_MR = "i_mr"
    XBAR_R = "xbar_r"
    XBAR_S = "xbar_s"
    P = "p"
    NP = "np"
    C = "c"
    U = "u"
    LANEY_P = "laney_p"
    LANEY_U = "laney_u"


class CountField(StrEnum):
    """What an attribute chart counts."""

    SCRAP = "scrap_count"
    REWORK = "rework_count"


class Every(StrEnum):
    """What makes a point."""

    MINUTE = "1m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "day"


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
        ChartKind | None, typer.Option("--chart", help="[default: as the plant file says, or of a tag i_mr]")
    ] = None,
    every: Annotated[
        Every | None,
        typer.Option("--every", help="What makes a point. [default: as the plant file says, or 1m; of counts 1h]"),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "--n", min=1, help="Readings from the start of each cell, or units of np. [default: as there, or all]"
        ),
    ] = None,
    count: Annotated[
        CountField | None,
        typer.Option("--count", help="Of counts, which one. [default: as the plant file says, or scrap_count]"),
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
    results, span = results_of(settings, influx or store), (start, stop)
    drawn, cell = chart and chart.value, every and every.value
    is_counted = drawn in COUNTS if drawn else tag is None and file is None
    of_tag = {"FILE": file, "--tag": tag, "--product": product, "--version": version, "--lsl": lsl, "--usl": usl}
    of_tag |= {"--target": target, "--value": value, "--every 1m": every is Every.MINUTE or None}
    of_counts = {"--count": count, "--every day": every is Every.DAY or None}
    _refuse(of_tag if is_counted else of_counts, "counts" if is_counted else "a tag")
    if is_counted:
        counted = Counted(asset, drawn, cell, count and count.value, n)
        is_estimated, report = answer_counted(plant_of(settings), counted, results, span, leave_out)
    else:
        asked = Asked(asset, tag, drawn, cell, n, product, version)
        past = Past(file, FileColumns(time, value or tag or "", time_format, time_zone), results, span)
        is_estimated, report = answer(plant_of(settings), asked, Wanted(lsl, usl, target), past, leave_out)
    tell(report, as_json=json, is_utc=utc)
    if not is_estimated:
        raise typer.Exit(Exit.FAILED)


def _refuse(flags: Mapping[str, object], charted: str) -> None:
    """What a chart has no use for. Raises SettingsError."""
    told = [name for name, said in flags.items() if said is not None]
    if told:
        raise SettingsError(f"limits: a chart of {charted} has no use for {told[0]}")
