"""Slow, obvious twin of `machine`: at each instant it asks all rows what state held, then measures and counts window by window."""

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from fieldline.plant import Plant, Role
from fieldline.states import STATES, State, TimeElement
from tests.processing.engine_rig import Row
from tests.twins.registers import Told, told_by

COUNTS = {
    Role.GOOD_COUNT: "good",
    Role.TOTAL_COUNT: "total",
    Role.SCRAP_COUNT: "scrap",
    Role.REWORK_COUNT: "rework",
}
TELLING = (Role.STATE, Role.RUNNING)
BY_REGISTER_GAP = frozenset({Role.ACTIVE_REGISTER, Role.REACTIVE_REGISTER, Role.ACTIVE_INTERVAL, Role.REACTIVE_INTERVAL,
                             Role.ACTIVE_PULSE, *COUNTS})  # fmt: skip
STANDS = (TimeElement.ADET, TimeElement.ADOT)


class Sample(NamedTuple):
    """place : in the order of rows; is_change : it holds while signs of life come; gap : how long it is one itself."""

    time: int
    state: State
    until: int
    place: int = 0
    is_change: bool = False
    gap: int = 0


class Sign(NamedTuple):
    """A reading of another series, or a state that was told (then `told`): a sign of life until `until`, an event for no time at all."""

    time: int
    until: int
    told: Sample | None = None


class Stretch(NamedTuple):
    """A stretch of one state, whether it is part of a minor stop, and whether a failure or a minor stop begins with it.

    lasts : when what begins with it, a failure or a minor stop, is over
    """

    start: int
    end: int
    state: State
    is_minor: bool = False
    fails: bool = False
    begins_minor: bool = False
    lasts: int = 0


class Window(NamedTuple):
    """Start, end, and how the calendar has each part of it: (start, end, 0 scheduled, 1 planned stop, 2 unscheduled).

    rests : all planned stops and unscheduled time around it, (start, end), for what began before it
    """

    start: int
    end: int
    plan: list[tuple[int, int, int]]
    rests: tuple[tuple[int, int], ...] = ()

    def begins(self, start: int, end: int) -> bool:
        """Whether the first moment of start..end that is no rest lies in the window."""
        at = start
        for a, b in sorted(self.rests):
            if a <= at < b:
                at = b
        return at < end and self.start <= at < self.end


def usable(rows: list[Row], asset: str) -> list[Row]:
    """An asset's rows that count, in order; of two of one tag and time that with the smaller value."""
    best: dict[tuple[int, str], Row] = {}
    for row in rows:
        if row.asset == asset and row.quality <= 1:
            key = (row.time, row.tag)
            best[key] = min(row, best.get(key, row), key=lambda each: each.value)
    return [best[key] for key in sorted(best)]


def attributes(row: Row) -> dict[str, Any]:
    return json.loads(row.payload) if row.payload else {}


def samples_and_corrections(rows: list[Row], asset: str, plant: Plant) -> tuple[list[Sample], list[Sample]]:
    """What is measured, and what it was said to be instead; until when each holds at most."""
    longest = int(plant.asset_info(asset).state_max_gap_s * 1e9)
    samples, corrections = [], []
    counts = usable(rows, asset)
    for place, row in enumerate(counts):
        info, said = plant.tag_info(asset, row.tag), attributes(row)
        word = State.__members__.get(str(said.get("state", "")).upper(), State.UNKNOWN)
        if row.tag == "@state" and "state" in said:
            samples.append(Sample(row.time, word, row.time + longest, place, is_change=True))
        elif row.tag == "@correction" and "state" in said:
            until = said.get("until")
            end = row.time + longest
            if until is not None:
                end = min(end, int(datetime.fromisoformat(until).timestamp()) * 10**9)
            corrections.append((row, word, end, until is None))
        elif info.role in (Role.STATE, Role.RUNNING) and not row.tag.startswith("@"):
            state = State(dict(info.codes).get(row.value, 0))
            if info.role is Role.RUNNING:
                state = State.UNKNOWN if math.isnan(row.value) else State.PRODUCING if row.value else State.DOWN
            gap = int(info.max_gap_s * 1e9)
            mine = [(each.time, each.value) for each in counts[: place + 1] if each.tag == row.tag]
            is_change = not info.is_gap_declared and repeats(mine, gap) < 2
            hold = max(gap, longest) if is_change else gap
            samples.append(Sample(row.time, state, row.time + hold, place, is_change, gap))
    fixed = []
    for row, word, end, is_open in corrections:
        later = [sample.time for sample in samples if sample.time > row.time]
        fixed.append(Sample(row.time, word, min(end, later[0]) if is_open and later else end))
    return samples, fixed


def repeats(told: list[tuple[int, float]], gap: int) -> int:
    """How often a tag told again what it had told, up to 4, less how often something else."""
    count = 0
    for (before, was), (time, value) in zip(told, told[1:], strict=False):
        if value != was:
            count = max(count - 1, 0)
        elif time - before <= gap:
            count = min(count + 1, 4)
    return count


def silences(rows: list[Row], asset: str, plant: Plant, samples: list[Sample]) -> list[tuple[int, int]]:
    """The spans in which signs of life were expected and did not come."""
    found = []
    first = 0
    while first < len(samples):
        last = first
        while last + 1 < len(samples) and all(
            (samples[last].is_change, samples[last + 1].is_change, samples[last + 1].time < samples[last].until)
        ):
            last += 1
        if samples[first].is_change:
            told, then = samples[first : last + 1], samples[last + 1 :]
            over = min([samples[last].until, *(sample.time for sample in then[:1])])
            before = then[0].place if then else len(rows)
            found += silent(signs_of(rows, asset, plant, told, before), over)
        first = last + 1
    return found


def signs_of(rows: list[Row], asset: str, plant: Plant, told: list[Sample], before: int) -> list[Sign]:
    """All signs of life while samples that tell changes hold one after the other, in the order of rows, up to the row at `before`."""
    by_place = {sample.place: sample for sample in told}
    signs = []
    for place, row in enumerate(usable(rows, asset)):
        info = plant.tag_info(asset, row.tag)
        if place in by_place:
            signs.append(Sign(row.time, row.time + by_place[place].gap, by_place[place]))
        elif (
            told[0].place < place < before
            and row.time < told[-1].until
            and (row.tag[0] != "@" or row.tag.startswith(("@text/", "@waveform")))
            and info.role not in TELLING
        ):
            gap = info.register_max_gap_s if info.role in BY_REGISTER_GAP else info.max_gap_s
            signs.append(Sign(row.time, row.time + int(gap * 1e9)))
    return signs


def silent(signs: list[Sign], over: int) -> list[tuple[int, int]]:
    """Spans after chains of signs, in which more were expected, up to `over`; a chain begins with a reading and goes on without a gap."""
    found = []
    first = 0
    while first < len(signs):
        after, reach = first + 1, signs[first].until
        if signs[first].told is None:
            while after < len(signs) and signs[after].time <= reach:
                reach = max(reach, signs[after].until)
                after += 1
            if has_rhythm(signs, first, after):
                found.append((reach, min(signs[after].time, over) if after < len(signs) else over))
        first = after
    return [(start, end) for start, end in found if start < end]


def has_rhythm(signs: list[Sign], first: int, after: int) -> bool:
    """Whether readings of a chain went on for longer than their gap; where the machine stands at its end, since it began to."""
    since, begins = signs[first].time, first
    told = [(at, sign.told) for at, sign in enumerate(signs[:after]) if sign.told]
    while told and told[-1][1].state is not State.PRODUCING:
        begins, last = told.pop()
        since = max(signs[first].time, last.time)
    readings = [sign for sign in signs[max(first, begins) : after] if sign.told is None]
    return any(sign.time - since >= sign.until - sign.time for sign in readings)


def state_at(time: int, samples: list[Sample], corrections: list[Sample], mute: list[tuple[int, int]]) -> State:
    """Of the corrections that hold the one that began last, else the last sample, where it still holds."""
    holding = [told for told in corrections if told.time <= time < told.until]
    if holding:
        return holding[-1].state
    before = [sample for sample in samples if sample.time <= time]
    if before and time < before[-1].until:
        is_mute = before[-1].is_change and any(start <= time < end for start, end in mute)
        return State.UNKNOWN if is_mute else before[-1].state
    return State.UNKNOWN


def stretches(rows: list[Row], asset: str, plant: Plant) -> list[Stretch]:
    """The states of an asset from its first row on until nothing is known of it any more."""
    samples, corrections = samples_and_corrections(rows, asset, plant)
    mute = silences(rows, asset, plant, samples)
    bounds = {time for told in (*samples, *corrections) for time in (told.time, told.until)}
    bounds = sorted(bounds | {time for span in mute for time in span})
    found: list[Stretch] = []
    for start, end in zip(bounds, bounds[1:], strict=False):
        state = state_at(start, samples, corrections, mute)
        if found and found[-1].state == state:
            start = found.pop().start
        found.append(Stretch(start, end, state))
    microstop = int(plant.asset_info(asset).microstop_s * 1e9)
    k = 0
    while k < len(found):
        n = k
        while n < len(found) and STATES[found[n].state].element in STANDS:
            n += 1
        if n > k:
            is_minor = found[n - 1].end - found[k].start < microstop
            for m in range(k, n):
                down = STATES[found[m].state].element is TimeElement.ADOT
                was_down = m > k and STATES[found[m - 1].state].element is TimeElement.ADOT
                found[m] = found[m]._replace(
                    is_minor=is_minor, fails=down and not was_down and not is_minor, begins_minor=is_minor and m == k
                )
                later = next((i for i in range(m, n) if STATES[found[i].state].element is not TimeElement.ADOT), n)
                found[m] = found[m]._replace(lasts=found[n - 1 if is_minor else later - 1].end)
        k = max(n, k + 1)
    return found


def seen(rows: list[Row], asset: str, plant: Plant) -> list[tuple[int, int]]:
    """The spans in which a row that told of a state might have held, had no other come."""
    samples, corrections = samples_and_corrections(rows, asset, plant)
    longest = int(plant.asset_info(asset).state_max_gap_s * 1e9)
    endless = {row.time for row in usable(rows, asset) if row.tag == "@correction" and "until" not in attributes(row)}
    spans = [(told.time, told.time + longest if told.time in endless else told.until) for told in corrections]
    tags = [(row, plant.tag_info(asset, row.tag)) for row in usable(rows, asset)]
    endless_tags = {
        row.time for row, info in tags if info.role in TELLING and row.tag[0] != "@" and not info.is_gap_declared
    }
    return spans + [
        (told.time, max(told.until, told.time + longest) if told.time in endless_tags else told.until)
        for told in samples
    ]


def judged(rows: list[Row], asset: str, plant: Plant) -> dict[str, Told]:
    """What the readings of each cumulative counter come to."""
    samples: dict[str, list[tuple[int, float]]] = {}
    for row in usable(rows, asset):
        info = plant.tag_info(asset, row.tag)
        if info.role in COUNTS and math.isfinite(row.value) and info.counts_by == "register":
            samples.setdefault(row.tag, []).append((row.time, row.value))
    return {tag: told_by(of_tag, plant.tag_info(asset, tag)) for tag, of_tag in samples.items()}


def increments(rows: list[Row], asset: str, plant: Plant) -> list[tuple[int, int, str, float, bool]]:
    """What each row counts: its time, until when its counter is taken to have counted, what, how many pieces, and whether a counter does."""
    found: list[tuple[int, int, str, float, bool]] = []
    for row in usable(rows, asset):
        info = plant.tag_info(asset, row.tag)
        if info.role in COUNTS and math.isfinite(row.value):
            pieces = max(row.value, 0.0) * info.scale if info.counts_by == "interval" else 0.0
            found.append((row.time, row.time + int(info.register_max_gap_s * 1e9), COUNTS[info.role], pieces, True))
        elif row.tag in ("@count", "@correction"):
            said = attributes(row)
            found += [
                (row.time, row.time + 1, kind, float(said[kind]), False)
                for kind in ("good", "scrap", "rework")
                if kind in said
            ]
    for tag, told in judged(rows, asset, plant).items():
        info = plant.tag_info(asset, tag)
        gap = int(info.register_max_gap_s * 1e9)
        for settled in told.settled:
            for time, counted in settled.steps:
                at = time if time >= settled.time - gap else settled.time
                found.append((at, at + gap, COUNTS[info.role], counted * info.scale, True))
    return found


def pieces(counted: dict[str, float], counters: set[str]) -> dict[str, float]:
    """Good, scrap, rework and total; what was not counted is the rest of what was; NaN where that is not known."""
    made = {kind: counted.get(kind, math.nan) for kind in COUNTS.values()}
    if "total" in counted:
        if "good" not in counters and "scrap" in counted:
            made["good"] = counted["total"] - counted["scrap"]
        elif "scrap" not in counters and "good" in counted:
            made["scrap"] = counted["total"] - counted["good"]
    else:
        made["total"] = made["good"] + made["scrap"]
    return made


def ratio(part: float, whole: float) -> float:
    return part / whole if whole != 0 and part >= 0 and whole >= 0 else math.nan


class Figures(NamedTuple):
    """A window of a machine: ns by element, stops, pieces, their ideal times [ns], and what counters counted."""

    times: dict[str, int]
    counted: dict[str, float]
    ideal: dict[str, float]
    counters: set[str]
    rejected: int
    between: dict[str, float]


class Known(NamedTuple):
    """All that is known of a machine: its states, and what each row counts."""

    stretches: list[Stretch]
    increments: list[tuple[int, int, str, float, bool]]
    refused: list[int]


def known_of(rows: list[Row], asset: str, plant: Plant) -> Known:
    refused = [time for told in judged(rows, asset, plant).values() for time in told.refused]
    return Known(stretches(rows, asset, plant), increments(rows, asset, plant), refused)


def figures(known: Known, window: Window, cycle_s: Callable[[int], float | None]) -> Figures:
    """What a machine did in a window; cycle_s(t): ideal cycle time of what was made at t [s], None: between orders, there is none."""
    names = "production setup delay down minor planned unscheduled unqualified stops minor_stops calendar".split()
    times = dict.fromkeys(names, 0)
    times["calendar"] = window.end - window.start
    for stretch in known.stretches:
        is_begun = window.begins(stretch.start, stretch.lasts)
        times["stops"] += stretch.fails and is_begun
        times["minor_stops"] += stretch.begins_minor and is_begun
    near = [stretch for stretch in known.stretches if stretch.start < window.end and stretch.end > window.start]
    for start, end, plan in window.plan:
        rest = end - start
        for stretch in near:
            a, b = max(start, stretch.start), min(end, stretch.end)
            element = STATES[stretch.state].element
            if a >= b or element is TimeElement.UNQUALIFIED or (plan and element is not TimeElement.APT):
                continue
            name = {
                TimeElement.APT: "production",
                TimeElement.AUST: "setup",
                TimeElement.ADET: "delay",
                TimeElement.ADOT: "down",
                TimeElement.PLANNED_STOP: "planned",
            }[element]
            times["minor" if stretch.is_minor else name] += b - a
            rest -= b - a
        times[("unqualified", "planned", "unscheduled")[plan]] += rest
    counted: dict[str, float] = {}
    ideal: dict[str, float] = {}
    between: dict[str, float] = {}
    counters: set[str] = set()
    for time, until, kind, gained, by_counter in known.increments:
        if time < window.end and until > window.start:
            counters |= {kind} if by_counter else set()
            here = gained if time >= window.start else 0.0
            counted[kind] = counted.get(kind, 0.0) + here
            cycle = cycle_s(time) if here else 0.0
            between[kind] = between.get(kind, 0.0) + (here if cycle is None else 0.0)
            ideal[kind] = ideal.get(kind, 0.0) + here * (cycle or 0.0) * 1e9
    rejected = sum(window.start <= time < window.end for time in known.refused)
    if any(between.values()) and between == counted:
        ideal = dict.fromkeys(ideal, math.nan)
    return Figures(times, counted, ideal, counters, rejected, between)


def told(figures: Figures) -> dict[str, dict[str, float]]:
    """The fields of `oee`, `losses` and `quality`."""
    times, ideal, made = figures.times, *(pieces(of, figures.counters) for of in (figures.ideal, figures.counted))
    busy = times["production"] + times["setup"] + times["delay"] + times["down"] + times["minor"]
    run = times["production"] + times["minor"]
    between = pieces(figures.between, figures.counters)
    performance = ratio(ideal["total"], run)
    good_ratio = ratio(ideal["good"], ideal["total"])
    if math.isnan(good_ratio):
        good_ratio = ratio(made["good"], made["total"])
    oee = {
        "availability": ratio(run, busy),
        "performance": performance,
        "quality": good_ratio,
        "oee": ratio(ideal["good"], busy),
        "teep": ratio(ideal["good"], times["calendar"]),
        "planned_busy_time_s": busy / 1e9,
        "actual_production_time_s": times["production"] / 1e9,
        "actual_unit_setup_time_s": times["setup"] / 1e9,
        "actual_unit_delay_time_s": times["delay"] / 1e9,
        "actual_unit_down_time_s": times["down"] / 1e9,
        "minor_stop_time_s": times["minor"] / 1e9,
        "planned_stop_time_s": times["planned"] / 1e9,
        "unscheduled_time_s": times["unscheduled"] / 1e9,
        "unqualified_time_s": times["unqualified"] / 1e9,
        "stop_count": times["stops"],
        "minor_stop_count": times["minor_stops"],
        "mtbf_s": ratio(busy / 1e9, times["stops"]),
        "mttr_s": ratio(times["down"] / 1e9, times["stops"]),
        "performance_above_one": math.nan if math.isnan(performance) else float(performance > 1),
        "coverage": 1 - ratio(times["unqualified"], times["calendar"]),
        "between_orders_count": next(
            (each for each in (between["total"], between["good"]) if not math.isnan(each)), 0.0
        ),
        "machine_count": 1.0,
    }
    losses = {
        "calendar_time_s": times["calendar"] / 1e9,
        "unscheduled_time_s": times["unscheduled"] / 1e9,
        "planned_stop_time_s": times["planned"] / 1e9,
        "unqualified_time_s": times["unqualified"] / 1e9,
        "down_time_loss_s": times["down"] / 1e9,
        "setup_loss_s": times["setup"] / 1e9,
        "delay_loss_s": times["delay"] / 1e9,
        "minor_stop_loss_s": times["minor"] / 1e9,
        "actual_production_time_s": times["production"] / 1e9,
        "speed_loss_s": (times["production"] - ideal["total"]) / 1e9,
        "quality_loss_s": (ideal["total"] - ideal["good"]) / 1e9,
        "fully_productive_time_s": ideal["good"] / 1e9,
    }
    passed = made["total"] - made["scrap"] - made["rework"]
    quality = {
        "good_count": made["good"],
        "scrap_count": made["scrap"],
        "rework_count": made["rework"],
        "total_count": made["total"],
        "quality": ratio(made["good"], made["total"]),
        "scrap_ratio": ratio(made["scrap"], made["total"]),
        "rework_ratio": ratio(made["rework"], made["total"]),
        "first_pass_yield": math.nan if min(made["scrap"], made["rework"]) < 0 else ratio(passed, made["total"]),
        "rolled_throughput_yield": math.nan,
        "rejected_readings": float(figures.rejected),
    }
    return {"oee": oee, "losses": losses, "quality": quality}
