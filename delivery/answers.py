"""What an InfluxDB's answer to a write means, for 1.x, 2.x, 3 and what stands before them."""

import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import NamedTuple

STORED = 204
"""What InfluxDB 1.x, 2.x and 3, VictoriaMetrics and QuestDB answer once lines are stored. Any other answer below 400 is not theirs,
as a login page's is not, or says that only a part was taken (201 of some hosted versions)."""

RETRY_AFTER_LIMIT_S = 600.0
"""A server that asks for a longer pause is asked again after this [s]."""

_UNREADABLE = re.compile(r"unable to parse '(.*)': (.*)$", re.MULTILINE)
_DROPPED = re.compile(r"\s*dropped=(\d+)\s*$")
_CONFLICT = re.compile(
    r'input field ("(?:[^"\\]|\\.)*") on measurement ("(?:[^"\\]|\\.)*") is type (\w+), already exists as type (\w+)'
)
_MISCONFIGURED = re.compile(
    r"(bucket|database|retention policy|org|organization|orgID|precision|authori[sz])\b.*"
    r"\b(required|not found|invalid|missing|unknown|provide|failed)|please provide",
    re.IGNORECASE,
)


class Answer(NamedTuple):
    """An HTTP answer: `message` is the server's own words, `retry_after` the header as it came."""

    status: int
    message: str
    retry_after: str | None = None


class Verdict(Enum):
    """What to do next about a request."""

    ACCEPTED = auto()
    UNREADABLE = auto()
    """Some lines can't be parsed; the message may quote them."""
    PARTIAL = auto()
    """Some points were refused for what they hold, the others are stored."""
    REFUSED = auto()
    """Refused without saying which line."""
    TOO_LARGE = auto()
    BUSY = auto()
    FAILED = auto()
    OPERATOR = auto()
    """Nothing is wrong with the data: a token, a bucket or an address is."""


class Conflict(NamedTuple):
    """A field that the database already holds as another type than it was sent as."""

    field: str
    measurement: str
    sent: str
    held: str


def judge(answer: Answer) -> Verdict:
    """Sort an answer by what to do next."""
    status, message = answer.status, answer.message
    if status == STORED:
        return Verdict.ACCEPTED
    if status < 400:
        return Verdict.OPERATOR
    if status == 413:
        return Verdict.TOO_LARGE
    if status in (429, 503):
        return Verdict.BUSY
    if status >= 500 or status == 408:
        # 1.6 says 500 to a retention policy that does not exist
        return Verdict.OPERATOR if _MISCONFIGURED.search(message) else Verdict.FAILED
    if status not in (400, 422):
        return Verdict.OPERATOR
    if "unable to parse" in message:
        return Verdict.UNREADABLE
    if "partial write" in message or "field type conflict" in message:
        return Verdict.PARTIAL
    return Verdict.OPERATOR if _MISCONFIGURED.search(message) else Verdict.REFUSED


def message_of(body: bytes | str) -> str:
    """The server's words in an error body, cut at 2,000 characters: `error` of 1.x and 3, `message` of 2.x, else the text."""
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        return text[:2000].strip()
    if isinstance(found, dict):
        return str(found.get("message") or found.get("error") or text)
    return text[:2000]


def unreadable_lines(message: str) -> dict[str, str]:
    """The lines that a message quotes, each with the parser's reason."""
    return {line: _DROPPED.sub("", reason) for line, reason in _UNREADABLE.findall(message)}


def dropped_points(message: str) -> int:
    """How many points of the request were not stored, 0 where the message does not tell."""
    found = _DROPPED.search(message)
    return int(found[1]) if found else 0


def conflict_in(message: str) -> Conflict | None:
    """The type conflict that a message reports."""
    found = _CONFLICT.search(message)
    if found is None:
        return None
    return Conflict(_unquoted(found[1]), _unquoted(found[2]), found[3], found[4])


def retry_after_s(header: str | None, now_ns: int) -> float | None:
    """The pause a Retry-After header asks for, seconds or an HTTP date, 0 to 600 [s]; None where it says nothing usable."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        # RFC 9110 dates are GMT even where the zone is missing
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now_ns / 1e9
    return min(max(seconds, 0.0), RETRY_AFTER_LIMIT_S) if seconds == seconds else None


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
