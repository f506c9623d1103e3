"""What energy costs and emits: `[[tariff]]`, by local hour, by amount, by peak."""

from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import (
    DAYS,
    Name,
    NotNegative,
    Positive,
    Stretch,
    days_fault,
    number_fault,
    overlap_fault,
    path_fault,
    raise_faults,
)


class PeriodEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the local clock with a price of their own.

    from_hour, to_hour : whole hours; where `to_hour` is not later, the period ends on the next day [h]
    days : the days on which it begins
    price : in the tariff's currency [per kWh]
    """

    from_hour: Annotated[int, Meta(ge=0, le=23)]
    to_hour: Annotated[int, Meta(ge=0, le=24)]
    days: tuple[str, ...] = DAYS
    price: float

    def __post_init__(self) -> None:
        raise_faults([days_fault(self.days), number_fault("price", self.price)])

    def hours(self) -> list[int]:
        """The hours of the week, 0 is Monday's first, that it covers."""
        length = (self.to_hour - self.from_hour - 1) % 24 + 1
        first = [DAYS.index(day) * 24 + self.from_hour for day in self.days]
        return [(hour + k) % 168 for hour in first for k in range(length)]


class TierEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A block of an increasing-block tariff: the price of a month's energy above the tier before, up to this bound.

    upto_kwh : bound since the month's start; None, in the last tier only: without end [kWh]
    """

    price: float
    upto_kwh: Positive | None = None

    def __post_init__(self) -> None:
        raise_faults([number_fault("price", self.price), number_fault("upto_kwh", self.upto_kwh)])


class TariffEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The tariff of the lines that `path`, a path or a glob, covers. Where several do, the most exact one holds.

    price : outside the periods [currency per kWh]
    demand_rate : of a month's highest demand [currency per kW]
    ratchet_share : share of the highest demand of the last eleven months that is billed at least, 0 to 1
    co2_kg_per_kwh : emission factor, or 24 of them, by the local hour [kg/kWh]
    """

    path: Name = "*"
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    price: float | None = None
    period: tuple[PeriodEntry, ...] = ()
    tiers: tuple[TierEntry, ...] = ()
    demand_rate: NotNegative | None = None
    ratchet_share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    co2_kg_per_kwh: float | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        faults = [path_fault(self.path), number_fault("price", self.price), _factor_fault(self)]
        faults += [number_fault("demand_rate", self.demand_rate), _currency_fault(self), _tiers_fault(self)]
        raise_faults([*faults, overlap_fault("period", _stretches(self.period))])

    @property
    def has_price(self) -> bool:
        """Whether it says what energy or demand costs."""
        return self.price is not None or bool(self.period or self.tiers) or self.demand_rate is not None


def _currency_fault(tariff: TariffEntry) -> str:
    if tariff.currency is None and tariff.has_price:
        return "currency: a tariff with a price needs it, such as 'EUR'"
    return ""


def _factor_fault(tariff: TariffEntry) -> str:
    factors = tariff.co2_kg_per_kwh
    if factors is None:
        return ""
    listed = factors if isinstance(factors, tuple) else (factors,)
    if isinstance(factors, tuple) and len(factors) != 24:
        return f"co2_kg_per_kwh: expected one factor, or 24 of them, one for each local hour; got {len(factors)}"
    negative = [factor for factor in listed if factor < 0]
    if negative:
        return f"co2_kg_per_kwh: expected at least 0, got {negative[0]:g}"
    return number_fault("co2_kg_per_kwh", *listed)


def _tiers_fault(tariff: TariffEntry) -> str:
    if not tariff.tiers:
        return ""
    if tariff.price is not None or tariff.period:
        return "tiers: a tariff has either tiers or a price with periods"
    bounds = [tier.upto_kwh for tier in tariff.tiers]
    if bounds[-1] is not None:
        return f"tiers: the last one goes on without upto_kwh, got upto_kwh {bounds[-1]:g}"
    upto = [bound for bound in bounds[:-1] if bound is not None]
    if len(upto) < len(bounds) - 1 or sorted(set(upto)) != upto:
        return "tiers: expected upto_kwh to grow from tier to tier"
    return ""


def _stretches(periods: tuple[PeriodEntry, ...]) -> list[Stretch]:
    found: list[Stretch] = []
    for period in periods:
        length = (period.to_hour - period.from_hour - 1) % 24 + 1
        for day in period.days:
            first = DAYS.index(day) * 24 + period.from_hour
            name = f"{day} {period.from_hour:02d}–{period.to_hour:02d} h (price {period.price:g})"
            found.append((first * 60, (first + length) * 60, name))
    return found
