"""A report as one JSON document. Times are ISO 8601 in UTC; a number that JSON can't write is null."""

import json
import math
from typing import Any

import typer

from cli.report.pieces import Data, Facts, Note, Piece, Quantity, Report, Table, Verbatim
from fieldline.moments import Moment, iso


def print_document(report: Report) -> None:
    """Print it, indented."""
    document: dict[str, Any] = {}
    for piece in report.pieces:
        document |= _members(piece)
    value = document[report.root] if report.root else document
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False))


def print_line(value: Any) -> None:
    """Print one value on one line."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _members(piece: Piece) -> dict[str, Any]:
    """What a piece adds to the document."""
    if isinstance(piece, Note | Verbatim) or not piece.name:
        return {}
    if isinstance(piece, Facts):
        return {piece.name: piece.values}
    if isinstance(piece, Table):
        names = [column.name for column in piece.columns]
        return {piece.name: [{name: row[name] for name in names} for row in piece.rows]}
    return {piece.name: piece.value if isinstance(piece, Data) else piece.data}


def plain(value: Any) -> Any:
    """`value` as JSON has it, at any depth."""
    if isinstance(value, Moment):
        return iso(value.time_ns)
    if isinstance(value, Quantity):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
