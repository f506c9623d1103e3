"""Lines rolled up to their area or site: times are added, then divided; never a mean of ratios.

A line without planned time has no share in OEE and its three ratios: it adds its calendar time only. What it made all the same
counts in TEEP, which is about all calendar time.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, isnan, nan
from typing import Any, NamedTuple

from analysis.spans import Span, span_at
from fieldline.errors import SettingsError
from fieldline.plant import Plant
from processing.formulas import oee
from processing.formulas.division import divide

Row = Mapping[str, Any]

_IDLE = ("unscheduled_time_s", "planned_stop_time_s", "unqualified_time_s")
_STOPS = ("down_time_loss_s", "setup_loss_s", "delay_loss_s", "minor_stop_loss_s")
_PIECES = ("speed_loss_s", "quality_loss_s", "fully_productive_time_s")
_PRODUCTION = "actual_production_time_s"
TIMES = ("calendar_time_s", *_IDLE, *_STOPS, _PRODUCTION, *_PIECES)
"""The fields of `losses`, which add up over lines."""
RATIOS = ("availability", "performance", "quality", "oee", "teep")


class OneWindow(NamedTuple):
    """The window that most lines have, their rows in it by line, and the lines that have none in it."""

    span: Span
    rows: dict[str, Row]
    left_out: list[str]


class RolledUp(NamedTuple):
    """Lines together.

    row : fields of `losses` and the ratios of `oee`, None where they do not exist, `null_reason` then with the lines' names;
        `coverage` as the operator has it: the share of calendar time that was not unqualified
    unknown : reason why the ideal time of a line is not known, by line
    resting : reason why a line has no share, by line
    """

    row: dict[str, Any]
    unknown: dict[str, str]
    resting: dict[str, str]


def lines_of(plant: Plant, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that are of lines: not of machines in them, nor of a path that has lines below it."""
    mine = [row for row in rows if plant.line_of(row["asset"]) == row["asset"]]
    above = {path.rsplit("/", depth)[0] for path in {row["asset"] for row in mine} for depth in _depths(path)}
    return [row for row in mine if row["asset"] not in above]


def _depths(path: str) -> range:
    return range(1, path.count("/") + 1)


def of_one_window(plant: Plant, rows: Iterable[Row], window: str, at: int) -> OneWindow | None:
    """The lines' rows of the window that `at` lies in [ns UTC]; None where no line has one.

    Calendars and time zones may differ: the start and end that most lines have are taken, of equals the later start.
    """
    found: dict[Span, dict[str, Row]] = {}
    lines: dict[str, Span | None] = {}
    for row in rows:
        line = row["asset"]
        if line not in lines:
            lines[line] = _span(plant, line, window, at)
        span = lines[line]
        if span is not None and span.start == row["time"]:
            # What a shift is called does not matter: the same hours are one window.
            found.setdefault(span._replace(shift=""), {}).setdefault(line, row)
    if not found:
        return None
    best = max(found, key=lambda span: (len(found[span]), span.start, span.end))
    names = {span.shift for line in found[best] if (span := lines[line]) is not None}
    shift = names.pop() if len(names) == 1 else ""
    return OneWindow(best._replace(shift=shift), found[best], sorted(lines.keys() - found[best].keys()))


def _span(plant: Plant, line: str, window: str, at: int) -> Span | None:
    try:
        return span_at(plant, line, window, at)
    except SettingsError:
        return None


def roll_up(losses: Mapping[str, Row], ratios: Mapping[str, Row]) -> RolledUp:
    """Lines of one window as one row, from their rows of `losses` and of `oee` (which say why one is missing), by line.

    Σ ideal time of good pieces / Σ planned busy time, and so on. A line with planned time whose ideal time is not known
    makes all that need it None.
    """
    planned = {line: added(_number(row, name) for name in (*_STOPS, _PRODUCTION)) for line, row in losses.items()}
    resting = {
        line: str(ratios.get(line, {}).get("null_reason") or "no planned time")
        for line in losses
        if planned[line] == 0.0
    }
    shared = {
        line: row if planned[line] != 0.0 else {**row, **dict.fromkeys(_PIECES, 0.0)} for line, row in losses.items()
    }
    unknown = {
        line: str(row.get("null_reason") or "no ideal cycle or count")
        for line, row in shared.items()
        if any(isnan(_number(row, name)) for name in _PIECES)
    }
    times = {name: added(_number(row, name) for row in shared.values()) for name in TIMES}
    # Resting lines whose ideal time is not known made nothing that is known of: as in `oee.roll_up`.
    late = added(value for line in resting if not isnan(value := _number(losses[line], "fully_productive_time_s")))
    found = {**_ratios(list(shared.values())), "teep": _teep(times, late), "coverage": _coverage(times)}
    row = {name: None if isnan(value) else value for name, value in {**times, **found}.items()}
    return RolledUp({**row, "null_reason": _reason(row, unknown)}, unknown, resting)


def _ratios(rows: Sequence[Row]) -> dict[str, float]:
    stops, minor, production, speed, scrap, good = (
        [added(_number(row, name) for name in names) for row in rows]
        for names in (_STOPS, ("minor_stop_loss_s",), (_PRODUCTION,), *((name,) for name in _PIECES))
    )
    planned = [a + b for a, b in zip(stops, production, strict=True)]
    # A minor stop is lost speed: it counts as run.
    run = [a + b for a, b in zip(minor, production, strict=True)]
    total = [a + b for a, b in zip(scrap, good, strict=True)]
    together = oee.roll_up(planned, run, total, good)
    return {name: float(value) for name, value in together._asdict().items()}


def _teep(times: Mapping[str, float], late: float) -> float:
    return float(divide(times["fully_productive_time_s"] + late, times["calendar_time_s"]))


def _coverage(times: Mapping[str, float]) -> float:
    return float(divide(times["calendar_time_s"] - times["unqualified_time_s"], times["calendar_time_s"]))


def _reason(row: Row, unknown: Mapping[str, str]) -> str | None:
    """Why a ratio of the lines together does not exist; None where all do."""
    if unknown:
        return by_reason(unknown)
    if all(row[name] is not None for name in RATIOS):
        return None
    if row["availability"] is None:
        return "no planned time"
    return "no production time" if row["availability"] == 0.0 else "no pieces"


def added(values: Iterable[float]) -> float:
    """The sum, correctly rounded; NaN where it is beyond what a number can hold."""
    try:
        return fsum(values)
    except OverflowError:
        return nan


def by_reason(lines: Mapping[str, str]) -> str:
    """Reasons, each with its lines: `no ideal cycle: plant/hall1/line2, plant/hall1/line4; no count: …`."""
    found: dict[str, list[str]] = {}
    for line, reason in sorted(lines.items()):
        found.setdefault(reason, []).append(line)
    return "; ".join(f"{reason}: {', '.join(names)}" for reason, names in found.items())


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return nan if value is None else float(value)
