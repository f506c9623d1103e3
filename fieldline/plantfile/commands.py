"""Which commands may be sent to an asset, and within what limits: `[asset.command]`. Without it none is.

    [[asset]]
    path = "farm/north/valve1"

    [asset.command]
    topic = "farm/north/valve1/set"
    actions = ["open", "close"]
    most_minutes = 240
    most_a_day = 3

    [[asset.command.interlock]]
    asset = "farm/north/tank"
    tag = "level_ratio"
    above = 0.1
    most_age_s = 900

    [asset.command.acknowledged]
    tag = "is_open"
    open = 1
    close = 0

`close` ends what `open` and `run` began: no limit and no interlock holds it up, since that would leave water running.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from fieldline.plantfile.topics import Topic
from fieldline.plantfile.values import Name, Positive, number_fault, path_fault, raise_faults, twice_fault

Action = Literal["open", "close", "run"]
ACTIONS: tuple[str, ...] = get_args(Action)
STARTS = frozenset({"open", "run"})
"""Actions that begin something, for a time; what limits and interlocks are for."""


class InterlockEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What has to hold so that something may begin: the newest good reading of a tag lies above or below a bound, or between two.

    Values are compared as the log has them, in the device's own unit. A reading older than most_age_s tells nothing, and nothing begins.
    """

    asset: Name
    tag: Name
    above: float | None = None
    below: float | None = None
    most_age_s: Positive = 900.0

    def __post_init__(self) -> None:
        faults = [
            path_fault(self.asset, "asset"),
            number_fault("above", self.above),
            number_fault("below", self.below),
            number_fault("most_age_s", self.most_age_s),
        ]
        if self.above is None and self.below is None:
            faults.append("above: expected above or below, or both, got none of them")
        if self.above is not None and self.below is not None and self.above >= self.below:
            faults.append(f"above: expected less than below, {self.below:g}, got {self.above:g}")
        raise_faults(faults)

    def holds(self, value: float) -> bool:
        """Whether a value lies where it has to; NaN does not."""
        is_above = self.above is None or value > self.above
        return is_above and (self.below is None or value < self.below) and value == value

    def __str__(self) -> str:
        told = ((">", self.above), ("<", self.below))
        bounds = [f"{sign} {bound:g}" for sign, bound in told if bound is not None]
        return f"{self.asset} {self.tag} {' and '.join(bounds)}"


class AcknowledgedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """By what a device shows that it has done what it was told.

    tag : one of its own. With open, close or run: what it says then. With none of them: a text (kind = "text"), the id of the command
    within_s : a command of which this does not come within so long after it was sent is unacknowledged
    """

    tag: Name
    open: float | None = None
    close: float | None = None
    run: float | None = None
    within_s: Positive = 120.0

    def __post_init__(self) -> None:
        raise_faults([number_fault(key, getattr(self, key)) for key in (*ACTIONS, "within_s")])

    @property
    def is_by_id(self) -> bool:
        """Whether the tag repeats the command's id."""
        return all(getattr(self, action) is None for action in ACTIONS)

    def value(self, action: str) -> float | None:
        """What the tag says once an action is done; None where nothing is said of it."""
        value: float | None = getattr(self, action)
        return value


class CommandEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an asset may be told.

    topic : where it listens
    most_minutes, most_a_day : how long one `open` or `run` is at most, and how many of them in a local day
    interlock : what has to hold so that one begins, all of it; acknowledged : None: nobody knows whether it was done
    """

    topic: Name
    actions: tuple[Action, ...]
    most_minutes: Annotated[float, Meta(gt=0, le=1440)] | None = None
    most_a_day: Annotated[int, Meta(ge=1)] | None = None
    interlock: tuple[InterlockEntry, ...] = ()
    acknowledged: AcknowledgedEntry | None = None

    def __post_init__(self) -> None:
        faults = [
            path_fault(self.topic, "topic"),
            twice_fault("actions", list(self.actions)),
            number_fault("most_minutes", self.most_minutes),
        ]
        if set(self.topic) & set("+#{}\0") or self.topic.startswith("$"):
            faults.append(f"topic: expected one topic, without + # {{ and }}, got {self.topic!r}")
        if not self.actions:
            faults.append(f"actions: expected some of {', '.join(ACTIONS)}, got none")
        if STARTS & set(self.actions):
            faults += [
                f"{key}: expected with {' and '.join(sorted(STARTS & set(self.actions)))}: what begins has a limit"
                for key in ("most_minutes", "most_a_day")
                if getattr(self, key) is None
            ]
        rule = self.acknowledged
        if rule is not None and not rule.is_by_id:
            faults += [
                f"acknowledged.{action}: expected what {rule.tag} says then, got nothing"
                for action in self.actions
                if rule.value(action) is None
            ]
        raise_faults(faults)

    @property
    def unread(self) -> Topic:
        """The topic as ingest sees it: what is sent there is no reading."""
        return Topic(pattern=self.topic, ignore=True)
