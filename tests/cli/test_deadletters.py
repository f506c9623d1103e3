import json
from collections.abc import Callable

from typer.testing import Result

from fieldline.frames import decode_readings
from fieldline.log import Stream
from tests.analysis.written_log import START_NS, WrittenLog, readings
from tests.ingest.codecs.test_sparkplug import metric, payload

LINE = "plant/hall1/line1"


def test_ls_shows_the_newest_letters_with_reason_and_topic(
    written: WrittenLog, fieldline: Callable[..., Result]
) -> None:
    written.put_letter(LINE, b"1")
    written.put_letter(LINE, b"{", topic=f"{LINE}/oven", reason="syntax")
    written.put_letter(LINE, b"\xff\x00", reason="size")

    result = fieldline("dlq", "ls", "--log", written.url, "--json", "--limit", 2)

    letters = json.loads(result.stdout)
    assert [letter["id"] for letter in letters] == ["0:1", "0:2"]
    assert letters[0]["topic"] == f"{LINE}/oven"
    assert letters[0]["payload"] == "{"
    assert letters[1]["payload_base64"] == "/wA="


def test_ls_keeps_to_a_reason(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_letter(LINE, b"{", reason="syntax")
    written.put_letter(LINE, b"3", reason="clock")

    result = fieldline("dlq", "ls", "--log", written.url, "--reason", "cl*", "--json")

    assert [letter["reason"] for letter in json.loads(result.stdout)] == ["clock"]


def test_show_escapes_what_a_device_sent(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_letter(LINE, b"\x1b[2J")

    result = fieldline("dlq", "show", "0:0", "--log", written.url)

    assert result.stdout.splitlines()[-1].split() == ["payload", "\\x1b[2J"]


def test_show_of_an_unknown_letter_says_so(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    assert fieldline("dlq", "show", "0:9", "--log", written.url).exit_code == 2
    assert fieldline("dlq", "show", "nine", "--log", written.url).exit_code == 2


def test_replay_puts_on_the_log_what_can_be_read_now(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_letter(LINE, b'{"power_kw": 4.5}', topic=f"{LINE}/oven", reason="clock")
    written.put_letter(LINE, b"{", topic=f"{LINE}/oven")

    result = fieldline("dlq", "replay", "--log", written.url, "--json")

    (record,) = written.log.read(Stream.READINGS, 0, 0)
    rows = decode_readings(record.value or b"")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["letters"], report["readings"], len(report["still_unreadable"])) == (2, 1, 1)
    assert (rows.assets, rows.tags, rows.value.tolist()) == ([f"{LINE}/oven"], ["power_kw"], [4.5])
    assert rows.time.tolist() == [START_NS]  # when it first came, so that doing it again gives the same reading


def test_replay_appends_frames_that_processing_made_dead_letters(
    written: WrittenLog, fieldline: Callable[..., Result]
) -> None:
    frame = readings(f"{LINE}/oven", [1.0, 2.0])
    written.put_letter(LINE, frame, origin="process", count="2", partition="0", offset="0", reason="poison")

    result = fieldline("dlq", "replay", "0:0", "--log", written.url, "--json")

    (record,) = written.log.read(Stream.READINGS, 0, 0)
    assert record.value == frame
    assert json.loads(result.stdout)["readings"] == 2


def test_replay_reads_a_letter_with_the_message_that_came_after_it_and_explains_it(
    written: WrittenLog, fieldline: Callable[..., Result]
) -> None:
    """An edge node's aliases before two births that tell them otherwise, and one before a death, which none explains."""
    by_alias, minute = metric(alias=1, double=4.5), 60 * 10**9

    def put(kind: str, message: bytes, minutes: int, **told: str) -> None:
        received = {"received_ns": str(START_NS + minutes * minute), "reason": "birth"}
        written.put_letter("spBv1.0/G", message, topic=f"spBv1.0/G/{kind}/N", **received, **told)

    def put_birth(name: str, since: int, minutes: int) -> None:
        born = payload(0, metric(name, 1, type="Double", double=1.0))
        explains = {"explains": "spBv1.0/G/+/N/#", "since_ns": str(START_NS + since * minute), "count": "0"}
        put("NBIRTH", born, minutes, **explains)

    put("NDATA", payload(7, by_alias), 0)
    put("NDATA", payload(8, metric(alias=1, double=5.5)), 1)
    put_birth("Power", 1, 2)
    put("NDATA", payload(8, metric(alias=1, double=6.5)), 5)
    put_birth("Speed", 5, 6)

    result = fieldline("dlq", "replay", "--log", written.url, "--reason", "birth", "--json")

    report = json.loads(result.stdout)
    assert (report["letters"], report["readings"], len(report["still_unreadable"])) == (3, 2, 1)
    assert sorted(
        (rows.tags[tag], value)
        for record in written.log.read(Stream.READINGS, 0, 0)
        for rows in [decode_readings(record.value or b"")]
        for tag, value in zip(rows.tag, rows.value, strict=True)
    ) == [("Power", 5.5), ("Speed", 6.5)]
