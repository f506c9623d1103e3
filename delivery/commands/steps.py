"""Records of the stream `commands`: steps of a command, as JSON. The key is the asset's path.

The first step of a command has the command itself; all have who did it, and when.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.errors import FrameError, Unavailable
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.plantfile.commands import STARTS, Action

LONGEST_VALID_S = 86_400.0
_APPEND_S = 30.0

_Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Time = Annotated[int, Meta(ge=0, lt=1 << 62)]


class Step(StrEnum):
    """What happened to a command."""

    ISSUED = "issued"
    REFUSED = "refused"
    """By a limit, an interlock or the plant file: it was not sent."""
    EXPIRED = "expired"
    """Its time was over before it could be sent."""
    SENDING = "sending"
    """It is about to be sent: from here on it may have gone out, so it is never tried again."""
    SENT = "sent"
    """The broker has it."""
    UNCONFIRMED = "unconfirmed"
    """It was being sent when the broker, or the stage, went away: it may have gone out."""
    ACKNOWLEDGED = "acknowledged"
    """The device shows that it has done it."""
    UNACKNOWLEDGED = "unacknowledged"
    """The device did not show so in time."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device is told. for_s : of what begins, how long [s]; times [ns UTC]; limits : what it was held against, in words."""

    id: _Id
    asset: _Text
    action: Action
    for_s: Annotated[float, Meta(gt=0)] | None = None
    issued_by: _Text
    issued_ns: _Time
    expires_ns: _Time
    limits: tuple[str, ...] = ()

    @property
    def begins(self) -> bool:
        """Whether it begins something, for a time."""
        return self.action in STARTS

    def payload(self) -> bytes:
        """As the device gets it: whole seconds of the epoch, for small devices.

        One whose id it has had, or whose time is over, it is to ignore.
        """
        said = {"id": self.id, "action": self.action, "for_s": self.for_s, "issued_by": self.issued_by}
        times = {"issued_s": self.issued_ns // 10**9, "expires_s": self.expires_ns // 10**9}
        return msgspec.json.encode({**{key: value for key, value in said.items() if value is not None}, **times})


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. by : who did it; reason : of a refusal, see `guard.Reason`; why : in words.

    command : in the first step; readings : of `sending`, where the readings of the asset's line ended then
    """

    id: _Id
    step: Step
    at_ns: _Time
    by: _Text
    reason: str = ""
    why: str = ""
    command: Command | None = None
    readings: Annotated[int, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        if self.command is not None and self.command.id != self.id:
            raise ValueError(f"command.id: expected {self.id}, got {self.command.id}")


def entry_in(record: Record) -> Entry:
    """The step that a record tells. Raises FrameError."""
    try:
        return msgspec.json.decode(record.content(), type=Entry)
    except (msgspec.DecodeError, ValueError) as error:
        raise FrameError(f"a record of commands can't be read: {error}") from error


def place_of(log: Log, asset: str) -> int:
    """The partition for a new command of an asset. By its own path, so whatever the plant file makes its line."""
    return partition_of(asset, log.partitions(Stream.COMMANDS))


def append(log: Log, partition: int, asset: str, entry: Entry) -> int:
    """Put a step on the log; gives its offset once it is durable. Raises Unavailable, and then whether it is there is unknown.

    All steps of a command lie in the partition of its first one, so that they have one order.
    """
    appended = log.append(Stream.COMMANDS, partition, asset.encode(), msgspec.json.encode(entry))
    try:
        return appended.result(_APPEND_S)
    except TimeoutError as error:
        raise Unavailable(f"log: a step of command {entry.id} was not written within {_APPEND_S:g} s") from error
