"""The points of a control chart in a window."""

from typing import NamedTuple

from analysis.overview.asked import Asked, Shown, shown
from analysis.results import Row
from fieldline.errors import SettingsError
from fieldline.moments import Moment


class Points(NamedTuple):
    """A chart's rows of `spc`, oldest first. chart : its kind, such as i_mr; every : what makes a point."""

    shown: Shown
    tag: str
    chart: str
    every: str
    rows: list[Row]


def points_of(asked: Asked) -> Points:
    """The points of the window that is asked for. Raises SettingsError where the tag has no chart or the window no point."""
    entry = asked.plant.tag_info(asked.asset, asked.tag).spc
    if entry is None:
        raise SettingsError(
            f"{asked.asset} {asked.tag} is not charted: the plant file has no [asset.tags.{asked.tag}.spc]"
        )
    if asked.at is None:
        newest = asked.rows("spc", entry.every)
        if not newest:
            raise asked.nothing("spc", f"in a window {entry.every}")
        asked = asked._replace(at=int(newest[-1]["time"]))
    window, span = asked.span("spc")
    rows = asked.rows("spc", entry.every, span.start, span.end)
    if not rows:
        raise asked.nothing("spc", f"for the {window} that was asked for")
    rows = [row | {"time": Moment(row["time"], asked.zone)} for row in rows]
    return Points(shown(asked, window, span), asked.tag, entry.chart, entry.every, rows)
