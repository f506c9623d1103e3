"""A smooth model beside the trees: ridge regression on random points of a Gaussian kernel, which goes on where trees make steps.

Williams, Seeger: Using the Nyström Method to Speed Up Kernel Machines, NIPS 2000. It is fitted over folds of units, so that what the
trees learn from its value is what it says of units that it has not seen; of new units the folds' models are averaged.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.evaluation.splits import fold_of

FOLDS = 4
_POINTS = 600
_REACH = 0.1  # gamma times the number of columns: the kernel halves at a distance of some 2.6 deviations a column
_RIDGE = 0.05
_ROWS = 6000  # that one model is fitted on; neighbouring rows are near copies, so every k-th is taken


class Partner(NamedTuple):
    """Pipelines of scaler, Nystroem and ridge, one for each fold of units that it has not seen."""

    models: tuple[Any, ...]

    def of(self, rows: NDArray[np.float64], life: tuple[float, float]) -> NDArray[np.float64]:
        """The mean of the models' values within the limits of `life`, float64[n]; rows : float64[n, columns]."""
        total = np.zeros(len(rows))
        for model in self.models:
            total += model.predict(rows)
        return np.clip(total / len(self.models), *life)


def fit_partner(
    rows: NDArray[np.float64],
    life: NDArray[np.float64],
    unit: NDArray[np.int64],
    chosen: NDArray[np.int64],
    limits: tuple[float, float],
    seed: int,
    fitted: Callable[[Any], Any] = lambda pipeline: pipeline,
) -> tuple[Partner, NDArray[np.float64]]:
    """The models, and for each training row what the one says that has not seen its unit, float64[n].

    rows : float64[n, columns]; life : float64[n], capped; unit : int64[n]; chosen : numbers of the rows to learn from
    fitted : what is made of a fitted pipeline, to predict with
    """
    fold = fold_of(unit, FOLDS, seed)
    unseen = np.empty(len(rows))
    models = []
    for one in range(FOLDS):
        seen = chosen[fold[chosen] != one]
        taken = seen[:: max(1, len(seen) // _ROWS)]
        models.append(fitted(_pipeline(rows.shape[1], len(taken), seed + one).fit(rows[taken], life[taken])))
        held = np.flatnonzero(fold == one)
        unseen[held] = np.clip(models[-1].predict(rows[held]), *limits)
    return Partner(tuple(models)), unseen


def _pipeline(columns: int, rows: int, seed: int) -> Any:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    points = Nystroem(gamma=_REACH / columns, n_components=min(_POINTS, rows), random_state=seed)
    return make_pipeline(StandardScaler(), points, Ridge(alpha=_RIDGE))


def columns_for(names: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of the columns that the smooth model takes, int64[k]: means and slopes, no deviations and gaps."""
    return np.array([
        number for number, name in enumerate(names) if "_deviation_" not in name and "_less_first_" not in name
    ])  # fmt: skip
