"""A damaged byte anywhere on the log: the stages live and drain, the record is one dead letter, the audit balances.

A seeded sample; `python -m tests.damage FOLDER` takes every place.
"""

import random
import shutil
from pathlib import Path

import pytest

from fieldline.log import Stream
from tests.damage.check import check_once, check_survived, worked
from tests.damage.logs import (
    GOOD_ROWS,
    LINE,
    append,
    begin,
    each_checkpoint,
    each_commit,
    readings,
    rot,
    with_damaged_headers,
    with_damaged_metrics,
    with_damaged_readings,
)

SEED = 20261129


@pytest.fixture(scope="module")
def worked_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that was worked on to its end, and the store beside it."""
    path = tmp_path_factory.mktemp("worked") / "log.db"
    log = begin(path)
    append(log, Stream.READINGS, readings(1, GOOD_ROWS), GOOD_ROWS)
    append(log, Stream.READINGS, b"no frame", 7)
    log.close()
    (told,) = worked([path])
    check_survived(told)
    return path


@pytest.fixture
def copy(worked_log: Path, tmp_path: Path) -> Path:
    """A copy of it to be damaged."""
    for name in ("log.db", "log.results"):
        shutil.copyfile(worked_log.with_name(name), tmp_path / name)
    return tmp_path / "log.db"


def test_readings_that_rot_are_each_a_dead_letter(tmp_path: Path) -> None:
    offsets = with_damaged_readings(tmp_path / "log.db", "rot", 60, random.Random(SEED))

    (told,) = worked([tmp_path / "log.db"])

    check_survived(told)
    check_once(told, "process", offsets)
    assert (told["verdict"], told["stored"]) == ("ok", 2 * GOOD_ROWS)


def test_damaged_readings_that_somebody_sends_are_read_or_a_dead_letter(tmp_path: Path) -> None:
    with_damaged_readings(tmp_path / "log.db", "sent", 100, random.Random(SEED))

    (told,) = worked([tmp_path / "log.db"], until="read")

    check_survived(told)
    assert told["verdict"] == "ok"
    assert told["stored"] + told["waiting"] >= 2 * GOOD_ROWS


def test_headers_of_readings_that_rot_are_each_a_dead_letter(tmp_path: Path) -> None:
    begin(tmp_path / "log.db").close()
    offsets = with_damaged_headers(tmp_path / "log.db", Stream.READINGS)

    (told,) = worked([tmp_path / "log.db"])

    check_survived(told)
    check_once(told, "process", offsets)
    assert told["verdict"] == "ok"


@pytest.mark.parametrize("how", ["rot", "sent"])
def test_damaged_metrics_are_met_by_both_stages_and_stop_neither(copy: Path, how: str) -> None:
    offsets = with_damaged_metrics(copy, how, 60, random.Random(SEED))

    (told,) = worked([copy])

    check_survived(told)
    if how == "rot":
        check_once(told, "deliver", offsets)
    assert told["verdict"] == "ok"


def test_headers_of_metrics_that_rot_do_not_stop_a_start(copy: Path) -> None:
    with_damaged_headers(copy, Stream.METRICS)
    log = begin(copy)
    append(log, Stream.READINGS, readings(3, GOOD_ROWS), GOOD_ROWS)
    log.close()

    (told,) = worked([copy])

    check_survived(told)
    assert told["verdict"] == "ok"


def test_a_checkpoint_of_which_a_byte_is_damaged_is_worked_out_from_the_log_again(copy: Path, tmp_path: Path) -> None:
    copies = list(each_checkpoint(copy, tmp_path, 1, random.Random(SEED)))

    for told in worked(copies):
        check_survived(told)
        assert (told["verdict"], told["stored"]) == ("ok", 2 * GOOD_ROWS), told


def test_a_commit_of_which_a_byte_is_damaged_lets_its_stage_begin_anew(copy: Path, tmp_path: Path) -> None:
    copies = list(each_commit(copy, tmp_path, 3, random.Random(SEED)))

    for told in worked(copies):
        check_survived(told)
        assert (told["verdict"], told["stored"]) == ("ok", 2 * GOOD_ROWS), told


def test_a_damaged_dead_letter_proves_nothing_and_stops_no_verb(copy: Path) -> None:
    rot(copy, Stream.DEADLETTER, "value", {0: b"other"})

    (told,) = worked([copy])

    check_survived(told)
    assert told["verdict"] == "unproven"
    assert [letter[3] for letter in told["letters"]] == [LINE]
