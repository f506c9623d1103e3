"""Which inputs moved while the table was recorded, and whether what is foretold can be believed in spite of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.card import Figure
from models.evaluation.drift import MUCH, psi, reference_of
from processing.kernels.drift import PAGE_HINKLEY, carry_page_hinkley
from processing.kernels.kept import first_of

_DELTA, _THRESHOLD, _LEAST = 0.5, 25.0, 30
"""Of Page-Hinkley, in deviations of the first half: what is tolerated, and how much must add up; a shift of one deviation in 50 rows."""


class Moved(NamedTuple):
    """How an input moved.

    psi : of the later half against the earlier one; changed : the first row, in order of time, at which Page-Hinkley's test says that
    its level is another, -1 for never
    """

    name: str
    psi: float
    changed: int


def moved(names: Sequence[str], values: NDArray[np.float64]) -> list[Moved]:
    """Of inputs, float64[n, inputs] in order of time, those that moved most first."""
    half = len(values) // 2
    changed = _changes(values, half)
    found = [
        Moved(name, psi(reference_of(values[:half, k]), values[half:, k]), int(changed[k]))
        for k, name in enumerate(names)
    ]
    return sorted(found, key=lambda one: -one.psi)


def _changes(values: NDArray[np.float64], half: int) -> NDArray[np.int64]:
    """The first row of each input at which the test says so, int64[inputs], -1 for never."""
    early = values[:half]
    spread = np.nanstd(early, axis=0)
    scaled = (values - np.nanmean(early, axis=0)) / np.where(spread > 0, spread, 1.0)
    state = np.repeat(first_of(PAGE_HINKLEY), values.shape[1])
    state["ph_rise_least"], state["ph_fall_most"] = np.inf, -np.inf
    verdict, changed = np.empty(values.shape[1]), np.full(values.shape[1], -1)
    for row, each in enumerate(scaled):
        carry_page_hinkley(np.ascontiguousarray(each), _DELTA, _THRESHOLD, 1.0, _LEAST, state, verdict)
        changed[(changed < 0) & np.isfinite(verdict) & (verdict != 0)] = row
    return changed


def said(found: Sequence[Moved], figures: Sequence[Figure]) -> tuple[str, ...]:
    """Sentences for the card: how much moved, and whether the ranking of rows is better than chance."""
    much = [one for one in found if one.psi > MUCH]
    changed = [one for one in found if one.changed >= 0]
    named = ", ".join(f"{one.name} {one.psi:.2g}" for one in much[:10])
    sentences = [
        f"{len(much)} of {len(found)} inputs drift (PSI above {MUCH} from the earlier to the later half){': ' if much else ''}{named}; "
        f"of {len(changed)} the level changed by Page-Hinkley's test."
    ]
    (roc,) = (figure for figure in figures if figure.name == "roc_auc")
    if roc.low is not None and roc.low <= 0.5:
        sentences.append(
            f"No better than chance is possible: forward in time the area under ROC is {roc.value:.2f}, {roc.low:.2f} to {roc.high:.2f}."
        )
    return tuple(sentences)
