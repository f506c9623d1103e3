"""What all twins begin with: the samples that count, by series."""

from collections import defaultdict
from collections.abc import Iterable

from tests.processing.engine_rig import Row

NS = 1e-9


def samples_by_series(rows: Iterable[Row]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Per asset and tag the usable samples (time [ns], value) in time order, the smallest where one time has several."""
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row.quality <= 1 and not row.tag.startswith("@"):
            mine = found[(row.asset, row.tag)]
            mine[row.time] = min(row.value, mine[row.time]) if row.time in mine else row.value
    return {series: sorted(mine.items()) for series, mine in found.items()}
