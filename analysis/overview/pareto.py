"""Why machines stopped and pieces were thrown away: causes by weight, with their share and that of all down to them."""

from collections.abc import Mapping
from typing import NamedTuple

from analysis.causes import Cause, by_reason, by_station, causes_of_lines
from analysis.overview.asked import Asked, Shown, shown
from analysis.rollup.clock import lines_of
from fieldline.log import Log


class Share(NamedTuple):
    """A cause: its amount, its share of all, and the share of all down to it [1]."""

    cause: str
    amount: float
    share: float
    cumulated: float


class Pareto(NamedTuple):
    """A window's causes: stops [s], rejects and the stations where they were found [pieces]."""

    shown: Shown
    stops: list[Share]
    rejects: list[Share]
    stations: list[Share]


def shares(amounts: Mapping[str, float]) -> list[Share]:
    """Causes by amount, the largest first, of equals by name; amounts that are not above 0 are left out."""
    found = sorted(((v, k) for k, v in amounts.items() if v > 0), key=lambda pair: (-pair[0], pair[1]))
    total, cumulated = sum(value for value, _ in found), 0.0
    shares = []
    for value, cause in found:
        cumulated += value
        shares.append(Share(cause, value, value / total, cumulated / total))
    return shares


def pareto_of(asked: Asked, log: Log) -> Pareto:
    """The causes of the window that is asked for: a machine's, a line's, or those of all lines below an area or site.

    Reads each partition of the log that the lines lie in once. Raises SettingsError, Unavailable.
    """
    if asked.is_above_lines:
        window, found = asked.lines()
        span, lines = found.span, list(found.rows)
    else:
        window, span = asked.span("losses")
        lines = lines_of(asked.plant, asked.asset) or [asked.line]
    is_whole = asked.asset in asked.plant.groups  # its lines lie elsewhere
    stops: list[Cause] = []
    rejects: list[Cause] = []
    for causes in causes_of_lines(log, lines, span.start, span.end, asked.plant):
        stops += [cause for cause in causes.stops_s if is_whole or _is_of(asked, cause)]
        rejects += [cause for cause in causes.rejects if is_whole or _is_of(asked, cause)]
    return Pareto(
        shown(asked, window, span), shares(by_reason(stops)), shares(by_reason(rejects)), shares(by_station(rejects))
    )


def _is_of(asked: Asked, cause: Cause) -> bool:
    return cause.asset == asked.asset or cause.asset.startswith(f"{asked.asset}/")
