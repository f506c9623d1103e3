"""Where messages come from: a session at somebody's broker, or the broker that Fieldline is itself."""

from enum import StrEnum
from typing import Protocol

from ingest.packets import Message


class Link(StrEnum):
    """Where a source stands."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


class Watcher:
    """What a source tells; these methods do nothing, who wants to know overrides them."""

    def changed(self, link: Link, reason: str) -> None:
        """The link, or the reason for it, is another."""

    def reached(self, keys: list[int]) -> None:
        """The acknowledgements of these messages (keys of `ack`) have reached the other side: they do not come again."""

    def counted(self, name: str, count: int) -> None:
        """So many more of something that is worth a counter."""

    def certified(self, whose: str, ends_s: float) -> None:
        """When the certificate of the `broker`, or of us as a `client`, ends [s since 1970]."""


class Source(Protocol):
    """What the ingest stage reads from, in the stage's own thread; `wake` may be called from any.

    epoch : belongs to the messages that `poll` gave since; when it grows, messages that were not acknowledged come again
    has_past : whether the other side remembers an earlier connection, so that its messages may come again
    fault : why some of what was asked for does not come, nothing where all does; None while that is not known
    """

    watcher: Watcher
    epoch: int
    link: Link
    reason: str
    has_past: bool

    @property
    def fault(self) -> str | None: ...

    def poll(self, timeout_s: float) -> list[Message]:
        """What came, after at most `timeout_s`. Never raises for the network's sake."""

    def ack(self, epoch: int, identifiers: list[int], keys: list[int]) -> bool:
        """Acknowledge messages of `epoch`; False, and nothing sent, when that connection is gone."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a message with QoS 0, not retained; False, and nothing sent, without a connection."""

    def wake(self) -> None:
        """End the wait of `poll`."""

    def hold(self, reason: str) -> None:
        """Take no more messages until `resume`; what is not acknowledged stays with its sender."""

    def resume(self) -> None: ...

    def close(self) -> None:
        """Send what is queued and say goodbye."""
