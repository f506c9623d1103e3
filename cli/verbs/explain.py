"""Print a window's figures with formula, inputs and the readings behind them, and work them out once more."""

import time
from collections.abc import Iterator
from enum import StrEnum
from json import loads as parse
from typing import Annotated, Any

import typer

from analysis.explain.document import Document, document
from analysis.explain.taken_apart import Asked
from analysis.explain.taken_apart import explain as take_apart
from analysis.logs import existing
from analysis.results import results_of
from cli import options
from cli.report import Data, Note, Piece, Report, Table, columns, tell
from cli.terminal import progress
from cli.wiring import plant_of
from fieldline.errors import SettingsError

_LABELS = ("shift", "product", "order_id", "null_reason", "rule_names", "rev", "coverage")
_HEADINGS = {
    "calendar": "calendar",
    "orders": "orders and products",
    "ideal_cycle_s": "ideal cycles",
    "states": "states",
    "counts": "counters",
    "meters": "meters",
    "price": "price and emission factor",
    "limits": "limits",
}
_IDENTITY = frozenset({"asset", "tag", "order", "product", "from"})
_FIGURES = ("figure", "value", "unit", "recount", "agrees", "formula", "source")


class Explainable(StrEnum):
    """The kinds of figures that can be taken apart."""

    OEE = "oee"
    LOSSES = "losses"
    QUALITY = "quality"
    ORDER = "order"
    ENERGY = "energy"
    SPC = "spc"


def explain(
    kind: Annotated[Explainable, typer.Argument(help="What to explain.", show_default=False)],
    asset: Annotated[str, typer.Option("--asset", metavar="PATH", help="The machine or line.")],
    at: Annotated[
        int,
        typer.Option(
            "--at", parser=options.moment, metavar="TIME", help="A moment in the window; as --from of query, or -2h."
        ),
    ],
    window: options.Window = None,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The tag; of spc.")] = "",
    readings: Annotated[
        int, typer.Option("--readings", min=1, help="Rows shown of each series, at either end of the window.")
    ] = 3,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    if kind is Explainable.SPC and not tag:
        raise SettingsError("explain: spc is about one tag; name it with --tag")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(kind.value, asset, tag if kind is Explainable.SPC else "", at, window)
    model, results = plant_of(settings), results_of(settings, influx or store)
    with existing(settings.log) as opened, progress("reading the log", None) as advance:
        found = take_apart(opened, model, results.rows, asked, time.time_ns(), advance)
    told = document(found, readings, settings.plant)
    pieces = [*(Data(name, value) for name, value in told.items()), *_shown(told)]
    tell(Report(pieces), as_json=json, is_utc=utc)


def _shown(told: Document) -> Iterator[Piece]:
    what = " ".join(filter(None, (told["kind"], "of", told["asset"], told.get("tag"))))
    yield Note("{}, {} {} to {}", (what, told["window"], told["from"], told["to"]))
    said = [(name, told[name]) for name in _LABELS if told.get(name) is not None]
    yield Note(", ".join(["{} {}"] * len(said)), tuple(part for pair in said for part in pair))
    yield Note(f"coverage: {told['coverage_is']}")
    yield Note(_verdict(told["verdict"]))
    yield Note("")
    yield Table("", columns(*_FIGURES), [_figure(field) for field in told["fields"]])
    for name, value in told["inputs"].items():
        yield from _input(_HEADINGS[name], value)
    yield from _evidence(told["evidence"])


def _verdict(verdict: Document) -> str:
    differing = ", ".join(verdict["differing"])
    if verdict["agrees"]:
        return f"worked out once more from the log: all {verdict['compared']} figures agree to 1e-9"
    if verdict["agrees"] is None:
        return f"not compared: {verdict['why']}{f' (differing: {differing})' if differing else ''}"
    return f"worked out once more from the log: DIFFERS in {differing}; {verdict['why']}"


def _figure(field: Document) -> dict[str, Any]:
    formula = f"{field['formula']} = {field['numbers']}" if field["numbers"] else field["formula"]
    agrees = "-" if field["agrees"] is None else "yes" if field["agrees"] else "NO"
    return {**field, "figure": field["field"], "agrees": agrees, "formula": formula}


def _input(name: str, value: Any) -> Iterator[Piece]:
    rows = [value] if isinstance(value, dict) and value else value
    yield Note("")
    yield Note(f"{name}:{'' if rows else ' none'}")
    if rows:
        keys = sum(column in _IDENTITY for column in rows[0])
        yield Table("", columns(*rows[0]), rows, keys=max(keys, 1))


def _evidence(evidence: Document) -> Iterator[Piece]:
    first, end = evidence["positions"]
    yield Note("")
    yield Note(f"readings: offsets {first} to {end - 1} of partition {evidence['partition']} of the log")
    if evidence["unreadable"]:
        yield Note(f"{evidence['unreadable']} records are no frames and were passed over")
    for series in evidence["series"]:
        copies = f", {series['copies']} more copies" if series["copies"] else ""
        yield Note(f"{series['asset']} {series['tag']}: {series['rows']} rows{copies}")
        rows = [_reading(reading, "") for reading in series["readings"]]
        if series["before"] is not None:
            rows.insert(0, _reading(series["before"], "before"))
        if rows:
            yield Table("", columns("", "time", "offset", "value"), rows, keys=2)


def _reading(reading: Document, where: str) -> dict[str, Any]:
    value = _event(reading["event"]) if "event" in reading else reading["value"]
    if "quality" in reading:
        value = f"{value} ({reading['quality']})"
    return {"": where, "time": reading["time"], "offset": reading["position"], "value": value}


def _event(payload: str) -> str:
    """What an event says: `order 4711, phase start`; a payload that is no object as it came."""
    try:
        said = parse(payload)
    except ValueError:
        return payload
    return ", ".join(f"{name} {value}" for name, value in said.items()) if isinstance(said, dict) else payload
