"""An explained figure as one document. Its times are moments in the zone of the line's site."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from math import isnan, nan
from typing import Any

import msgspec

from analysis.evidence import Rows
from analysis.explain.formula import put_in
from analysis.explain.scored import models, or_none
from analysis.explain.taken_apart import Explained, attribute_chart_of, touching
from analysis.explain.verdict import verdict
from analysis.recount import chart, derived, energy, orders, own_metric, prices
from analysis.recount.energy import REGISTERS
from analysis.recount.field import KINDS as FIELD_KINDS
from analysis.recount.history import FAR, Run, Step
from fieldline.account import Cause, Mark
from fieldline.catalogue import TEXT, Kind, Metric, emitter, kinds
from fieldline.expressions import Remembered
from fieldline.frames import Quality
from fieldline.meters import source_name, source_of
from fieldline.moments import Moment
from fieldline.shifts import Plan
from fieldline.states import STATES
from fieldline.units import COUNT_ROLES, Role
from fieldline.uses import uses_of
from processing.derived.entries import kinds_of

Document = dict[str, Any]
LABELS = (
    "shift",
    "product",
    "order_id",
    "energy_source",
    "null_reason",
    "meter_events",
    "rule_names",
    "zone_name",
    "fault_name",
    "weakest_channel",
    "advised_action",
)
"""What a row says of itself in words, where it does."""

_DOUBTED = 20
"""Of each register or counter so many groups of readings that were not believed at once are shown."""


def document(found: Explained, readings: int, plant_file: str | None, marks: Sequence[Mark] = ()) -> Document:
    """Everything about a figure.

    readings : how many rows of each series are shown at either end of the window
    plant_file : the plant file that it was worked out with, None without one
    marks : what changes of settings and damage to the log did to its figures
    """
    asked, row = found.asked, found.row
    kind = _kind(found)
    line, operator = found.history.line, asked.kind if kind.name not in kinds() else emitter(asked.kind).name
    before = [mark for mark in marks if mark.concerns(line, operator, found.span.start)]
    judged = verdict(found, plant_file, before)
    labels = {name: row[name] for name in LABELS if row.get(name)}
    return {
        "kind": asked.kind,
        "asset": asked.asset,
        **({"tag": asked.tag} if asked.tag else {}),
        "window": found.window,
        "from": _at(found, found.span.start),
        "to": _at(found, found.span.end),
        **labels,
        "rev": row.get("rev"),
        "coverage": row.get("coverage"),
        "coverage_is": kind.coverage,
        **{str(cause): [mark.said for mark in before if mark.cause is cause] for cause in Cause},
        "verdict": judged,
        "is_older": found.is_older,
        "fields": _fields(found, judged),
        "inputs": inputs(found),
        "evidence": _evidence(found, readings),
    }


def _at(found: Explained, time: int) -> Moment:
    return Moment(time, found.history.plant.time_zone(found.history.line))


def _fields(found: Explained, judged: Document) -> list[Document]:
    """The figures; none of them agrees or differs where the verdict compares nothing."""
    numbers = _numbers(found)
    differing = found.differing() if judged["agrees"] is not None else None
    return figures(_kind(found), found.row, found.recount, differing, lambda metric: _put_in(found, metric, numbers))


def figures(
    kind: Kind,
    row: Mapping[str, Any],
    recount: Mapping[str, float],
    differing: Collection[str] | None,
    put_in: Callable[[Metric], str | None],
) -> list[Document]:
    """The numbers of a row, each beside its recount.

    differing : those in which the recount is another one; None: they are not compared; put_in : the formula with the row's own numbers
    """
    return [
        {
            "field": metric.field,
            "value": row.get(metric.field),
            "unit": metric.unit,
            "recount": recount.get(metric.field),
            "agrees": metric.field not in differing if differing is not None and metric.field in recount else None,
            "formula": metric.formula,
            "numbers": put_in(metric),
            "source": metric.source,
        }
        for metric in kind.metrics
        if metric.unit != TEXT and metric.field not in ("rev", "retracted")
    ]


def _kind(found: Explained) -> Kind:
    """What the catalogue, or the plant file, says of the figure's kind."""
    return {**kinds(), **kinds_of(found.history.plant)}[found.asked.kind]


def _put_in(found: Explained, metric: Metric, numbers: dict[str, Any]) -> str | None:
    entry = derived.entry_at(found.history.plant, found.asked.kind, found.asked.asset, found.span.start)
    if entry is None:
        return put_in(found.asked.kind, metric.formula, numbers)
    return (
        derived.with_numbers(entry, metric.field, found.reads, found.recount) if metric.field in entry.field else None
    )


def _numbers(found: Explained) -> dict[str, Any]:
    """What stands for the symbols of formulas: the row's fields, and what follows from the window."""
    numbers: dict[str, Any] = {name: value for name, value in found.row.items() if isinstance(value, int | float)}
    numbers["hours"] = (found.span.end - found.span.start) / 3.6e12
    if found.machines:
        numbers.setdefault("calendar_time_s", (found.span.end - found.span.start) / 1e9 * _added(found))
        ideals = [(one.pieces.ideal_total, one.pieces.ideal_good) for one in found.machines]
        numbers["ideal_time_s"] = sum(total for total, _ in ideals) / 1e9
        numbers.setdefault("fully_productive_time_s", sum(good for _, good in ideals) / 1e9)
    if found.asked.kind == "production_order":
        numbers |= orders.drawn_by(found.history, found.asked.asset, found.span.start, found.span.end)
    entry = found.history.info(found.asked.asset, found.asked.tag).spc if found.asked.kind == "spc" else None
    if entry is not None:
        limits = entry.limits_for(found.row.get("product"))
        n = numbers.get("n", nan)
        numbers |= {
            "usl": entry.usl,
            "lsl": entry.lsl,
            "size": entry.n,
            "six_sigma": 6 * limits.sigma,
            "three_sigma": 3 * limits.sigma,
        }
        numbers["sigma_of_point"] = limits.sigma if entry.chart == "i_mr" else limits.sigma / n**0.5
    return numbers


def _added(found: Explained) -> int:
    return sum(one.times.is_known for one in found.machines)


def inputs(found: Explained) -> Document:
    """What went into the figure beside raw rows: calendar, orders, ideal cycles, states, counts, meters, limits; the tags."""
    kind = found.asked.kind
    gone_in: Document = {"orders": _orders(found)}
    if found.reads:
        return gone_in | _read(found)
    if kind == "spc":
        return gone_in | {"limits": _limits(found)}
    if kind == "vibration":
        machine = found.history.plant.asset_info(found.asked.asset).machine
        return gone_in | {"machine": None if machine is None else msgspec.to_builtins(machine)}
    if kind == "et0":
        station = found.history.plant.asset_info(found.asked.asset).station
        return gone_in | {"station": None if station is None else msgspec.to_builtins(station)}
    if kind in FIELD_KINDS:
        plant = found.history.plant
        return gone_in | {
            "ties": plant.ties(found.asked.asset),
            "field": {name: or_none(value) for name, value in plant.field_numbers(found.asked.asset).items()},
        }
    gone_in["tags"] = _uses(found)
    if kind == "energy":
        return gone_in | {
            "meters": _meters(found),
            "doubted": _doubted(found, REGISTERS),
            "price": _prices(found),
        }
    gone_in |= {"calendar": _calendar(found), "ideal_cycle_s": _cycles(found), "states": _states(found)}
    gone_in["counts"] = _readings_at_ends(found, COUNT_ROLES)
    gone_in["doubted"] = _doubted(found, COUNT_ROLES)
    if kind == "attribute_chart":
        entry = attribute_chart_of(found.history.plant, found.asked.asset)
        return gone_in | {"limits": msgspec.structs.asdict(entry) | {"rules": list(entry.rules)}}
    gone_in["between_orders"] = _between_orders(found)
    if output := _output(found):
        gone_in["output"] = output
    if kind == "production_order":
        gone_in["meters"] = _meters(found)
        gone_in["doubted"] += _doubted(found, REGISTERS)
    return gone_in


def _read(found: Explained) -> Document:
    """What a metric of the plant's own reads; of functions that remember also what they said before, and what was not worked out."""
    remembers = any(isinstance(one, Remembered) for one in found.reads)
    rows = [
        {"what": one.what, "asset": one.asset, "value": or_none(one.value)}
        | ({"before": or_none(one.before)} if remembers else {})
        for one in found.reads.values()
    ]
    entry = derived.entry_at(found.history.plant, found.asked.kind, found.asked.asset, found.span.start)
    left_out = own_metric.not_worked_out(entry, found.reads) if entry else []
    why = "what it remembers comes from more windows than are gone through again"
    return (
        {"read": rows}
        | models(found.scores)
        | ({"not_worked_out": [{"field": name, "why": why} for name in left_out]} if left_out else {})
    )


def _orders(found: Explained) -> list[Document]:
    """The orders that touch the window: the asset's own, and of a line whose machines take theirs each for itself those of each machine."""
    told = [_run(found, run) for run in found.runs]
    if not found.history.plant.has_order_machines(found.asked.asset):
        return told
    machines = {found.history.plant.order_machine(one.asset) for one in found.machines} - {""}
    each = [(one, run) for one in sorted(machines) for run in touching(found.history.runs(one), found.span)]
    return [*told, *({"asset": machine} | _run(found, run) for machine, run in each)]


def _run(found: Explained, run: Run) -> Document:
    return {
        "order": run.order,
        "product": run.product,
        "from": _at(found, run.start),
        "to": None if run.end == FAR else _at(found, run.end),
    }


def _output(found: Explained) -> list[Document]:
    """Whose pieces are a line's, and its times where it has no others, and why."""
    plant, line = found.history.plant, found.history.line
    output = plant.line_entry(line).output if found.asked.asset == line else None
    if output is None:
        return []
    why = "the only machine with a counter that the plant file names" if line in plant.sole_counters else "declared"
    return [{"asset": output, "why": why}]


def _calendar(found: Explained) -> list[Document]:
    bounds, kinds = found.history.plant.calendar(found.history.line).plan(found.span.start, found.span.end)
    return [
        {"plan": Plan(kind).name.lower(), "from": _at(found, a), "to": _at(found, b), "duration_s": (b - a) / 1e9}
        for (a, b), kind in zip(pairwise(bounds.tolist()), kinds.tolist(), strict=True)
    ]


def _cycles(found: Explained) -> list[Document]:
    runs = {one.asset: touching(found.history.runs(one.asset), found.span) for one in found.machines}
    return [
        {
            "asset": one.asset,
            "product": product or None,
            "ideal_cycle_s": found.history.plant.ideal_cycle_s(product or None, one.asset),
        }
        for one in found.machines
        for product in sorted({run.product for run in runs[one.asset]} or {""})
    ]


def _states(found: Explained) -> list[Document]:
    return [
        {
            "asset": one.asset,
            "state": state.name.lower(),
            "element": STATES[state].element.name,
            "duration_s": spent / 1e9,
        }
        for one in found.machines
        for state, spent in sorted(one.times.by_state.items())
    ]


def _readings_at_ends(found: Explained, roles: Any) -> list[Document]:
    """Of each counter or meter its last reading before the window, and the last one in it."""
    readings = []
    for (asset, tag), rows in found.history.rows.items():
        role = found.history.info(asset, tag).role
        if tag.startswith("@") or role not in roles:
            continue
        before = [value for time, value in rows if time < found.span.start]
        inside = [value for time, value in rows if found.span.start <= time < found.span.end]
        row = {"asset": asset, "tag": tag, "is": role.name.lower(), "before": before[-1] if before else None}
        row |= {"last": inside[-1] if inside else None, "rows": len(inside)}
        if role in COUNT_ROLES:
            steps = found.history.steps(asset)
            row["counted"] = sum(
                step.pieces for step in steps if step.source == tag and found.span.start <= step.time < found.span.end
            )
        readings.append(row)
    return readings


def _between_orders(found: Explained) -> list[Document]:
    """When pieces were made while no order and no product was told and that have no ideal cycle, by machine, counter and gap."""
    history = found.history
    gaps: dict[tuple[str, str, int], list[Step]] = {}
    for asset in {one.asset for one in found.machines}:
        if not isnan(history.plant.ideal_cycle_s(None, asset)):
            continue
        runs = history.runs(asset)
        for step in history.steps(asset):
            run = history.run_at(step.time, runs)
            if found.span.start <= step.time < found.span.end and step.pieces and not (run and run.product):
                ended = sum(run.start <= step.time for run in runs)
                gaps.setdefault((asset, step.source, ended), []).append(step)
    return [
        {
            "asset": asset,
            "tag": source,
            "from": _at(found, steps[0].time),
            "to": _at(found, steps[-1].time),
            "pieces": sum(step.pieces for step in steps),
        }
        for (asset, source, _), steps in sorted(gaps.items())
    ]


def _meters(found: Explained) -> list[Document]:
    """Meters' readings, which source of energy each is, and what it added to its asset's energy: nothing where another one was chosen."""
    meters = _readings_at_ends(found, range(Role.ACTIVE_POWER, Role.STATE))
    added = {
        asset: energy.counted(found.history, asset, found.span.start, found.span.end)
        for asset in {row["asset"] for row in meters}
    }
    for row in meters:
        info = found.history.info(row["asset"], row["tag"])
        is_declared = row["tag"] in found.history.plant.asset_info(row["asset"]).energy_tags
        source = source_name(source_of(info.share, info.role, is_declared=is_declared))
        row["source"] = f"{source}, fed back" if info.is_fed_back else source
        row["counted"] = added[row["asset"]].get(row["tag"], 0.0)
    return meters


def _uses(found: Explained) -> list[Document]:
    """What each tag of the window's rows was taken for, and why."""
    by_asset: dict[str, list[str]] = {}
    for asset, tag in found.history.rows:
        if not tag.startswith("@"):
            by_asset.setdefault(asset, []).append(tag)
    return [use._asdict() for asset in sorted(by_asset) for use in uses_of(found.history.plant, asset, by_asset[asset])]


def _doubted(found: Explained, roles: Collection[Role]) -> list[Document]:
    """Readings that were not believed when they came, and what became of them; the last of each register or counter."""
    doubted = []
    for (asset, tag), rows in found.history.rows.items():
        info = found.history.info(asset, tag)
        if tag.startswith("@") or info.role not in roles or info.counts_by == "interval" or not rows:
            continue
        fates = [
            fate
            for fate in found.history.judgement(asset, tag).fates
            if fate.readings[0][0] < found.span.end and fate.decided >= found.span.start
        ]
        doubted += [
            {
                "asset": asset,
                "tag": tag,
                "from": _at(found, fate.readings[0][0]),
                "readings": len(fate.readings),
                "first": fate.readings[0][1],
                "last": fate.readings[-1][1],
                "became": fate.what,
                "decided": _at(found, fate.decided),
            }
            for fate in fates[-_DOUBTED:]
        ]
    return doubted


def _prices(found: Explained) -> list[Document]:
    currency = found.history.plant.price_table(found.history.line).currency or None
    return [
        {
            "from": _at(found, one.start),
            "price_per_kwh": or_none(one.per_kwh),
            "currency": currency,
            "told_by": "event" if one.is_told else "tariff",
            "co2_kg_per_kwh": or_none(one.co2_kg),
        }
        for one in prices.stretches(found.history, found.span.start, found.span.end)
    ]


def _limits(found: Explained) -> Document:
    entry = found.history.info(found.asked.asset, found.asked.tag).spc
    if entry is None:
        return {}
    product = chart.product_at(found.history, found.asked.asset, found.span.start, found.span.end)
    limits = entry.limits_for(product or None)
    return {
        "chart": entry.chart,
        "every": entry.every,
        "n": entry.n,
        "product": product or None,
        "version": limits.version,
        "center": or_none(limits.center),
        "sigma": or_none(limits.sigma),
        "rules": list(entry.rules),
    }


def _evidence(found: Explained, readings: int) -> Document:
    evidence = found.evidence
    series = []
    for (asset, tag), rows in evidence.series.items():
        inside = rows.within(found.span.start, found.span.end)
        before = rows.within(-FAR, found.span.start)
        shown = _picked(inside, readings)
        series.append(
            {
                "asset": asset,
                "tag": tag,
                "rows": len(inside.time),
                "copies": rows.copies,
                "before": _reading(found, before, len(before.time) - 1) if len(before.time) else None,
                "readings": [_reading(found, inside, at) for at in shown],
            }
        )
    return {
        "partition": evidence.partition,
        "offsets": [evidence.first, evidence.end],
        "unreadable": evidence.unreadable,
        "came_since": [
            {
                "asset": asset,
                "tag": tag,
                "rows": later.rows,
                "from": _at(found, later.oldest),
                "to": _at(found, later.newest),
            }
            for (asset, tag), later in sorted(evidence.later.items())
        ],
        "corrected": [
            {"asset": one.asset, "tag": one.tag, "time": _at(found, one.time), "was": one.was, "is": or_none(one.value)}
            for one in evidence.corrections
            if found.span.start <= one.time < found.span.end
        ],
        "series": series,
    }


def _picked(rows: Rows, count: int) -> list[int]:
    """The places of the first and the last `count` rows."""
    n = len(rows.time)
    return list(range(n)) if n <= 2 * count else [*range(count), *range(n - count, n)]


def _reading(found: Explained, rows: Rows, at: int) -> Document:
    value = float(rows.value[at])
    payload = found.evidence.payloads.get(value)
    reading: Document = {"time": _at(found, int(rows.time[at])), "offset": int(rows.offset[at])}
    reading |= {"value": value} if payload is None else {"event": payload.decode("utf-8", "replace")}
    quality = int(rows.quality[at])
    return reading | ({"quality": Quality(quality).name.lower()} if quality != Quality.GOOD else {})
