"""What a check says of the rows that stand, and all of it as a table."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import polars as pl

from fieldline.moments import iso, parse_moment
from tests.cases.cases import Check

_WIDEST = 60
"""Of a cell that people are shown [characters]."""


class Outcome(NamedTuple):
    """One line of the table: what a case had to give, and what it gave."""

    case: str
    field: str
    expected: str
    got: str
    is_right: bool


def judged(case: str, check: Check, rows: pl.DataFrame) -> Outcome:
    """The outcome of a check. rows : all that stand of its kind, asset, tag and window, with `time`."""
    label = " ".join(filter(None, (check.kind, check.tag, check.window, (check.at or "")[:16], check.field)))
    expected, got, is_right = _elsewhere(check, rows) if check.absent else _figure(check, rows)
    return Outcome(case, label, expected, got, is_right)


def _elsewhere(check: Check, rows: pl.DataFrame) -> tuple[str, str, bool]:
    right = _ns(check.at_other_than) if check.at_other_than else None
    times = [time for time in rows["time"].dt.epoch("ns").to_list() if time != right]
    place = f" but at {check.at_other_than}" if check.at_other_than else ""
    return f"no row{place}", f"rows at {', '.join(map(iso, times))}" if times else "none", not times


def _figure(check: Check, rows: pl.DataFrame) -> tuple[str, str, bool]:
    assert check.at is not None
    found = rows.filter(rows["time"].dt.epoch("ns") == _ns(check.at))
    if not len(found):
        return _wanted(check), "no row", check.or_absent
    if len(found) > 1:
        return _wanted(check), f"{len(found)} rows", False
    got = found[check.field][0] if check.field in found.columns else None
    return (
        _wanted(check),
        "null" if got is None else f"{got:.10g}" if isinstance(got, float) else str(got),
        _fits(check, got),
    )


def _wanted(check: Check) -> str:
    more = " or no row" if check.or_absent else ""
    if check.maximum is not None:
        return f"null or at most {check.maximum:.10g}{more}"
    within = f" ± {check.abs_tol:g}" if check.abs_tol else ""
    return ("null" if check.value is None else str(check.value)) + within + more


def _fits(check: Check, got: object) -> bool:
    if check.maximum is not None:
        return got is None or (isinstance(got, float) and got <= check.maximum)
    if check.value is None or isinstance(check.value, str | msgspec.UnsetType):
        return got == check.value
    return isinstance(got, float) and abs(got - check.value) <= check.abs_tol


def _ns(text: str) -> int:
    return parse_moment(text, 0)


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes in columns, then how many are right."""
    head = ("case", "field", "expected", "got", "verdict")
    rows = [head, *((*map(_cut, outcome[:4]), "right" if outcome.is_right else "WRONG") for outcome in outcomes)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    wrong = [outcome for outcome in outcomes if not outcome.is_right]
    cases = len({outcome.case for outcome in outcomes})
    failed = len({outcome.case for outcome in wrong})
    lines.append(
        f"{cases - failed} of {cases} cases are right, {len(outcomes) - len(wrong)} of {len(outcomes)} figures"
    )
    return "\n".join(lines)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
