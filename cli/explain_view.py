"""An explained figure as text: figures, inputs, readings, and whether working them out once more gives the same."""

from typing import Any

import typer

from cli.output import print_table, printable, shown

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


def print_document(told: dict[str, Any]) -> None:
    """Print what `explain_document.document` gave."""
    _head(told)
    _figures(told["fields"])
    for name, value in told["inputs"].items():
        _input(_HEADINGS[name], value)
    _evidence(told["evidence"])


def _head(told: dict[str, Any]) -> None:
    what = " ".join(filter(None, (told["kind"], "of", told["asset"], told.get("tag"))))
    typer.echo(printable(f"{what}, {told['window']} {told['from']} to {told['to']}"))
    names = ("shift", "product", "order_id", "null_reason", "rule_names", "rev", "coverage")
    said = [f"{name} {shown(told[name])}" for name in names if told.get(name) is not None]
    typer.echo(", ".join(said))
    typer.echo(f"coverage: {told['coverage_is']}")
    typer.echo(_verdict(told["verdict"]))


def _verdict(verdict: dict[str, Any]) -> str:
    differing = ", ".join(verdict["differing"])
    if verdict["agrees"]:
        return f"worked out once more from the log: all {verdict['compared']} figures agree to 1e-9"
    if verdict["agrees"] is None:
        return f"not compared: {verdict['why']}{f' (differing: {differing})' if differing else ''}"
    return f"worked out once more from the log: DIFFERS in {differing}; {verdict['why']}"


def _figures(fields: list[dict[str, Any]]) -> None:
    typer.echo("")
    rows = []
    for field in fields:
        formula = f"{field['formula']} = {field['numbers']}" if field["numbers"] else field["formula"]
        agrees = "-" if field["agrees"] is None else "yes" if field["agrees"] else "NO"
        rows.append([field["field"], field["value"], field["unit"], field["recount"], agrees, formula, field["source"]])
    print_table(("figure", "value", "unit", "recount", "agrees", "formula", "source"), rows)


def _input(name: str, value: Any) -> None:
    typer.echo(f"\n{name}:{'' if value else ' none'}")
    if isinstance(value, dict):
        value = [value]
    if value:
        columns = list(value[0])
        print_table(columns, [[_text(row[column]) for column in columns] for row in value])


def _text(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _evidence(evidence: dict[str, Any]) -> None:
    first, end = evidence["positions"]
    typer.echo(f"\nreadings: records {first} to {end - 1} of partition {evidence['partition']} of the log")
    if evidence["unreadable"]:
        typer.echo(f"{evidence['unreadable']} records are no frames and were passed over")
    rows: list[list[Any]] = []
    for series in evidence["series"]:
        name = f"{series['asset']} {series['tag']}"
        copies = f", {series['copies']} more copies" if series["copies"] else ""
        rows.append([name, f"{series['rows']} rows{copies}", None, None])
        if series["before"] is not None:
            rows.append(
                ["", "before " + series["before"]["time"], _said(series["before"]), series["before"]["position"]]
            )
        rows += [["", reading["time"], _said(reading), reading["position"]] for reading in series["readings"]]
    print_table(("series", "time", "value", "position"), rows)


def _said(reading: dict[str, Any]) -> str:
    said = reading["event"] if "event" in reading else shown(reading["value"])
    return f"{said} ({reading['quality']})" if "quality" in reading else said
