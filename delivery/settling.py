"""Before an InfluxDB is asked what it holds: that it is done with the writes of others.

A writer that was killed, or gave up waiting, may leave a request behind that the server still works on. What is asked meanwhile does not
have those rows yet; they would be written after what replaces them, and bring back values that became null. InfluxDB 1.x tells how
many writes it is at; of other servers it can't be known.
"""

import json
import threading
from collections.abc import Callable

from delivery.influx_http import InfluxHttp
from delivery.influx_url import InfluxTarget
from fieldline.clock import Clock
from fieldline.errors import FieldlineError

_AT_MOST_S = 10.0  # InfluxDB gives up a write after that (`write-timeout`); others may write all the time
_EVERY_S = 0.05
_MOST_BYTES = 4 << 20
_IN_A_ROW = 2  # a request that has only just come may not be counted yet


def wait_until_settled(target: InfluxTarget, http: InfluxHttp, clock: Clock, is_over: Callable[[], bool]) -> None:
    """Wait until the server is at no write, at most ten seconds; not at all where it does not tell."""
    until, quiet = clock.monotonic() + _AT_MOST_S, 0
    pause = threading.Event()
    while target.api == "v1" and clock.monotonic() < until and not is_over():
        active = _active_writes(http)
        if active is None:
            return
        quiet = quiet + 1 if active == 0 else 0
        if quiet == _IN_A_ROW:
            return
        pause.wait(_EVERY_S)


def _active_writes(http: InfluxHttp) -> int | None:
    """How many writes a server is at; None where it does not tell."""
    try:
        told = json.loads(http.request("GET", "/debug/vars", limit=_MOST_BYTES).body)
        found = [one["values"]["writeReqActive"] for one in told.values() if _is_httpd(one)]
        return int(sum(found)) if found else None
    except (FieldlineError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_httpd(one: object) -> bool:
    return isinstance(one, dict) and one.get("name") == "httpd"
