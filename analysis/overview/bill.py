"""What a month's energy and demand cost: by price of the time, by tier, by the highest demand; of a day or a week the first of these.

    by price of the time  Σ energy · price of its time, see `spent.py`
    by tier               each kWh at the price of the block that it falls in, counted from the month's beginning
    by demand             max(highest demand of the month, ratchet · highest demand of the months before) · price

The second and third are what published utility tariffs have (`processing/formulas/tariff.py`); they are added to the first, so a
tariff that prices energy by tiers alone has no `price`. What was not observed is in no bill: its share of the time is said, and so are
months of which a ratchet knows nothing.
"""

from typing import NamedTuple

import numpy as np

from analysis.overview.asked import Asked, Shown, shown
from analysis.overview.demand import Peak, blocks_of, contract_of, highest, steps_of
from analysis.overview.metered import Found, find, metered, rows_of_meters
from analysis.overview.spent import Part, Spent, spent_of
from analysis.spans import Span, span_at
from fieldline.errors import SettingsError
from fieldline.moments import Moment, local
from fieldline.plantfile import TariffEntry, TierEntry
from fieldline.plantfile.tariffs import QUARTER_HOUR_S
from processing.formulas import tariff as formulas

WINDOWS = ("day", "week", "month")
_ROUNDING = 1e-9
"""By how much a coverage of 1 may fail to be 1, being a sum of shares."""


class Tier(NamedTuple):
    """The energy in one block. upto_kwh : None: it has no end [kWh, currency/kWh, kWh, currency]."""

    upto_kwh: float | None
    price: float
    energy_kwh: float
    cost: float


class DemandCharge(NamedTuple):
    """What a month's demand costs [s, kW, 1, kW, kW, currency/kW, currency]. Of a window without a price of demand the peak alone.

    peak : the highest demand of the window, earlier : of the months that a ratchet looks back at
    billed_from : the beginning of the month whose demand is billed
    """

    interval_s: int
    peak: Peak
    price_per_kw: float | None = None
    ratchet: float | None = None
    earlier: Peak = Peak(None, None)
    billed_kw: float | None = None
    billed_from: Moment | None = None
    cost: float | None = None


class Bill(NamedTuple):
    """What a window cost. until : the window's end, of the newest window its last readings; coverage : share of the time until then [1].

    energy_cost, tier_cost, total : None where a part can't be told, or there is none [currency]
    missing : why, and what is in no figure, a sentence each
    """

    shown: Shown
    meters: list[str]
    until: Moment
    currency: str
    energy_kwh: float
    coverage: float
    parts: list[Part]
    energy_cost: float | None
    tiers: list[Tier]
    tier_cost: float | None
    demand: DemandCharge
    total: float | None
    missing: list[str]


def bill_of(asked: Asked) -> Bill:
    """The bill of the window that is asked for, by default of a month. Raises SettingsError where there is no energy."""
    window = asked.window or "month"
    found = find(asked, window)
    terms = contract_of(asked, found, window)
    contract = terms if window == "month" else None
    left_out = _left_out(asked, window, found.meters, terms)
    spent = spent_of(asked, found)
    tiers = _tiers(contract, spent.energy_kwh)
    tier_cost = _tier_cost(contract, spent.energy_kwh)
    demand, unknown = _demand(asked, found, terms, contract)
    is_by_tiers = bool(tiers) and not spent.is_priced
    costs = [] if is_by_tiers else [spent.cost]
    costs += [tier_cost] if tiers else []
    costs += [demand.cost] if demand.price_per_kw is not None else []
    return Bill(
        shown(asked, window, found.span),
        found.meters,
        Moment(spent.until, asked.zone),
        _currency(asked, spent.currency, contract),
        spent.energy_kwh,
        spent.coverage,
        spent.parts,
        spent.cost,
        tiers,
        tier_cost,
        demand,
        None if None in costs else sum(cost or 0.0 for cost in costs),
        [*_not_in_it(spent, is_by_tiers), *_beyond(tiers, tier_cost, spent.energy_kwh), *unknown, *left_out],
    )


def _tiers(contract: TariffEntry | None, energy_kwh: float) -> list[Tier]:
    tiers = contract.tier if contract is not None else ()
    if not tiers:
        return []
    within = formulas.tier_energy(energy_kwh, [_bound(tier) for tier in tiers]).tolist()
    return [Tier(tier.upto_kwh, tier.price, kwh, kwh * tier.price) for tier, kwh in zip(tiers, within, strict=True)]


def _tier_cost(contract: TariffEntry | None, energy_kwh: float) -> float | None:
    if contract is None or not contract.tier:
        return None
    bounds, prices = [_bound(tier) for tier in contract.tier], [tier.price for tier in contract.tier]
    return _number(formulas.tier_cost(energy_kwh, bounds, prices))


def _bound(tier: TierEntry) -> float:
    return np.inf if tier.upto_kwh is None else tier.upto_kwh


def _demand(
    asked: Asked, found: Found, terms: TariffEntry | None, contract: TariffEntry | None
) -> tuple[DemandCharge, list[str]]:
    """The highest demand, and of a month what it costs; and what is not known of it, a sentence each."""
    interval_s = QUARTER_HOUR_S if terms is None else terms.demand_interval
    peak = _highest(asked, found.meters, interval_s, found.span)
    if contract is None or contract.demand_price_per_kw is None:
        return DemandCharge(interval_s, peak), []
    earlier, unknown = _earlier(asked, found, contract)
    ratchet = contract.ratchet or 0.0
    kw, earlier_kw = (np.nan if one.demand_kw is None else one.demand_kw for one in (peak, earlier))
    billed = _number(formulas.billed_demand(kw, ratchet, earlier_kw))
    cost = _number(formulas.demand_charge(kw, contract.demand_price_per_kw, ratchet, earlier_kw))
    of = None if billed is None else peak.time if billed == peak.demand_kw else earlier.time
    begun = None if of is None else span_at(asked.plant, asked.clock.path, "month", of.time_ns).start
    charge = DemandCharge(
        interval_s,
        peak,
        contract.demand_price_per_kw,
        contract.ratchet,
        earlier,
        billed,
        None if begun is None else Moment(begun, asked.zone),
        cost,
    )
    return charge, unknown if billed is not None else ["no interval of demand was observed", *unknown]


def _highest(asked: Asked, meters: list[str], interval_s: int, span: Span) -> Peak:
    steps = metered(asked, meters, steps_of(interval_s), span)
    return highest(blocks_of(asked, steps, interval_s, span))


def _earlier(asked: Asked, found: Found, contract: TariffEntry) -> tuple[Peak, list[str]]:
    """The highest demand of the months that the ratchet looks back at; and those of which none is known, in a sentence."""
    best, unknown, most, start = Peak(None, None), list[int](), list[tuple[float, Span, list[str]]](), found.span.start
    for _ in range(contract.months_back):
        month = span_at(asked.plant, asked.clock.path, "month", start - 1)
        start = month.start
        rows = rows_of_meters(asked, "month", start)
        peaks = [row["peak_demand_kw"] for row in rows.values()]
        if not peaks or None in peaks:
            unknown.append(start)
        else:
            most.append((sum(peaks), month, sorted(rows)))
    # Meters together draw at most the sum of their peaks: a month is read in full only where that may be more than is known of another.
    for at_most, month, meters in sorted(most, reverse=True):
        if best.demand_kw is not None and at_most <= best.demand_kw:
            break
        peak = _highest(asked, meters, contract.demand_interval, month)
        if peak.demand_kw is None:
            unknown.append(month.start)
        elif best.demand_kw is None or peak.demand_kw > best.demand_kw:
            best = peak
    names = ", ".join(local(Moment(time, asked.zone))[:7] for time in sorted(unknown))
    told = f"the ratchet looks back at {contract.months_back} months; no demand is known of {names}"
    return best, [told] if unknown else []


def _not_in_it(spent: Spent, is_by_tiers: bool) -> list[str]:
    told = []
    if spent.unpriced_kwh and not is_by_tiers:
        told.append(f"{spent.unpriced_kwh:.6g} kWh have no price: neither the plant file nor an event tells one")
    if spent.coverage < 1.0 - _ROUNDING:
        unseen = 100.0 * (1.0 - spent.coverage)
        told.append(f"{unseen:.3g} % of the time was not observed: what was drawn then is in no figure")
    return told


def _left_out(asked: Asked, window: str, meters: list[str], terms: TariffEntry | None) -> list[str]:
    """Why what the tariff says of a month's energy and demand is not in the bill."""
    declared = asked.plant.contract(asked.line)
    if declared is None:
        lines = sorted(set(map(asked.plant.line_of, meters)))
        billed = ", ".join(line for line in lines if _bills_months(asked.plant.contract(line)))
        return [f"tiers and demand are billed of single lines: ask for one of {billed}"] if billed else []
    if not _bills_months(declared):
        return []
    if terms is None:
        return [f"tiers and demand are billed of what all meters draw together: ask for {asked.line}"]
    return [] if window == "month" else ["tiers and demand are billed by the month: ask for --window month"]


def _bills_months(contract: TariffEntry | None) -> bool:
    return contract is not None and (bool(contract.tier) or contract.demand_price_per_kw is not None)


def _beyond(tiers: list[Tier], tier_cost: float | None, energy_kwh: float) -> list[str]:
    if not tiers or tier_cost is not None:
        return []
    return [
        f"{energy_kwh:.6g} kWh go beyond the last tier, which ends at {tiers[-1].upto_kwh:g} kWh: they have no price"
    ]


def _currency(asked: Asked, currency: str, contract: TariffEntry | None) -> str:
    other = (contract.currency if contract is not None else None) or currency
    if currency and other != currency:
        raise SettingsError(
            f"show bill: a bill has one currency; energy of {asked.asset} is priced in {currency}, its tiers and demand in {other}"
        )
    return other


def _number(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if number == number else None
