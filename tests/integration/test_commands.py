"""A command from the command line by Mosquitto to a device and back, with the relay killed in between."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deploy.native.server import Server
from fieldline.log import open_log
from tests.delivery.command_rig import TANK, VALVE, Rig
from tests.integration.pipe_rig import Process, fieldline, until

PLANT = """
[[asset]]
path = "farm/north/valve1"
[asset.command]
topic = "farm/north/valve1/set"
actions = ["open", "close"]
most_minutes = 240
most_a_day = 2
[[asset.command.interlock]]
asset = "farm/north/tank"
tag = "level_ratio"
above = 0.1
[asset.command.acknowledged]
tag = "is_open"
open = 1
close = 0
"""


class Valve:
    """A device: it does what it is told, and says so, once an id."""

    def __init__(self, port: int) -> None:
        self.came: list[dict[str, Any]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="valve1")
        subscribed = threading.Event()
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("farm/north/valve1/set", qos=1)
        self._client.loop_start()
        assert subscribed.wait(10)

    def tell(self, asset: str, **values: float) -> None:
        self._client.publish(asset, json.dumps({"ts": time.time_ns() // 1_000_000, "values": values}), qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, client: Client, data: Any, message: Any) -> None:
        told = json.loads(message.payload)
        self.came.append(told)
        self.tell("farm/north/valve1", is_open=float(told["action"] == "open"))


@pytest.fixture
def valve(mosquitto: Server) -> Iterator[Valve]:
    made = Valve(mosquitto.port)
    yield made
    made.close()


@pytest.fixture
def stages(mosquitto: Server, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    (tmp_path / "plant.toml").write_text(PLANT, encoding="utf-8")
    shared = ("--mqtt", mosquitto.url, "--log", "sqlite:plant.db", "--plant", "plant.toml")
    ingest = Process("ingest", tmp_path, "ingest", "--subscribe", "farm/#", "--client-id", "commands", *shared)
    relay = Process("relay", tmp_path, "command", "relay", *shared)
    yield ingest.start(), relay.start()
    for stage in (relay, ingest):
        stage.abandon()


def test_a_valve_opens_once_says_so_and_is_not_told_more_than_it_may(
    stages: tuple[Process, Process], valve: Valve, tmp_path: Path
) -> None:
    _, relay = stages
    flags = ("--log", "sqlite:plant.db", "--plant", "plant.toml", "--json")

    def send(*words: str, code: int = 0) -> str:
        return fieldline(
            "command", "send", "farm/north/valve1", *words, "--by", "mo", *flags, code=code, folder=tmp_path
        )

    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(fieldline("command", "ls", *flags, folder=tmp_path))
        return found

    until(lambda: (tmp_path / "plant.db").exists(), 60, lambda: "no log")
    until(lambda: _is_refused_no_more(valve, tmp_path, flags), 60, lambda: "no reading of the tank came")
    assert json.loads(send("open", "--for", "2h"))["dry_run"] is True
    assert listed() == []

    send("open", "--for", "2h", "--really")
    until(lambda: listed()[-1]["state"] == "acknowledged", 60, lambda: f"{listed()}")
    relay.kill()
    send("open", "--for", "5h", "--really", code=1)  # 240 minutes at most
    send("close", "--really")
    relay.start()
    until(lambda: listed()[-1]["state"] == "acknowledged", 60, lambda: f"{listed()}")

    told = listed()
    assert [one["state"] for one in told] == ["acknowledged", "refused", "acknowledged"]
    assert [step["step"] for step in told[0]["steps"]] == ["issued", "sending", "sent", "acknowledged"]
    assert [step["by"] for step in told[0]["steps"]][::3] == ["mo", "farm/north/valve1"]
    assert [(one["id"], one["action"], one.get("for_s")) for one in valve.came] == [
        (told[0]["id"], "open", 7200.0),
        (told[2]["id"], "close", None),
    ]


def _is_refused_no_more(valve: Valve, folder: Path, flags: tuple[str, ...]) -> bool:
    """Whether the tank's level has come to the log; until then nothing may be opened."""
    valve.tell("farm/north/tank", level_ratio=0.6)
    said = fieldline("command", "send", "farm/north/valve1", "open", "--for", "2h", *flags, code=None, folder=folder)
    return '"dry_run"' in said


def test_a_kafka_log_keeps_a_command_from_going_out_twice(kafka_url: Callable[..., str], tmp_path: Path) -> None:
    rig = Rig(tmp_path, log=open_log(kafka_url(2)))
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1))
    stage = rig.start()
    until(lambda: bool(rig.run(stage, 1) or rig.outbox.messages), 60, lambda: f"{rig.steps(1)}")
    rig.reading(VALVE, "is_open", 1.0)
    rig.run(stage)

    stage = rig.start()
    rig.issue(rig.command(2, "close"))
    until(lambda: bool(rig.run(stage, 1) or len(rig.outbox.messages) > 1), 60, lambda: f"{rig.steps(2)}")

    assert rig.steps(1) == ["issued", "sending", "sent", "acknowledged"]
    assert [json.loads(payload)["action"] for _, payload in rig.outbox.messages] == ["open", "close"]
    rig.close()
