"""Columns that tell what is to be foretold: a note of the failure, its mode, its repair."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.evaluation.thresholds import roc_auc

_TOO_GOOD = 0.995
"""Area under ROC of one column alone that no measurement has."""
_FLAG_FAILURES = 10


def check(names: Sequence[str], values: NDArray[np.float64], truth: NDArray[np.bool_], file: str) -> None:
    """Make sure that no column tells the truth by itself.

    It does where it ranks rows almost without a fault, or where it has two values and all rows of one of them fail, at least ten.
    Raises SettingsError naming all that do.
    """
    found = [name for name, column in zip(names, values.T, strict=True) if _tells(column, truth)]
    if found:
        told = ", ".join(map(repr, found))
        raise SettingsError(
            f"train: {file}: {told}: expected columns known before the failure, got some that tell it by themselves; "
            "name them in `modes` or in `without`"
        )


def _tells(column: NDArray[np.float64], truth: NDArray[np.bool_]) -> bool:
    known = np.isfinite(column)
    value, failed = column[known], truth[known]
    area = roc_auc(failed, value)
    if max(area, 1 - area) >= _TOO_GOOD:
        return True
    values = np.unique(value)
    return len(values) == 2 and any(
        failed[value == one].all() and (value == one).sum() >= _FLAG_FAILURES for one in values
    )
