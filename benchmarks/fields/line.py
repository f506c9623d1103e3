"""What a task prints: a quantity, how many values were compared, and how far they lie apart."""

from typing import NamedTuple

import numpy as np

from processing.formulas.division import Floats


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


def shown(line: Line) -> str:
    """As it is printed."""
    verdict = "ok    " if line.is_met else "MISSED"
    if not line.count:
        return f"{verdict} {line.name}: nothing to compare, {line.missing} missing"
    missing = f", {line.missing} missing" if line.missing else ""
    return (
        f"{verdict} {line.name}: {line.count} values{missing}, largest difference {line.largest:.5g} {line.unit} ({line.where}), "
        f"mean {line.mean:.2g}, {100.0 * line.share:.2f} % within {line.near:g}"
    )
