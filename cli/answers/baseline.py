"""A baseline of energy, fitted or known, and what it says of a period."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from analysis.baseline import Baseline, FittedOn
from analysis.baseline_document import Judged, document, doubts, gathered, verdict
from analysis.baseline_fit import Origin, fit_baseline
from analysis.periods import BILL, EVERY, Periods, Reading, parse_driver, parse_span, parse_zone, read_periods
from analysis.savings import CONFIDENCE
from analysis.savings import judge as judge_by
from cli.report import Data, Facts, Note, Piece, Report, Table, columns
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


class Asked(NamedTuple):
    """What the flags say, as texts; `fit` and `judge` are FROM..TO.

    complete : share of its usual rows that a period must have [1]
    """

    file: Path
    energy: str | None
    drivers: list[str]
    change_point: str | None
    shape: str
    fit: str | None
    judge: str | None
    every: str | None
    time: str
    time_format: str | None
    time_zone: str | None
    complete: float


def answer(asked: Asked, known: Baseline | None) -> tuple[Baseline, Report]:
    """The baseline, fitted where none is known, and its report. Raises SettingsError."""
    is_judging = known is not None or asked.judge is not None
    if known is not None:
        fitted_on = known.fitted_on
        asked = asked._replace(
            energy=known.energy, drivers=list(known.drivers), every=fitted_on.every, time_zone=fitted_on.time_zone
        )
    asked = asked._replace(every=asked.every or "day")
    zone = parse_zone(asked.time_zone or "UTC")
    named = (("fit", asked.fit), ("judge", asked.judge))
    spans = {name: parse_span(text, zone) for name, text in named if text is not None}
    periods, bend = _read(asked, zone, is_new=known is None)
    if known is None:
        known = _fit(asked, periods.within(_fit_span(spans)), bend, zone)
    judged = _judge(asked, known, periods.within(spans.get("judge", (None, None)))) if is_judging else None
    data = (Data(name, value) for name, value in document(known, judged, periods).items())
    return known, Report([*data, *_shown(known, judged, periods)])


def _read(asked: Asked, zone: ZoneInfo, *, is_new: bool) -> tuple[Periods, str | None]:
    """The file's periods, and the name of the driver with change points."""
    drivers = [parse_driver(text) for text in asked.drivers]
    bend = None if asked.change_point is None else parse_driver(asked.change_point, "mean")
    drivers += [] if bend is None or bend in drivers else [bend]
    if asked.energy is None or not drivers:
        raise SettingsError("baseline: expected --energy COLUMN and at least one --driver or --change-point COLUMN")
    if len({one.name for one in drivers}) < len(drivers):
        raise SettingsError(f"baseline: a driver is given twice: {', '.join(one.name for one in drivers)}")
    if asked.every not in (*EVERY, BILL):
        raise SettingsError(f"baseline: expected --every of {', '.join(EVERY)} or {BILL}, got {asked.every!r}")
    reading = Reading(asked.time, asked.time_format, zone, asked.every, asked.complete)
    periods = read_periods(asked.file, reading, asked.energy, drivers, values_must_occur=is_new)
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


def _fit(asked: Asked, fitted: Periods, bend: str | None, zone: ZoneInfo) -> Baseline:
    try:
        return fit_baseline(
            fitted.energy,
            fitted.drivers,
            change_point=bend,
            shape=asked.shape,  # type: ignore[arg-type]  # what is no shape is refused there by name
            energy_name=str(asked.energy),
            origin=Origin(fitted.starts_ns, asked.file.name, str(asked.every), zone.key),
        )
    except ValueError as error:
        raise SettingsError(f"baseline: {asked.file.name}: {error}") from error


def _judge(asked: Asked, known: Baseline, reported: Periods) -> Judged:
    if not reported.starts_ns.size:
        raise SettingsError(f"baseline: {asked.file.name}: no whole period lies in --judge")
    return Judged(judge_by(known, reported.energy, reported.drivers), reported)


def _shown(baseline: Baseline, judged: Judged | None, read: Periods) -> Iterator[Piece]:
    fitted = baseline.fitted_on
    span = f"{_local(fitted.first, fitted)} to {_local(fitted.last, fitted)} ({fitted.time_zone})"
    yield Note(verdict(baseline, None if judged is None else judged.judgement))
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
    return f"{local:%Y-%m-%d}" if fitted.every in ("day", "week", "month", BILL) else f"{local:%Y-%m-%d %H:%M}"


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
