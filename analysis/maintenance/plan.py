"""Which jobs are done in which shift so that all of it costs least, by integer programming, and why each stands where it does.

Each asset has one job at most. A shift has so many crew hours, and a spare part is there so often. What a job costs in a shift and what
waiting costs are those of `work.py`; SciPy's HiGHS finds the least sum and proves it (Huangfu and Hall 2018,
doi:10.1007/s12532-017-0130-5).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analysis.maintenance.work import Cost, Job, Order, Shift, cost_in, cost_of_waiting
from fieldline.errors import SettingsError

_MOST_OPTIONS = 200_000
_TIME_LIMIT_S = 60.0
_TINY = 1e-9


class Crew(NamedTuple):
    """What there is to work with. shifts : in the order of time; parts : how often each spare is there."""

    shifts: tuple[Shift, ...]
    parts: Mapping[str, float]


class Placed(NamedTuple):
    """What the plan says of an asset.

    job : None: nothing is to be done; shift : when; cost : of that; waiting : of doing nothing; why : in a sentence
    """

    asset: str
    job: Job | None
    shift: Shift | None
    cost: Cost
    waiting: Cost
    why: str


class _Option(NamedTuple):
    job: Job
    shift: int
    cost: Cost
    saves: float


def plan(jobs: Sequence[Job], crew: Crew, orders: tuple[Order, ...], now: int) -> list[Placed]:
    """What to do, by asset; now [ns UTC]. The plan ends with its last shift.

    Raises SettingsError without a shift, and for more options than can be compared.
    """
    if not crew.shifts:
        raise SettingsError("maintenance plan: expected a shift to plan for, there is none in that time")
    end = max(shift.end for shift in crew.shifts)
    options = [
        _Option(job, number, cost, cost_of_waiting(job, now, end).total - cost.total)
        for job in jobs
        for number, shift in enumerate(crew.shifts)
        if job.hours <= shift.crew_hours + _TINY and (not job.part or crew.parts.get(job.part, 0.0) >= 1.0)
        for cost in (cost_in(job, shift, orders, now, end),)
    ]
    if len(options) > _MOST_OPTIONS:
        raise SettingsError(
            f"maintenance plan: expected at most {_MOST_OPTIONS} options of jobs and shifts, got {len(options)}: ask for fewer"
        )
    chosen = {one.job.asset: one for one in _cheapest([one for one in options if one.saves > _TINY], crew)}
    found = []
    for asset in dict.fromkeys(job.asset for job in jobs):
        mine = [job for job in jobs if job.asset == asset]
        waiting = cost_of_waiting(mine[0], now, end)
        one = chosen.get(asset)
        best = max((each for each in options if each.job.asset == asset), key=lambda each: each.saves, default=None)
        why = _why(one, best, waiting, crew, list(chosen.values()))
        if one is None:
            found.append(Placed(asset, None, None, waiting, waiting, why))
        else:
            found.append(Placed(asset, one.job, crew.shifts[one.shift], one.cost, waiting, why))
    return found


def _cheapest(options: list[_Option], crew: Crew) -> list[_Option]:
    """Those that save most together."""
    if not options:
        return []
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    rows: dict[tuple[str, str | int], int] = {}
    cells: list[tuple[int, int, float]] = []
    limits: list[float] = []

    def add(key: tuple[str, str | int], limit: float, column: int, amount: float) -> None:
        if key not in rows:
            rows[key] = len(rows)
            limits.append(limit)
        cells.append((rows[key], column, amount))

    for column, one in enumerate(options):
        add(("asset", one.job.asset), 1.0, column, 1.0)
        add(("crew", one.shift), crew.shifts[one.shift].crew_hours, column, one.job.hours)
        if one.job.part:
            add(("part", one.job.part), crew.parts[one.job.part], column, 1.0)
    row_of, option_of, amounts = zip(*cells, strict=True)
    matrix = coo_array((amounts, (row_of, option_of)), shape=(len(rows), len(options))).tocsr()
    found = milp(
        -np.array([one.saves for one in options]),
        integrality=np.ones(len(options)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, ub=np.array(limits) + _TINY),
        options={"time_limit": _TIME_LIMIT_S, "mip_rel_gap": 0.0},
    )
    if found.status != 0:
        raise SettingsError(f"maintenance plan: no least cost was found: {found.message}")
    return [one for one, taken in zip(options, found.x.round().tolist(), strict=True) if taken]


def _why(one: _Option | None, best: _Option | None, waiting: Cost, crew: Crew, chosen: list[_Option]) -> str:
    """Why an asset has what it has; best : what would save most if nothing else were to be done, None: nothing can be done."""
    if best is None:
        return "no shift has the crew hours, or there is no spare part: it has to wait"
    job = best.job
    if one is None and best.saves <= _TINY:
        return f"waiting costs least: {job.action} would cost {best.cost.total:.0f} in all, waiting {waiting.total:.0f}"
    if one is None:
        return f"{_scarce(best, crew, chosen)}: {job.action} would have saved {best.saves:.0f}"
    saved = f"saves {one.saves:.0f} against waiting"
    if one.saves >= best.saves - _TINY:
        standing = one.cost.standing
        reason = f"the line's standing costs {standing:.0f} there" if standing else "the line need not stand for it"
        return f"{saved}; of all shifts this one costs least: {reason}"
    more, when = best.saves - one.saves, crew.shifts[best.shift].name
    return f"{saved}; {job.action} in {when} would save {more:.0f} more, but {_scarce(best, crew, chosen)}"


def _scarce(best: _Option, crew: Crew, chosen: list[_Option]) -> str:
    shift = crew.shifts[best.shift]
    hours = sum(other.job.hours for other in chosen if other.shift == best.shift)
    if hours + best.job.hours > shift.crew_hours + _TINY:
        return f"the {shift.crew_hours:g} crew hours of {shift.name} go where they save more"
    return f"the spare part {best.job.part!r} goes where it saves more"
