"""Plans of maintenance: the least cost of all that could be done, found by trying everything; and costs that are written out."""

from itertools import product
from math import exp, log
from random import Random

import pytest

from analysis.maintenance.plan import Crew, plan
from analysis.maintenance.work import HOUR_NS, Job, Order, Shift, cost_in, cost_of_waiting, rate_of
from fieldline.errors import SettingsError

LINE = "plant/hall/line1"


def shift(number: int, hours: float = 8.0) -> Shift:
    return Shift(f"shift {number}", number * 8 * HOUR_NS, (number + 1) * 8 * HOUR_NS, hours)


def job(asset: str, **said: float | str) -> Job:
    told = {
        "action": "replace",
        "hours": 3.0,
        "part": "",
        "cost": 100.0,
        "removes": 1.0,
        "rate_per_h": 0.01,
        "failure_cost": 1000.0,
    }
    return Job(f"{LINE}/{asset}", LINE, **told | said)  # type: ignore[arg-type]


def test_a_probability_within_a_day_is_a_rate_that_gives_it() -> None:
    assert 1 - exp(-rate_of(0.3, 24) * 24) == pytest.approx(0.3)
    assert rate_of(0.0, 24) == 0.0 and rate_of(1.0, 24) < 1.0


def test_what_a_job_costs_in_a_shift_is_written_out() -> None:
    one = job("press", rate_per_h=log(2) / 8, removes=0.5, hours=3.0)
    orders = (Order(LINE, 8 * HOUR_NS, 14 * HOUR_NS, 50.0), Order("plant/hall/line2", 0, 99 * HOUR_NS, 1e9))

    found = cost_in(one, shift(1), orders, 0, 16 * HOUR_NS)

    # Half fail in the eight hours before; of the rest those that fail at half the rate in the eight hours left.
    assert found.failure == pytest.approx(1000 * (0.5 + 0.5 * (1 - 2**-0.5)))
    # Two of the shift's hours have no order; the third stands in one.
    assert (found.action, found.standing) == (100.0, 50.0)
    assert cost_of_waiting(one, 0, 16 * HOUR_NS).total == pytest.approx(750)


def total(
    jobs: list[Job], crew: Crew, orders: tuple[Order, ...], choice: tuple[tuple[int, int] | None, ...]
) -> float | None:
    """What a choice of a job and shift for each asset costs; None: it can't be done."""
    end, hours, parts, cost = crew.shifts[-1].end, [0.0] * len(crew.shifts), dict[str, float](), 0.0
    assets = list(dict.fromkeys(one.asset for one in jobs))
    for asset, chosen in zip(assets, choice, strict=True):
        mine = [one for one in jobs if one.asset == asset]
        if chosen is None:
            cost += cost_of_waiting(mine[0], 0, end).total
            continue
        one, number = mine[chosen[0]], chosen[1]
        hours[number] += one.hours
        parts[one.part] = parts.get(one.part, 0.0) + 1
        cost += cost_in(one, crew.shifts[number], orders, 0, end).total
    fits = all(taken <= each.crew_hours for taken, each in zip(hours, crew.shifts, strict=True))
    fits &= all(taken <= crew.parts.get(part, 0.0) for part, taken in parts.items() if part)
    return cost if fits else None


@pytest.mark.parametrize("seed", range(25))
def test_no_choice_of_jobs_and_shifts_costs_less_than_the_plan(seed: int) -> None:
    random = Random(seed)
    jobs = [
        job(asset, action=action, hours=random.choice([1.0, 2.0, 4.0]), part=random.choice(["", "", "bearing"]),
            cost=random.choice([10.0, 100.0, 400.0]), removes=random.choice([0.3, 1.0]), rate_per_h=rate)
        for asset in ("press", "oven", "saw")
        for rate in (random.choice([0.0, 0.001, 0.03]),)
        for action in ("lubricate", "replace")
    ]  # fmt: skip
    crew = Crew(tuple(shift(number, random.choice([0.0, 4.0, 5.0])) for number in range(3)), {"bearing": 1.0})
    orders = (Order(LINE, random.randrange(20) * HOUR_NS, 24 * HOUR_NS, random.choice([10.0, 100.0])),)

    found = plan(jobs, crew, orders, 0)

    options = [None, *product(range(2), range(3))]
    costs = [total(jobs, crew, orders, choice) for choice in product(options, repeat=3)]
    assert sum(one.cost.total for one in found) == pytest.approx(
        min(cost for cost in costs if cost is not None), abs=1e-6
    )
    hours = {each.name: sum(one.job.hours for one in found if one.job and one.shift is each) for each in crew.shifts}
    assert all(hours[each.name] <= each.crew_hours for each in crew.shifts)


def test_why_a_job_stands_where_it_does_is_said() -> None:
    jobs = [job("press", rate_per_h=0.05), job("oven", rate_per_h=0.03), job("saw", rate_per_h=0.0)]
    crew = Crew((shift(0, 3.0), shift(1, 3.0)), {})

    press, oven, saw = plan(jobs, crew, (Order(LINE, 0, 16 * HOUR_NS, 10.0),), 0)

    assert press.shift is crew.shifts[0] and press.why.endswith(
        "this one costs least: the line's standing costs 30 there"
    )
    assert oven.shift is crew.shifts[1] and "but the 3 crew hours of shift 0 go where they save more" in oven.why
    assert saw.job is None and saw.why == "waiting costs least: replace would cost 130 in all, waiting 0"


def test_a_spare_part_that_is_not_there_lets_an_asset_wait() -> None:
    jobs = [
        job("press", part="bearing", rate_per_h=0.05),
        job("oven", part="bearing", rate_per_h=0.02),
        job("saw", part="belt"),
    ]

    press, oven, saw = plan(jobs, Crew((shift(0),), {"bearing": 1.0}), (), 0)

    assert press.job is not None and oven.job is None and saw.job is None
    assert oven.why.startswith("the spare part 'bearing' goes where it saves more: replace would have saved ")
    assert saw.why == "no shift has the crew hours, or there is no spare part: it has to wait"


def test_a_plan_without_a_shift_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected a shift to plan for"):
        plan([job("press")], Crew((), {}), (), 0)
