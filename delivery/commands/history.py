"""What became of commands, by their steps on the log."""

from delivery.commands.steps import Command, Entry, Step, entry_in
from fieldline.errors import FrameError
from fieldline.log import Log, Record, Stream


class Told:
    """A command and its steps, in the order of the log.

    partition, first : where its first step lies; looked : how far its acknowledgement was looked for, see `acknowledgement.py`
    """

    def __init__(self, command: Command, partition: int, first: int) -> None:
        self.command = command
        self.partition, self.first = partition, first
        self.steps: list[Entry] = []
        self.looked = 0

    @property
    def last(self) -> Entry:
        """The step that counts: the last one. That it may have gone out counts nothing beside that it has."""
        is_sent = self.step(Step.SENT) is not None
        return next(one for one in reversed(self.steps) if not (is_sent and one.step is Step.UNCONFIRMED))

    @property
    def state(self) -> Step:
        """The kind of the step that counts."""
        return self.last.step

    def step(self, step: Step) -> Entry | None:
        """The first step of this kind."""
        return next((entry for entry in self.steps if entry.step is step), None)

    def began_ns(self, waiting_at_ns: int | None) -> int | None:
        """When something began by it, or may have; None: nothing did [ns UTC].

        waiting_at_ns : one that waits and is valid then may still begin; None: one that waits counts nothing
        """
        sending = self.step(Step.SENDING)
        if not self.command.begins:
            return None
        if sending is not None:
            return sending.at_ns
        is_waiting = waiting_at_ns is not None and self.command.expires_ns > waiting_at_ns
        return self.command.issued_ns if self.state is Step.ISSUED and is_waiting else None


class History:
    """Commands by id. unreadable : records that tell nothing that can be read."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}
        self.unreadable = 0

    def take(self, record: Record) -> None:
        """One more record; one that was taken before changes nothing.

        A second first step under an id counts nothing, and so do steps of which the first is gone.
        """
        try:
            entry = entry_in(record)
        except FrameError:
            self.unreadable += 1
            return
        if entry.command is not None and entry.id not in self.told:
            self.told[entry.id] = Told(entry.command, record.partition, record.offset)
        told = self.told.get(entry.id)
        if told is not None and entry.command in (None, told.command) and entry not in told.steps:
            told.steps.append(entry)

    def begun(self, asset: str, since_ns: int, waiting_at_ns: int | None = None) -> int:
        """How often something began on an asset from a time on; see `Told.began_ns`."""
        mine = (told.began_ns(waiting_at_ns) for told in self.told.values() if told.command.asset == asset)
        return sum(began is not None and began >= since_ns for began in mine)

    def forget(self, before_ns: int) -> None:
        """Let go of commands that were over before a time."""
        self.told = {ident: told for ident, told in self.told.items() if told.command.expires_ns >= before_ns}


def history_of(log: Log) -> History:
    """All commands that the log still has."""
    history = History()
    for partition in range(log.partitions(Stream.COMMANDS)):
        first, end = log.bounds(Stream.COMMANDS, partition)
        for record in log.read(Stream.COMMANDS, partition, first, end):
            history.take(record)
    return history
