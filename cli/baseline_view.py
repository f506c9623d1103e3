"""What `fieldline baseline` prints: the terms, the statistics and the data behind them, and a period judged by them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from analysis.baseline import Baseline, FittedOn
from analysis.savings import CONFIDENCE, Judgement
from cli.output import print_table
from cli.periods import Periods

Judged = tuple[Judgement, Periods]

_ROWS_SHOWN = 31
_SIGNIFICANT = 0.05
_INFLATED = 10.0
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


def as_json(baseline: Baseline, judged: Judged | None, read: Periods) -> dict[str, Any]:
    """All of it for a program; the judged periods one by one."""
    document: dict[str, Any] = {"baseline": msgspec.to_builtins(baseline), "read": _read(read)}
    if judged is not None:
        judgement, periods = judged
        sums = msgspec.to_builtins(judgement)
        columns = [sums.pop(name) for name in ("expected", "savings", "cusum")]
        names = ("start", "actual", "expected", "savings", "cusum")
        rows = zip(periods.labels, periods.energy.tolist(), *columns, strict=True)
        document["judged"] = sums | {"periods": [dict(zip(names, row, strict=True)) for row in rows]}
    return document


def show(baseline: Baseline, judged: Judged | None, read: Periods) -> None:
    """All of it for people."""
    fitted = baseline.fitted_on
    span = f"{_local(fitted.first, fitted)} to {_local(fitted.last, fitted)} ({fitted.time_zone})"
    typer.echo(f"{baseline.energy} of {fitted.source} every {fitted.every}, fitted on {fitted.rows} periods, {span}\n")
    _show_terms(baseline)
    typer.echo()
    values = msgspec.to_builtins(baseline.statistics)
    print_table(("statistic", "value"), [(label, values[name]) for name, label in _STATISTICS.items()])
    for note in (*_read_notes(read), *_fit_notes(baseline)):
        typer.echo(f"note: {note}")
    if judged is not None:
        typer.echo()
        _show_judged(baseline, *judged)


def _local(moment: str, fitted: FittedOn) -> str:
    """The start of a period by the local clock."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(fitted.time_zone))
    return f"{local:%Y-%m-%d}" if fitted.every in ("day", "week", "month") else f"{local:%Y-%m-%d %H:%M}"


def _show_terms(baseline: Baseline) -> None:
    columns = ("term", "coefficient", "standard error", "t", "p", "inflation", "lowest", "highest")
    rows: list[tuple[object, ...]] = []
    for term in (baseline.intercept, *baseline.terms):
        seen = baseline.fitted_on.drivers.get(term.driver)
        name = term.driver if term.side == "all" else f"{term.driver} {term.side} {term.change_point:.4g}"
        bounds = (None, None) if seen is None else (seen.low, seen.high)
        numbers = (term.coefficient, term.standard_error, term.t, term.p, term.variance_inflation)
        rows.append((name or "intercept", *numbers, *bounds))
    print_table(columns, rows)


def _show_judged(baseline: Baseline, judgement: Judgement, periods: Periods) -> None:
    typer.echo(f"judged: {judgement.rows} periods from {periods.labels[0]} to {periods.labels[-1]}\n")
    columns = ("from", "periods", "actual", "expected", "savings", "CUSUM")
    print_table(columns, _gathered(judgement, periods))
    typer.echo()
    sums = (
        ("actual", judgement.actual_total),
        ("expected", judgement.expected_total),
        ("savings", judgement.savings_total),
        (f"savings, ± at {CONFIDENCE:.0%}", judgement.savings_uncertainty),
        ("EnPI, actual/expected", judgement.enpi_ratio),
        ("improvement", judgement.improvement),
    )
    print_table(("sum", "value"), sums)
    for name, count in judgement.beyond.items():
        if count:
            seen = baseline.fitted_on.drivers[name]
            typer.echo(f"note: {count} of the periods have {name} outside {seen.low:g} to {seen.high:g}: extrapolated")


def _gathered(judgement: Judgement, periods: Periods) -> list[tuple[object, ...]]:
    """Each period, or each month when there are too many; CUSUM is that at the end of it."""
    length = len(periods.labels[0]) if len(periods.labels) <= _ROWS_SHOWN else len("2026-01")
    rows: dict[str, list[Any]] = {}
    for k, label in enumerate(periods.labels):
        if judgement.savings[k] != judgement.savings[k]:
            continue
        row = rows.setdefault(label[:length], [0, 0.0, 0.0, 0.0, 0.0])
        row[0] += 1
        row[1] += float(periods.energy[k])
        row[2] += judgement.expected[k]
        row[3] += judgement.savings[k]
        row[4] = judgement.cusum[k]
    return [(label, *row) for label, row in rows.items()]


def _read(read: Periods) -> dict[str, int]:
    return {
        "rows": read.rows,
        "repeated_rows": read.repeated_rows,
        "empty_rows": read.empty_rows,
        "incomplete_periods": read.incomplete,
    }


def _read_notes(read: Periods) -> list[str]:
    told = {
        f"{read.repeated_rows} rows repeat a time that an earlier row has: left out": read.repeated_rows,
        f"{read.empty_rows} rows lack energy or a driver: left out": read.empty_rows,
        f"{read.incomplete} periods lack rows: left out": read.incomplete,
    }
    return [note for note, count in told.items() if count]


def _fit_notes(baseline: Baseline) -> list[str]:
    notes = []
    for term in baseline.terms:
        if term.p > _SIGNIFICANT:
            notes.append(f"{term.driver} has p {term.p:.2g}: its effect may be none")
        if term.variance_inflation > _INFLATED:
            notes.append(f"{term.driver} follows largely from the other drivers: its coefficient alone means little")
    return notes
