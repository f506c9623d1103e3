"""How long to wait before a sink is asked again."""

import random

_FIRST_S = 0.25
_LONGEST_S = 30.0
_OPERATOR_FIRST_S = 5.0
_OPERATOR_LONGEST_S = 60.0


class Patience:
    """Waits that double from one failure to the next.

    Each is between half and all of its length at random, so that many writers do not come back at once. A server's own Retry-After
    goes before, with up to 10 % on top; one of less than a quarter of a second, as 0 or a date that is past, is no pause.
    """

    def __init__(self, random_source: random.Random | None = None) -> None:
        self._random = random_source or random.Random()
        self._failures = 0

    def next_s(self, retry_after_s: float | None, needs_operator: bool) -> float:
        """The wait after one more failure [s]."""
        self._failures += 1
        if retry_after_s is not None and retry_after_s >= _FIRST_S:
            return retry_after_s * (1 + 0.1 * self._random.random())
        first, longest = (_OPERATOR_FIRST_S, _OPERATOR_LONGEST_S) if needs_operator else (_FIRST_S, _LONGEST_S)
        return float(min(first * 2 ** min(self._failures - 1, 20), longest) * (0.5 + 0.5 * self._random.random()))

    def reset(self) -> None:
        """The sink took something."""
        self._failures = 0
