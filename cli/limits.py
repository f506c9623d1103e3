"""`fieldline limits`: Phase I of a control chart: limits estimated from a tag's past, as figures and as TOML for the plant file."""

import json as json_text
import math
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli import options

if TYPE_CHECKING:
    from analysis.frozen_limits import Limits
    from analysis.normality import Shape
    from cli.limits_sample import Cells, Readings
    from fieldline.plantfile import SpcEntry

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ENOUGH_POINTS = 20
_UNLIKELY = 0.01


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


class LeaveOut(StrEnum):
    """Whether points beyond their own limits are left out; as `analysis.phase_one.LeaveOut`, which is costly to import."""

    NOTHING = "nothing"
    BEYOND_LIMITS = "beyond_limits"


class _Asked(NamedTuple):
    """What the chart is of, and how it is drawn."""

    asset: str | None
    tag: str
    chart: str
    every: str
    n: int | None
    product: str | None
    version: int


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
    json: options.Json = False,
) -> None:
    """Estimate control limits of a tag from its past (Phase I), to be frozen in the plant file."""
    from cli.limits_sample import FileColumns, gather, read_file, within

    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = _asked(settings, asset, tag, (chart, every, n), product, version)
    if start is not None and stop is not None and start >= stop:
        raise _wrong("--from must be before --to")
    if file is not None:
        readings = read_file(file, FileColumns(time, value or asked.tag, time_format, time_zone))
    else:
        readings = _stored(settings, asked, (start, stop), influx or store)
    readings = within(readings, (start, stop))
    cells = gather(readings, asked.every, asked.n)
    estimate = _estimate(cells, asked, leave_out)
    _tell(asked, readings, cells, estimate, json)
    if math.isnan(estimate.sigma):
        raise typer.Exit(1)


def _wrong(text: str) -> Exception:
    from fieldline.errors import SettingsError

    return SettingsError(f"limits: {text}")


def _asked(
    settings: Any, asset: str | None, tag: str | None, drawn: tuple[Any, Any, int | None], product: str | None, version: int | None
) -> _Asked:  # fmt: skip
    """What was asked for, completed by what the plant file says of the tag."""
    from fieldline.plant import load_plant

    if tag is None:
        raise _wrong("expected --tag TAG")
    entry: SpcEntry | None = None
    if settings.plant is not None and asset is not None:
        entry = load_plant(Path(settings.plant)).tag_info(asset, tag).spc
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
    return _Asked(asset, tag, chart.value, every.value, n, product, version)


def _stored(settings: Any, asked: _Asked, span: tuple[int | None, int | None], told: str | None) -> "Readings":
    """The tag's readings in the store that was told, or that the settings name."""
    from cli.limits_sample import read_store
    from cli.logs import results_path

    deliver = settings.deliver
    source = told or deliver.store or deliver.influx or results_path(settings.log)
    if asked.asset is None:
        raise _wrong("expected --asset PATH, or a FILE")
    token = ""
    if source.startswith(("http://", "https://")):
        from delivery.influx_sink import influx_token

        token = influx_token(deliver)
    return read_store(
        source,
        asked.asset,
        asked.tag,
        span,
        is_of_means=asked.chart != ChartKind.I_MR,
        every=asked.every,
        token=token,
        timeout_s=deliver.timeout_s,
    )


def _estimate(cells: "Cells", asked: _Asked, leave_out: LeaveOut) -> "Limits":
    from analysis import phase_one
    from analysis.frozen_limits import Chart

    kept = {
        "product": asked.product or "",
        "version": asked.version,
        "times_ns": cells.starts_ns,
        "leave_out": phase_one.LeaveOut(leave_out.value),
    }
    if asked.chart == ChartKind.I_MR:
        return phase_one.fit_individuals(_means(cells), **kept)  # type: ignore[arg-type]
    return phase_one.fit_subgroups(Chart(asked.chart), cells.taken, **kept)  # type: ignore[arg-type]


def _means(cells: "Cells") -> list[float]:
    return [float(taken.mean()) for taken in cells.taken]


def _tell(asked: _Asked, readings: "Readings", cells: "Cells", estimate: "Limits", as_json: bool) -> None:
    import msgspec

    from analysis.normality import shape_of
    from cli.output import print_json

    left_out = set(estimate.fitted_on.excluded)
    points = [mean for place, mean in enumerate(_means(cells)) if place not in left_out]
    shape = shape_of(points)
    text = "" if math.isnan(estimate.sigma) else toml(asked, estimate)
    if as_json:
        told = {
            "source": readings.source,
            "rows": readings.rows,
            "readings": len(readings.values),
            "every": asked.every,
        }
        print_json({"limits": msgspec.to_builtins(estimate), "sample": told, "shape": shape._asdict(), "toml": text})
    else:
        _show(asked, readings, cells, estimate, shape)
        if text:
            typer.echo(f"\n{text}", nl=False)


def _show(asked: _Asked, readings: "Readings", cells: "Cells", estimate: "Limits", shape: "Shape") -> None:
    from cli.moments import iso
    from cli.output import print_table, printable

    fitted = estimate.fitted_on
    what = " ".join(word for word in (asked.asset, asked.tag) if word)
    typer.echo(printable(f"{what}: {asked.chart} every {asked.every}, from {readings.source}"))
    if fitted.from_ns is not None and fitted.to_ns is not None:
        typer.echo(f"points from {iso(fitted.from_ns)} to {iso(fitted.to_ns)}")
    rows: list[tuple[str, object]] = [
        ("rows", readings.rows),
        ("readings taken", fitted.rows if asked.chart != ChartKind.I_MR else sum(len(taken) for taken in cells.taken)),
        ("points used", fitted.points),
        ("points left out", len(fitted.excluded)),
        ("center", estimate.center),
        ("sigma", estimate.sigma),
        ("lcl", estimate.lcl),
        ("ucl", estimate.ucl),
        ("readings a point", estimate.n if asked.chart != ChartKind.I_MR else None),
        ("skewness", shape.skewness),
        ("excess kurtosis", shape.kurtosis),
        ("p of normality", shape.normality_p),
        ("autocorrelation", shape.autocorrelation),
    ]
    typer.echo()
    print_table(("figure", "value"), rows)
    for place in fitted.excluded:
        typer.echo(f"left out: {iso(int(cells.starts_ns[place]))}, mean {cells.taken[place].mean():.6g}")
    for note in _notes(estimate, shape):
        typer.echo(f"note: {note}")


def _notes(estimate: "Limits", shape: "Shape") -> list[str]:
    """What speaks against the limits."""
    notes = [estimate.reason] if estimate.reason else []
    if estimate.fitted_on.points < _ENOUGH_POINTS:
        notes.append(f"{estimate.fitted_on.points} points are few: limits from under {_ENOUGH_POINTS} are rough")
    if shape.normality_p < _UNLIKELY:
        notes.append(
            f"normal points are seldom so skewed or heavy-tailed (p {shape.normality_p:.2g}): expect other alarm rates"
        )
    if abs(shape.autocorrelation) > shape.neighbours_apart:
        side = "narrow" if shape.autocorrelation > 0 else "wide"
        notes.append(
            f"neighbours depend on each other (autocorrelation {shape.autocorrelation:.2f}): limits are too {side}"
        )
    return notes


def toml(asked: _Asked, estimate: "Limits") -> str:
    """What to paste into the plant file: a product's own limits, or those of the tag where no product is told."""
    path = f"asset.tags.{_key(asked.tag)}.spc"
    drawn = [f'chart = "{asked.chart}"', f'every = "{asked.every}"', *([f"n = {asked.n}"] if asked.n else [])]
    numbers = [f"center = {estimate.center!r}", f"sigma = {estimate.sigma!r}"]
    place = f"# below [[asset]] path = {_text(asked.asset)}" if asked.asset else "# below the asset's [[asset]]"
    if asked.product is None:
        return "\n".join([place, f"[{path}]", *drawn, *numbers, ""])
    product = [f"product = {_text(asked.product)}", f"version = {asked.version}"]
    return "\n".join([f"{place}; the tag's chart has {', '.join(drawn)}", f"[[{path}.limits]]", *product, *numbers, ""])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's too."""
    return json_text.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
