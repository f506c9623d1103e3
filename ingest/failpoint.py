"""Points where a crash test may kill the process: `FIELDLINE_FAIL_AT=after_recv:1000` (or `after_append:…`).

The process ends by SIGKILL once that many messages have come to the point; without the variable nothing happens.
"""

import os
import signal

from fieldline.errors import SettingsError

POINTS = ("after_recv", "after_append")


class Failpoint:
    """Counts messages at one point."""

    def __init__(self, name: str) -> None:
        point, _, after = os.environ.get("FIELDLINE_FAIL_AT", "").partition(":")
        if point and (point not in POINTS or not (after or "1").isdigit()):
            raise SettingsError(f"FIELDLINE_FAIL_AT: expected {' or '.join(POINTS)} and a count, got {point}:{after}")
        self._left = int(after or 1) if point == name else None

    def passed(self, count: int) -> None:
        """Note that `count` messages came by."""
        if self._left is not None:
            self._left -= count
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
