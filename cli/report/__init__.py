"""Reports: what a verb has to say as typed pieces, printed for people or as JSON for programs."""

from shutil import get_terminal_size

from cli.report.document import print_document
from cli.report.pieces import (
    Column,
    Data,
    Facts,
    Note,
    Picture,
    Piece,
    Quantity,
    Report,
    Stretch,
    Table,
    Verbatim,
    View,
    columns,
)
from cli.report.text import print_text

__all__ = [
    "Column", "Data", "Facts", "Note", "Picture", "Piece", "Quantity", "Report", "Stretch", "Table", "Verbatim",
    "View", "columns", "tell",
]  # fmt: skip


def tell(report: Report, *, as_json: bool = False, is_utc: bool = False) -> None:
    """Print a report: as JSON, or as text of the terminal's width (80 columns where there is none)."""
    if as_json:
        print_document(report)
    else:
        print_text(report, View(get_terminal_size((80, 24)).columns, is_utc))
