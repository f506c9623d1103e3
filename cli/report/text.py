"""A report as text that fits the terminal: a table that is too wide becomes blocks, one row under the other.

Names come from devices, so control characters in them are shown escaped: a topic can't move the reader's cursor.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import typer

from cli.report.pieces import Column, Facts, Note, Picture, Quantity, Report, Stretch, Table, Verbatim, View
from cli.terminal import printable
from fieldline.moments import Moment

_INDENT = "  "


def print_text(report: Report, view: View) -> None:
    """Print all that is for people."""
    for piece in report.pieces:
        if isinstance(piece, Picture):
            piece.draw(view)
        elif isinstance(piece, Table):
            _echo(table_lines(piece, view))
        elif isinstance(piece, Note):
            _echo(note_lines(piece, view))
        elif isinstance(piece, Verbatim):
            _echo(piece.text.splitlines())
        elif isinstance(piece, Facts):
            _echo(_facts(piece, view))


def _echo(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line)


def shown(value: object, view: View) -> str:
    """A value's text."""
    if value is None:
        return "-"
    if isinstance(value, Moment):
        return view.time(value)
    if isinstance(value, Stretch):
        return view.stretch(*value)
    if isinstance(value, Quantity):
        return _quantity(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else _number(value)
    if isinstance(value, list):
        return ", ".join(shown(one, view) for one in value)
    return printable(str(value))


def _quantity(quantity: Quantity) -> str:
    if quantity.value is None or math.isnan(quantity.value):
        return "-"
    number = _number(quantity.value) if quantity.digits is None else f"{quantity.value:.{quantity.digits}f}"
    return f"{number} {quantity.unit}".rstrip()


def _number(value: float) -> str:
    # A register of some GWh is to be read off, not rounded to a power of ten.
    return f"{value:.1f}" if 1e5 <= abs(value) < 1e15 else f"{value:.6g}"


def note_lines(note: Note, view: View) -> list[str]:
    """A sentence in lines; an empty one is an empty line."""
    text = note.text.format(*(shown(value, view) for value in note.values)) if note.values else note.text
    text = printable(text)
    return _wrapped(text, view.width, _indent_of(text)) or [""]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    # A path or an id is to be copied: only one that is longer than a whole line is broken, so that the next line keeps its indent.
    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _indent_of(text: str) -> str:
    return " " * (len(text) - len(text.lstrip()))


def _facts(facts: Facts, view: View) -> list[str]:
    names = [printable(name) for name in facts.values]
    room = max(map(width_of, names), default=0) + len(_INDENT)
    lines = []
    for name, value in zip(names, facts.values.values(), strict=True):
        lines += _hung(name + " " * (room - width_of(name)), shown(value, view), view.width)
    return lines


def _hung(head: str, text: str, width: int) -> list[str]:
    """A text behind its head, wrapped below itself; below its head, where one of its words does not fit behind it."""
    room = width - width_of(head)
    if width_of(text) <= room:
        return [head + text]
    if any(width_of(word) > room for word in text.split()):
        deep = _indent_of(head) + 2 * _INDENT
        return [head.rstrip(), *(deep + line for line in _wrapped(text, width - len(deep)))]
    first, *rest = _wrapped(text, room)
    return [head + first, *(" " * width_of(head) + line for line in rest)]


def table_lines(table: Table, view: View) -> list[str]:
    """The table's lines: as wide as there is room; then with its last text wrapped; else a block for each row."""
    shown_columns = [column for column in table.columns if column.is_shown]
    title = _wrapped(printable(table.title), view.width) if table.title else []
    if not table.rows and table.empty:
        return [*title, table.empty]
    cells = [[shown(row[column.name], view) for column in shown_columns] for row in table.rows]
    headings = [_heading(column) for column in shown_columns]
    is_right = [_is_number(table.rows, column) for column in shown_columns]
    lines = _aligned(headings, cells, is_right)
    if max(map(width_of, lines), default=0) > view.width:
        lines = _last_wrapped(headings, cells, is_right, view.width) or _blocks(headings, cells, table.keys, view.width)
    return [*title, *lines]


def _last_wrapped(
    headings: Sequence[str], cells: Sequence[Sequence[str]], is_right: Sequence[bool], width: int
) -> list[str]:
    """The table with its last column wrapped; nothing where that is no text, or has less than half of the room."""
    heads = _aligned(headings[:-1], [row[:-1] for row in cells], is_right[:-1])
    room = max(map(width_of, heads), default=0)
    if is_right[-1] or 2 * room > width:
        return []
    texts = [headings[-1], *(row[-1] for row in cells)]
    pairs = zip(heads, texts, strict=True)
    return [line for head, text in pairs for line in _hung(head + " " * (room - width_of(head)) + _INDENT, text, width)]


def _heading(column: Column) -> str:
    name = printable(column.heading or column.name)
    return f"{name} [{column.unit}]" if column.unit else name


def _is_number(rows: Sequence[Mapping[str, Any]], column: Column) -> bool:
    return bool(rows) and all(isinstance(row[column.name], int | float | Quantity | None) for row in rows)


def _aligned(headings: Sequence[str], cells: Sequence[Sequence[str]], is_right: Sequence[bool]) -> list[str]:
    """Numbers to the right, text to the left."""
    widths = [max(map(width_of, column)) for column in zip(headings, *cells, strict=True)]

    def line(texts: Sequence[str]) -> str:
        blanks = [" " * (width - width_of(text)) for text, width in zip(texts, widths, strict=True)]
        padded = (b + t if r else t + b for t, b, r in zip(texts, blanks, is_right, strict=True))
        return _INDENT.join(padded).rstrip()

    return [line(headings), *(line(row) for row in cells)]


def _blocks(headings: Sequence[str], cells: Sequence[Sequence[str]], keys: int, width: int) -> list[str]:
    """Each row as its keys, and below them its other cells: short columns side by side, long ones on lines of their own."""
    names = headings[keys:]
    room = max(map(width_of, names), default=0)
    columns = list(zip(*(row[keys:] for row in cells), strict=True))
    widths = [max(map(width_of, column)) for column in columns]
    is_short = [2 * (2 * len(_INDENT) + room + one) <= width for one in widths]
    cell = max((one for one, short in zip(widths, is_short, strict=True) if short), default=0)
    each = 2 * len(_INDENT) + room + cell
    lines = []
    for row in cells:
        lines += _wrapped(_INDENT.join(text for text in row[:keys] if text != "-"), width, _INDENT)
        pairs = [
            (f"{_INDENT}{name}{' ' * (room - width_of(name))}{_INDENT}", text, short)
            for name, text, short in zip(names, row[keys:], is_short, strict=True)
        ]
        beside = [name + text + " " * (each - width_of(name + text)) for name, text, short in pairs if short]
        count = max(width // each, 1)
        lines += ["".join(beside[at : at + count]).rstrip() for at in range(0, len(beside), count)]
        lines += [line for name, text, short in pairs if not short for line in _hung(name, text, width)]
    return lines


def width_of(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
