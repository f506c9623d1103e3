"""`fieldline command`: nothing without --really, refusals by name, and what became of commands."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.delivery.command_rig import PLANT, TANK, VALVE, Rig

FLAGS = ("--log", "sqlite:plant.db", "--plant", "plant.toml", "--json")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    (tmp_path / "plant.toml").write_text(PLANT, encoding="utf-8")
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def listed(fieldline: Callable[..., Result]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: json.loads(fieldline("command", "ls", *FLAGS).stdout)


def test_a_dry_run_says_what_it_was_held_against_and_leaves_nothing(
    fieldline: Callable[..., Result], rig: Rig, listed: Callable[[], list[dict[str, Any]]]
) -> None:
    rig.reading(TANK, "level_ratio", 0.5)

    said = json.loads(fieldline("command", "send", VALVE, "open", "--for", "2h", "--by", "mo", *FLAGS).stdout)

    assert said["dry_run"] is True
    assert said["command"]["limits"].startswith(
        "240 min at most, 3 a day at most, 0 before, farm/north/tank level_ratio > 0.1: 0.5"
    )
    assert listed() == []


def test_a_refusal_is_named_and_noted_only_when_it_was_meant(
    fieldline: Callable[..., Result], rig: Rig, listed: Callable[[], list[dict[str, Any]]]
) -> None:
    for flag in ((), ("--really",)):
        result = fieldline("command", "send", VALVE, "open", "--for", "2h", "--by", "mo", *flag, *FLAGS)
        assert result.exit_code == 1
        assert "command refused (interlock_unknown)" in result.stderr

    (row,) = listed()
    assert (row["state"], row["by"], row["steps"][0]["reason"]) == ("refused", "mo", "interlock_unknown")


@pytest.mark.parametrize("words", [("--for", "0s"), ("--for", "2h", "--by", "m" * 501)])
def test_what_could_not_be_read_again_is_never_written(
    words: tuple[str, ...], fieldline: Callable[..., Result], rig: Rig, listed: Callable[[], list[dict[str, Any]]]
) -> None:
    rig.reading(TANK, "level_ratio", 0.5)

    assert fieldline("command", "send", VALVE, "open", *words, "--really", *FLAGS).exit_code == 2
    assert listed() == []


def test_what_nobody_sends_is_shown_as_expired(
    fieldline: Callable[..., Result], rig: Rig, listed: Callable[[], list[dict[str, Any]]]
) -> None:
    rig.clock.step(-600)
    rig.issue(rig.command(1, "close"))

    (row,) = listed()

    assert (row["state"], row["why"]) == ("expired", "nobody sent it in time: is the command stage running?")


def test_the_fourth_of_a_day_is_refused_while_three_wait(fieldline: Callable[..., Result], rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)

    codes = [fieldline("command", "send", VALVE, "open", "--for", "1h", "--really", *FLAGS).exit_code for _ in range(4)]

    assert codes == [0, 0, 0, 1]
