"""The command stage: sends what is issued on the stream `commands`, once, and notes what becomes of it.

Before a command goes out, `sending` is durable on the log; from there on it is never tried again, by whomever. So a crash, a
restart or a change of owners sends nothing twice: a command that was interrupted there is `unconfirmed`, and may have gone out. Who begins
reads the stream from its start, for what became of commands follows from it alone; the group's offset says which of them are over.
"""

import threading
from typing import NamedTuple

from delivery.commands.acknowledgement import acknowledged_at, readings_end
from delivery.commands.guard import Asked, check
from delivery.commands.history import History, Told, history_of
from delivery.commands.newest import newest_reading
from delivery.commands.outlet import Connect, Outlet
from delivery.commands.steps import Entry, Step, append
from fieldline.clock import Clock
from fieldline.errors import CommandRefused, PartitionLost, SettingsError, Unavailable
from fieldline.health import Health
from fieldline.log import Log, Poll, Reader, Stream
from fieldline.plant import Plant

GROUP = "command"
_POLL_S = 0.2
_BROKER_S = 4.0
"""So long the broker may take to acknowledge a command: with connecting less than a stage has to drain."""
_AGAIN_S = 2.0
_KEPT_NS = 2 * 86_400 * 10**9
"""Two days: what is older has no part in any limit, and no command is valid for so long."""


class _Part:
    """A partition: its commands, the next offset to read, and where it ended when it came, up to which nothing is done."""

    def __init__(self, first: int, end: int) -> None:
        self.history = History()
        self.next, self.end = first, end
        self.committed = -1

    @property
    def has_come(self) -> bool:
        """Whether everything that stood there at the start was read."""
        return self.next >= self.end


class _Owed(NamedTuple):
    """A step that is to be put on the log, and is not there for sure."""

    partition: int
    asset: str
    entry: Entry


class CommandStage:
    """Runs until it is told to stop. sender : by what name its steps stand on the log."""

    def __init__(self, *, plant: Plant, log: Log, connect: Connect, sender: str, health: Health, clock: Clock) -> None:
        self._plant, self._log, self._connect, self._sender = plant, log, connect, sender
        self._health, self._clock = health, clock
        self._parts: dict[int, _Part] = {}
        self._unopened: set[int] = set()
        self._owed: list[_Owed] = []
        self._not_before_s = -_AGAIN_S
        self._fault = ""

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. Raises LogCorrupt when the log can't work, InUse when another process sends from it."""
        reader = self._log.reader(Stream.COMMANDS, GROUP)
        try:
            self._health.set("recovering", "reads what became of commands")
            while not stop.is_set():
                self.turn(reader)
            self._health.set("stopped", "asked to stop")
        except BaseException as error:
            self._health.set("stopped", f"{type(error).__name__}: {error}")
            raise
        finally:
            reader.close()

    def turn(self, reader: Reader) -> None:
        """Read what came, do what can be done of it, and let go of what is over."""
        try:
            self._take(reader, reader.poll(_POLL_S))
            self._pay()
            for part in self._parts.values():
                if part.has_come:
                    self._work(part)
            self._commit(reader)
        except Unavailable as error:
            self._health.set("degraded", str(error))
            return
        if not any(told.state is Step.ISSUED for part in self._parts.values() for told in part.history.told.values()):
            self._fault = ""
        self._health.set("degraded" if self._fault else "idle", self._fault or "no command waits")

    def _take(self, reader: Reader, poll: Poll) -> None:
        for partition in poll.revoked:
            self._parts.pop(partition, None)
            self._unopened.discard(partition)
        self._unopened.update(poll.assigned)
        fresh = sorted(self._unopened)
        for partition in fresh:  # one that fails is tried again at the next turn
            first, end = self._log.bounds(Stream.COMMANDS, partition)
            self._parts[partition] = _Part(first, end)
            reader.seek(partition, first)
            self._unopened.remove(partition)
        for record in poll.records:
            part = self._parts.get(record.partition)
            if part is None or record.partition in fresh:
                continue  # it comes again from the start
            unreadable = part.history.unreadable
            part.history.take(record)
            self._health.count("unreadable_records", part.history.unreadable - unreadable)
            part.next = record.offset + 1

    def _work(self, part: _Part) -> None:
        for told in list(part.history.told.values()):
            if told.state is Step.ISSUED:
                self._send(told)
            elif told.state is Step.SENDING:
                self._note(told, Step.UNCONFIRMED, "the sender went away while it was sent; it may have gone out")
            elif told.state in (Step.SENT, Step.UNCONFIRMED):
                self._look(told)
        part.history.forget(self._clock.now_ns() - _KEPT_NS)

    def _send(self, told: Told) -> None:
        """Send a command if it may go out; while the broker is away it waits, until it expires."""
        command, now_ns = told.command, self._clock.now_ns()
        if now_ns >= command.expires_ns:
            self._note(told, Step.EXPIRED, "its time was over before it could be sent")
            return
        if self._clock.monotonic() < self._not_before_s:
            return
        try:
            check(self._plant, command, self._asked(command.asset, now_ns))
        except CommandRefused as error:
            self._note(told, Step.REFUSED, error.detail, reason=error.reason)
            return
        try:
            with self._connect() as outlet:
                self._send_by(outlet, told)
        except (Unavailable, SettingsError) as error:
            self._not_before_s = self._clock.monotonic() + _AGAIN_S
            self._fault = f"command {command.id} waits: {error}"

    def _send_by(self, outlet: Outlet, told: Told) -> None:
        command, topic = told.command, self._plant.commands[told.command.asset].topic
        left_s = (command.expires_ns - self._clock.now_ns()) / 1e9
        if left_s <= 0 or not self._claim(told):
            return
        try:
            outlet.publish(topic, command.payload())
            outlet.flush(min(left_s, _BROKER_S))
        except (Unavailable, SettingsError) as error:
            self._not_before_s = self._clock.monotonic() + _AGAIN_S
            self._note(told, Step.UNCONFIRMED, f"it may have gone out: {error}")
            return
        self._note(told, Step.SENT, f"to {topic}")

    def _claim(self, told: Told) -> bool:
        """Whether it is for us to send: of all who say that they are sending a command, the first on the log does. Raises Unavailable."""
        asset = told.command.asset
        entry = Entry(
            id=told.command.id,
            step=Step.SENDING,
            at_ns=self._clock.now_ns(),
            by=self._sender,
            readings=readings_end(self._log, self._plant, asset),
        )
        offset = append(self._log, told.partition, asset, entry)
        told.steps.append(entry)
        before = History()
        for record in self._log.read(Stream.COMMANDS, told.partition, told.first, offset):
            before.take(record)
        return before.told[told.command.id].step(Step.SENDING) is None

    def _look(self, told: Told) -> None:
        entry, sending = self._plant.commands.get(told.command.asset), told.step(Step.SENDING)
        rule = entry.acknowledged if entry is not None else None
        if rule is None or sending is None:
            return
        at_ns = acknowledged_at(self._log, self._plant, rule, told)
        if at_ns is not None and at_ns - sending.at_ns <= rule.within_s * 1e9:
            value = rule.value(told.command.action)
            shown = "repeated the id" if value is None else f"is {value:g}"
            why = f"{rule.tag} {shown}, {(at_ns - sending.at_ns) / 1e9:.1f} s later"
            self._note(told, Step.ACKNOWLEDGED, why, by=told.command.asset)
        elif at_ns is not None or self._clock.now_ns() - sending.at_ns > rule.within_s * 1e9:
            self._note(told, Step.UNACKNOWLEDGED, f"{rule.tag} did not show it within {rule.within_s:g} s")

    def _asked(self, asset: str, now_ns: int) -> Asked:
        return Asked(
            now_ns,
            lambda since_ns: history_of(self._log).begun(asset, since_ns),
            lambda other, tag, since_ns: newest_reading(self._log, self._plant, other, tag, since_ns),
        )

    def _note(self, told: Told, step: Step, why: str, *, by: str = "", reason: str = "") -> None:
        """Note a step: here at once, on the log as soon as it takes it. Raises Unavailable."""
        at_ns = self._clock.now_ns()
        entry = Entry(id=told.command.id, step=step, at_ns=at_ns, by=by or self._sender, reason=reason, why=why)
        told.steps.append(entry)
        self._health.count("commands", step=str(step))
        self._owed.append(_Owed(told.partition, told.command.asset, entry))
        self._pay()

    def _pay(self) -> None:
        """Put on the log what is not there yet. A step that is there twice counts once. Raises Unavailable."""
        while self._owed:
            append(self._log, *self._owed[0])
            self._owed.pop(0)

    def _commit(self, reader: Reader) -> None:
        """Let go of what is over, so that the log may."""
        for partition, part in list(self._parts.items()):
            told = part.history.told.values()
            waiting = [one.first for one in told if one.state in (Step.ISSUED, Step.SENDING)]
            offset = min([part.next, *waiting])
            if not part.has_come or offset == part.committed:
                continue
            try:
                reader.commit(partition, offset)
                part.committed = offset
            except PartitionLost:
                self._parts.pop(partition, None)
