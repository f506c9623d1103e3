"""What an answer means: the words of real servers, sorted by what to do next."""

import pytest

from delivery.answers import (
    Answer,
    Conflict,
    Verdict,
    conflict_in,
    dropped_points,
    judge,
    message_of,
    retry_after_s,
    unreadable_lines,
)

NOON_NS = 1_700_000_000_000_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
CONFLICT = 'partial write: field type conflict: input field "a \\"b" on measurement "m" is type float, already exists as type integer dropped=2'


@pytest.mark.parametrize(
    ("status", "message", "verdict"),
    [
        (204, "", Verdict.ACCEPTED),
        (400, "unable to parse 'm v= 2': missing field value", Verdict.UNREADABLE),
        (400, "partial write: unable to parse 'm v=NaN 2': invalid number dropped=0", Verdict.UNREADABLE),
        (400, CONFLICT, Verdict.PARTIAL),
        (422, CONFLICT, Verdict.PARTIAL),
        (400, "field type conflict", Verdict.PARTIAL),
        (400, "partial write: points beyond retention policy dropped=1", Verdict.PARTIAL),
        (400, "something odd", Verdict.REFUSED),
        (400, "database is required", Verdict.OPERATOR),
        (400, 'retention policy not found: "x"', Verdict.OPERATOR),
        (400, "Please provide either orgID or org", Verdict.OPERATOR),
        (401, "unauthorized access", Verdict.OPERATOR),
        (403, "", Verdict.OPERATOR),
        (404, 'bucket "x" not found', Verdict.OPERATOR),
        (200, "<html>", Verdict.OPERATOR),
        (201, "partial", Verdict.OPERATOR),
        (202, "", Verdict.OPERATOR),
        (301, "", Verdict.OPERATOR),
        (413, "", Verdict.TOO_LARGE),
        (408, "", Verdict.FAILED),
        (429, "", Verdict.BUSY),
        (503, "", Verdict.BUSY),
        (500, "timeout", Verdict.FAILED),
        (500, "retention policy not found: nosuch", Verdict.OPERATOR),
    ],
)
def test_answers_are_sorted_by_what_to_do_next(status: int, message: str, verdict: Verdict) -> None:
    assert judge(Answer(status, message)) is verdict


def test_every_quoted_line_is_found_with_its_reason() -> None:
    message = "partial write: unable to parse 'm v= 2': missing field value\nunable to parse 'it's x': invalid field format dropped=0"

    found = unreadable_lines(message)

    assert found == {"m v= 2": "missing field value", "it's x": "invalid field format"}


def test_a_conflict_names_field_measurement_and_both_types() -> None:
    assert conflict_in(CONFLICT) == Conflict('a "b', "m", "float", "integer")
    assert dropped_points(CONFLICT) == 2 and dropped_points("no number") == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-1", 0.0),
        ("86400", 600.0),
        ("nan", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
        ("Tue, 14 Nov 2023 21:00:00 GMT", 0.0),
        ("Wed, 15 Nov 2023 22:13:20 GMT", 600.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_is_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOON_NS) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"database not found"}', "database not found"),
        (b'{"code":"invalid","message":"unable to parse"}', "unable to parse"),
        (b"<html>Too large</html>", "<html>Too large</html>"),
        (b"\xff\xfe", "��"),
        (b'["x"]', '["x"]'),
        (b"", ""),
    ],
)
def test_the_servers_words_are_found_in_any_body(body: bytes, message: str) -> None:
    assert message_of(body) == message
