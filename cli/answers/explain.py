"""A window's figures taken apart, for people: figures, what they were made from, and the readings behind them."""

from collections.abc import Iterator
from json import loads as parse
from typing import Any

from analysis.explain.across import AcrossLines
from analysis.explain.document import LABELS, Document, figures
from analysis.explain.rolled_up import RolledUp
from analysis.rollup.clock import clock_of
from cli.report import Data, Note, Piece, Quantity, Report, Stretch, Table, columns
from fieldline.catalogue import kinds
from fieldline.moments import Moment
from fieldline.plant import Plant
from processing.derived.entries import kinds_of

_LABELS = (*LABELS, "rev", "coverage")
_HEADINGS = {
    "calendar": "calendar",
    "orders": "orders and products",
    "ideal_cycle_s": "ideal cycles",
    "states": "states",
    "counts": "counters",
    "meters": "meters",
    "doubted": "readings that were not believed at once",
    "between_orders": "pieces made between orders, without an ideal cycle: tell their order, or declare ideal_cycle_s",
    "output": "whose pieces are the line's",
    "price": "price and emission factor",
    "limits": "limits",
    "machine": "what its waveforms are judged by",
    "station": "where it stands",
    "ties": "what it is tied to",
    "field": "its crop, soil and system",
    "read": "what it reads",
    "not_worked_out": "not worked out once more",
    "models": "models that score it; what they say is worked out once more from their files, by other code",
    "features": "what went into them",
    "contributions": "what adds most to the sums of their trees, by the way that the row took",
    "tags": "tags, and what they are taken for",
}
_IDENTITY = frozenset({"asset", "tag", "order", "product", "from"})
_OF_LINES = {
    "oee": ("availability", "performance", "quality", "oee"),
    "losses": ("actual_production_time_s", "fully_productive_time_s"),
    "quality": ("good_count", "total_count", "quality"),
    "production_order": ("good_count", "active_energy_kwh"),
}
"""What is shown of each line beside the figures of lines together, by kind."""
_FIGURES = ("figure", "value", "recount", "agrees", "formula", "source")


def report(explained: Document) -> Report:
    """All of it for programs, and the parts that people read."""
    return Report([*(Data(name, value) for name, value in explained.items()), *_shown(explained)])


def report_rolled_up(found: RolledUp, plant: Plant) -> Report:
    """The figures of lines together, beside those of each line, which are worked out from the log."""
    asked, row = found.asked, found.row
    zone = plant.time_zone(clock_of(plant, asked.asset).path)
    start, end = (Moment(at, zone) for at in (found.span.start, found.span.end))
    compared = None if found.doubt else found.differing()
    fields = [
        field
        for field in figures(kinds()[asked.kind], row, found.recount, compared, lambda _: None)
        if field["field"] != "rolled_throughput_yield"  # of machines one after the other
    ]
    labels = {name: row[name] for name in ("shift", "crew") if row.get(name)}
    told = {"kind": asked.kind, "asset": asked.asset, "window": found.window, **labels, "from": start, "to": end}
    told |= {"null_reason": row.get("null_reason"), "fields": fields, "apart": found.apart, "without": found.without}
    named = " ".join([found.window, *labels.values()])
    return Report(
        [
            *(Data(name, value) for name, value in told.items()),
            Note("{} of {}, {} {}", (asked.kind, asked.asset, named, Stretch(start, end))),
            *_of_which_lines(found),
            Note(_verdict_of_lines(found)),
            Note(""),
            Table("", columns(*_FIGURES), [_figure(field) for field in fields]),
            *_lines(found),
        ]
    )


def report_across(found: AcrossLines, plant: Plant) -> Report:
    """The figures of a metric across lines, and the rows that it was made of."""
    asked, row, kind = found.asked, found.row, kinds_of(plant)[found.asked.kind]
    zone = plant.time_zone(clock_of(plant, asked.asset).path if plant.is_above_lines(asked.asset) else asked.asset)
    start, end = (Moment(at, zone) for at in (found.span.start, found.span.end))
    by_field = {metric.field: found.numbers(metric.field) for metric in kind.metrics}
    fields = figures(kind, row, found.recount, found.differing(), lambda metric: by_field[metric.field])
    sources = [source._asdict() for source in found.sources.values()]
    told: dict[str, Any] = {"kind": asked.kind, "asset": asked.asset, "window": found.window, "from": start, "to": end}
    told |= {"null_reason": row.get("null_reason"), "rev": row.get("rev"), "coverage": row.get("coverage")}
    differing = ", ".join(found.differing())
    agrees = f"DIFFERS in {differing}" if differing else f"all {len(found.recount)} figures agree to 1e-9"
    pieces: list[Piece] = [Data(name, value) for name, value in told.items()]
    pieces += [Data("fields", fields), Data("inputs", sources)]
    pieces.append(Note("{} of {}, {} {}", (asked.kind, asked.asset, found.window, Stretch(start, end))))
    pieces.append(Note("rev {}, coverage {}", (row.get("rev"), row.get("coverage"))))
    if reason := row.get("null_reason"):
        pieces.append(Note(f"what is missing is unknown: {reason}"))
    pieces += [Note(f"worked out once more of the rows that it is made of: {agrees}"), Note("")]
    pieces.append(Table("", columns(*_FIGURES), [_figure(field) for field in fields]))
    pieces += [Note(""), Note("what it reads, of several lines:"), Table("", columns(*sources[0]), sources, keys=2)]
    if read := next((source for source in found.sources.values() if source.kind not in ("", "telemetry")), None):
        how = f"fieldline explain {read.kind} --asset {read.asset} --window {found.window} --at …"
        pieces.append(Note(f"each by itself, down to the readings: {how}"))
    return Report(pieces)


def _of_which_lines(found: RolledUp) -> Iterator[Note]:
    """Which lines it is of, which are not in it, and what is not known."""
    count = len(found.lines[found.asked.kind])
    yield Note("{} {} together, rev {}", (count, "line" if count == 1 else "lines", found.row.get("rev")))
    for name, lines in found.apart.items():
        yield Note(f"not in it, by another name of the same hours ({name}): {', '.join(lines)}")
    if found.without:
        yield Note(f"not in it, without a row then: {', '.join(found.without)}")
    if reason := found.row.get("null_reason"):
        yield Note(f"what is missing is unknown: {reason}")


def _verdict_of_lines(found: RolledUp) -> str:
    if found.doubt:
        return f"not compared: {found.doubt}"
    if differing := found.differing():
        return f"worked out once more from the log: DIFFERS in {', '.join(differing)}"
    return f"worked out once more from the log, line by line: all {len(found.recount)} figures agree to 1e-9"


def _lines(found: RolledUp) -> Iterator[Piece]:
    """Each line's own figures, and whether they are what its readings give."""
    kind = found.asked.kind
    units = {metric.field: "" if metric.unit == "1" else metric.unit for metric in kinds()[kind].metrics}
    lines: list[dict[str, Any]] = [
        {"line": line, "figures": len(one.recount), "differing": one.differing()}
        | {name: one.row.get(name) for name in _OF_LINES[kind]}
        for line, one in found.lines[kind].items()
    ]
    rows = [
        {
            "line": line["line"],
            **{name: Quantity(line[name], units[name]) for name in _OF_LINES[kind]},
            "agrees": "-" if found.doubt else f"NO: {', '.join(line['differing'])}" if line["differing"] else "yes",
        }
        for line in lines
    ]
    yield Data("lines", lines)
    yield Note("")
    yield Note("its lines, each worked out from its own readings:")
    yield Table("", columns("line", *_OF_LINES[kind], "agrees"), rows)
    yield Note("more of one:")
    yield Note(f"  fieldline explain {kind} --asset {lines[0]['line']} --window {found.window} --at …")


def _shown(explained: Document) -> Iterator[Piece]:
    what = " ".join(filter(None, (explained["kind"], "of", explained["asset"], explained.get("tag"))))
    stretch = Stretch(explained["from"], explained["to"])
    yield Note("{}, {} {}", (what, explained["window"], stretch))
    labels = [(name, explained[name]) for name in _LABELS if explained.get(name) is not None]
    yield Note(", ".join(["{} {}"] * len(labels)), tuple(value for pair in labels for value in pair))
    yield Note(f"coverage: {explained['coverage_is']}")
    yield Note(_verdict(explained["verdict"]))
    if explained["is_older"]:
        yield Note("a newer row is on the log, which delivery has not brought yet")
    if explained["evidence"]["came_since"]:
        yield from _came_since(explained["evidence"]["came_since"])
    for change in explained["settings_changed"]:
        yield Note(f"stands from other settings: {change}")
    for why in explained["readings_damaged"] + explained["lines_moved"]:
        yield Note(f"stands as it was: {why}")
    yield Note("")
    yield Table("", columns(*_FIGURES), [_figure(field) for field in explained["fields"]])
    for name, value in explained["inputs"].items():
        yield from _input(_HEADINGS[name], value)
    yield from _evidence(explained["evidence"])


def _verdict(verdict: Document) -> str:
    differing = ", ".join(verdict["differing"])
    if verdict["agrees"]:
        return f"worked out once more from the log: all {verdict['compared']} figures agree to 1e-9"
    if verdict["agrees"] is None:
        return f"not compared: {verdict['why']}{f' (differing: {differing})' if differing else ''}"
    return f"worked out once more from the log: DIFFERS in {differing}; {verdict['why']}"


def _came_since(series: list[Document]) -> Iterator[Piece]:
    rows = sum(one["rows"] for one in series)
    yield Note(
        f"{rows} {'reading' if rows == 1 else 'readings'} came since and {'is' if rows == 1 else 'are'} not in it yet:"
    )
    yield Table("", columns("asset", "tag", "rows", "from", "to"), series, keys=2)


def _figure(field: Document) -> dict[str, Any]:
    formula = f"{field['formula']} = {field['numbers']}" if field["numbers"] else field["formula"]
    agrees = "-" if field["agrees"] is None else "yes" if field["agrees"] else "NO"
    unit = "" if field["unit"] == "1" else field["unit"]
    value, recount = (Quantity(field[name], unit) for name in ("value", "recount"))
    return {
        "figure": field["field"], "value": value, "recount": recount,
        "agrees": agrees, "formula": formula, "source": field["source"],
    }  # fmt: skip


def _input(name: str, value: Any) -> Iterator[Piece]:
    rows = [value] if isinstance(value, dict) and value else value
    yield Note("")
    yield Note(f"{name}:{'' if rows else ' none'}")
    if rows:
        keys = sum(column in _IDENTITY for column in rows[0])
        yield Table("", columns(*rows[0]), rows, keys=max(keys, 1))


def _evidence(evidence: Document) -> Iterator[Piece]:
    first, end = evidence["offsets"]
    yield Note("")
    yield Note(f"readings: offsets {first} to {end - 1} of partition {evidence['partition']} of the log")
    if evidence["unreadable"]:
        yield Note(f"{evidence['unreadable']} records are no frames and were passed over")
    if evidence["corrected"]:
        yield Note("corrected by events:")
        yield Table(
            "", columns("asset", "tag", "time", "was", "is"), [_corrected(one) for one in evidence["corrected"]], keys=2
        )
    for series in evidence["series"]:
        copies = f", {series['copies']} more copies" if series["copies"] else ""
        yield Note(f"{series['asset']} {series['tag']}: {series['rows']} rows{copies}")
        rows = [_reading(reading, "") for reading in series["readings"]]
        if series["before"] is not None:
            rows.insert(0, _reading(series["before"], "before"))
        if rows:
            yield Table("", columns("", "time", "offset", "value"), rows, keys=2)


def _corrected(one: Document) -> dict[str, Any]:
    return one | {"is": "no reading" if one["is"] is None else one["is"]}


def _reading(reading: Document, where: str) -> dict[str, Any]:
    value = _event(reading["event"]) if "event" in reading else reading["value"]
    if "quality" in reading:
        value = f"{value} ({reading['quality']})"
    return {"": where, "time": reading["time"], "offset": reading["offset"], "value": value}


def _event(payload: str) -> str:
    """What an event says: `order 4711, phase start`; a payload that is no object as it came."""
    try:
        event = parse(payload)
    except ValueError:
        return payload
    return ", ".join(f"{name} {value}" for name, value in event.items()) if isinstance(event, dict) else payload
