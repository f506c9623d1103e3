"""A capability study of the sample that control limits were estimated from, against the tag's specification."""

from typing import Any, NamedTuple

from analysis.frozen_limits import Chart, Limits
from analysis.limits.capability import Interval, Study, study_individuals, study_subgroups
from analysis.limits.sample import Cells
from fieldline.errors import SettingsError

CONFIDENCE = 0.95


class Specification(NamedTuple):
    """Specification limits and target, in the tag's unit; NaN: none."""

    lsl: float
    usl: float
    target: float

    def fault(self) -> str:
        """What is wrong with it, "" if nothing."""
        if self.lsl >= self.usl:
            return f"expected --lsl below --usl, got {self.lsl:g} and {self.usl:g}"
        if self.target < self.lsl or self.target > self.usl:
            return f"expected --target between the specification limits, got {self.target:g}"
        return ""

    @property
    def is_told(self) -> bool:
        """Whether there is a limit to be capable of."""
        return self.lsl == self.lsl or self.usl == self.usl


def study_of(cells: Cells, estimate: Limits, specification: Specification) -> Study:
    """The study of the points or subgroups that the limits were estimated from; those left out there are left out here.

    cells : those that the estimate is of. Of a chart of individuals what is studied are their means. Raises SettingsError for a
    specification that can't be.
    """
    if fault := specification.fault():
        raise SettingsError(f"limits: {fault}")
    left_out = set(estimate.fitted_on.excluded)
    if estimate.chart == Chart.I_MR:
        # A missing reading, and one that is left out, breaks the chain of moving ranges.
        points = [
            taken.mean() if taken.size and place not in left_out else float("nan")
            for place, taken in enumerate(cells.taken)
        ]
        return study_individuals(points, *specification, confidence=CONFIDENCE)
    kept = [taken for place, taken in enumerate(cells.taken) if place not in left_out]
    spread = "range" if estimate.chart == Chart.XBAR_R else "deviation"
    return study_subgroups(kept, *specification, spread=spread, confidence=CONFIDENCE)


def document(study: Study, specification: Specification) -> dict[str, Any]:
    """The study as one JSON object; an index that does not exist is null."""
    indices = {
        "cp": (study.within.both, study.cp),
        "cpk": (study.within.nearest, study.cpk),
        "pp": (study.overall.both, study.pp),
        "ppk": (study.overall.nearest, study.ppk),
    }
    return {
        **specification._asdict(),
        "readings": study.n,
        "mean": study.mean,
        "sigma_within": study.sigma_within,
        "sigma_overall": study.sigma_overall,
        "confidence": CONFIDENCE,
        **{name: _with_interval(value, interval) for name, (value, interval) in indices.items()},
        "cpm": study.within.to_target,
    }


def _with_interval(value: float, interval: Interval) -> dict[str, float]:
    return {"value": value, **interval._asdict()}
