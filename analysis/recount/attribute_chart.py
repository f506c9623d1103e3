"""A point of an attribute chart worked out once more, by plain arithmetic from the counts of its window.

Shares nothing with `processing/formulas/spc_counts.py`. Run rules look back on other windows, whose readings are not read here.
"""

from math import inf, isnan, nan, sqrt

from fieldline.plantfile import AttributeChartEntry

_OF_POINT = ("value", "center", "lcl", "ucl", "standardised", "beyond_limits")


def point(entry: AttributeChartEntry, pieces: dict[str, float]) -> dict[str, float]:
    """The fields of `attribute_chart` but for the rules; pieces : the fields of `quality`. NaN where a value does not exist."""
    count, n = pieces[entry.count], pieces["total_count"]
    found = {"count": count, "n": n}
    if not _has_place(entry, count, n):
        return found | dict.fromkeys(_OF_POINT, nan)
    center, highest = entry.center, inf
    if entry.chart in ("p", "laney_p"):
        value, sigma, highest = count / n, sqrt(center * (1 - center) / n), 1.0
    elif entry.chart == "np":
        value, sigma = count, sqrt(center * (1 - center / n))
    elif entry.chart == "c":
        value, sigma = count, sqrt(center)
    else:
        value, sigma = count / n, sqrt(center / n)
    sigma *= entry.sigma_z or 1.0
    lcl, ucl = max(0.0, center - 3 * sigma), min(highest, center + 3 * sigma)
    is_beyond = float(value < lcl or value > ucl)
    return found | dict(zip(_OF_POINT, (value, center, lcl, ucl, (value - center) / sigma, is_beyond), strict=True))


def _has_place(entry: AttributeChartEntry, count: float, n: float) -> bool:
    """Whether a window can be judged."""
    if isnan(count) or count < 0 or n == 0:
        return False
    if entry.chart == "c":
        return True
    if isnan(n) or n < 0 or (entry.chart == "np" and n != entry.n):
        return False
    return entry.chart in ("u", "laney_u") or count <= n
