"""What the rows of one line say: the states of its machines, its orders, the steps of its counters and its meters' samples.

`rows` are usable ones (good or uncertain), ascending by time, one for each time of a series; `payloads` are those of events by the number
that stands for each in its row. Times are ns UTC.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite, isnan, nan
from typing import Any, NamedTuple

from analysis.recount.calculated import with_calculated
from analysis.recount.life import Sign, silences, tells_changes
from analysis.recount.plain_models import PlainModels
from analysis.recount.registers import Exchange, Judgement, judge
from analysis.recount.said import LONGEST_AMOUNT_NS, Said, pieces_said, pieces_without
from analysis.recount.starts_over import Bound, midnights, order_bounds, shift_bounds
from fieldline.event_kinds import PAUSES, STOPS, VOID
from fieldline.plant import Plant, Role
from fieldline.states import State
from fieldline.tags import TagInfo
from fieldline.units import COUNT_ROLES

Samples = list[tuple[int, float]]
FAR = 2**62
"""The end of an order that has none yet."""


class StateReport(NamedTuple):
    """What one row says of a machine's state from its time on.

    until : when a correction ends; None: no end is reported, or it is no correction; hold_ns : how long it counts at most [ns]
    seen_ns : how long it might have counted, had no other row come [ns]
    is_change : an event, or a tag that tells changes only, told it: it counts while its machine shows signs of life; gap_ns : how
    long it is one itself, an event for no time at all [ns]
    """

    time: int
    asset: str
    tag: str
    state: State
    is_correction: bool
    until: int | None
    hold_ns: int
    seen_ns: int
    is_change: bool = False
    gap_ns: int = 0


ORDER_STOP = "@order/stop"
ORDER_TAGS = ("@order", ORDER_STOP, "@product")
"""Rows that say which order and product is in force; ends of orders are kept apart, since one may end when another begins."""


class Run(NamedTuple):
    """A stretch of time with an order, a product or both; empty text: none."""

    start: int
    end: int
    order: str
    product: str


class Held(NamedTuple):
    """What holds from a time on; alone : the product that was told without an order. Empty text: none."""

    time: int
    order: str
    product: str
    alone: str


class Step(NamedTuple):
    """Pieces that one row adds to a count; reading : the row's own value, NaN for an event."""

    time: int
    role: Role
    pieces: float
    source: str
    reading: float


Vibration = Callable[[str, int, int], dict[str, float]]
"""The fields of `vibration` of an asset from its waveforms, which are no rows here, in a window [ns UTC]."""


def _nothing(_: str, __: int, ___: int) -> dict[str, float]:
    return {}


class History:
    """The rows of a line, read as what they mean.

    vibration : who knows its waveforms sets it; models : who knows where they lie sets those that score its metrics
    """

    def __init__(
        self, plant: Plant, line: str, rows: Mapping[tuple[str, str], Samples], payloads: Mapping[float, bytes]
    ) -> None:
        self.plant = plant
        self.line = line
        self.rows = with_calculated(plant, rows)
        self._payloads = payloads
        self._runs: dict[str, list[Run]] = {}  # by machine that takes orders of its own; empty text: the line
        self._states: dict[str, list[StateReport]] = {}
        self._silences: dict[str, list[tuple[int, int]]] = {}
        self._steps: dict[str, list[Step]] = {}
        self._judged: dict[tuple[str, str], Judgement] = {}
        self.vibration: Vibration = _nothing
        self.models = PlainModels()

    @property
    def slice_ns(self) -> int:
        """How long the line's slices are: what holds at the beginning of one holds all through it [ns]."""
        return self.plant.slice_ns(self.line)

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
                    means = self.plant.state_of(state) or State.UNKNOWN
                    is_correction = tag == "@correction"
                    until = _until(event, time, hold_ns) if is_correction else None
                    seen_ns = hold_ns if until is None else min(max(until - time, 0), hold_ns)
                    reports.append(
                        StateReport(
                            time, asset, tag, means, is_correction, until, hold_ns, seen_ns, is_change=not is_correction
                        )
                    )
        for tag in self.tags(asset, Role.STATE, Role.RUNNING):
            info, rows = self.info(asset, tag), self.rows[asset, tag]
            gap = int(info.max_gap_s * 1e9)
            longest = gap if info.is_gap_declared else max(gap, hold_ns)
            for (time, value), changes in zip(rows, tells_changes(rows, gap), strict=True):
                is_change = changes and not info.is_gap_declared
                hold = longest if is_change else gap
                state = _measured(info, value)
                reports.append(StateReport(time, asset, tag, state, False, None, hold, longest, is_change, gap))
        return sorted(reports, key=lambda report: report[:3])

    def silences(self, asset: str) -> list[tuple[int, int]]:
        """The spans in which a machine that tells its states as they change gave no sign of life, though some were due [ns]."""
        if asset not in self._silences:
            self._silences[asset] = self._silent(asset)
        return self._silences[asset]

    def _silent(self, asset: str) -> list[tuple[int, int]]:
        samples = [report for report in self.states(asset) if not report.is_correction]
        if not any(report.is_change for report in samples):
            return []
        signs = self._readings(asset)
        signs += [Sign(report.time, report.tag, report.gap_ns, report.state) for report in samples if report.is_change]
        signs.sort(key=lambda sign: sign[:2])
        found: list[tuple[int, int]] = []
        for first, end in _unbroken(samples):
            since = bisect_left(signs, (first.time, first.tag), key=lambda sign: sign[:2])
            found += silences(signs[since : bisect_left(signs, end, key=lambda sign: sign.time)], end)
        return found

    def _readings(self, asset: str) -> list[Sign]:
        """The signs of life of an asset's tags that tell no state."""
        found = []
        for (one, tag), rows in self.rows.items():
            info = self.info(asset, tag)
            is_event = tag[0] == "@" and tag != "@waveform" and not tag.startswith("@text/")
            if one == asset and not is_event and info.role not in (Role.STATE, Role.RUNNING):
                is_cumulative = info.role in COUNT_ROLES or Role.ACTIVE_REGISTER <= info.role <= Role.ACTIVE_PULSE
                gap = int((info.register_max_gap_s if is_cumulative else info.max_gap_s) * 1e9)
                found += [Sign(time, tag, gap, None) for time, _ in rows]
        return found

    def itself(self) -> "History":
        """The line alone, without its machines: what it reports itself, and all orders."""
        rows = {key: rows for key, rows in self.rows.items() if key[0] == self.line or key[1] in ORDER_TAGS}
        found = History(self.plant, self.line, rows, self._payloads)
        found.vibration, found.models = self.vibration, self.models
        return found

    def runs(self, asset: str) -> list[Run]:
        """The orders and products that hold on an asset, ascending and apart."""
        machine = self.plant.order_machine(asset)
        if machine not in self._runs:
            self._runs[machine] = self._run_through(machine)
        return self._runs[machine]

    def _run_through(self, machine: str) -> list[Run]:
        steps = [(step.time, 0, step) for step in self._held("")]
        if machine:
            steps += [(step.time, 1, step) for step in self._held(machine)]
        held = [Held(0, "", "", ""), Held(0, "", "", "")]
        runs: list[Run] = []
        for time, which, step in sorted(steps, key=lambda each: each[:2]):
            held[which] = step
            above, own = held
            product = own.product or (own.alone or above.alone if own.order else above.product)
            runs = _then(runs, Run(time, FAR, own.order or above.order, product))
        return [run for run in runs if run.order or run.product]

    def _held(self, machine: str) -> "list[Held]":
        """What holds of what was told of a machine that takes orders of its own, or of the line (empty text)."""
        keys = [(asset, tag) for asset, tag in self.rows if tag in ORDER_TAGS]
        keys = [key for key in keys if self.plant.order_machine(key[0]) == machine]
        reports = [(time, f"{tag} {asset}", event) for asset, tag in keys for time, event in self.events(asset, tag)]
        found: list[Held] = []
        order = product = own = ""
        waiting: dict[str, str] = {}  # orders that pause, with their products
        voided = {(time, _text(event, "order")) for time, _, event in reports if _phase(event) == "void"}
        for time, _, event in sorted(reports, key=lambda row: row[:2]):
            phase, named = _phase(event), (_text(event, "order"), _text(event, "product"))
            if phase == "void" or (phase in _ENDS and (time, named[0]) in voided):
                continue
            if not named[0]:
                product = own = named[1] if phase == "start" else ""
            elif phase == "start":
                order, product = named[0], named[1] or waiting.pop(named[0], "") or own
                waiting.pop(named[0], None)
            else:
                if phase == "stop":
                    waiting.pop(named[0], None)
                elif named[0] == order:
                    waiting[order] = product
                if named[0] == order:
                    order, product = "", own
            found.append(Held(time, order, product, own))
        return found

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
        times = [time for time, _ in rows] + [exchange.time for exchange in self._exchanges(asset, tag)]
        counted, readings = dict.fromkeys(times, 0.0), dict(rows)
        gap = int(info.register_max_gap_s * 1e9)
        said = self.said(asset, tag)
        for settled in self.judgement(asset, tag).settled:
            for time, pieces in pieces_without(said, settled):
                # What is confirmed too long after counts where it is confirmed.
                counted[time if time >= settled.time - gap and time in counted else settled.time] += pieces
        return [
            *(
                Step(time, info.role, pieces * info.scale, tag, readings.get(time, nan))
                for time, pieces in counted.items()
            ),
            *(
                Step(time, info.role, pieces * info.scale, tag, nan)
                for time, pieces in pieces_said(said, self.slice_ns)
            ),
        ]

    def judgement(self, asset: str, tag: str) -> Judgement:
        """Which readings of a register or counter are believed."""
        if (asset, tag) not in self._judged:
            info, rows = self.info(asset, tag), self.rows[asset, tag]
            is_energy = info.role in (Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER)
            rated_kw = self.plant.asset_info(asset).rated_power_kw if is_energy else nan
            rows = rows if is_energy else [row for row in rows if isfinite(row[1])]
            self._judged[asset, tag] = judge(rows, info, rated_kw, self._bound(asset, tag), self._exchanges(asset, tag))
        return self._judged[asset, tag]

    def _exchanges(self, asset: str, tag: str) -> list[Exchange]:
        """When a meter was exchanged, what the old one showed last and the new one first."""
        events = self.events(asset, f"@meter/{tag}")
        found = [Exchange(time, _number(said, "old"), _number(said, "new")) for time, said in events]
        return [exchange for exchange in found if isfinite(exchange.new)]

    def exchanged(self, asset: str, tag: str) -> set[int]:
        """When a meter was exchanged [ns UTC]."""
        return {exchange.time for exchange in self._exchanges(asset, tag)}

    def said(self, asset: str, tag: str) -> list[Said]:
        """What events say that a meter counted, by whole slices, in order and apart: what is said later ends what was said before."""
        found, length = list[Said](), self.slice_ns
        for time, event in self.events(asset, f"@meter/{tag}"):
            amount, until = _number(event, "amount"), _until(event, time, LONGEST_AMOUNT_NS)
            start = -(-time // length) * length
            if not isfinite(amount) or until is None:
                continue
            end = until // length * length
            if start < end <= start + LONGEST_AMOUNT_NS:
                begun = time // length * length  # of a slice within which this one begins neither tells
                if found and found[-1].until > begun:
                    found[-1] = found[-1]._replace(until=begun)
                found.append(Said(start, end, end, amount))
        return found

    def _bound(self, asset: str, tag: str) -> Bound:
        """When a register or counter started over last, at a time."""
        starts_over = self.info(asset, tag).starts_over
        if starts_over == "shift":
            return shift_bounds(self.plant, self.line)
        if starts_over != "order":
            return midnights(self.plant, self.line)
        events = [
            (time, one, kind)
            for one, kind in self.rows
            if kind in ("@order", ORDER_STOP) and self.plant.order_machine(one) in ("", self.plant.order_machine(asset))
            for time, said in self.events(one, kind)
            if _text(said, "order") and _phase(said) != VOID
        ]
        return order_bounds(events, asset, tag)


def _unbroken(samples: list[StateReport]) -> list[tuple[StateReport, int]]:
    """Where a tag began to tell changes that hold one after the other, and when that was over [ns]."""
    found = []
    first: StateReport | None = None
    for at, report in enumerate(samples):
        end = report.time + report.hold_ns
        later = samples[at + 1] if at + 1 < len(samples) else None
        first = (first or report) if report.is_change else None
        if first is not None and not (later is not None and later.is_change and later.time < end):
            found.append((first, end if later is None else min(end, later.time)))
            first = None
    return found


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
    """Whether an event about an order says that it ends, or pauses."""
    return _phase(_attributes(payload)) in _ENDS


def _phase(event: dict[str, Any]) -> str:
    phase = _text(event, "phase").lower()
    if phase in PAUSES:
        return "pause"
    return "stop" if phase in STOPS else VOID if phase == VOID else "start"


_ENDS = ("pause", "stop")
