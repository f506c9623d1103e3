"""What a task prints: most often a quantity, how many values were compared, and how far they lie apart."""

from typing import NamedTuple, Protocol

import numpy as np

from processing.formulas.division import Floats


class Printed(Protocol):
    """What every task yields."""

    @property
    def is_met(self) -> bool:
        """Whether its goals are."""

    @property
    def text(self) -> str:
        """The line that is printed."""


class Line(NamedTuple):
    """A comparison. largest, mean : absolute differences; share : of the values within `near`; goal : of `largest` where it has one."""

    name: str
    unit: str
    count: int
    missing: int
    largest: float
    mean: float
    near: float
    share: float
    where: str
    goal: float
    least_share: float = 0.0

    @property
    def is_met(self) -> bool:
        """Whether the goals are."""
        return self.largest <= self.goal and self.share >= self.least_share and self.count > 0

    @property
    def text(self) -> str:
        """As it is printed."""
        verdict = "ok    " if self.is_met else "MISSED"
        if not self.count:
            return f"{verdict} {self.name}: nothing to compare, {self.missing} missing"
        missing = f", {self.missing} missing" if self.missing else ""
        return (
            f"{verdict} {self.name}: {self.count} values{missing}, largest difference {self.largest:.5g} {self.unit} ({self.where}), "
            f"mean {self.mean:.2g}, {100.0 * self.share:.2f} % within {self.near:g}"
        )


def compared(
    name: str, unit: str, got: Floats, want: Floats, where: list[str], *, near: float, goal: float, share: float = 0.0
) -> Line:
    """Two columns; what is not published is left out, what is published and not given is missing."""
    is_told = ~np.isnan(want)
    both = is_told & ~np.isnan(got)
    apart = np.abs(got - want)[both]
    names = [one for one, is_there in zip(where, both.tolist(), strict=True) if is_there]
    missing = int(np.count_nonzero(is_told & ~both))
    if not len(apart):
        return Line(name, unit, 0, missing, np.inf, np.nan, near, 0.0, "", goal, share)
    worst = int(apart.argmax())
    # What is printed to some digits is rounded: half a digit is no difference, nor is a float's last bit.
    within = float(np.mean(apart <= near + 1e-9))
    return Line(
        name, unit, len(apart), missing, float(apart[worst]), float(apart.mean()), near, within, names[worst], goal, share
    )  # fmt: skip
