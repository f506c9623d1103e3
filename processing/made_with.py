"""What a state was made with: the plant file, the operators, their windows and the allowed lateness; a checkpoint says so of itself."""

import msgspec

from fieldline.account import DAMAGED, MOVED, Mark
from fieldline.moments import iso
from fieldline.plant import Plant
from processing.kernels.layout import NONE
from processing.operator import Operator, with_memories
from processing.timeline.tables import key_of
from processing.timeline.timing import Timing

LINE_DEPTH = "site.line_depth"
"""The entry of the plant file by which assets come to be of other lines."""

SLICE = "site.slice"
"""The entry by which a line's slices come to be of another length."""


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
        running = with_memories(operators)
        keys = {op.name: key_of(op) for op in running}
        wanted = {op.name: tuple(name for name in op.windows if name in windows) for op in running}
        return cls(plant.document, keys, wanted, timing.settle, timing.horizon)

    def differences(self, other: "MadeWith") -> list[str]:
        """What others say otherwise, each with both values; of the plant file the tables."""
        found = [
            f"{name}: {mine} and {theirs}"
            for name, mine, theirs in (
                ("operators", ", ".join(self.operators), ", ".join(other.operators)),
                ("settle", f"{self.settle / 1e9:g} s", f"{other.settle / 1e9:g} s"),
                ("horizon", f"{self.horizon / 1e9:g} s", f"{other.horizon / 1e9:g} s"),
            )
            if mine != theirs
        ]
        if self.operators != other.operators and not found:
            found.append("versions of Fieldline or of an operator")
        if set(self.operators) == set(other.operators) and self.windows != other.windows:
            windows, theirs = ({name for names in each.windows.values() for name in names} for each in (self, other))
            found.append(
                f"windows: {', '.join(sorted(windows - theirs)) or 'none'} only there, "
                f"{', '.join(sorted(theirs - windows)) or 'none'} only here"
            )
        tables, others = (msgspec.json.decode(each.plant) for each in (self, other))
        differing = [name for name in tables.keys() | others.keys() if tables.get(name) != others.get(name)]
        return found + ([f"plant file: {', '.join(sorted(differing))}"] if differing else [])


class Adapted(msgspec.Struct, frozen=True):
    """What a change of settings, or of what the log holds, does to the figures of a line.

    operators : whose figures change; since : windows that begin from then on are computed anew, earlier ones stand as they are [ns UTC;
    NONE: all there are]; why : the entries of the plant file and the settings that say something else.
    """

    line: str
    operators: tuple[str, ...]
    since: int
    why: tuple[str, ...]

    @property
    def mark(self) -> Mark:
        """For those who read it from a counters record; `since` is None where all windows were computed anew."""
        return Mark(self.line, self.operators, None if self.since == NONE else self.since, str(self), self.why)

    def __str__(self) -> str:
        if self.why == (DAMAGED,):
            return f"{self.line}: readings on the log can't be read any more; windows that begin before {iso(self.since)} stand as they are"
        if self.why == (MOVED,):
            late = f"rows from before {iso(self.since)} that come from now on are counted late"
            return f"{self.line}: lies in another partition since; {late}"
        if self.why == (LINE_DEPTH,):
            until = f"windows of its assets that begin before {iso(self.since)} stand as they are"
            return f"{self.line}: has assets of lines that were others ({LINE_DEPTH}) and begins now; {until}"
        if self.why == (SLICE,):
            until = f"its windows that begin before {iso(self.since)} stand as they are"
            return f"{self.line}: has slices of another length ({SLICE}) and begins anew; {until}"
        what = f"{self.line}: figures of {', '.join(self.operators)} change ({', '.join(self.why)})"
        if self.since == NONE:
            return f"{what}; all windows are computed anew"
        return f"{what}; windows that begin from {iso(self.since)} on are computed anew, those before stand as they are"
