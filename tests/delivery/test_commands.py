"""Commands: what may go out, that it goes out once, and what becomes of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.commands.guard import Asked, Reason, check, day_start
from delivery.commands.history import history_of
from delivery.commands.newest import newest_reading
from delivery.commands.steps import Command, Step
from fieldline.errors import CommandRefused
from fieldline.frames import Quality
from fieldline.log import Stream
from tests.delivery.command_rig import PLANT, TANK, VALVE, Rig, S, plant_of


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def refusal(rig: Rig, command: Command) -> str:
    now = rig.clock.now_ns()
    begun = history_of(rig.log).begun
    asked = Asked(
        now,
        lambda since: begun(command.asset, since, now),
        lambda asset, tag, since: newest_reading(rig.log, rig.plant, asset, tag, since),
    )
    try:
        check(rig.plant, command, asked)
    except CommandRefused as error:
        return error.reason
    return ""


def test_a_command_goes_out_once_with_what_a_device_needs(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1))
    stage = rig.start()

    rig.run(stage)

    ((topic, payload),) = rig.outbox.messages
    issued = rig.told(1).command.issued_ns // S
    expected = {"id": f"{1:016x}", "action": "open", "for_s": 3600.0, "issued_by": "mo", "issued_s": issued}
    assert topic == "farm/north/valve1/set"
    assert json.loads(payload) == expected | {
        "expires_s": (issued * S + 300 * S + rig.told(1).command.issued_ns % S) // S
    }
    assert rig.steps(1) == ["issued", "sending", "sent"]


def test_nothing_is_sent_again_after_a_restart(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1))
    rig.run(rig.start())

    rig.run(rig.start())

    assert len(rig.outbox.messages) == 1
    assert rig.steps(1) == ["issued", "sending", "sent"]


def test_a_crash_while_it_was_sent_leaves_it_unconfirmed_and_unsent(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    command = rig.command(1)
    rig.issue(command)
    rig.put(command, Step.SENDING)

    rig.run(rig.start())

    assert rig.outbox.messages == []
    assert rig.steps(1) == ["issued", "sending", "unconfirmed"]


def test_of_two_senders_the_first_on_the_log_sends(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    command = rig.command(1)
    rig.issue(command)
    stage = rig.start()
    # The other one is quicker, between our decision and our own step.
    before = rig.outbox.connect

    def connect() -> object:
        rig.put(command, Step.SENDING)
        return before()

    monkeypatch.setattr(stage, "_connect", connect)

    rig.run(stage)

    assert rig.outbox.messages == []


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        ("connect", ["issued"]),
        ("publish", ["issued", "sending", "unconfirmed"]),
        ("flush", ["issued", "sending", "unconfirmed"]),
    ],
)
def test_a_broker_that_goes_away_never_makes_it_go_out_twice(rig: Rig, fault: str, steps: list[str]) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1))
    stage = rig.start()
    rig.outbox.fault = fault
    rig.run(stage)
    assert rig.steps(1) == steps

    rig.outbox.fault = ""
    rig.clock.advance(5)
    rig.run(stage)

    assert len(rig.outbox.messages) <= 1
    assert rig.steps(1) == (["issued", "sending", "sent"] if fault == "connect" else steps)


def test_one_that_waited_too_long_expires(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1, valid_s=60))
    rig.clock.advance(60)

    rig.run(rig.start())

    assert rig.outbox.messages == []
    assert rig.steps(1) == ["issued", "expired"]


def test_an_interlock_is_looked_at_again_before_it_goes_out(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    command = rig.command(1)
    assert refusal(rig, command) == ""
    rig.issue(command)
    rig.reading(TANK, "level_ratio", 0.05)

    rig.run(rig.start())

    assert rig.outbox.messages == []
    assert rig.told(1).last.reason == Reason.INTERLOCK
    assert "farm/north/tank level_ratio > 0.1: it is 0.05" in rig.told(1).last.why


def test_close_is_held_up_by_no_limit_and_no_interlock(rig: Rig) -> None:
    for number in range(3):
        rig.issue(rig.command(number))
        rig.put(rig.command(number), Step.SENDING)

    assert refusal(rig, rig.command(9)) == Reason.TOO_MANY
    assert refusal(rig, rig.command(9, "close")) == ""


def test_an_unknown_interlock_refuses(rig: Rig) -> None:
    assert refusal(rig, rig.command(1)) == Reason.INTERLOCK_UNKNOWN

    rig.reading(TANK, "level_ratio", 0.5, age_s=901)  # a backlog that came just now
    assert refusal(rig, rig.command(1)) == Reason.INTERLOCK_UNKNOWN

    rig.reading(TANK, "level_ratio", 0.5, quality=Quality.BAD)
    assert refusal(rig, rig.command(1)) == Reason.INTERLOCK_UNKNOWN

    rig.reading(TANK, "level_ratio", 0.5, age_s=899)
    assert refusal(rig, rig.command(1)) == ""

    rig.reading(TANK, "level_ratio", float("nan"))
    assert refusal(rig, rig.command(1)) == Reason.INTERLOCK


def test_a_clock_that_is_ahead_makes_no_reading_younger(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5, age_s=-3600)

    rig.clock.advance(901)

    assert refusal(rig, rig.command(1)) == Reason.INTERLOCK_UNKNOWN


def test_what_the_plant_file_does_not_permit_is_refused(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)

    assert refusal(rig, rig.command(1, "run")) == Reason.NOT_PERMITTED
    assert refusal(rig, rig.command(1, for_s=240 * 60.0)) == ""
    assert refusal(rig, rig.command(1, for_s=240 * 60.0 + 1)) == Reason.DURATION
    assert refusal(rig, rig.command(1, for_s=None)) == Reason.DURATION
    assert refusal(rig, rig.command(1, valid_s=86_401)) == Reason.VALIDITY
    rig.plant = plant_of(PLANT.replace("[asset.command]", "[asset.values]").split("topic")[0])
    assert refusal(rig, rig.command(1)) == Reason.NOT_PERMITTED


def test_the_sender_goes_by_its_own_plant_file_whatever_the_log_says(rig: Rig) -> None:
    rig.issue(rig.command(1))
    rig.plant = plant_of('[[asset]]\npath = "farm/north/valve1"')

    rig.run(rig.start())

    assert rig.outbox.messages == []
    assert rig.told(1).last.reason == Reason.NOT_PERMITTED


def test_a_days_number_counts_what_waits_and_what_went_but_not_what_did_not(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    for number, step in enumerate((Step.SENDING, Step.REFUSED, Step.EXPIRED, None)):
        command = rig.command(number)
        rig.issue(command)
        if step is not None:
            rig.put(command, step)
    now = rig.clock.now_ns()

    history = history_of(rig.log)

    assert history.begun(VALVE, now - S, now) == 2  # one went, one waits
    assert history.begun(VALVE, now - S) == 1
    assert history.begun(VALVE, now - S, now + 300 * S) == 1  # what waited is over
    assert history.begun(VALVE, now + S, now) == 0


def test_a_day_begins_by_the_assets_own_clock() -> None:
    # 2026-10-25 has 25 hours in Berlin: 23:30Z is the day after, which began at 23:00Z.
    assert day_start("Europe/Berlin", 1_792_970_999 * S) == 1_792_969_200 * S
    assert day_start("Europe/Berlin", 1_792_969_199 * S) == 1_792_879_200 * S


@pytest.mark.parametrize(
    ("value", "after_s", "step"), [(1.0, 30, "acknowledged"), (0.0, 30, None), (1.0, 61, "unacknowledged")]
)
def test_a_device_acknowledges_by_the_state_that_was_asked_for(
    rig: Rig, value: float, after_s: float, step: str | None
) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    rig.reading(VALVE, "is_open", 1.0)  # before: it tells nothing
    rig.clock.advance(2)
    rig.issue(rig.command(1))
    stage = rig.start()
    rig.run(stage)
    rig.clock.advance(after_s)
    rig.reading(VALVE, "is_open", 1.0, age_s=after_s + 2)  # a backlog from before
    rig.reading(VALVE, "is_open", value)

    rig.run(stage)

    assert rig.steps(1) == ["issued", "sending", "sent"] + [step] * (step is not None)
    if step == "acknowledged":
        assert rig.told(1).last.by == VALVE
        rig.run(rig.start())
        assert rig.steps(1).count("acknowledged") == 1


def test_a_device_acknowledges_by_the_id(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PLANT.replace('tag = "is_open"\nopen = 1\nclose = 0', 'tag = "last_command"'))
    rig.reading(TANK, "level_ratio", 0.5)
    rig.issue(rig.command(1))
    stage = rig.start()
    rig.run(stage)
    rig.text(VALVE, "last_command", f"{7:016x}")
    rig.run(stage)
    assert rig.steps(1)[-1] == "sent"

    rig.text(VALVE, "last_command", f"{1:016x}")
    rig.run(stage)

    assert rig.steps(1)[-1] == "acknowledged"
    rig.close()


def test_what_is_no_command_is_counted_and_holds_up_nothing(rig: Rig) -> None:
    rig.reading(TANK, "level_ratio", 0.5)
    for value in (b"{", b'{"id":"x"}', b"\xff"):
        rig.log.append(Stream.COMMANDS, 0, b"", value).result(10)
        rig.log.append(Stream.COMMANDS, 1, b"", value).result(10)
    rig.issue(rig.command(1))

    rig.run(rig.start())

    assert len(rig.outbox.messages) == 1
    assert history_of(rig.log).unreadable == 6
