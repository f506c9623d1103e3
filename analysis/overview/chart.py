"""The points of a control chart in a window."""

from typing import NamedTuple

from analysis.overview.asked import Asked, Shown, shown
from analysis.results import Row
from fieldline.errors import SettingsError
from fieldline.moments import Moment

_WIDER = {"15m": "day", "1h": "week", "day": "month"}
"""The window in which a chart of counts is shown where none is named: of a shift there would be few points, or one."""


class Points(NamedTuple):
    """A chart's rows, oldest first.

    tag : "" of what an asset counts; chart : its kind, such as i_mr; every : what makes a point; field : of the rows, what is charted
    """

    shown: Shown
    tag: str
    chart: str
    every: str
    field: str
    rows: list[Row]


def points_of(asked: Asked) -> Points:
    """The points of the window that is asked for: of a tag, or without one of what the asset counts.

    Raises SettingsError where there is no such chart or the window has no point.
    """
    if asked.tag:
        entry = asked.plant.tag_info(asked.asset, asked.tag).spc
        if entry is None:
            raise SettingsError(
                f"{asked.asset} {asked.tag} is not charted: the plant file has no [asset.tags.{asked.tag}.spc]"
            )
        return _points(asked, "spc", entry.chart, entry.every, "mean")
    counted = asked.plant.asset_info(asked.asset).attribute_chart
    if counted is None:
        raise SettingsError(
            f"what {asked.asset} counts is not charted: the plant file has no [asset.attribute_chart] of it; the chart is a tag's? "
            "name it with --tag"
        )
    asked = asked._replace(window=asked.window or _WIDER[counted.every])
    return _points(asked, "attribute_chart", counted.chart, counted.every, "value")


def _points(asked: Asked, kind: str, chart: str, every: str, field: str) -> Points:
    if asked.at is None:
        newest = asked.rows(kind, every)
        if not newest:
            raise asked.nothing(kind, f"in a window {every}")
        asked = asked._replace(at=int(newest[-1]["time"]))
    window, span = asked.span(kind)
    rows = asked.rows(kind, every, span.start, span.end)
    if not rows:
        raise asked.nothing(kind, f"for the {window} that was asked for")
    rows = [row | {"time": Moment(row["time"], asked.zone)} for row in rows]
    return Points(shown(asked, window, span), asked.tag, chart, every, field, rows)
