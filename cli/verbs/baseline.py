"""Fit a baseline of energy on what drives it, and judge a period by it: EnPI, savings and their running sum."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from analysis.baseline import Baseline, FittedOn, read_baseline, write_baseline
from analysis.baseline_document import Judged, document, doubts, gathered
from analysis.baseline_fit import fit_baseline
from analysis.periods import EVERY, Periods, parse_driver, parse_span, parse_zone, read_periods
from analysis.savings import CONFIDENCE
from analysis.savings import judge as judge_by
from cli import options
from cli.report import Data, Facts, Note, Piece, Report, Table, columns, tell
from fieldline.errors import SettingsError

_Span = tuple[int | None, int | None]
_STATISTICS = {
    "r2": "R²",
    "adjusted_r2": "adjusted R²",
    "rmse": "RMSE, n - p",
    "rmse_n": "RMSE, n",
    "cv_rmse": "CV(RMSE), n - p",
    "cv_rmse_n": "CV(RMSE), n",
    "nmbe": "NMBE",
    "f": "F",
    "f_p": "p of F",
    "autocorrelation": "autocorrelation of residuals",
}
"""Field of `Statistics` → what it is called."""
_TERMS = ("term", "coefficient", "standard error", "t", "p", "inflation", "lowest", "highest")


def baseline(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file, also packed by gzip or xz.")],
    energy: Annotated[
        str | None, typer.Option("--energy", metavar="COLUMN", help="Energy of each row; summed by period.")
    ] = None,
    driver: Annotated[
        list[str] | None,
        typer.Option(
            "--driver",
            metavar="COLUMN",
            help="What energy depends on, summed; COLUMN:mean (min, max), COLUMN:hdd18 and COLUMN:cdd22 for degree days, "
            "COLUMN=VALUE for the share of rows. May be given again.",
        ),
    ] = None,
    change_point: Annotated[
        str | None,
        typer.Option(
            "--change-point", metavar="COLUMN", help="A driver, by its mean, that energy follows from a point on."
        ),
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", metavar="SHAPE", help="Of --change-point: 3ph, 3pc, 4p, 5p, linear or best.")
    ] = "best",
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit", metavar="FROM..TO", help="Such as 2026-01..2026-07, TO exclusive. [default: all before --judge]"
        ),
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="FROM..TO", help="The period to judge by the baseline.")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="PERIOD", help="15m, hour, day, week or month. [default: day]")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="FILE.json", help="Judge by a baseline that --out wrote, instead of fitting one."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.json", help="Write the baseline.")] = None,
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="The column with the time.")] = "time",
    time_format: Annotated[
        str | None,
        typer.Option("--time-format", metavar="FORMAT", help="Such as '%d/%m/%Y %H:%M', where the file leaves doubt."),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option("--time-zone", metavar="ZONE", help="IANA name; of local times and days. [default: UTC]"),
    ] = None,
    complete: Annotated[
        float,
        typer.Option("--complete", min=0.0, max=1.0, help="Share of its usual rows that a period must have to count."),
    ] = 0.9,
    json: options.Json = False,
) -> None:
    known = None if against is None else read_baseline(against)
    if known is not None:
        _refuse(
            energy=energy, driver=driver, change_point=change_point, fit=fit, every=every, time_zone=time_zone, out=out
        )
        every, time_zone = known.fitted_on.every, known.fitted_on.time_zone
    zone = parse_zone(time_zone or "UTC")
    spans = {name: parse_span(text, zone) for name, text in (("fit", fit), ("judge", judge)) if text is not None}
    names = (energy, driver or [], change_point) if known is None else (known.energy, list(known.drivers), None)
    reading = (time, time_format, zone, every or "day", complete)
    periods, bend = _read(file, names, reading, is_new=known is None)
    if known is None:
        fitted = periods.within(_fit_span(spans))
        known = _fit(file, fitted, str(energy), bend, shape, every or "day", zone.key)
    judged = None
    if against is not None or judge is not None:
        judged = _judge(file, known, periods.within(spans.get("judge", (None, None))))
    if out is not None:
        write_baseline(known, out)
    pieces = (Data(name, value) for name, value in document(known, judged, periods).items())
    tell(Report([*pieces, *_shown(known, judged, periods)]), as_json=json)


def _refuse(**given: Any) -> None:
    """What a written baseline settles already can't be asked for again."""
    for name, value in given.items():
        if value:
            raise SettingsError(f"baseline: --{name.replace('_', '-')} can't go with --against, which says it already")


def _read(
    file: Path, names: tuple[Any, list[str], Any], reading: tuple[str, str | None, Any, str, float], *, is_new: bool
) -> tuple[Periods, str | None]:
    """The file's periods, and the name of the driver with change points.

    reading : the column with the time, its format, the zone, the length of a period, the share of rows it must have
    """
    energy, texts, change_point = names
    drivers = [parse_driver(text) for text in texts]
    bend = None if change_point is None else parse_driver(change_point, "mean")
    drivers += [] if bend is None or bend in drivers else [bend]
    if energy is None or not drivers:
        raise SettingsError("baseline: expected --energy COLUMN and at least one --driver or --change-point COLUMN")
    if len({one.name for one in drivers}) < len(drivers):
        raise SettingsError(f"baseline: a driver is given twice: {', '.join(one.name for one in drivers)}")
    time, time_format, zone, every, complete = reading
    if every not in EVERY:
        raise SettingsError(f"baseline: expected --every of {', '.join(EVERY)}, got {every!r}")
    periods = read_periods(file, time, energy, drivers, every, time_format, zone, complete, values_must_occur=is_new)
    return periods, None if bend is None else bend.name


def _fit_span(spans: dict[str, _Span]) -> _Span:
    """What to fit on: as asked for, else all before the judged period; never a period that is judged."""
    if "judge" not in spans:
        return spans.get("fit", (None, None))
    first, last = spans["judge"]
    if "fit" not in spans and first is None:
        raise SettingsError("baseline: --judge without a beginning needs --fit FROM..TO")
    begin, end = spans.get("fit", (None, first))
    is_before = end is not None and first is not None and end <= first
    is_after = begin is not None and last is not None and last <= begin
    if not is_before and not is_after:
        raise SettingsError("baseline: --fit and --judge overlap: a period can't be judged by itself")
    return begin, end


def _fit(file: Path, fitted: Periods, energy: str, bend: str | None, shape: str, every: str, zone: str) -> Baseline:
    try:
        return fit_baseline(
            fitted.energy,
            fitted.drivers,
            change_point=bend,
            shape=shape,  # type: ignore[arg-type]  # what is no shape is refused there by name
            energy_name=energy,
            times_ns=fitted.starts_ns,
            source=file.name,
            every=every,
            time_zone=zone,
        )
    except ValueError as error:
        raise SettingsError(f"baseline: {file.name}: {error}") from error


def _judge(file: Path, known: Baseline, reported: Periods) -> Judged:
    if not reported.starts_ns.size:
        raise SettingsError(f"baseline: {file.name}: no whole period lies in --judge")
    return Judged(judge_by(known, reported.energy, reported.drivers), reported)


def _shown(baseline: Baseline, judged: Judged | None, read: Periods) -> Iterator[Piece]:
    fitted = baseline.fitted_on
    span = f"{_local(fitted.first, fitted)} to {_local(fitted.last, fitted)} ({fitted.time_zone})"
    yield Note(f"{baseline.energy} of {fitted.source} every {fitted.every}, fitted on {fitted.rows} periods, {span}")
    yield Note("")
    yield Table("", columns(*_TERMS), list(_terms(baseline)))
    yield Note("")
    values = msgspec.to_builtins(baseline.statistics)
    yield Facts({label: values[name] for name, label in _STATISTICS.items()})
    for note in doubts(baseline, read):
        yield Note(f"note: {note}")
    if judged is not None:
        yield from _judged(baseline, judged)


def _local(moment: str, fitted: FittedOn) -> str:
    """The start of a period by the local clock."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(fitted.time_zone))
    return f"{local:%Y-%m-%d}" if fitted.every in ("day", "week", "month") else f"{local:%Y-%m-%d %H:%M}"


def _terms(baseline: Baseline) -> Iterator[dict[str, Any]]:
    for term in (baseline.intercept, *baseline.terms):
        seen = baseline.fitted_on.drivers.get(term.driver)
        name = term.driver if term.side == "all" else f"{term.driver} {term.side} {term.change_point:.4g}"
        bounds = (None, None) if seen is None else (seen.low, seen.high)
        numbers = (term.coefficient, term.standard_error, term.t, term.p, term.variance_inflation)
        yield dict(zip(_TERMS, (name or "intercept", *numbers, *bounds), strict=True))


def _judged(baseline: Baseline, judged: Judged) -> Iterator[Piece]:
    judgement, periods = judged
    yield Note("")
    yield Note(f"judged: {judgement.rows} periods from {periods.labels[0]} to {periods.labels[-1]}")
    yield Note("")
    names = ("from", "periods", "actual", "expected", "savings", "CUSUM")
    rows = [dict(zip(names, row, strict=True)) for row in gathered(judgement, periods)]
    yield Table("", columns(*names), rows)
    yield Note("")
    yield Facts(
        {
            "actual": judgement.actual_total,
            "expected": judgement.expected_total,
            "savings": judgement.savings_total,
            f"savings, ± at {CONFIDENCE:.0%}": judgement.savings_uncertainty,
            "EnPI, actual/expected": judgement.enpi_ratio,
            "improvement": judgement.improvement,
        }
    )
    for name, count in judgement.beyond.items():
        if count:
            seen = baseline.fitted_on.drivers[name]
            yield Note(f"note: {count} of the periods have {name} outside {seen.low:g} to {seen.high:g}: extrapolated")
