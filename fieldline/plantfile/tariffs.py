"""What energy costs and emits: `[[tariff]]`, by the local clock; and what a supply contract adds to it."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import (
    DAYS,
    Name,
    Positive,
    Stretch,
    clock_fault,
    minute_of_day,
    number_fault,
    overlap_fault,
    path_fault,
    raise_faults,
    twice_fault,
)
from fieldline.tables import nearest

HOLIDAY = "holiday"
PERIOD_DAYS = (*DAYS, HOLIDAY)
QUARTER_HOUR_S = 900
DEMAND_INTERVALS_S = (QUARTER_HOUR_S, 1800, 3600)
"""What demand may be averaged over, of a bill: what `energy` has whole quarter-hours of. [s]"""
_RATCHET_MONTHS = 11
_DAY_MINUTES = 1440
_HOURS = Annotated[int, Meta(ge=0, le=24)]


class PeriodEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A time of the local clock with a price of its own.

    start, end : `HH:MM`; where `end` is not later, the period ends on the next day
    from_hour, to_hour : the same in whole hours, in their place [h]
    days : the days on which it begins; `holiday` is a day of its own, whatever day of the week it is, where any period names it
    price : in the tariff's currency; it may be negative [per kWh]
    """

    start: str | None = None
    end: str | None = None
    from_hour: Annotated[int, Meta(ge=0, le=23)] | None = None
    to_hour: _HOURS | None = None
    days: tuple[str, ...] | None = None
    price: float

    def __post_init__(self) -> None:
        raise_faults(
            [_clock_of_period_fault(self), _period_days_fault(self.days or DAYS), number_fault("price", self.price)]
        )

    def span(self) -> tuple[int, int]:
        """Its first minute and the first one after it, since midnight of the day it begins; at most 24 h apart."""
        first = _minute(self.start) if self.start is not None else 60 * (self.from_hour or 0)
        end = _minute(self.end) if self.end is not None else 60 * (self.to_hour or 0)
        return first, first + (end - first - 1) % _DAY_MINUTES + 1

    @property
    def name(self) -> str:
        """When it is, in words: `22:30–06:00 mon tue`."""
        begin, end = self.span()
        clock = f"{begin // 60:02d}:{begin % 60:02d}–{end // 60 % 24:02d}:{end % 60:02d}"
        return " ".join([clock, *(self.days or ())])

    @property
    def begins_on(self) -> tuple[str, ...]:
        """The days on which it begins; without `days` all of the week, and holidays."""
        return PERIOD_DAYS if self.days is None else self.days


class TierEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A block of a month's energy with a price of its own.

    upto_kwh : energy since the month began at which it ends; None: it has no end, as only the last one may [kWh]
    price : in the tariff's currency, beside that of the time [per kWh]
    """

    upto_kwh: Positive | None = None
    price: float

    def __post_init__(self) -> None:
        raise_faults([number_fault("upto_kwh", self.upto_kwh), number_fault("price", self.price)])


class TariffEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The tariff of the lines that `path`, a path or a glob, covers. Where several do, the most exact one holds.

    price : outside the periods; it may be negative [currency per kWh]
    holidays : local days that are holidays, beside the public ones of the site
    public_holidays : whether those of the site's country are holidays, where it declares one
    co2_kg_per_kwh : emission factor, or 24 of them, by the local hour [kg/kWh]
    tier : blocks of a month's energy, each with a price of its own beside that of the time
    demand_price_per_kw : of a month's highest demand [currency per kW]
    demand_interval_s : how long it is averaged over, see `demand_interval` [s]
    demand_limit_kw : the demand that was agreed [kW]
    ratchet : the share of the highest demand of earlier months that is billed at least [1]
    ratchet_months : how many earlier months, see `months_back`

    What is of a month is in bills only (`analysis/overview/bill.py`): no metric is made of it.
    """

    GONE: ClassVar[Mapping[str, str]] = {
        "tiers": "name the blocks of a month's energy as tier, with upto_kwh and price",
        "demand_rate": "it is demand_price_per_kw",
        "ratchet_share": "it is ratchet",
    }

    path: Name = "*"
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    price: float | None = None
    period: tuple[PeriodEntry, ...] = ()
    holidays: tuple[date, ...] = ()
    public_holidays: bool = True
    co2_kg_per_kwh: float | tuple[float, ...] | None = None
    tier: tuple[TierEntry, ...] = ()
    demand_price_per_kw: Positive | None = None
    demand_interval_s: int | None = None
    demand_limit_kw: Positive | None = None
    ratchet: Annotated[float, Meta(gt=0, le=1)] | None = None
    ratchet_months: Annotated[int, Meta(ge=1, le=60)] | None = None

    def __post_init__(self) -> None:
        faults = [path_fault(self.path), number_fault("price", self.price), _factor_fault(self), _currency_fault(self)]
        faults += [_tier_fault(self.tier), *_demand_faults(self)]
        faults += [twice_fault("holidays", [str(day) for day in self.holidays])]
        raise_faults([*faults, overlap_fault("period", _stretches(self.period)) or _holiday_overlap(self.period)])

    @property
    def has_price(self) -> bool:
        """Whether it says what energy costs."""
        return self.price is not None or bool(self.period)

    @property
    def has_terms(self) -> bool:
        """Whether it says what a month's energy or demand costs beside the price of the time, or which demand was agreed."""
        return bool(self.tier) or self.demand_price_per_kw is not None or self.demand_limit_kw is not None

    @property
    def demand_interval(self) -> int:
        """How long demand is averaged over [s]."""
        return QUARTER_HOUR_S if self.demand_interval_s is None else self.demand_interval_s

    @property
    def months_back(self) -> int:
        """How many earlier months count for the ratchet; 0 without one."""
        if self.ratchet is None:
            return 0
        return _RATCHET_MONTHS if self.ratchet_months is None else self.ratchet_months

    @property
    def knows_holidays(self) -> bool:
        """Whether any period is of holidays or of none: whether a holiday is a day of its own."""
        return any(period.days is not None and HOLIDAY in period.days for period in self.period)


def _minute(text: str) -> int:
    minute = minute_of_day(text)
    if minute is None:
        raise ValueError(f"expected HH:MM, got {text!r}")
    return minute


def _clock_of_period_fault(period: PeriodEntry) -> str:
    clocks, hours = (period.start, period.end), (period.from_hour, period.to_hour)
    for told, other in ((clocks, hours), (hours, clocks)):
        if None not in told and other == (None, None):
            if told is hours:
                return ""
            return clock_fault("start", str(period.start)) or clock_fault("end", str(period.end))
    return "start: expected start and end (HH:MM), or from_hour and to_hour, and not both"


def _period_days_fault(days: tuple[str, ...]) -> str:
    odd = [day for day in days if day not in PERIOD_DAYS]
    if odd:
        return f"days: expected some of {', '.join(PERIOD_DAYS)}, got {odd[0]!r}{nearest(odd[0], PERIOD_DAYS)}"
    return "days: expected at least one day, got none" if not days else twice_fault("days", list(days))


def _currency_fault(tariff: TariffEntry) -> str:
    if tariff.currency is None and (tariff.has_price or tariff.tier or tariff.demand_price_per_kw is not None):
        return "currency: a tariff with a price needs it, such as 'EUR'"
    return ""


def _tier_fault(tiers: tuple[TierEntry, ...]) -> str:
    bounds = [tier.upto_kwh for tier in tiers]
    if None in bounds[:-1]:
        return "tier: only the last one may be without upto_kwh"
    known = [bound for bound in bounds if bound is not None]
    for before, bound in pairwise(known):
        if bound <= before:
            return f"tier: expected upto_kwh to ascend, got {bound:g} after {before:g}"
    return ""


def _demand_faults(tariff: TariffEntry) -> list[str]:
    price, interval = tariff.demand_price_per_kw, tariff.demand_interval_s
    faults = [number_fault("demand_price_per_kw", price), number_fault("demand_limit_kw", tariff.demand_limit_kw)]
    if interval is not None and interval not in DEMAND_INTERVALS_S:
        faults.append(f"demand_interval_s: expected 15m, 30m or 1h, got {interval} s")
    elif interval is not None and price is None and tariff.demand_limit_kw is None:
        faults.append("demand_interval_s: it is of demand_price_per_kw or demand_limit_kw, and neither is declared")
    if tariff.ratchet is not None and price is None:
        faults.append("ratchet: it is of demand_price_per_kw, which is not declared")
    if tariff.ratchet_months is not None and tariff.ratchet is None:
        faults.append("ratchet_months: it is of ratchet, which is not declared")
    return faults


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


def _holiday_overlap(periods: tuple[PeriodEntry, ...]) -> str:
    """Whether two periods of one holiday have minutes in common, where any is of holidays."""
    if not any(HOLIDAY in (period.days or ()) for period in periods):
        return ""
    spans = sorted((*period.span(), _shown(period)) for period in periods if HOLIDAY in period.begins_on)
    for (_, end, name), (start, _, other) in zip(spans, spans[1:], strict=False):
        if start < end:
            return f"period: {HOLIDAY} {name} and {HOLIDAY} {other} overlap"
    return ""


def _stretches(periods: tuple[PeriodEntry, ...]) -> list[Stretch]:
    found: list[Stretch] = []
    for period in periods:
        begin, end = period.span()
        for day in period.begins_on:
            if day != HOLIDAY:
                midnight = DAYS.index(day) * _DAY_MINUTES
                found.append((midnight + begin, midnight + end, f"{day} {_shown(period)}"))
    return found


def _shown(period: PeriodEntry) -> str:
    begin, end = period.span()
    if begin % 60 or end % 60:
        clock = f"{begin // 60:02d}:{begin % 60:02d}–{end // 60 % 24:02d}:{end % 60:02d}"
    else:
        to_hour = end // 60 if period.to_hour is None else period.to_hour
        clock = f"{begin // 60:02d}–{to_hour % 24 or to_hour:02d} h"
    return f"{clock} (price {period.price:g})"
