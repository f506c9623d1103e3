"""What befalls a run: each is a class with parameters that are drawn, a sentence about itself, and what it does.

`DISTURBANCES` names all of them. What an operator would do with an editor and `systemctl` is done by files and signals here.
"""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from random import Random

from deploy.native.server import ServerError
from tests.endurance.site import OPERATORS, Site
from tests.endurance.traffic import HOUR
from tests.endurance.world import DELIVER, PROCESS, READY_S, SECOND_PROCESS, World
from tests.integration.pipe_rig import until

_STAGES = (PROCESS, DELIVER)
_MOST_PARTITIONS = 16
_KEPT_H = 8
"""What is pruned is older than any late row of a run [h]."""


class Disturbance(ABC):
    """Drawn from `random` for a site; `wait_s` is how long the run goes on before it [s].

    A kill at any moment is worth as much as a graceful end: which of the two ends a stage is drawn, too.
    """

    def __init__(self, random: Random, site: Site) -> None:
        self.random = random
        self.wait_s = random.choice([0.0, 0.3, 1.0, 2.5])
        self.is_killed = random.random() < 0.5
        self.draw(site)

    def draw(self, site: Site) -> None:  # noqa: B027  (most need nothing else)
        """Draw what else it needs."""

    @abstractmethod
    def __str__(self) -> str: ...

    def is_possible(self, world: World) -> bool:
        """Whether what it does to figures is defined after what befell the run before."""
        return True

    @abstractmethod
    def befall(self, world: World) -> None:
        """Do it; all stages run, or are starting, afterwards."""

    @property
    def how(self) -> str:
        return "killed" if self.is_killed else "stopped"


class Kill(Disturbance):
    """A stage is killed, and maybe once more while it starts."""

    def draw(self, site: Site) -> None:
        self.stage, self.is_twice = self.random.choice(_STAGES), self.random.random() < 0.4

    def __str__(self) -> str:
        return f"{self.stage} killed{', twice' if self.is_twice else ''}"

    def befall(self, world: World) -> None:
        for _ in range(1 + self.is_twice):
            with world.stopped(self.stage, is_killed=True):
                world.send_hour()


class Freeze(Disturbance):
    """A stage stands still for an hour of event time, as a machine that is suspended does.

    Not in the midst of a transaction: then nobody can write to a file, and the run itself would have to wait.
    """

    def draw(self, site: Site) -> None:
        self.stage = self.random.choice(_STAGES)

    def __str__(self) -> str:
        return f"{self.stage} stands still"

    def befall(self, world: World) -> None:
        stage = world.stages[self.stage]
        stage.freeze()
        while world.is_locked():
            stage.thaw()
            until(lambda: not world.is_locked(), READY_S, lambda: f"the log is locked: {world.explain()}")
            stage.freeze()
        try:
            world.send_hour()
        finally:
            stage.thaw()


class _Edit(Disturbance):
    """Settings or the plant file change while process is away; the change itself is `change`.

    Lines of which nothing else is said emit nothing. That shows where nothing else is on its way: everything was worked off before, and the
    stages ended as they were asked to.
    """

    def befall(self, world: World) -> None:
        if not self.is_killed:
            world.wait_drained(READY_S)
        undrained = world.undrained
        with ExitStack() as away:
            for name in world.workers:
                away.enter_context(world.stopped(name, self.is_killed))
            ends = world.metrics_ends()
            self.change(world.site)
            world.write_files()
        for name in world.workers:
            world.stages[name].until_ready(READY_S)
        if not self.is_killed and world.undrained == undrained:
            world.wait_drained(READY_S)
            world.faults += [
                f"{self}: {line} emitted {rows} rows, of which nothing else is said"
                for line, rows in world.emitted_since(ends).items()
                if not self.concerns(line)
            ]

    def concerns(self, line: str) -> bool:
        """Whether figures of a line may change by it."""
        return True

    @abstractmethod
    def change(self, site: Site) -> None:
        """Change the site."""


class EditPlant(_Edit):
    """An entry of the plant file says something else of a line that may be edited."""

    def draw(self, site: Site) -> None:
        self.line = self.random.choice(site.edited)
        self.entry = self.random.choice(["asset", "ideal_cycle_s", "microstop_s", "low", "shift", "price"])
        self.number = self.random.randrange(1000)

    def __str__(self) -> str:
        return f"plant file: {self.entry} of {self.line} ({self.number}); process {self.how}"

    def concerns(self, line: str) -> bool:
        return line == self.line

    def change(self, site: Site) -> None:
        entries = site.lines[self.line]
        if self.entry == "asset":
            entries.more_assets.append(f"new{self.number}-{len(entries.more_assets)}")
        elif self.entry == "shift":
            entries.shift = f"early{self.number}"
        else:
            setattr(entries, self.entry, 5.0 + self.number / 10)


class Horizon(_Edit):
    """The allowed lateness grows or shrinks."""

    def draw(self, site: Site) -> None:
        self.hours = self.random.choice([9, 12, 25, 48, 1000])

    def __str__(self) -> str:
        return f"horizon {self.hours} h; process {self.how}"

    def concerns(self, line: str) -> bool:
        return False

    def change(self, site: Site) -> None:
        site.set_horizon(self.hours)


class Settle(_Edit):
    """The out-of-orderness bound changes."""

    def draw(self, site: Site) -> None:
        self.settle_s = self.random.choice([0.0, 0.1, 1.0])

    def __str__(self) -> str:
        return f"settle {self.settle_s} s; process {self.how}"

    def concerns(self, line: str) -> bool:
        return False

    def change(self, site: Site) -> None:
        site.settle_s = self.settle_s


class Windows(_Edit):
    """A level of windows is not made any more; one that was left out is made again."""

    def draw(self, site: Site) -> None:
        self.name = self.random.choice(["1m", "15m", "1h", "week", "shift"])

    def __str__(self) -> str:
        return f"windows: {self.name} out or in; process {self.how}"

    def change(self, site: Site) -> None:
        site.left_out_windows ^= {self.name}
        site.holes.add(self.name)


class Operators(_Edit):
    """An operator is switched off, or on again."""

    def draw(self, site: Site) -> None:
        self.name = self.random.choice(["telemetry", "spc", "order"])
        assert self.name in OPERATORS

    def __str__(self) -> str:
        return f"operator {self.name} off or on; process {self.how}"

    def change(self, site: Site) -> None:
        site.left_out_operators ^= {self.name}
        site.holes.add(self.name)


class WallClock(Disturbance):
    """A stage has a wall clock some days off from a start to its next one."""

    def draw(self, site: Site) -> None:
        self.stage = self.random.choice(_STAGES)
        self.days = self.random.choice([-40, -3, 1, 8, 40])

    def __str__(self) -> str:
        return f"{self.stage} with a clock {self.days:+d} days off; {self.how} before"

    def befall(self, world: World) -> None:
        stage = world.stages[self.stage]
        with world.stopped(self.stage, self.is_killed):
            stage.variables = _faked(self.days)
        stage.until_ready(READY_S)
        world.send_hour()
        with world.stopped(self.stage, self.is_killed):
            stage.variables = {}


class Worker(Disturbance):
    """On Kafka: a second worker joins, or leaves."""

    def __str__(self) -> str:
        return f"a second worker joins, or is {self.how}"

    def is_possible(self, world: World) -> bool:
        return not world.is_file

    def befall(self, world: World) -> None:
        if SECOND_PROCESS in world.stages:
            world.remove_worker(self.is_killed)
        else:
            world.add_worker()


class Rot(Disturbance):
    """In a file: a byte of a record that nobody has read yet changes on the disk."""

    def draw(self, site: Site) -> None:
        self.line, self.place = self.random.choice(list(site.lines)), self.random.random()

    def __str__(self) -> str:
        return f"a byte rots in a record of {self.line}, at {self.place:.3f} of it; process {self.how}"

    def is_possible(self, world: World) -> bool:
        return world.is_file

    def befall(self, world: World) -> None:
        with world.stopped(PROCESS, self.is_killed):
            known = len(world.ledger.entries)
            world.send_hour()
            mine = [entry for entry in world.ledger.entries[known:] if entry.line == self.line]
            if not mine:
                return
            entry = self.random.choice(mine)
            whole = bytearray(entry.value)
            whole[int(self.place * len(whole))] ^= 1 << self.random.randrange(8)
            with world.file() as db:
                at = entry.partition << 48 | entry.offset
                assert db.execute("UPDATE readings SET value=? WHERE id=?", (bytes(whole), at)).rowcount == 1
            entry.is_good = False


class StoreDeleted(Disturbance):
    """Somebody deletes the store's files while deliver writes to them."""

    def __str__(self) -> str:
        return "the store is deleted"

    def befall(self, world: World) -> None:
        for path in world.folder.glob(f"{world.store.name}*"):
            path.unlink()


class DamagedCheckpoint(Disturbance):
    """In a file: a byte of a record on the stream of checkpoints changes.

    Not in a run whose log is pruned, or where lines moved: what is gone from both can't be computed again, and windows stand as they are.
    """

    def draw(self, site: Site) -> None:
        self.at, self.place = self.random.random(), self.random.random()

    def __str__(self) -> str:
        return f"a checkpoint's record is damaged ({self.at:.3f}, at {self.place:.3f} of it); process {self.how}"

    def is_possible(self, world: World) -> bool:
        return world.is_file and not world.is_pruned and not world.moved

    def befall(self, world: World) -> None:
        world.is_damaged = True
        with world.stopped(PROCESS, self.is_killed), world.file() as db:
            found = db.execute("SELECT id, value FROM checkpoints WHERE length(value) > 0 ORDER BY id").fetchall()
            if found:
                identity, value = found[int(self.at * len(found))]
                whole = bytearray(value)
                whole[int(self.place * len(whole))] ^= 4
                db.execute("UPDATE checkpoints SET value=? WHERE id=?", (bytes(whole), identity))


class Prune(Disturbance):
    """In a file: retention removes readings that every stage is done with, all but the last hours.

    They are deleted as retention deletes them: its own clock, which watches time pass, is the matter of
    `tests/fieldline/log/test_retention.py`, and would take days here. It begins when a record was read, and is longer than a late row waits to
    be reprocessed: hence nothing waits here.
    """

    def __str__(self) -> str:
        return f"readings older than {_KEPT_H} h are pruned"

    def is_possible(self, world: World) -> bool:
        return world.is_file and not world.is_damaged

    def befall(self, world: World) -> None:
        world.wait_drained(READY_S)
        first_kept: dict[int, int] = {}
        for entry in world.ledger.entries:  # the oldest go, without holes
            is_old = max(row.time for row in entry.rows) < world.traffic.now - _KEPT_H * HOUR
            if not is_old or entry.offset >= world.committed(entry.partition):
                first_kept.setdefault(entry.partition, entry.offset)
        with world.file() as db:
            for partition, offset in first_kept.items():
                db.execute("DELETE FROM readings WHERE id>=? AND id<?", (partition << 48, partition << 48 | offset))
        world.is_pruned = True


class Grow(Disturbance):
    """The log gets twice as many partitions. All is worked off and nothing is late then: what comes late for a line that moved is not counted."""

    def __str__(self) -> str:
        return "twice as many partitions"

    def is_possible(self, world: World) -> bool:
        return world.partitions <= _MOST_PARTITIONS // 2 and not world.is_damaged

    def befall(self, world: World) -> None:
        world.send_rest()
        world.wait_drained(READY_S)
        with ExitStack() as away:
            for name in world.workers:
                away.enter_context(world.stopped(name, is_killed=False, is_whole=True))
            world.wait_drained(READY_S)
            away.enter_context(world.stopped(DELIVER, is_killed=False, is_whole=True))
            world.grow(2 * world.partitions)


def _faked(days: int) -> dict[str, str]:
    """The variables that make a process believe in another date; its monotonic clock goes on as it does. Raises ServerError."""
    found = sorted(Path("/usr/lib").rglob("libfaketime.so.1"))
    if not found:
        raise ServerError("faketime is not installed; run deploy/native/install")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{days:+d}d", "DONT_FAKE_MONOTONIC": "1"}


DISTURBANCES: tuple[type[Disturbance], ...] = (
    Kill, Freeze, EditPlant, Horizon, Settle, Windows, Operators, WallClock, Worker, Rot, StoreDeleted, DamagedCheckpoint, Prune, Grow,
)  # fmt: skip
