"""Slow, obvious twin of `trailing`: every row's whole past is kept, and each figure is worked out from it by its definition."""

import math
from statistics import fmean, linear_regression, pstdev


def behind(rows: list[float], means: list[int], trends: list[int], first: int, gap: int) -> list[list[float]]:
    """For each row what one channel gives: means, slopes, deviations, the mean of the first rows, the gap to that."""
    found, kept = [], [0.0]
    for value in rows:
        kept.append(kept[-1] if math.isnan(value) else value)
        past = kept[1:]
        began = fmean(past[:first])
        spans = [past[-k:] for k in trends]
        found.append([
            *(fmean(past[-k:]) for k in means),
            *(linear_regression(range(len(span)), span).slope if len(span) > 1 else 0.0 for span in spans),
            *(pstdev(span) for span in spans),
            began,
            fmean(past[-gap:]) - began,
        ])  # fmt: skip
    return found
