"""Statistical process control of a tag: `[asset.tags.<tag>.spc]` and its frozen limits per product.

Defaults: EWMA λ = 0.2 with L = 2.962, whose in-control run length is 500 (Lucas and Saccucci 1990, *Technometrics* 32(1),
doi:10.1080/00401706.1990.10484583); CUSUM k = 0.5 with h = 5, 465 (Montgomery, *Introduction to Statistical Quality Control*,
table 9.3). Of the rules only the first two are on: each further one costs false alarms (Champ and Woodall 1987,
*Technometrics* 29(4), doi:10.1080/00401706.1987.10488266).
"""

from math import nan
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import Name, Positive, number_fault, raise_faults, twice_fault
from fieldline.tables import nearest

RULES = (*(f"nelson{n}" for n in range(1, 9)), *(f"we{n}" for n in range(1, 5)))
"""Nelson (1984) and Western Electric (1956), by the numbers that they gave them."""

_CELL_NS = {"1m": 60_000_000_000, "15m": 900_000_000_000, "1h": 3_600_000_000_000}


class SpcLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of Phase I that hold from now on for a product; the largest version holds, the others stay for the record."""

    product: Name
    version: Annotated[int, Meta(ge=1)] = 1
    center: float
    sigma: Positive

    def __post_init__(self) -> None:
        raise_faults([number_fault("center", self.center), number_fault("sigma", self.sigma)])


class HeldLimits(NamedTuple):
    """Which limits hold: centre and standard deviation in the tag's unit; version 0 is the entry's own, or none (NaN)."""

    center: float
    sigma: float
    version: int


class SpcEntry(msgspec.Struct, frozen=True, kw_only=True):
    """How a tag is charted.

    every : the cell that makes a point (i_mr) or a rational subgroup (xbar_r, xbar_s)
    n : samples taken from the start of each cell; None for all of them
    center, sigma : frozen limits where no product's own hold, in the tag's unit; None: estimated by who charts
    lsl, usl, target : specification, in the tag's unit
    ewma_lambda, ewma_l : weight of the newest point, 0 < λ ≤ 1, and width of the limits in standard deviations
    cusum_k, cusum_h : allowance and decision interval, in standard deviations
    """

    chart: Literal["i_mr", "xbar_r", "xbar_s"] = "i_mr"
    every: Literal["1m", "15m", "1h"] = "1m"
    n: Annotated[int, Meta(ge=1)] | None = None
    center: float | None = None
    sigma: Positive | None = None
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    ewma_lambda: Annotated[float, Meta(gt=0, le=1)] = 0.2
    ewma_l: Positive = 2.962
    cusum_k: Annotated[float, Meta(ge=0)] = 0.5
    cusum_h: Positive = 5.0
    rules: tuple[str, ...] = ("nelson1", "nelson2")
    limits: tuple[SpcLimits, ...] = ()

    def __post_init__(self) -> None:
        raise_faults([*_finite_faults(self), _subgroup_fault(self), _specification_fault(self), *_limit_faults(self)])

    @property
    def every_ns(self) -> int:
        """The length of a cell [ns]."""
        return _CELL_NS[self.every]

    def limits_for(self, product: str | None) -> HeldLimits:
        """The limits that hold while `product` is made: its largest version, else the entry's own, else NaN."""
        own = [row for row in self.limits if row.product == product]
        if own:
            newest = max(own, key=lambda row: row.version)
            return HeldLimits(newest.center, newest.sigma, newest.version)
        return HeldLimits(nan if self.center is None else self.center, nan if self.sigma is None else self.sigma, 0)


def _finite_faults(entry: SpcEntry) -> list[str]:
    keys = ("center", "sigma", "lsl", "usl", "target", "ewma_lambda", "ewma_l", "cusum_k", "cusum_h")
    return [number_fault(key, getattr(entry, key)) for key in keys]


def _subgroup_fault(entry: SpcEntry) -> str:
    if entry.chart == "i_mr" or entry.n is None or entry.n > 1:
        return ""
    return f"n: a subgroup of chart {entry.chart!r} needs at least 2 samples, got {entry.n}"


def _specification_fault(entry: SpcEntry) -> str:
    low, target, high = entry.lsl, entry.target, entry.usl
    if low is not None and high is not None and low >= high:
        return f"lsl: expected less than usl {high:g}, got {low:g}"
    if target is not None and ((low is not None and target < low) or (high is not None and target > high)):
        return f"target: expected a value between lsl and usl, got {target:g}"
    return ""


def _limit_faults(entry: SpcEntry) -> list[str]:
    is_half = (entry.center is None) != (entry.sigma is None)
    faults = ["center: center and sigma are declared together or not at all"] if is_half else []
    of_limits = twice_fault("limits", [f"{row.product} version {row.version}" for row in entry.limits])
    return [*faults, *rule_faults(entry.rules), of_limits]


def rule_faults(rules: tuple[str, ...]) -> list[str]:
    """What is wrong with a choice of rules."""
    odd = [rule for rule in rules if rule not in RULES]
    faults = [f"rules: unknown rule {rule!r}{nearest(rule, RULES)}; known are {', '.join(RULES)}" for rule in odd[:1]]
    return [*faults, twice_fault("rules", list(rules))]
