"""Corrections that are refused before a broker is asked."""

from collections.abc import Callable

import pytest
from typer.testing import Result

from cli.report import Report
from fieldline.log import Stream
from tests.analysis.written_log import START_NS, WrittenLog, readings

STATE = ("correct", "state", "--asset", "plant/hall/line1/press")
ORDER = ("correct", "order", "--line", "plant/hall/line1", "--order", "7", "--phase", "start")
METER = ("correct", "meter", "--asset", "plant/hall/line1/press", "--tag", "energy_kwh", "--at", "2024-01-01")
READING = ("correct", "reading", *METER[2:])
PRICE = ("correct", "price", "--line", "plant/hall/line1", "--at", "2024-01-01")
COUNT = ("correct", "count", "--asset", "plant/hall/line1/press", "--at", "2024-01-01")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            (*STATE, "--from", "2024-01-01", "--until", "2024-01-02", "--state", "changover"),
            "did you mean 'changeover'?",
        ),
        ((*STATE, "--from", "2024-01-02", "--until", "2024-01-01T12:00", "--state", "down"), "--until must be after"),
        ((*STATE, "--from", "2024-01-01", "--until", "soon", "--state", "down"), "--until: expected 2026-03-01"),
        ((*STATE, "--from", "2026-13-01", "--until", "now", "--state", "down"), "--from: '2026-13-01T00:00'"),
        ((*ORDER, "--at", "2026-03-29T02:30", "--time-zone", "Europe/Berlin"), "daylight saving skips or repeats"),
        ((*ORDER, "--at", "2026-03-29T02:30", "--time-zone", "Berlin"), "such as Europe/Berlin, got 'Berlin'"),
        ((*ORDER, "--at", "2199-01-01"), "is too far ahead"),
        (
            ("correct", "order", "--line", "plant/#", *ORDER[4:], "--at", "2024-01-01"),
            "correct: --line: expected a path such as",
        ),
        (
            ("correct", "count", "--asset", "plant/hall/*", *COUNT[4:], "--scrap", "1"),
            "correct: --asset: expected a path such as plant/hall1/press, of one machine or line, without + # * ? and [; got",
        ),
        (COUNT, "expected --good, --scrap or --rework"),
        (METER, "expected one of --new (with --old), --amount (with --until) and --withdraw"),
        ((*METER, "--new", "0", "--withdraw"), "expected one of --new"),
        ((*METER, "--amount", "5"), "--until belongs to --amount"),
        ((*METER, "--old", "5", "--withdraw"), "--old to --new"),
        ((*METER, "--new", "nan"), "--new: expected a number, got nan"),
        (
            (*STATE, "--from", "2024-01-01", "--until", "2024-01-03", "--state", "down"),
            "a state holds for 25 h at most",
        ),
        ((*METER, "--amount", "5", "--until", "2023-12-31"), "the second later by 25 h at most"),
        ((*METER, "--amount", "5", "--until", "2024-01-03"), "the second later by 25 h at most"),
        ((*METER, "--amount", "5", "--until", "2024-01-01T10:00:30"), "are whole minutes"),
        ((*METER[:5], "power_kw", *METER[6:], "--new", "0"), "--tag power_kw is no register or counter"),
        (READING, "expected one of --value, --withdraw and --restore"),
        ((*READING, "--value", "1", "--withdraw"), "expected one of --value, --withdraw and --restore"),
        ((*READING, "--value", "inf"), "--value: expected a number, got inf"),
        (PRICE, "expected one of --price (with --until or without), --stop and --withdraw"),
        ((*PRICE, "--stop", "--until", "2024-01-02"), "expected one of --price"),
        ((*PRICE, "--price", "nan"), "--price: expected a number, got nan"),
        ((*PRICE, "--price", "0.3", "--until", "2023-12-31"), "--until must be after --at"),
        ((*PRICE[:3], "plant/*", *PRICE[4:], "--stop"), "correct: --line: expected a path such as"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_what_was_expected(
    arguments: tuple[str, ...], told: str, fieldline: Callable[..., Result]
) -> None:
    result = fieldline(*arguments, "--to", "mqtt://127.0.0.1:1")

    assert result.exit_code == 2 and told in result.stderr


@pytest.mark.parametrize("at", ["2024-01-01", "2199-01-01"])
def test_a_price_may_be_told_of_any_time_also_one_to_come(at: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline(*PRICE[:-1], at, "--price", "0.31", "--to", "mqtt://127.0.0.1:1")

    assert result.exit_code == 3 and "can't be reached" in result.stderr


def test_a_broker_that_is_not_there_is_told_as_such(fieldline: Callable[..., Result]) -> None:
    result = fieldline(*COUNT, "--scrap", "3", "--to", "mqtt://127.0.0.1:1")

    assert result.exit_code == 3 and "can't be reached" in result.stderr


@pytest.mark.parametrize("phase", ["start", "pause", "resume", "stop", "void"])
def test_each_phase_of_an_order_can_be_reported_again(phase: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline(*ORDER[:-1], phase, "--at", "2024-01-01", "--to", "mqtt://127.0.0.1:1")

    assert result.exit_code == 3 and "can't be reached" in result.stderr


@pytest.mark.parametrize("what", ["state", "order", "count", "meter", "reading", "price"])
def test_each_correction_explains_itself(what: str, fieldline: Callable[..., Result]) -> None:
    result = fieldline("correct", what, "--help")

    assert result.exit_code == 0 and "--time-zone" in result.stdout


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--attribute", "state=s"], "say which with --event KIND"),
        (["--event", "state", "--attribute", "state=s"], "there is no file log.csv"),
        ([], "no --tag was given"),
    ],
)
def test_send_says_what_is_wrong_with_a_request_for_events(
    flags: list[str], told: str, fieldline: Callable[..., Result]
) -> None:
    result = fieldline("send", "log.csv", "--asset", "a/b", "--time", "t", *flags)

    assert result.exit_code == 2 and told in result.stderr


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (("stat", "state"), "nothing reads events of that kind, did you mean 'state'? (known: state, correction"),
        (("count", "good", "god"), "--attribute god: nothing reads it of count events, did you mean 'good'?"),
        (("maintenance", "what"), "--as-it-is sends it all the same"),
    ],
)
def test_send_refuses_what_nothing_reads_but_when_told_to_send_it(
    event: tuple[str, ...], told: str, fieldline: Callable[..., Result]
) -> None:
    request = ["send", "log.csv", "--asset", "a/b", "--time", "t", "--event", event[0], "--to", "mqtt://127.0.0.1:1"]
    request += [flag for name in event[1:] for flag in ("--attribute", name)]

    refused, sent = fieldline(*request), fieldline(*request, "--as-it-is")

    assert refused.exit_code == 2 and told in " ".join(refused.stderr.split())
    assert "there is no file log.csv" in sent.stderr


def test_readings_beside_a_moment_that_has_none_are_named_so_that_they_can_be_copied(
    written: WrittenLog, fieldline: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading without a time of its own has that of its reception, to the microsecond: the milliseconds that tables show miss it."""
    monkeypatch.setattr("cli.answers.meters.publish", lambda event, now_ns, settings: Report([]))
    press = "plant/hall/line1/press"
    frame = readings(press, [42.5], START_NS + 123_456_000)
    written.log.append(Stream.READINGS, 0, b"plant/hall/line1", frame).result(10)
    correct = ("correct", "reading", "--asset", press, "--tag", "power_kw", "--log", written.url, "--withdraw", "--at")

    missed = fieldline(*correct, "2026-01-01T00:00:00.123Z").stdout
    met = fieldline(*correct, missed.split()[-1]).stdout

    assert missed.split()[-1] == "2026-01-01T00:00:00.123456Z"
    assert "the reading was 42.5" in met
