"""Print the metrics with unit, meaning, formula, source and coverage."""

from typing import Annotated, Any

import typer

from cli import options
from cli.report import Data, Note, Piece, Report, Table, columns, tell
from cli.wiring import plant_of
from fieldline.catalogue import Kind, kinds
from fieldline.catalogue.page import page
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from processing.derived.entries import kinds_of

_FIELDS = ("field", "unit", "meaning", "formula", "source")


def catalogue(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One kind of metric. [default: all]")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page that docs/metrics.md is.")] = False,
    config: options.Config = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Print all kinds or one, as a report or as the page; those of the plant file too."""
    if json and markdown:
        raise SettingsError("catalogue: expected --json or --markdown, got both")
    known = {**kinds(), **kinds_of(plant_of(options.load(config, plant=plant)))}
    if kind is not None and kind not in known:
        raise SettingsError(f"catalogue: expected a kind of {', '.join(known)}, got {kind!r}{nearest(kind, known)}")
    found = tuple(known.values()) if kind is None else (known[kind],)
    if markdown:
        typer.echo(page(found), nl=False)
    else:
        pieces = [Data("kinds", [_document(one) for one in found])]
        tell(Report([*pieces, *(piece for one in found for piece in _shown(one))], root="kinds"), as_json=json)


def _document(kind: Kind) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "meaning": kind.meaning,
        "tags": list(kind.tags),
        "tags_where_they_hold": list(kind.labels),
        "coverage": kind.coverage,
        "fields": _fields(kind),
    }


def _fields(kind: Kind) -> list[dict[str, str]]:
    return [{name: getattr(metric, name) for name in _FIELDS} for metric in kind.metrics]


def _shown(kind: Kind) -> list[Piece]:
    tags = ", ".join((*kind.tags, *(f"{label} (where there is one)" for label in kind.labels)))
    return [
        Note(f"{kind.name}: {kind.meaning}"),
        Note(f"tags: {tags}"),
        Note(f"coverage: {kind.coverage}"),
        Note(""),
        Table("", columns(*_FIELDS), _fields(kind)),
        Note(""),
    ]
