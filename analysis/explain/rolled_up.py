"""A figure of an area, a site or a group taken apart: each of its lines worked out once more from the raw readings, then added up.

What is added, and how the ratios follow from it, stands here once more and by other means than where the row was made
(`analysis/rollup/together.py`): from the recount of the lines' times, pieces and energies.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from math import fsum, isnan, nan
from typing import Any, NamedTuple

from analysis.audit.committed import committed
from analysis.explain.taken_apart import Explained, Query, Standing, agrees, standing, take_apart
from analysis.explain.wanted import Asked
from analysis.no_such_window import NoSuchWindow
from analysis.rollup.clock import clock_of
from analysis.rollup.together import KINDS
from analysis.spans import Span
from fieldline.errors import SettingsError
from fieldline.log import Log, Stream
from fieldline.moments import Moment
from fieldline.plant import Plant

Figures = dict[str, float]
OfLines = Mapping[str, Mapping[str, Explained]]
"""Figures taken apart, by kind and line."""

_STOPS = ("down_time_loss_s", "setup_loss_s", "delay_loss_s", "minor_stop_loss_s")
_PIECES = ("speed_loss_s", "quality_loss_s", "fully_productive_time_s")
_COUNTS = ("good_count", "scrap_count", "rework_count", "total_count")


class RolledUp(NamedTuple):
    """A figure of lines together.

    row : what stands; lines : each line's figure taken apart, by kind and line; recount : the row's, of the recounts of the lines
    apart : lines that have a row of the same hours by another name, by that name; without : lines that have no row then
    """

    asked: Asked
    window: str
    span: Span
    row: dict[str, Any]
    lines: OfLines
    recount: Figures
    apart: Mapping[str, list[str]]
    without: list[str]

    @property
    def doubt(self) -> str:
        """Why the row need not be what comes of the lines' readings, "" where it must be."""
        for of_kind in self.lines.values():
            for line, found in of_kind.items():
                if not found.is_over:
                    return f"the window of {line} still runs"
                if found.doubt or found.is_older:
                    return f"{line}: {found.doubt or 'another row is on the log, which delivery has not brought yet'}"
        return ""

    def differing(self) -> list[str]:
        """Figures in which the recount is not what stands, to 1e-9."""
        return [name for name, value in self.recount.items() if not agrees(self.row.get(name), value)]


def lines_below(log: Log, plant: Plant, path: str) -> list[str]:
    """The lines that a path is rolled up of; none where it is a line itself, or below one. Raises Unavailable, LogCorrupt."""
    lines = {
        line for number in range(log.partitions(Stream.READINGS)) for line in committed(log, number).account.sources
    }
    return [] if path in lines else sorted(line for line in lines if path in plant.above(line))


def explain_rolled_up(
    log: Log, plant: Plant, query: Query, lines: list[str], asked: Asked, now: int, advance: Callable[[int], None]
) -> RolledUp:
    """Take a figure of lines together apart. Raises SettingsError where the window has no row, or none of the lines has one."""
    window = asked.window or "1h"
    kinds = ("losses", "oee") if asked.kind == "oee" else (asked.kind,)
    if asked.kind not in KINDS:
        raise SettingsError(
            f"explain: areas and sites have losses, oee, quality and production_order; got {asked.kind!r}"
        )
    sought = [asked._replace(kind=kind, asset=line, window=window) for line in lines for kind in kinds]
    found: dict[str, dict[str, Explained]] = {kind: {} for kind in kinds}
    for one in take_apart(log, plant, _of_those_that_have_one(log, plant, query, sought, advance), now, advance):
        found[one.asked.kind][one.asked.asset] = one
    starts = {one.span.start for of_kind in found.values() for one in of_kind.values()}
    made = [(_of_row(found, row), row) for row in _standing(query, asked, window, starts)]
    made = [(mine, row) for mine, row in made if mine[asked.kind]]
    if not made:
        what, zone = f"{asked.kind} of {asked.asset}", plant.time_zone(clock_of(plant, asked.asset).path)
        why = f"none of its {len(lines)} lines has one then, or it is not rolled up yet, or results lie elsewhere (--store, --influx)"
        raise NoSuchWindow("no row of {} for the {} that {} lies in: {}", what, window, Moment(asked.at, zone), why)
    mine, row = max(made, key=lambda pair: len(pair[0][asked.kind]))
    counted = {kind: {line: one.recount for line, one in of_kind.items()} for kind, of_kind in mine.items()}
    span = next(iter(mine[asked.kind].values())).span
    apart: dict[str, list[str]] = {}
    for line in sorted(found[asked.kind].keys() - mine[asked.kind].keys()):
        apart.setdefault(_name_of(found[asked.kind][line].row), []).append(line)
    without = [line for line in lines if line not in found[asked.kind]]
    return RolledUp(asked, window, span, row, mine, _recount(asked.kind, counted), apart, without)


def _of_those_that_have_one(
    log: Log, plant: Plant, query: Query, sought: list[Asked], advance: Callable[[int], None]
) -> list[Standing]:
    """The lines' figures that stand; a line may have none in the window."""
    figures: list[Standing] = []
    for asked in sought:
        with suppress(NoSuchWindow):
            figures.append(standing(log, plant, query, asked, advance))
    return figures


def _standing(query: Query, asked: Asked, window: str, starts: set[int]) -> list[dict[str, Any]]:
    """The rows that stand of lines together, in windows that begin at some times [ns UTC]: one for each name that a shift has."""
    rows = [row for start in sorted(starts) for row in query(asked.kind, asked.asset, window, start, start + 1)]
    return [row for row in rows if row.get("retracted") != 1.0]


def _of_row(found: OfLines, row: Mapping[str, Any]) -> OfLines:
    """The lines whose rows are in a row of lines together."""
    return {
        kind: {line: one for line, one in of_kind.items() if _is_of(one.row, row)} for kind, of_kind in found.items()
    }


def _name_of(row: Mapping[str, Any]) -> str:
    """What a line calls its hours: shift and crew."""
    return ", ".join(filter(None, (row.get("shift"), row.get("crew")))) or "no shift"


def _is_of(line: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a line's row is in that of lines together: of the same hours, by the same names."""
    return all((line.get(name) or "") == (row.get(name) or "") for name in ("time", "shift", "crew"))


def _recount(kind: str, lines: Mapping[str, Mapping[str, Figures]]) -> Figures:
    of_kind = [*lines[kind].values()]
    if kind == "quality":
        return _pieces(of_kind)
    if kind == "production_order":
        return _orders(of_kind)
    at_work = [row if _planned(row) else row | dict.fromkeys(_PIECES, 0.0) for row in lines["losses"].values()]
    times = {name: _sum(at_work, name) for name in (at_work or [{}])[0]}
    if kind == "losses":
        return times
    beside = [row["fully_productive_time_s"] for row in lines["losses"].values() if not _planned(row)]
    return _effectiveness(times, of_kind, fsum(good for good in beside if not isnan(good)))


def _planned(row: Figures) -> bool:
    """Whether a line was to produce at all; what it makes beside its plan is in TEEP alone."""
    return any(row[name] != 0.0 for name in ("actual_production_time_s", *_STOPS))


def _effectiveness(times: Figures, lines: list[Figures], unplanned: float) -> Figures:
    """By Nakajima's waterfall: what is left of the plan after each kind of loss. unplanned : ideal time of pieces without a plan [s]."""
    planned = fsum([times["actual_production_time_s"], *(times[name] for name in _STOPS)])
    run = times["actual_production_time_s"] + times["minor_stop_loss_s"]
    good = times["fully_productive_time_s"]
    made = good + times["quality_loss_s"]
    stops = _sum(lines, "stop_count")
    return {
        "planned_busy_time_s": planned,
        "actual_production_time_s": times["actual_production_time_s"],
        "actual_unit_setup_time_s": times["setup_loss_s"],
        "actual_unit_delay_time_s": times["delay_loss_s"],
        "actual_unit_down_time_s": times["down_time_loss_s"],
        "minor_stop_time_s": times["minor_stop_loss_s"],
        **{name: times[name] for name in ("planned_stop_time_s", "unscheduled_time_s", "unqualified_time_s")},
        "stop_count": stops,
        "minor_stop_count": _sum(lines, "minor_stop_count"),
        "mtbf_s": _over(planned, stops),
        "mttr_s": _over(times["down_time_loss_s"], stops),
        "availability": _over(run, planned),
        "performance": _over(made, run),
        "quality": _over(good, made),
        "oee": _over(good, planned),
        "teep": _over(good + unplanned, times["calendar_time_s"]),
    }


def _pieces(lines: list[Figures]) -> Figures:
    counts = {name: _known(lines, name) for name in _COUNTS}
    is_whole = not any(isnan(row.get(name, nan)) for row in lines for name in ("good_count", "total_count"))
    ratio = _over(counts["good_count"], counts["total_count"])
    return counts | ({"quality": ratio} if is_whole else {})


def _orders(lines: list[Figures]) -> Figures:
    names = ("good_count", "scrap_count", "total_count", "active_energy_kwh", "producing_time_s")
    sums = {name: _known(lines, name) for name in names}
    lacks = any(row.get("good_count", nan) > 0.0 and isnan(row.get("active_energy_kwh", nan)) for row in lines)
    each = nan if lacks else _over(sums["active_energy_kwh"], sums["good_count"])
    return sums | {"energy_per_good_unit_kwh": each}


def _sum(rows: Any, name: str) -> float:
    """NaN where it is not known of one of the lines."""
    return fsum(row.get(name, nan) for row in rows)


def _known(rows: list[Figures], name: str) -> float:
    """Of those lines that have it; NaN where none has."""
    values = [value for row in rows if not isnan(value := row.get(name, nan))]
    return fsum(values) if values else nan


def _over(amount: float, of: float) -> float:
    return amount / of if of > 0.0 else nan
