"""What the flags of the demo say."""

from pathlib import Path
from typing import NamedTuple

FAULTS = "duplicates=0.01,shuffle_s=20,late=0.02,late_s=900,malformed=0.002"
"""What is spoiled unless something else is asked for: enough of each kind to see it in the audit."""


class DemoAsked(NamedTuple):
    """What was asked for. wall_s : how long the plant runs [s]; speed : its seconds in one of ours; folder : None: not kept."""

    wall_s: float
    speed: float
    seed: int
    faults: str
    svg: Path | None
    is_quiet: bool
    folder: Path | None

    @property
    def span_s(self) -> float:
        """How much of the plant's time passes."""
        return self.wall_s * self.speed
