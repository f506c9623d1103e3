"""What the rows of one line say: the states of its machines, its orders, the steps of its counters and its meters' samples.

`rows` are usable ones (good or uncertain), ascending by time, one for each time of a series; `payloads` are those of events by the number
that stands for each in its row. Times are ns UTC.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite, isnan, nan
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from analysis.recount.registers import Judgement, judge
from fieldline.event_kinds import STOPS, VOID
from fieldline.plant import Plant, Role
from fieldline.states import State, state_of
from fieldline.tags import TagInfo
from fieldline.units import COUNT_ROLES

Samples = list[tuple[int, float]]
FAR = 2**62
"""The end of an order that has none yet."""


class StateReport(NamedTuple):
    """What one row says of a machine's state from its time on.

    until : when a correction ends; None: no end is reported, or it is no correction; hold_ns : how long it counts at most [ns]
    """

    time: int
    asset: str
    tag: str
    state: State
    is_correction: bool
    until: int | None
    hold_ns: int


ORDER_STOP = "@order/stop"
ORDER_TAGS = ("@order", ORDER_STOP, "@product")
"""Rows that say which order and product is in force; ends of orders are kept apart, since one may end when another begins."""


class Run(NamedTuple):
    """A stretch of time with an order, a product or both; empty text: none."""

    start: int
    end: int
    order: str
    product: str


class Step(NamedTuple):
    """Pieces that one row adds to a count; reading : the row's own value, NaN for an event."""

    time: int
    role: Role
    pieces: float
    source: str
    reading: float


class History:
    """The rows of a line, read as what they mean."""

    def __init__(
        self, plant: Plant, line: str, rows: Mapping[tuple[str, str], Samples], payloads: Mapping[float, bytes]
    ) -> None:
        self.plant = plant
        self.line = line
        self.rows = rows
        self._payloads = payloads
        self._runs: list[Run] | None = None
        self._states: dict[str, list[StateReport]] = {}
        self._steps: dict[str, list[Step]] = {}
        self._judged: dict[tuple[str, str], Judgement] = {}

    def tags(self, asset: str, *roles: Role) -> list[str]:
        """The asset's tags with one of these roles."""
        return [tag for one, tag in self.rows if one == asset and self.info(asset, tag).role in roles and tag[0] != "@"]

    def info(self, asset: str, tag: str) -> TagInfo:
        """What is known of a tag."""
        return self.plant.tag_info(asset, tag)

    def machines(self) -> list[str]:
        """The assets of the line that report states or counts."""
        found = {
            asset
            for asset, tag in self.rows
            if tag in ("@state", "@correction", "@count")
            or (tag[0] != "@" and self.info(asset, tag).role >= Role.STATE)
        }
        return sorted(found)

    def events(self, asset: str, tag: str) -> list[tuple[int, dict[str, Any]]]:
        """Time and attributes of the events of an asset, in order."""
        return [(time, _attributes(self._payloads.get(value, b""))) for time, value in self.rows.get((asset, tag), [])]

    def states(self, asset: str) -> list[StateReport]:
        """What is reported of an asset's state, in the order in which it counts."""
        if asset not in self._states:
            self._states[asset] = self._reports(asset)
        return self._states[asset]

    def _reports(self, asset: str) -> list[StateReport]:
        hold_ns = int(self.plant.asset_info(asset).state_max_gap_s * 1e9)
        reports: list[StateReport] = []
        for tag in ("@state", "@correction"):
            for time, event in self.events(asset, tag):
                state = event.get("state")
                if isinstance(state, str):
                    until = _until(event, time, hold_ns) if tag == "@correction" else None
                    reports.append(
                        StateReport(
                            time, asset, tag, state_of(state) or State.UNKNOWN, tag == "@correction", until, hold_ns
                        )
                    )
        for tag in self.tags(asset, Role.STATE, Role.RUNNING):
            info = self.info(asset, tag)
            for time, value in self.rows[asset, tag]:
                reports.append(
                    StateReport(time, asset, tag, _measured(info, value), False, None, int(info.max_gap_s * 1e9))
                )
        return sorted(reports)

    def runs(self) -> list[Run]:
        """The line's orders and products, ascending and apart."""
        if self._runs is None:
            self._runs = self._run_through()
        return self._runs

    def _run_through(self) -> list[Run]:
        keys = [(asset, tag) for asset, tag in self.rows if tag in ORDER_TAGS]
        reports = [(time, f"{tag} {asset}", event) for asset, tag in keys for time, event in self.events(asset, tag)]
        runs: list[Run] = []
        order = product = own = ""
        voided = {(time, _text(event, "order")) for time, _, event in reports if _phase(event) == "void"}
        for time, _, event in sorted(reports, key=lambda row: row[:2]):
            phase, named = _phase(event), (_text(event, "order"), _text(event, "product"))
            if phase == "void" or (phase == "stop" and (time, named[0]) in voided):
                continue
            if not named[0]:
                product = own = named[1] if phase == "start" else ""
            elif phase == "start":
                order, product = named[0], named[1] or own
            elif named[0] == order:
                order, product = "", own
            runs = _then(runs, Run(time, FAR, order, product))
        return [run for run in runs if run.order or run.product]

    def run_at(self, time: int, runs: list[Run]) -> Run | None:
        """The run that a time lies in."""
        return next((run for run in runs if run.start <= time < run.end), None)

    def steps(self, asset: str) -> list[Step]:
        """What counts up or down on an asset: its counters' steps and what was corrected, by time."""
        if asset not in self._steps:
            self._steps[asset] = self._counted(asset)
        return self._steps[asset]

    def _counted(self, asset: str) -> list[Step]:
        found = [step for tag in self.tags(asset, *COUNT_ROLES) for step in self._steps_of(asset, tag)]
        names = (("good", Role.GOOD_COUNT), ("scrap", Role.SCRAP_COUNT), ("rework", Role.REWORK_COUNT))
        for tag in ("@count", "@correction"):
            for time, event in self.events(asset, tag):
                for name, role in names:
                    pieces = _number(event, name)
                    if isfinite(pieces):
                        found.append(Step(time, role, pieces, tag, float("nan")))
        return sorted(found, key=lambda step: step.time)

    def _steps_of(self, asset: str, tag: str) -> list[Step]:
        info = self.info(asset, tag)
        rows = [(time, value) for time, value in self.rows[asset, tag] if isfinite(value)]
        if info.counts_by == "interval":
            return [Step(time, info.role, max(value, 0.0) * info.scale, tag, value) for time, value in rows]
        counted = dict.fromkeys((time for time, _ in rows), 0.0)
        gap = int(info.register_max_gap_s * 1e9)
        for settled in self.judgement(asset, tag).settled:
            for time, pieces in settled.readings:
                # What is confirmed too long after counts where it is confirmed.
                counted[time if time >= settled.time - gap and time in counted else settled.time] += pieces
        return [Step(time, info.role, counted[time] * info.scale, tag, value) for time, value in rows]

    def judgement(self, asset: str, tag: str) -> Judgement:
        """Which readings of a register or counter are believed."""
        if (asset, tag) not in self._judged:
            info, rows = self.info(asset, tag), self.rows[asset, tag]
            is_energy = info.role in (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)
            rated_kw = self.plant.asset_info(asset).rated_power_kw if is_energy else nan
            rows = rows if is_energy else [row for row in rows if isfinite(row[1])]
            self._judged[asset, tag] = judge(rows, info, rated_kw, self._midnight)
        return self._judged[asset, tag]

    def _midnight(self, time: int) -> int:
        zone = ZoneInfo(self.plant.time_zone(self.line))
        local = datetime.fromtimestamp(time // 1_000_000_000, zone)
        return int(local.replace(hour=0, minute=0, second=0, fold=0).timestamp()) * 1_000_000_000


def _then(runs: list[Run], run: Run) -> list[Run]:
    """The runs with one more, which ends the last of them; what goes on as before is no new one."""
    if runs and runs[-1].end == FAR:
        last = runs[-1]
        if last[2:] == run[2:]:
            return runs
        runs = [*runs[:-1], last._replace(end=run.start)] if last.start < run.start else runs[:-1]
    return [*runs, run]


def _measured(info: TagInfo, value: float) -> State:
    if isnan(value):
        return State.UNKNOWN
    if info.role is Role.RUNNING:
        return State.PRODUCING if value else State.DOWN
    return State(dict(info.codes).get(value, State.UNKNOWN))


def _attributes(payload: bytes) -> dict[str, Any]:
    try:
        event = json.loads(payload)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _until(event: dict[str, Any], time: int, hold_ns: int) -> int | None:
    """When a correction ends: the attribute `until`, to the millisecond, at most `hold_ns` after its time; None without."""
    until = event.get("until")
    if isinstance(until, str):
        try:
            moment = datetime.fromisoformat(until)
        except ValueError:
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    else:
        seconds = _number(event, "until")
    if not isfinite(seconds):
        return None
    return max(time, min(round(seconds * 1000.0) * 1_000_000, time + hold_ns))


def _number(event: dict[str, Any], name: str) -> float:
    value = event.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def is_stop(payload: bytes) -> bool:
    """Whether an event about an order says that it ends."""
    return _phase(_attributes(payload)) == "stop"


def _phase(event: dict[str, Any]) -> str:
    phase = _text(event, "phase").lower()
    return "stop" if phase in STOPS else VOID if phase == VOID else "start"
