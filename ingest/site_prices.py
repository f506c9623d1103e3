"""A price that is told of a site or an area is one of each line below it that the plant file declares.

Readings of a line share a partition, and nothing is known across partitions; so the price becomes an event of each of the lines before
it is on the log, where it is as good as one that was told of them. Lines that the plant file does not name are not known here.
"""

from fieldline.plant import Plant
from ingest.rows import Rows

_PRICE = "@price"


class SitePrices:
    """Deals prices out to lines. Remembers assets; one thread only."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._below: dict[str, tuple[str, ...]] = {}

    def deal(self, rows: Rows, start: int) -> None:
        """Have each price among the rows from `start` on, all of one message, be one of each line below its asset, if there are any."""
        if next(reversed(rows.payload)) < start or all(rows.tags.texts[tag] != _PRICE for tag in rows.tag[start:]):
            return
        dealt = []
        for row in rows.take(start):
            lines = self._lines(rows.assets.texts[row.asset]) if rows.tags.texts[row.tag] == _PRICE else ()
            # The number that a device counts its messages by is not one of the lines'.
            dealt += [row._replace(asset=rows.assets.number(line), seq=None) for line in lines] or [row]
        rows.put(dealt)

    def _lines(self, asset: str) -> tuple[str, ...]:
        found = self._below.get(asset)
        if found is None:
            if len(self._below) > 1000:
                self._below.clear()
            found = self._below[asset] = self._plant.lines_below(asset)
        return found
