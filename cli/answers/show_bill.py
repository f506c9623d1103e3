"""The bill of a window shown: energy by price and by tier, demand and what it costs, and what is in none of it."""

from collections.abc import Iterator

from analysis.overview.asked import Asked
from analysis.overview.bill import Bill, DemandCharge, bill_of
from cli.answers.show import head
from cli.report import Column, Data, Note, Piece, Quantity, Report, Stretch, Table


def report(asked: Asked) -> Report:
    """What the window that is asked for cost."""
    return Report(list(_pieces(bill_of(asked))))


def _pieces(found: Bill) -> Iterator[Piece]:
    yield from head(found.shown)
    for name in (
        "until",
        "meters",
        "currency",
        "energy_kwh",
        "coverage",
        "energy_cost",
        "tier_cost",
        "total",
        "missing",
    ):
        yield Data(name, getattr(found, name))
    shown = found.shown
    yield Note("{}, {} {}", (shown.asset, shown.window, Stretch(shown.start, shown.end)))
    if found.until.time_ns < shown.end.time_ns:
        yield Note("so far: readings tell of it until {}", (found.until,))
    yield from _energy(found)
    yield from _demand(found.demand, found.currency)
    if found.total is None:
        yield Note("no total:" if found.missing else "no total: no tariff has a price for it")
    else:
        yield Note("total: {}", (_money(found.total, found.currency),))
    yield from (Note(f"- {told}") for told in found.missing)


def _energy(found: Bill) -> Iterator[Piece]:
    """Energy by price and by tier."""
    columns = _columns(found.currency)
    rows = [
        {
            "name": part.name,
            "price": Quantity(part.price, digits=4),
            "energy_kwh": Quantity(part.energy_kwh, digits=2),
            "cost": Quantity(part.cost, digits=2),
        }
        for part in found.parts
    ]
    yield Table("by_price", [Column("name", heading="price of the time"), *columns], rows)
    tiers = [
        {
            "upto_kwh": Quantity(tier.upto_kwh, digits=0) if tier.upto_kwh is not None else None,
            "price": Quantity(tier.price, digits=4),
            "energy_kwh": Quantity(tier.energy_kwh, digits=2),
            "cost": Quantity(tier.cost, digits=2),
        }
        for tier in found.tiers
    ]
    if tiers:
        yield Note("")
        yield Table("by_tier", [Column("upto_kwh", heading="tier up to", unit="kWh"), *columns], tiers)
    else:
        yield Data("by_tier", [])
    yield Note("")
    yield Note("energy: {}, coverage {}", (Quantity(found.energy_kwh, "kWh", 2), Quantity(found.coverage, digits=3)))


def _columns(currency: str) -> list[Column]:
    return [
        Column("price", unit=f"{currency}/kWh" if currency else ""),
        Column("energy_kwh", heading="energy", unit="kWh"),
        Column("cost", unit=currency),
    ]


def _demand(demand: DemandCharge, currency: str) -> Iterator[Piece]:
    members = demand._asdict()
    for name in ("peak", "earlier"):
        peak = members.pop(name)
        members |= {f"{name}_kw": peak.demand_kw, f"{name}_time": peak.time}
    yield Data("demand", members)
    peak, earlier = demand.peak, demand.earlier
    if peak.time is None:
        yield Note("demand: no interval of it was observed")
    else:
        yield Note(
            "demand: highest {} min {}, from {}",
            (demand.interval_s // 60, Quantity(peak.demand_kw, "kW", 2), peak.time),
        )
    if earlier.time is not None and demand.ratchet is not None and earlier.demand_kw is not None:
        yield Note(
            "ratchet: {} of {}, from {}, is {}",
            (
                Quantity(demand.ratchet),
                Quantity(earlier.demand_kw, "kW", 2),
                earlier.time,
                Quantity(demand.ratchet * earlier.demand_kw, "kW", 2),
            ),
        )
    if demand.billed_from is not None and demand.price_per_kw is not None:
        yield Note(
            "demand charge: {} of the month from {} at {} = {}",
            (
                Quantity(demand.billed_kw, "kW", 2),
                demand.billed_from,
                Quantity(demand.price_per_kw, f"{currency}/kW"),
                _money(demand.cost, currency),
            ),
        )


def _money(amount: float | None, currency: str) -> Quantity:
    return Quantity(amount, currency, 2)
