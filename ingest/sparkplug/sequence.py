"""What a host watches of an edge node's session: births, deaths and the numbers of messages.

Source: Eclipse Sparkplug 3.0, chapter 5, operational behavior of hosts: a number that is passed over may come late for some time; when it
does not, the host asks for a rebirth, and nothing else is certain until that comes.
"""

from enum import Enum

_NUMBERS = 256


class Verdict(Enum):
    """What a message's number says."""

    NEXT = "next"
    EARLY = "early"
    """One before it has not come yet."""
    AGAIN = "again"
    """A number that was before."""
    WAITING = "waiting for rebirth"
    NO_BIRTH = "no birth"


class Session:
    """One edge node, as far as its births, deaths and numbers tell. Times are the caller's [ms].

    is_online, birth : whether it is, and the bdSeq of its birth; next : the number that is due
    missing : numbers that did not come when the time was up, since it was last taken
    """

    def __init__(self, timeout_ms: int = 2000) -> None:
        self.is_online = False
        self.birth: int | None = None
        self.next: int | None = None
        self.missing = 0
        self._timeout = timeout_ms
        self._early: set[int] = set()
        self._deadline: int | None = None
        self._is_waiting = False

    @property
    def awaited(self) -> int | None:
        """The number that a timer runs for; None where none does."""
        return self.next if self._deadline is not None else None

    def begin(self, seq: int, birth: int | None) -> None:
        """A birth came."""
        self.is_online, self.birth = True, birth
        self.next = next_number(seq)
        self._early.clear()
        self._deadline, self._is_waiting = None, False

    def end(self, birth: int | None) -> bool:
        """A death came; False for one of another birth, which is late and means nothing."""
        if not self.is_online or (birth is not None and self.birth is not None and birth != self.birth):
            return False
        self.is_online, self.next, self._deadline, self._is_waiting = False, None, None, False
        self._early.clear()
        return True

    def expire(self, now_ms: int) -> int | None:
        """The moment at which the time for a missing number was up, told once; None while it is not."""
        if self._deadline is None or now_ms < self._deadline or self.next is None:
            return None
        passed, self._deadline, self._is_waiting = self._deadline, None, True
        furthest = max((number - self.next) % _NUMBERS for number in self._early)
        self.missing += furthest + 1 - len(self._early)
        return passed

    def go_on(self) -> None:
        """Expect what follows the newest number: nobody is going to ask for a rebirth."""
        if self._early and self.next is not None:
            self.next = next_number(max(self._early, key=lambda number: (number - (self.next or 0)) % _NUMBERS))
        self._early.clear()
        self._is_waiting = False

    def is_next(self, seq: int) -> bool:
        """Whether it is the number that is due and nothing else is to be noted; then it is taken. What `take` says of most messages."""
        if seq != self.next or self._early or self._is_waiting:
            return False
        self.next = (seq + 1) % _NUMBERS
        return True

    def take(self, seq: int | None, now_ms: int) -> Verdict:
        """The number of any message but a node's birth and death."""
        if not self.is_online or self.next is None:
            return Verdict.NO_BIRTH
        if self._is_waiting:
            return Verdict.WAITING
        if seq is None or seq == self.next:
            self._advance(now_ms) if seq is not None else None
            return Verdict.NEXT
        if (seq - self.next) % _NUMBERS >= _NUMBERS // 2 or seq in self._early:
            return Verdict.AGAIN
        self._early.add(seq)
        if self._deadline is None:
            self._deadline = now_ms + self._timeout
        return Verdict.EARLY

    def _advance(self, now_ms: int) -> None:
        assert self.next is not None
        self.next = next_number(self.next)
        while self.next in self._early:
            self._early.discard(self.next)
            self.next = next_number(self.next)
        self._deadline = now_ms + self._timeout if self._early else None


def next_number(seq: int) -> int:
    """What follows a number (0 to 255): of messages, and of births."""
    return (seq + 1) % _NUMBERS
