"""What a state was made with: the plant file, the operators, their windows and the allowed lateness; a checkpoint says so of itself."""

import msgspec

from fieldline.moments import iso
from fieldline.plant import Plant
from processing.kernels.layout import NONE
from processing.operator import Operator
from processing.timeline.tables import key_of
from processing.timeline.timing import Timing


class MadeWith(msgspec.Struct, frozen=True):
    """The settings that figures depend on.

    plant : the plant file as JSON; operators : by name, the key of what each keeps (empty: nothing); windows : those that each emits;
    settle, horizon [ns].
    """

    plant: bytes
    operators: dict[str, str]
    windows: dict[str, tuple[str, ...]]
    settle: int
    horizon: int

    @classmethod
    def of(cls, plant: Plant, operators: list[Operator], windows: tuple[str, ...], timing: Timing) -> "MadeWith":
        """The present settings."""
        keys = {op.name: key_of(op) for op in operators}
        wanted = {op.name: tuple(name for name in op.windows if name in windows) for op in operators}
        return cls(plant.document, keys, wanted, timing.settle, timing.horizon)


class Adapted(msgspec.Struct, frozen=True):
    """What a change of settings does to the figures of a line.

    operators : whose figures change; since : windows that begin from then on are computed anew, earlier ones stand as they are [ns UTC;
    NONE: all there are]; why : the entries of the plant file and the settings that say something else.
    """

    line: str
    operators: tuple[str, ...]
    since: int
    why: tuple[str, ...]

    def __str__(self) -> str:
        what = f"{self.line}: figures of {', '.join(self.operators)} change ({', '.join(self.why)})"
        if self.since == NONE:
            return f"{what}; all windows are computed anew"
        return f"{what}; windows that begin from {iso(self.since)} on are computed anew, those before stand as they are"
