"""A plan of maintenance, made of what the newest rows advise, as a report."""

from typing import Any, NamedTuple

from analysis.maintenance.crew_file import CrewFile, shifts_of
from analysis.maintenance.plan import Crew, Placed, plan
from analysis.maintenance.work import Job, rate_of
from analysis.results import Results
from cli.report import Data, Note, Piece, Report, Table, columns
from delivery.query import query
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry

_STALE_NS = 7 * 86_400_000_000_000


class Asked(NamedTuple):
    """asset : a glob; shifts : how many; now [ns UTC]."""

    asset: str
    shifts: int
    now: int


def planned(plant: Plant, results: Results, file: CrewFile, asked: Asked) -> Report:
    """Raises SettingsError where no metric gives advice, or none of these assets has a row, LogCorrupt, Unavailable."""
    entries = [entry for entry in plant.metrics if entry.advice is not None]
    if not entries:
        raise SettingsError("maintenance plan: no [[metric]] of the plant file has advice: see docs/own-metrics.md")
    jobs = [job for entry in entries for job in _jobs(plant, results, entry, asked)]
    if not jobs:
        kinds = ", ".join(sorted({entry.kind for entry in entries}))
        raise SettingsError(
            f"maintenance plan: expected rows of {kinds} with a probability in the week before, of assets that match {asked.asset!r}, "
            "got none"
        )
    crew = Crew(shifts_of(plant, jobs[0].line, file, asked.now, asked.shifts), file.parts)
    found = plan(jobs, crew, file.orders, asked.now)
    rows = [_row(plant, one) for one in found]
    total, waiting = (
        sum(cost.total for cost in costs) for costs in zip(*((one.cost, one.waiting) for one in found), strict=True)
    )
    acted = sum(one.job is not None for one in found)
    pieces: list[Piece] = [Data("plan", rows), Data("cost", total), Data("waiting_cost", waiting)]
    pieces.append(
        Note(
            f"{acted} of {len(found)} assets in {len(crew.shifts)} shifts cost {total:.0f} in all; waiting costs {waiting:.0f}"
        )
    )
    shown = [{name: value for name, value in row.items() if name != "why"} for row in rows]
    pieces.append(Table("", columns(*shown[0]), shown))
    return Report([*pieces, *(Note(f"{row['asset']}: {row['why']}") for row in rows)])


def _jobs(plant: Plant, results: Results, entry: MetricEntry, asked: Asked) -> list[Job]:
    """A job for each action of each asset, by its newest row."""
    advice = entry.advice
    assert advice is not None
    frame = query(entry.kind, asked.asset, entry.windows[0], asked.now - _STALE_NS, asked.now, source=results.source)
    newest: dict[str, dict[str, Any]] = {}
    for row in frame.sort("time").iter_rows(named=True) if frame.height else ():
        if row.get(advice.probability) is not None:
            newest[row["asset"]] = row
    return [
        Job(
            asset,
            plant.line_of(asset),
            one.name,
            one.hours,
            one.part or "",
            one.cost,
            one.removes,
            rate_of(row[advice.probability], advice.within_s / 3600.0),
            advice.failure_cost,
        )
        for asset, row in sorted(newest.items())
        for one in advice.action
    ]


def _row(plant: Plant, one: Placed) -> dict[str, Any]:
    return {
        "asset": one.asset,
        "action": one.job.action if one.job else "wait",
        "begins": Moment(one.shift.start, plant.time_zone(one.asset)) if one.shift else None,
        "shift": one.shift.name if one.shift else None,
        "cost": round(one.cost.total, 2),
        "waiting_cost": round(one.waiting.total, 2),
        "why": one.why,
    }
