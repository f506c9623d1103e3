"""What speaks against estimated limits."""

from analysis.frozen_limits import Limits
from analysis.normality import Shape

_ENOUGH_POINTS = 20
_UNLIKELY = 0.01


def doubts(estimate: Limits, shape: Shape) -> list[str]:
    """A sentence for each reason to take the limits with care."""
    notes = [estimate.reason] if estimate.reason else []
    if estimate.fitted_on.points < _ENOUGH_POINTS:
        notes.append(f"{estimate.fitted_on.points} points are few: limits from under {_ENOUGH_POINTS} are rough")
    if shape.normality_p < _UNLIKELY:
        notes.append(
            f"normal points are seldom so skewed or heavy-tailed (p {shape.normality_p:.2g}): expect other alarm rates"
        )
    if abs(shape.autocorrelation) > shape.neighbours_apart:
        side = "narrow" if shape.autocorrelation > 0 else "wide"
        notes.append(
            f"neighbours depend on each other (autocorrelation {shape.autocorrelation:.2f}): limits are too {side}"
        )
    return notes
