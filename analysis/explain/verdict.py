"""What is said of a recount: that it agrees, that it differs, or why that can't be told."""

from collections.abc import Sequence
from typing import Any

from analysis.explain.taken_apart import Explained
from fieldline.account import Cause, Mark
from fieldline.expressions import Statistic

_WHY = {
    Cause.DAMAGE: "readings that it was made of can't be read any more",
    Cause.SETTINGS: "it stands from other settings, and is worked out with those of now",
    Cause.MOVE: "rows that it was made of lie in the partition that its line was in before",
}
"""Why a figure differs that stands, the gravest first."""
_ESTIMATED = "a quantile of more samples than are kept is an estimate, which differs in rank from the exact one that is worked out here"
_OLDER = "the row shown is not the newest on the log"


def verdict(found: Explained, plant_file: str | None, before: Sequence[Mark]) -> dict[str, Any]:
    """Whether the recount agrees; `agrees` is null where that is unknown.

    plant_file : as for `document`; before : what happened after the figure was emitted, of which it stands as it was.
    """
    differing = found.differing()
    if not found.is_over:
        goes_on = found.doubt or "what holds at its last row goes on with the clock"
        why = goes_on if differing else "so far all figures agree"
        return {"agrees": None, "why": f"the window still runs; {why}", "differing": differing}
    if not found.recount:
        why = "all its readings on the log came since" if found.evidence.later else "the log has no rows of it any more"
        return {"agrees": None, "why": why, "differing": []}
    if differing and (found.is_older or found.doubt):
        why = _OLDER if found.is_older else found.doubt
        return {"agrees": None, "why": why, "compared": len(found.recount), "differing": differing}
    gone = found.evidence.first > 0 and bool(differing)
    why = "retention has removed rows from the log; what lay before is not counted again" if gone else ""
    if before and differing:
        gone, why = True, next(words for cause, words in _WHY.items() if any(mark.cause is cause for mark in before))
    if differing and not why and any(isinstance(one, Statistic) and one.is_quantile for one in found.reads):
        gone, why = True, _ESTIMATED
    return {
        "agrees": None if gone else not differing,
        "why": why or (_why_differing(plant_file) if differing else ""),
        "compared": len(found.recount),
        "differing": differing,
    }


def _why_differing(plant_file: str | None) -> str:
    rows = "rows too late for the timeline may be why"
    return (
        rows
        if plant_file
        else f"no plant file was given (--plant), and processing may have run with one; or else {rows}"
    )
