"""`fieldline status`: lag as a table and as JSON, and waiting for it to be gone."""

import json
from collections.abc import Callable

from typer.testing import Result

from tests.analysis.written_log import WrittenLog, counts


def test_status_fits_the_terminal_and_says_offset(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings("a/b/c", [1.0])

    lines = fieldline("status", "--log", written.url).stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:5] == ["stage", "stream", "partition", "offset", "end"]
    assert lines[-1] == "not drained; 0 dead letters"


def test_status_tells_lag_as_json(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings("a/b/c", [1.0, 2.0])
    written.put_letter("a/b/c", b"{")

    result = fieldline("status", "--log", written.url, "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["drained"] is False
    assert told["dead_letters"] == 1
    assert told["stages"][0]["stage"] == "process"
    assert told["stages"][0]["lag"] == 1


def test_status_wait_is_0_when_drained_and_1_when_not_in_time(
    written: WrittenLog, fieldline: Callable[..., Result]
) -> None:
    written.put_readings("a/b/c", [1.0])

    too_late = fieldline("status", "--log", written.url, "--wait", "0s")
    written.commit_process(1, {"a/b/c": counts(stored=1)})
    in_time = fieldline("status", "--log", written.url, "--wait", "5s")

    assert too_late.exit_code == 1
    assert in_time.exit_code == 0


def test_status_lets_go_of_a_stage_that_will_not_come_back(
    written: WrittenLog, fieldline: Callable[..., Result]
) -> None:
    written.put_energy("a/b/c", [1.0])
    written.commit_delivery(0, "deliver.influx")
    written.commit_delivery(1)

    before = fieldline("status", "--log", written.url, "--wait", "0s")
    after = fieldline("status", "--log", written.url, "--wait", "0s", "--forget", "deliver.influx")
    again = fieldline("status", "--log", written.url, "--forget", "deliver.influx")

    assert (before.exit_code, after.exit_code, again.exit_code) == (1, 0, 2)
    assert "there is no group deliver.influx" in again.stderr


def test_status_tells_what_was_lost_for_good(written: WrittenLog, fieldline: Callable[..., Result]) -> None:
    written.put_readings("a/b/c", [1.0])
    written.commit_process(1, {"a/b/c": counts(stored=1)}, lost=3)

    told = fieldline("status", "--log", written.url)

    assert "LOST: 3 records of readings 0 were removed before process took them" in told.stdout
