"""A baseline and a period judged by it as one document, the judged periods gathered by month, and what to take with care."""

from typing import Any, NamedTuple

import msgspec

from analysis.baseline import Baseline
from analysis.periods import Periods
from analysis.savings import CONFIDENCE, Judgement

_ROWS_SHOWN = 31
_SIGNIFICANT = 0.05
_INFLATED = 10.0
_USABLE = 0.25
"""CV(RMSE) up to which ASHRAE Guideline 14-2014 takes a model of monthly data for calibrated within 15 %, of hourly data within 30 %."""


class Judged(NamedTuple):
    """A judgement and the periods that it is of."""

    judgement: Judgement
    periods: Periods


def document(baseline: Baseline, judged: Judged | None, read: Periods) -> dict[str, Any]:
    """All of it, the judged periods one by one."""
    document: dict[str, Any] = {"baseline": msgspec.to_builtins(baseline), "read": read_of(read)}
    if judged is not None:
        judgement, periods = judged
        sums = msgspec.to_builtins(judgement)
        columns = [sums.pop(name) for name in ("expected", "savings", "cusum")]
        names = ("start", "actual", "expected", "savings", "cusum")
        rows = zip(periods.labels, periods.energy.tolist(), *columns, strict=True)
        document["judged"] = sums | {"periods": [dict(zip(names, row, strict=True)) for row in rows]}
    return document


def read_of(read: Periods) -> dict[str, int]:
    """What was read of the file."""
    return {
        "rows": read.rows,
        "repeated_rows": read.repeated_rows,
        "empty_rows": read.empty_rows,
        "incomplete_periods": read.incomplete,
        "scaled_periods": read.scaled,
        "crowded_periods": len(read.crowded),
    }


def gathered(judgement: Judgement, periods: Periods) -> list[tuple[object, ...]]:
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


def verdict(baseline: Baseline, judged: Judgement | None) -> str:
    """In one line what a reader wants to know first: what was saved and whether that is more than chance, or what the baseline is worth."""
    statistics = baseline.statistics
    worth = f"CV(RMSE) {statistics.cv_rmse:.1%}, R² {statistics.r2:.2f}"
    if judged is None:
        return f"{'a usable' if statistics.cv_rmse <= _USABLE else 'a poor'} baseline: {worth}"
    if not judged.rows:
        return "nothing can be said: no period has energy and all drivers"
    less = "less" if judged.savings_total >= 0 else "more"
    is_sure = abs(judged.savings_total) > judged.savings_uncertainty
    sure = "more than chance" if is_sure else "no more than chance"
    return (
        f"{abs(judged.savings_total):,.4g} {less} than expected ({abs(judged.improvement):.1%}), "
        f"± {judged.savings_uncertainty:,.4g} at {CONFIDENCE:.0%}: {sure}; {worth}"
    )


def doubts(baseline: Baseline, read: Periods) -> list[str]:
    """A sentence for each thing that was left out of the fit or weakens it."""
    return [*_read_notes(read), *_fit_notes(baseline)]


def _read_notes(read: Periods) -> list[str]:
    notes = {
        f"{read.repeated_rows} rows repeat a time that an earlier row has: left out": read.repeated_rows,
        f"{read.empty_rows} rows lack energy or a driver: left out": read.empty_rows,
        f"{read.incomplete} periods lack rows: left out": read.incomplete,
        f"{read.scaled} periods lack a few rows: their sums are scaled up to their length": read.scaled,
        f"{len(read.crowded)} periods have several rows where most have one, such as {next(iter(read.crowded), '')}: left out; for bills "
        "give --every bill": len(read.crowded),
    }
    return [note for note, count in notes.items() if count]


def _fit_notes(baseline: Baseline) -> list[str]:
    notes = []
    for term in baseline.terms:
        if term.p > _SIGNIFICANT:
            notes.append(f"{term.driver} has p {term.p:.2g}: its effect may be none")
        if term.variance_inflation > _INFLATED:
            notes.append(f"{term.driver} follows largely from the other drivers: its coefficient alone means little")
    return notes
