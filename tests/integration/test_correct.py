"""Corrections by the command line, acknowledged by a real broker and read by ingest's own decoder."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.recorded import recorded_s
from ingest.decoder import decode_message
from tests.integration.test_send import Subscriber

NOON_NS = 1_727_697_600_000_000_000  # 2024-09-30T12:00:00Z


@pytest.fixture
def subscriber(mosquitto: Server) -> Iterator[Subscriber]:
    found = Subscriber(mosquitto.port)
    yield found
    found.close()


def corrected(subscriber: Subscriber, url: str, *arguments: str) -> tuple[str, str, int, dict[str, Any]]:
    """Asset, tag, time [ns UTC] and attributes of the event that a correction becomes, but for when it was entered: now."""
    result = CliRunner().invoke(app, ["correct", *arguments, "--to", url])
    assert result.exit_code == 0, result.output
    assert "acknowledged" in result.stdout
    ((topic, payload),) = subscriber.wait_for(1)
    read = decode_message(topic, payload, SystemClock().now_ns()).readings
    assert read.payload is not None and read.payload[0] is not None and read.value[0] < 0
    entered = recorded_s(read.payload[0])
    assert entered is not None and abs(entered - SystemClock().now_ns() // 10**9) <= 60
    said = json.loads(read.payload[0])
    del said["recorded"]
    return read.assets[0], read.tags[0], int(read.time[0]), said


def test_a_state_is_corrected_from_a_time_until_a_time_in_the_plants_zone(
    mosquitto: Server, subscriber: Subscriber
) -> None:
    told = corrected(
        subscriber, mosquitto.url, "state", "--asset", "p/h/l/press", "--from", "2024-09-30T14:00", "--until", "2024-09-30T14:20:00.5",
        "--time-zone", "Europe/Berlin", "--state", "changeover", "--reason", "Werkzeug",
    )  # fmt: skip

    said = {"state": "changeover", "until": "2024-09-30T12:20:00.5Z", "reason": "Werkzeug"}
    assert told == ("p/h/l/press", "@correction", NOON_NS, said)


def test_an_order_is_taken_back(mosquitto: Server, subscriber: Subscriber) -> None:
    told = corrected(
        subscriber, mosquitto.url, "order", "--line", "p/h/l", "--at", "2024-09-30T12:00Z", "--order", "0012", "--phase", "void"
    )  # fmt: skip

    assert told == ("p/h/l", "@order", NOON_NS, {"order": "0012", "phase": "void"})


def test_pieces_are_added_and_taken_off(mosquitto: Server, subscriber: Subscriber) -> None:
    told = corrected(
        subscriber, mosquitto.url, "count", "--asset", "p/h/l/press", "--at", "1727697600", "--good", "-3", "--scrap", "3",
        "--reason", "scratch", "--station", "S2",
    )  # fmt: skip

    said = {"good": -3, "scrap": 3, "reason": "scratch", "station": "S2"}
    assert told == ("p/h/l/press", "@count", NOON_NS, said)


def test_what_was_sent_can_be_printed_as_json(mosquitto: Server, subscriber: Subscriber) -> None:
    arguments = [
        "order",
        "--line",
        "p/h/l",
        "--at",
        "2024-09-30T12:00Z",
        "--order",
        "7",
        "--product",
        "A",
        "--phase",
        "start",
    ]

    result = CliRunner().invoke(app, ["correct", *arguments, "--to", mosquitto.url, "--json"])

    told = json.loads(result.stdout)
    ((topic, payload),) = subscriber.wait_for(1)
    assert told == {"topic": topic, **json.loads(payload)} and told["ts"] == NOON_NS // 10**6
