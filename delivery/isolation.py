"""Finds the lines that an InfluxDB will never take and stores all the others.

Lines that an error message quotes are taken out directly; otherwise the request is halved, so that one bad line among
n costs some 2 log2 n requests. A type conflict is settled by the catalogue, in which every field has one type: where
the database already holds the field as another type, the line goes to the rejected ones with both types named, and
its other fields are stored.
"""

from collections.abc import Callable

from delivery.answers import (
    Answer,
    Verdict,
    conflict_in,
    dropped_points,
    judge,
    retry_after_s,
    unreadable_lines,
)
from delivery.lineprotocol import Lines
from delivery.sinks import Rejected, SinkUnavailable
from delivery.written_lines import asset_of, has_field, without_field

_DETAIL_LIMIT = 500
_SAID_LIMIT = 100


class Isolation:
    """One write's worth of lines on their way.

    send : posts a body

    Make one for each write, then call `deliver` once a piece. After it, `stored` and `rejected` tell what became of the lines.
    """

    def __init__(self, send: Callable[[bytes], Answer], now_ns: int) -> None:
        self.stored = 0
        self.rejected: list[Rejected] = []
        self._send = send
        self._now_ns = now_ns
        self._refused_alone = 0

    def deliver(self, lines: Lines) -> None:
        """Store what can be stored. Raises SinkUnavailable; then the whole write is to be repeated."""
        answer = self._send(lines.body)
        if judge(answer) is Verdict.ACCEPTED:
            self.stored += lines.size
            return
        reduced: list[bytes] = []
        self._settle(lines.split(), answer, reduced)
        # What is left of lines already among the rejected: it adds to neither count.
        counted = self.stored, len(self.rejected)
        while reduced:
            part, reduced = reduced, []
            self._settle(part, None, reduced)
        self.stored = counted[0]
        del self.rejected[counted[1] :]

    def _settle(self, lines: list[bytes], answer: Answer | None, reduced: list[bytes]) -> None:
        work = [(lines, answer)]
        while work:
            part, answer = work.pop()
            if not part:
                continue
            answer = answer or self._send(b"".join(part))
            match judge(answer):
                case Verdict.ACCEPTED:
                    self.stored += len(part)
                    self._refused_alone = 0
                case Verdict.UNREADABLE:
                    work += [(rest, None) for rest in self._unreadable(part, answer.message)]
                case Verdict.PARTIAL:
                    work += [(rest, None) for rest in self._partial(part, answer.message, reduced)]
                case Verdict.REFUSED:
                    work += [(rest, None) for rest in self._refused(part, answer)]
                case Verdict.TOO_LARGE:
                    work += [(rest, None) for rest in self._halves(part, "too_large", answer.message)]
                case verdict:
                    raise self._unavailable(verdict, answer)

    def _unreadable(self, part: list[bytes], message: str) -> list[list[bytes]]:
        quoted = unreadable_lines(message)
        bad = [line for line in part if _text(line) in quoted]
        if not bad:
            return self._halves(part, "unreadable", message)
        for line in bad:
            self._reject(line, "unreadable", quoted[_text(line)])
        return [[line for line in part if _text(line) not in quoted]]

    def _partial(self, part: list[bytes], message: str, reduced: list[bytes]) -> list[list[bytes]]:
        conflict = conflict_in(message)
        reason = "type_conflict" if conflict or "type conflict" in message else "refused"
        if "retention policy" in message:
            reason = "out_of_retention"
        if conflict is not None:
            suspects = [line for line in part if has_field(line, conflict.measurement, conflict.field)]
            others = [line for line in part if not has_field(line, conflict.measurement, conflict.field)]
            if suspects and others:
                return [others, suspects]
        if len(part) > 1 and dropped_points(message) < len(part):
            return self._halves(part, reason, message)
        for line in part:
            self._reject(line, reason, message)
            if conflict is not None and (rest := without_field(line, conflict.field)):
                reduced.append(rest)
        return []

    def _refused(self, part: list[bytes], answer: Answer) -> list[list[bytes]]:
        if len(part) == 1:
            self._refused_alone += 1
            if self._refused_alone > 1 and not self.stored:
                # Two lines refused, none ever taken: it is not the lines.
                raise self._unavailable(Verdict.OPERATOR, answer)
        return self._halves(part, "refused", answer.message)

    def _halves(self, part: list[bytes], reason: str, detail: str) -> list[list[bytes]]:
        if len(part) == 1:
            self._reject(part[0], reason, detail)
            return []
        middle = len(part) // 2
        return [part[:middle], part[middle:]]

    def _reject(self, line: bytes, reason: str, detail: str) -> None:
        self.rejected.append(Rejected(line.rstrip(b"\n"), reason, detail[:_DETAIL_LIMIT], asset_of(line)))

    def _unavailable(self, verdict: Verdict, answer: Answer) -> SinkUnavailable:
        message = f"InfluxDB answers {answer.status}: {answer.message[:_DETAIL_LIMIT] or 'no reason given'}"
        if answer.status < 400:
            said = " ".join(answer.message.split())[:_SAID_LIMIT]
            message = (
                f"expected 204 from InfluxDB, got {answer.status}: a proxy, a login page or another server answers in its place; "
                f"nothing counts as stored. It says: {said or 'nothing'}"
            )
        wait_s = retry_after_s(answer.retry_after, self._now_ns)
        return SinkUnavailable(message, wait_s, needs_operator=verdict is Verdict.OPERATOR)


def _text(line: bytes) -> str:
    return line.rstrip(b"\n").decode()
