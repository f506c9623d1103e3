"""Energy of a window by what a kilowatt-hour cost when it was drawn.

What a quarter-hour, or a minute, cost is `energy_cost` of `energy`: the engine has looked up the price of the time, with daylight-saving
changes, holidays and prices that events told. Here it is only told apart which price that was: the tariff's of that time, or another one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from analysis.overview.asked import Asked
from analysis.overview.metered import STEPS_NS, Found, Metered, told
from analysis.spans import Span
from fieldline.errors import SettingsError

REST, OTHER, UNKNOWN = "other times", "other prices", "no price known"
_SAME = 1e-9
"""By how much a cost may differ from energy times price, being a sum of minutes."""


class Part(NamedTuple):
    """Energy of one price [currency/kWh, kWh, currency].

    name : when it holds, else `OTHER` (events told it, or an earlier tariff) or `UNKNOWN`; price : None of these two
    """

    name: str
    price: float | None
    energy_kwh: float
    cost: float | None


class Spent(NamedTuple):
    """What was drawn until a time, the window's end or of the newest window its last readings [ns UTC].

    parts : by price, the highest first. coverage : share of the time, of the meter with the least [1]. currency : "" without a tariff
    """

    parts: list[Part]
    until: int
    coverage: float
    currency: str

    @property
    def energy_kwh(self) -> float:
        return sum(part.energy_kwh for part in self.parts)

    @property
    def unpriced_kwh(self) -> float:
        """Energy whose price nobody told."""
        return sum(part.energy_kwh for part in self.parts if part.cost is None)

    @property
    def is_priced(self) -> bool:
        """Whether any of it has a price."""
        return any(part.cost is not None for part in self.parts)

    @property
    def cost(self) -> float | None:
        """What all of it cost; None where a part has no price [currency]."""
        return None if self.unpriced_kwh or not self.is_priced else sum(part.cost or 0.0 for part in self.parts)


def spent_of(asked: Asked, found: Found) -> Spent:
    """What the meters of a window drew, by price. Raises SettingsError where lines' prices are in several currencies."""
    each = [_of_meter(asked, meter, found.span) for meter in found.meters]
    until = max(steps.reached for steps, _ in each) if found.is_newest else found.span.end
    length = max(until - found.span.start, 1)
    sums: dict[tuple[float, str], list[float]] = {}
    for steps, prices in each:
        for key, kwh, cost in _by_price(steps, prices):
            one = sums.setdefault(key, [0.0, 0.0])
            one[0], one[1] = one[0] + kwh, one[1] + cost
    names = _names(asked, found.meters)
    parts = [
        Part(kind or ", ".join(names[price]), None if kind else price, kwh, None if kind == UNKNOWN else cost)
        for (price, kind), (kwh, cost) in sorted(sums.items(), reverse=True)
    ]
    coverage = min(steps.observed_ns for steps, _ in each) / length
    return Spent(parts, until, min(coverage, 1.0), _currency(asked, found.meters))


def _of_meter(asked: Asked, meter: str, span: Span) -> tuple[Metered, np.ndarray]:
    """What a meter told in the longest steps that have one price each, and the tariff's price of these [currency/kWh]."""
    table = asked.plant.price_table(asked.plant.line_of(meter))
    bounds, prices = table.price_at(span.start, span.end)
    steps = told(asked, [meter], "1m" if (bounds % STEPS_NS["15m"]).any() else "15m", span)
    return steps, prices[np.searchsorted(bounds, steps.starts, "right") - 1]


def _by_price(steps: Metered, prices: np.ndarray) -> Iterator[tuple[tuple[float, str], float, float]]:
    """Energy and cost of each price: of the tariff, or by the kind of those that are not."""
    kwh, cost = steps.energy_kwh[0], steps.cost[0]
    is_known, is_tariff = ~np.isnan(cost), np.isclose(cost, kwh * prices, rtol=_SAME, atol=0.0)
    for price in np.unique(prices[is_tariff]):
        chosen = is_tariff & (prices == price)
        yield (float(price), ""), float(kwh[chosen].sum()), float(cost[chosen].sum())
    for kind, chosen in ((OTHER, is_known & ~is_tariff), (UNKNOWN, ~is_known & (kwh > 0.0))):
        if chosen.any():
            yield (-np.inf, kind), float(kwh[chosen].sum()), float(cost[chosen].sum())


def _names(asked: Asked, meters: list[str]) -> dict[float, list[str]]:
    """When each price of the meters' tariffs holds, in words."""
    found: dict[float, list[str]] = {}
    for line in dict.fromkeys(map(asked.plant.line_of, meters)):
        tariff = asked.plant.tariff(line)
        if tariff is None:
            continue
        told = [(period.price, period.name) for period in tariff.period]
        for price, name in [*told, *([] if tariff.price is None else [(tariff.price, REST if told else "all times")])]:
            if name not in found.setdefault(price, []):
                found[price].append(name)
    return found


def _currency(asked: Asked, meters: list[str]) -> str:
    currencies = {asked.plant.price_table(asked.plant.line_of(meter)).currency for meter in meters} - {""}
    if len(currencies) > 1:
        raise SettingsError(
            f"show bill: a bill has one currency; prices below {asked.asset} are in {', '.join(sorted(currencies))}"
        )
    return "".join(currencies)
