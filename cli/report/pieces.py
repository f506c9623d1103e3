"""The typed pieces of a report. A verb makes them; `text.py` prints them for people, `document.py` for programs.

A piece with a name is a member of the JSON document; one without is for people only, as are `Note` and `Verbatim`. `Data` is for
programs only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fieldline.moments import Moment, local


class View(NamedTuple):
    """How people see a report. width : columns of their terminal; is_utc : times in UTC, not in the site's zone."""

    width: int = 80
    is_utc: bool = False

    def time(self, moment: Moment) -> str:
        """A moment with its offset."""
        return local(moment._replace(zone="UTC") if self.is_utc else moment)

    def stretch(self, start: Moment, end: Moment) -> str:
        """From a moment to another: `2026-03-01T06:00 to 14:00Z` where both have the same date and offset."""
        first, last = self.time(start), self.time(end)
        date, offset = first[:10], first[16:]
        is_short = last.startswith(date) and last[16:] == offset and (offset == "Z" or len(offset) == 6)
        return f"{first[:16]} to {last[11:]}" if is_short else f"{first} to {last}"

    def clock(self, moment: Moment) -> str:
        """The clock of a moment: `HH:MM`."""
        return self.time(moment)[11:16]


class Stretch(NamedTuple):
    """A time from a moment to another."""

    start: Moment
    end: Moment


class Quantity(NamedTuple):
    """A number with its unit. None: it does not exist; digits : behind the point, by default six in all."""

    value: float | None
    unit: str = ""
    digits: int | None = None


class Column(NamedTuple):
    """A column of a table.

    name : the key of its cells; heading : what people read, by default the name; unit : of all cells, written behind the heading
    is_shown : whether people see it; programs always do
    """

    name: str
    heading: str = ""
    unit: str = ""
    is_shown: bool = True


class Table(NamedTuple):
    """Rows of named cells.

    keys : how many columns say which row it is; they head the row's block where the table is too wide
    empty : what people read where there are no rows; by default the headings alone
    title : a line above it
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    keys: int = 1
    empty: str = ""
    title: str = ""


class Note(NamedTuple):
    """A sentence for people; `values` stand where its braces are."""

    text: str
    values: tuple[Any, ...] = ()


class Data(NamedTuple):
    """A value for programs."""

    name: str
    value: Any


class Verbatim(NamedTuple):
    """Text for people to copy, line by line; it is never wrapped."""

    text: str


class Facts(NamedTuple):
    """Values by name, one under the other."""

    values: Mapping[str, Any]
    name: str = ""


class Picture(NamedTuple):
    """Data that people see drawn. draw : prints it."""

    name: str
    data: Any
    draw: Callable[[View], None]


Piece = Table | Note | Verbatim | Data | Facts | Picture


class Report(NamedTuple):
    """What a verb has to say. root : the piece that is the whole JSON document, where that is no object of all named pieces."""

    pieces: Sequence[Piece]
    root: str = ""


def columns(*names: str) -> list[Column]:
    """Columns that are headed by their names."""
    return [Column(name) for name in names]
