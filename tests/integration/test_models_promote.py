"""Which version scores, told by the command line: acknowledged by a real broker and read by ingest's own decoder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.event_kinds import fault_of
from ingest.decoder import decode_message
from models.history import Note
from models.registry import Registry
from tests.integration.test_send import Subscriber
from tests.models.drafts import plain, ridge

NOON = "2024-09-30T12:00:00Z"
NOON_NS = 1_727_697_600_000_000_000
PRESS, OVEN = "p/h/l/press", "p/h/l/oven"


@pytest.fixture
def subscriber(mosquitto: Server) -> Iterator[Subscriber]:
    found = Subscriber(mosquitto.port)
    yield found
    found.close()


def told(subscriber: Subscriber, count: int) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Asset, tag, time [ns UTC] and attributes of the newest events, but for when they were entered."""
    found = []
    for topic, payload in subscriber.wait_for(count)[-count:]:
        read = decode_message(topic, payload, SystemClock().now_ns()).readings
        assert read.payload is not None and read.payload[0] is not None
        said = json.loads(read.payload[0])
        assert said.pop("recorded") and fault_of("model", said) is None
        found.append((read.assets[0], read.tags[0], int(read.time[0]), said))
    return found


def test_a_version_is_promoted_shadowed_rolled_back_and_retired(
    mosquitto: Server, subscriber: Subscriber, tmp_path: Path
) -> None:
    registry = Registry(tmp_path)
    for _ in range(2):
        registry.add(plain(), {"trend": ridge()}, Note(NOON, "kim"))
    digest = registry.read("press", 1).digest

    def run(verb: str, *arguments: str) -> None:
        where = ("--registry", str(tmp_path), "--to", mosquitto.url, "--why", "so")
        result = CliRunner().invoke(app, ["models", verb, "press", *arguments, *where])
        assert result.exit_code == 0, result.output

    champion, shadow = ({"model": "press", "role": role, "reason": "so"} for role in ("champion", "shadow"))

    run("promote", "1", "--untested", "--asset", PRESS, "--asset", OVEN, "--at", NOON)
    assert told(subscriber, 2) == [
        (asset, "@model", NOON_NS, {**champion, "version": 1, "digest": digest}) for asset in (OVEN, PRESS)
    ]
    run("shadow", "2", "--at", NOON)
    assert told(subscriber, 4)[2:] == [
        (asset, "@model", NOON_NS, {**shadow, "version": 2, "digest": digest}) for asset in (OVEN, PRESS)
    ]
    run("promote", "2", "--untested", "--at", "2024-09-30T13:00Z")
    hour = NOON_NS + 3600 * 10**9
    assert told(subscriber, 8)[6:] == [(asset, "@model", hour, {**shadow, "phase": "stop"}) for asset in (OVEN, PRESS)]
    run("rollback")
    assert told(subscriber, 10)[8:] == [
        (asset, "@model", hour, {**champion, "phase": "void"}) for asset in (OVEN, PRESS)
    ]
    run("retire", "1", "--at", "2024-09-30T14:00Z")
    assert told(subscriber, 12)[10:] == [
        (asset, "@model", hour + 3600 * 10**9, {**champion, "phase": "stop"}) for asset in (OVEN, PRESS)
    ]
    assert [version.state.value for version in registry.versions("press")] == ["retired", "retired"]


def test_a_promotion_of_a_time_to_come_says_from_when_on(
    mosquitto: Server, subscriber: Subscriber, tmp_path: Path
) -> None:
    registry = Registry(tmp_path)
    registry.add(plain(), {"trend": ridge()}, Note(NOON, "kim"))
    arguments = [
        "models",
        "promote",
        "press",
        "1",
        "--why",
        "so",
        "--untested",
        "--asset",
        PRESS,
        "--at",
        "2999-01-01T00:00Z",
    ]

    result = CliRunner().invoke(app, [*arguments, "--registry", str(tmp_path), "--to", mosquitto.url])

    assert result.exit_code == 0, result.output
    ((_, _, time_ns, said),) = told(subscriber, 1)
    assert said["from"] == "2999-01-01T00:00:00Z" and time_ns <= SystemClock().now_ns()
