import json
from collections.abc import Callable

from typer.testing import Result

from fieldline.log import Stream
from tests.analysis.written_log import WrittenLog


def test_tap_prints_readings_as_json_lines(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings("a/b/c/oven", [1.5, 2.5])

    result = fieldline("tap", "--log", written.url, "--from", "start", "--limit", 2)

    first, second = map(json.loads, result.stdout.splitlines())
    assert first["time"] == "2026-01-01T00:00:00Z"
    assert (first["asset"], first["tag"], first["value"], first["quality"]) == ("a/b/c/oven", "power_kw", 1.5, "good")
    assert second["value"] == 2.5


def test_tap_keeps_to_assets_that_match(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings("a/b/c/oven", [1.5])
    written.put_readings("a/b/c/press", [2.5])

    result = fieldline("tap", "--log", written.url, "--from", "start", "--no-follow", "--asset", "*/press")

    assert [json.loads(line)["value"] for line in result.stdout.splitlines()] == [2.5]


def test_tap_prints_metrics_with_their_kind(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_energy("a/b/c", [12.5])

    result = fieldline("tap", "--log", written.url, "--stream", "metrics", "--from", "start", "--limit", 1)

    row = json.loads(result.stdout)
    assert (row["kind"], row["window"], row["active_energy_kwh"]) == ("energy", "1h", 12.5)


def test_a_record_that_cannot_be_read_is_shown_as_such(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.log.append(Stream.READINGS, 0, b"", b"no frame").result(10)

    result = fieldline("tap", "--log", written.url, "--from", "start", "--no-follow")

    assert "not an Arrow frame" in json.loads(result.stdout)["error"]
