"""A log with readings and commands, a broker that notes what came, and a command stage over both."""

import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from delivery.commands.history import Told, history_of
from delivery.commands.stage import GROUP, CommandStage
from delivery.commands.steps import Command, Entry, Step, append, place_of
from fieldline.clock import ManualClock
from fieldline.errors import Unavailable
from fieldline.frames import Quality, Readings, encode_readings, payload_digest
from fieldline.health import Health
from fieldline.log import Log, Reader, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct

VALVE, TANK = "farm/north/valve1", "farm/north/tank"
PLANT = f"""
time_zone = "Europe/Berlin"
[[asset]]
path = "{VALVE}"
[asset.command]
topic = "farm/north/valve1/set"
actions = ["open", "close"]
most_minutes = 240
most_a_day = 3
[[asset.command.interlock]]
asset = "{TANK}"
tag = "level_ratio"
above = 0.1
most_age_s = 900
[asset.command.acknowledged]
tag = "is_open"
open = 1
close = 0
within_s = 60
"""
S = 10**9


def plant_of(text: str = PLANT) -> Plant:
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    assert wrong == []
    return Plant(file)


class Outbox:
    """A broker: `messages` came. fault : where it goes away: `connect`, `publish`, `flush`, or "" for nowhere."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.fault = ""

    @contextmanager
    def connect(self) -> Iterator["Outbox"]:
        self._fail("connect")
        yield self

    def publish(self, topic: str, payload: bytes) -> int:
        self._fail("publish")
        self.messages.append((topic, payload))
        return 0

    def flush(self, timeout_s: float = 60.0) -> None:
        self._fail("flush")

    def _fail(self, where: str) -> None:
        if where == self.fault:
            raise Unavailable(f"the broker went away at {where}")


class Rig:
    """The log's own clock is the machine's; commands and readings go by `clock`, which begins there."""

    def __init__(self, path: Path, text: str = PLANT, log: Log | None = None) -> None:
        self.clock = ManualClock(time.time_ns())
        self.log: Log = log or SqliteLog(str(path / "plant.db"), partitions=2)
        self.plant, self.outbox = plant_of(text), Outbox()
        self._reader: Reader | None = None

    def reading(self, asset: str, tag: str, value: float, age_s: float = 0.0, quality: Quality = Quality.GOOD) -> None:
        self._append(asset, tag, value, age_s=age_s, quality=quality)

    def text(self, asset: str, tag: str, text: str) -> None:
        self._append(asset, f"@text/{tag}", payload_digest(text.encode()), payload=text.encode())

    def _append(
        self,
        asset: str,
        tag: str,
        value: float,
        *,
        age_s: float = 0.0,
        quality: Quality = Quality.GOOD,
        payload: bytes | None = None,
    ) -> None:
        zero, received = np.zeros(1, np.int32), np.array([self.clock.now_ns()])
        columns = received - round(age_s * S), received, zero, zero, np.array([value]), np.array([quality], np.uint8)
        rows = Readings(*columns, [asset], [tag], payload=None if payload is None else [payload])
        line = self.plant.line_of(asset)
        partition = partition_of(line, self.log.partitions(Stream.READINGS))
        self.log.append(Stream.READINGS, partition, line.encode(), encode_readings(rows), {"rows": b"1"}).result(10)

    def command(
        self, ident: int, action: Any = "open", for_s: float | None = 3600.0, valid_s: float = 300.0
    ) -> Command:
        now = self.clock.now_ns()
        return Command(
            id=f"{ident:016x}",
            asset=VALVE,
            action=action,
            for_s=for_s if action != "close" else None,
            issued_by="mo",
            issued_ns=now,
            expires_ns=now + round(valid_s * S),
        )

    def issue(self, command: Command) -> None:
        entry = Entry(id=command.id, step=Step.ISSUED, at_ns=command.issued_ns, by="mo", command=command)
        append(self.log, place_of(self.log, command.asset), command.asset, entry)

    def put(self, command: Command, step: Step) -> None:
        entry = Entry(id=command.id, step=step, at_ns=self.clock.now_ns(), by="another", readings=0)
        append(self.log, place_of(self.log, command.asset), command.asset, entry)

    def start(self) -> CommandStage:
        """A stage that begins as after a start of the process; the one before is gone."""
        self.stop()
        self._reader = self.log.reader(Stream.COMMANDS, GROUP)
        return CommandStage(
            plant=self.plant,
            log=self.log,
            connect=self.outbox.connect,
            sender="here",
            health=Health("command"),
            clock=self.clock,
        )

    def run(self, stage: CommandStage, turns: int = 3) -> None:
        assert self._reader is not None
        for _ in range(turns):
            stage.turn(self._reader)

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def told(self, ident: int) -> Told:
        return history_of(self.log).told[f"{ident:016x}"]

    def steps(self, ident: int) -> list[str]:
        return [str(entry.step) for entry in self.told(ident).steps]

    def close(self) -> None:
        self.stop()
        self.log.close()
