"""How well a score tells what will fail from what won't: as a ranking, and as a decision at a threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


class Decision(NamedTuple):
    """Rows decided rightly and wrongly at a threshold."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int

    @property
    def precision(self) -> float:
        """The share of alarms that were right [0..1]; NaN without an alarm."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """The share of failures that were told [0..1]; NaN without a failure."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def false_alarm_rate(self) -> float:
        """The share of good rows that gave an alarm [0..1]; NaN without a good row."""
        return _ratio(self.false_positive, self.false_positive + self.true_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall [0..1]; NaN where there is neither a failure nor an alarm."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def mcc(self) -> float:
        """Matthews' correlation of decision and truth [-1..1] (Biochimica et Biophysica Acta 1975, doi:10.1016/0005-2795(75)90109-9)."""
        tn, fp, fn, tp = (float(count) for count in self)
        return _ratio(tp * tn - fp * fn, float(np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))))


def decide(failed: NDArray[np.bool_], score: Scores, threshold: float) -> Decision:
    """An alarm where the score is at least the threshold; failed : bool[n]; score : float64[n], higher for failures."""
    alarm = score >= threshold
    return Decision(
        int((~alarm & ~failed).sum()),
        int((alarm & ~failed).sum()),
        int((~alarm & failed).sum()),
        int((alarm & failed).sum()),
    )


def roc_auc(failed: NDArray[np.bool_], score: Scores) -> float:
    """The chance that a failure has a higher score than a good row, ties one half [0..1]; NaN where one of both is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(failed, score)) if 0 < failed.sum() < len(failed) else float("nan")


def average_precision(failed: NDArray[np.bool_], score: Scores) -> float:
    """The area under precision over recall, in steps [0..1]; NaN without a failure. Chance has the share of failures."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(failed, score)) if failed.any() else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
