"""What happens to times that can't be right, by the policy of the asset (plant file `clock`, or setting `ingest.clock`).

| policy | before 1990, too far ahead, too old | a clock that drifts |
|---|---|---|
| `accept` | dead letter, reason `clock` | taken as it is |
| `correct` | shifted: the newest is at reception; uncertain | shifted by the estimated offset; uncertain |
| `quarantine` | dead letter | dead letter |

Too far ahead is more than `max_future_s` after reception, too old more than `max_age_s` before it (by default no
limit). A clock drifts when the smallest delay between time and reception over one to two minutes is more than 1 s
negative (it is ahead) or more than 10 s (it is behind). A gateway that sends a backlog looks like a clock that is
behind, so `correct` and `quarantine` are for devices that send live. A corrected time depends on when a message came:
sent twice, it counts twice.
"""

from datetime import UTC, datetime, timedelta

from fieldline.frames import Quality
from ingest.codecs import Problem
from ingest.instants import EARLIEST_NS
from ingest.rows import Row, Rows
from ingest.topics import Route

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
_AHEAD_NS = _SECOND_NS
_BEHIND_NS = 10 * _SECOND_NS
_WINDOW_NS = 60 * _SECOND_NS
_MAX_SOURCES = 50_000


class DriftEstimate:
    """The smallest delay of a source's messages over the last one to two minutes [ns]."""

    __slots__ = ("_before", "_began", "_now")

    def __init__(self, received_ns: int, delay_ns: int) -> None:
        self._began = received_ns
        self._before: int | None = None
        self._now = delay_ns

    def take(self, received_ns: int, delay_ns: int) -> None:
        """Note a message's delay: its reception less its newest time."""
        if received_ns - self._began >= _WINDOW_NS:
            self._before, self._now, self._began = self._now, delay_ns, received_ns
        else:
            self._now = min(self._now, delay_ns)

    @property
    def offset_ns(self) -> int:
        """What to add to the source's times; 0 while its clock seems right [ns]."""
        smallest = self._now if self._before is None else min(self._now, self._before)
        if smallest < -_AHEAD_NS or (self._before is not None and smallest > _BEHIND_NS):
            return smallest
        return 0


class ClockPolicies:
    """Applies the policies. `max_future_s`, `max_age_s` : see the module's text; NaN for no limit [s]."""

    def __init__(self, max_future_s: float, max_age_s: float) -> None:
        self._future_ns = round(max_future_s * _SECOND_NS)
        self._age_ns = round(max_age_s * _SECOND_NS) if max_age_s == max_age_s else None
        self._sources: dict[str, DriftEstimate] = {}

    def check(self, rows: Rows, start: int, route: Route, received_ns: int) -> Problem | None:
        """Apply the route's policy to the rows from `start` on, all of one message; tells what was taken out."""
        times = rows.time
        if len(times) == start + 1:
            low = high = times[start]
        elif len(times) == start:
            return None
        else:
            part = times[start:]
            low, high = min(part), max(part)
        earliest = EARLIEST_NS if self._age_ns is None else max(EARLIEST_NS, received_ns - self._age_ns)
        latest = received_ns + self._future_ns
        if earliest <= low and high <= latest and route.clock == "accept":
            return None
        return self._apply(rows, start, route, received_ns, (earliest, latest))

    def _apply(self, rows: Rows, start: int, route: Route, received_ns: int, bounds: tuple[int, int]) -> Problem | None:
        message = rows.take(start)
        earliest, latest = bounds
        plausible = [earliest <= row.time <= latest for row in message]
        wrong = [row for row, is_plausible in zip(message, plausible, strict=True) if not is_plausible]
        right = [row for row, is_plausible in zip(message, plausible, strict=True) if is_plausible]
        offset = self._offset(route, right, received_ns) if route.clock != "accept" else 0
        if route.clock == "correct":
            jump = received_ns - max(row.time for row in wrong) if wrong else 0
            shifts = [offset if is_plausible else jump for is_plausible in plausible]
            rows.put(_shifted(row, shift) for row, shift in zip(message, shifts, strict=True))
            return None
        if offset:
            return Problem("clock", f"the clock is {-offset / _SECOND_NS:+.1f} s off", len(message))
        rows.put(right)
        if not wrong:
            return None
        return Problem("clock", _told(wrong[0].time, earliest, latest, received_ns), len(wrong))

    def _offset(self, route: Route, message: list[Row], received_ns: int) -> int:
        if not message:
            return 0
        delay = received_ns - max(row.time for row in message)
        source = self._sources.get(route.object_asset)
        if source is None:
            if len(self._sources) >= _MAX_SOURCES:
                self._sources.clear()
            source = self._sources[route.object_asset] = DriftEstimate(received_ns, delay)
        else:
            source.take(received_ns, delay)
        return source.offset_ns


def _told(time_ns: int, earliest_ns: int, latest_ns: int, received_ns: int) -> str:
    """What is wrong with a time outside the bounds, for people."""
    told = f"{_iso(time_ns)} "
    if time_ns > latest_ns:
        return told + f"is more than {(latest_ns - received_ns) // _SECOND_NS} s after reception at {_iso(received_ns)}"
    return told + (
        "is before 1990"
        if time_ns < EARLIEST_NS
        else f"is before {_iso(earliest_ns)}, the oldest that max_age_s allows"
    )


def _iso(time_ns: int) -> str:
    if abs(time_ns) >= 2**63:  # a device can send what no calendar holds
        return f"{time_ns} ns"
    return (_EPOCH + timedelta(microseconds=time_ns // 1000)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shifted(row: Row, shift_ns: int) -> Row:
    if shift_ns == 0:
        return row
    quality = Quality.UNCERTAIN if row.quality is Quality.GOOD else row.quality
    return row._replace(time=row.time + shift_ns, quality=quality)
