"""`fieldline catalogue`: every metric that leaves the pipeline, with unit, meaning, formula and source."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options

if TYPE_CHECKING:
    from fieldline.catalogue import Kind


def catalogue(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One kind of metric. [default: all]")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page that docs/metrics.md is.")] = False,
    json: options.Json = False,
) -> None:
    """Print the metrics with unit, meaning, formula, source and coverage."""
    from fieldline.catalogue import ALL, KINDS, kind_of
    from fieldline.errors import SettingsError
    from fieldline.tables import nearest

    if json and markdown:
        raise SettingsError("catalogue: expected --json or --markdown, got both")
    found = ALL if kind is None else tuple(filter(None, [kind_of(kind)]))
    if not found:
        raise SettingsError(
            f"catalogue: expected a kind of {', '.join(KINDS)}, got {kind!r}{nearest(kind or '', KINDS)}"
        )
    if json:
        from cli.output import print_json

        print_json([_document(one) for one in found])
    elif markdown:
        from fieldline.catalogue.page import page

        typer.echo(page(found), nl=False)
    else:
        _print(found)


def _document(kind: "Kind") -> dict[str, Any]:
    fields = [
        {"field": m.field, "unit": m.unit, "meaning": m.meaning, "formula": m.formula, "source": m.source}
        for m in kind.metrics
    ]
    return {
        "kind": kind.name,
        "meaning": kind.meaning,
        "tags": list(kind.tags),
        "tags_where_they_hold": list(kind.labels),
        "coverage": kind.coverage,
        "fields": fields,
    }


def _print(kinds: tuple["Kind", ...]) -> None:
    from cli.output import print_table

    for at, kind in enumerate(kinds):
        tags = ", ".join((*kind.tags, *(f"{label} (where it holds)" for label in kind.labels)))
        typer.echo(f"{'' if at == 0 else chr(10)}{kind.name}: {kind.meaning}")
        typer.echo(f"  tags: {tags}")
        typer.echo(f"  coverage: {kind.coverage}")
        typer.echo("")
        rows = [[m.field, m.unit, m.formula, m.source, m.meaning] for m in kind.metrics]
        print_table(("field", "unit", "formula", "source", "meaning"), rows)
