"""Captures: a message is the same after it was written and read."""

from pathlib import Path

import pytest

from fieldline.errors import SettingsError
from ingest.arrivals import Arrivals
from ingest.capture import Captured, captured, read_capture, to_line
from ingest.packets import RETAIN, Message


@pytest.mark.parametrize(
    "message",
    [
        Captured(b"plant/press/power_kw", b"42.5", 1_767_225_600_000_000_001, False, 0, 4),
        Captured("halle/öfen".encode(), 'läuft\n"gut"\u2028'.encode(), 1_767_225_600_000_000_000, True, 0, 18),
        Captured(b"a/\xff\xfe", b"\x00\xff\x80", 1_767_225_600_000_000_000, False, 1, 3),
        Captured(b"a", b"", 1_767_225_600_000_000_000, False, 0, 0),
        Captured(b"a", b"beginning", 1_767_225_600_000_000_000, False, 0, 5_000_000),
    ],
)
def test_a_message_is_the_same_after_it_was_written_and_read(message: Captured, tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"

    path.write_text(to_line(message) + "\n\n", encoding="ascii")

    assert list(read_capture(path)) == [message]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2: expected a message"),
        ('{"topic": "a", "payload": "1"}', "received"),
        ('{"topic": "a", "payload": "1", "received": "soon"}', "line 2: received: "),
        ('{"topic": "a", "payload": "%", "received": 1767225600, "encoding": "base64"}', "line 2"),
        (
            '{"topic": "a", "payload": "1", "received": 1767225600, "encoding": "rot13"}',
            "expected utf8 or base64, got 'rot13'",
        ),
        ("[1]", "line 2: expected a message"),
    ],
)
def test_a_line_that_is_no_message_is_named(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    good = to_line(Captured(b"a", b"1", 1_767_225_600_000_000_000, False, 0, 1))
    path.write_text(f"{good}\n{line}\n")

    with pytest.raises(SettingsError, match=fault.replace("(", r"\(")):
        list(read_capture(path))


def test_messages_that_were_read_together_came_one_after_the_other() -> None:
    messages: list[Message] = [(b"a", b"1", 0, RETAIN, 1, 0), (b"a", b"2", 0, 2, 1, 0)]

    first, second = captured(messages, 1_000, Arrivals())

    assert first.received == 1_000 and first.is_retained and first.qos == 0
    assert second.received > first.received and not second.is_retained and second.qos == 1
