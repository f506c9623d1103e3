"""What speaks against estimated limits."""

from analysis.frozen_limits import Limits
from analysis.normality import Shape

_ENOUGH_POINTS = 20
_UNLIKELY = 0.01


def doubts(estimate: Limits, shape: Shape, levels: int, apart: int) -> list[str]:
    """A sentence for each reason to take the limits with care. levels : that the points kept to; apart : points that stand apart."""
    notes = [estimate.reason] if estimate.reason else []
    notes += few_points(estimate)
    if levels > 1:
        notes.append(
            "the level changed, so the limits fit none of the levels: estimate from the time of one, with --from and --to"
        )
    if apart:
        notes.append(
            "points that stand apart widen the limits; leave them out where their cause was found and removed (--leave-out)"
        )
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


def few_points(estimate: Limits) -> list[str]:
    """That limits are from few points, where they are."""
    points = estimate.fitted_on.points
    return [f"{points} points are few: limits from under {_ENOUGH_POINTS} are rough"] if points < _ENOUGH_POINTS else []
