"""Where time went: of a machine or line as it was stored, of an area or site by the times of its lines."""

from typing import NamedTuple

from analysis.overview.asked import Asked, Shown, fields_of, shown
from analysis.results import Row
from analysis.rollup.effectiveness import RATIOS, TIMES, OneWindow, RolledUp, roll_up


class Oee(NamedTuple):
    """A window's times and ratios.

    figures : fields of `losses`, ratios of `oee` [1], `null_reason` where one of them does not exist, and `coverage`
    between_orders : pieces of a machine or line that have no part in the ratios
    together : the lines of an area or site, None of a machine or line
    """

    shown: Shown
    figures: Row
    together: tuple[OneWindow, RolledUp] | None = None
    between_orders: float = 0.0


def oee_of(asked: Asked) -> Oee:
    """The figures of the window that is asked for. Raises SettingsError where nothing is known of it."""
    if asked.is_above_lines:
        return _of_lines(asked)
    window, span = asked.span("losses")
    losses, ratios = (
        _of_shift(asked.rows(kind, window, span.start, span.start + 1), span.shift) for kind in ("losses", "oee")
    )
    if not losses:
        raise asked.nothing("losses", f"for the {window} that was asked for")
    ratio = ratios[0] if ratios else {}
    figures = fields_of(losses[0], TIMES) | fields_of(ratio, RATIOS)
    reason = losses[0].get("null_reason") or ratio.get("null_reason")
    figures |= {"null_reason": reason, "coverage": ratio.get("coverage")}
    return Oee(shown(asked, window, span), figures, between_orders=ratio.get("between_orders_count") or 0.0)


def _of_shift(rows: list[Row], shift: str) -> list[Row]:
    """Of rows of the same hours those by the name of a shift, where there are any: a group has one for each name."""
    return [row for row in rows if shift and row.get("shift") == shift] or rows


def _of_lines(asked: Asked) -> Oee:
    window, found = asked.lines()
    start = found.span.start
    ratios = {row["asset"]: row for row in asked.rows_of_lines("oee", window, start, start + 1)}
    rolled = roll_up(found.rows, ratios)
    return Oee(shown(asked, window, found.span), rolled.row, (found, rolled))
