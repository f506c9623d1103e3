"""Points of a sample that limits are not estimated from."""

from enum import StrEnum


class LeaveOut(StrEnum):
    """Whether points of the sample beyond their own limits are left out, and limits estimated again until none is.

    Leaving out is right only for points whose cause was found and removed: of heavy-tailed readings it cuts the tails and
    makes limits that cry wolf for ever.
    """

    NOTHING = "nothing"
    BEYOND_LIMITS = "beyond_limits"
