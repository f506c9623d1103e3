"""What was found at a broker or in a capture, as a report, and the draft of the plant file."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import typer

from analysis.discovery.findings import Findings, LetterRow, TagRow, TopicRow, findings
from analysis.discovery.plant_file import plant_file
from analysis.discovery.survey import Survey
from analysis.discovery.ways import Way
from cli.report import Column, Data, Note, Picture, Piece, Quantity, Report, Table, View
from cli.report.text import note_lines, width_of
from cli.terminal import printable
from fieldline.errors import SettingsError

_DEEPEST = 16
_MOST_ROWS = 200
"""Of a table for people; programs get all."""


class Source(NamedTuple):
    """Where the messages are from. seconds : of listening, None for a file; ended : why before its time."""

    name: str
    seconds: float | None = None
    ended: str = ""


def draft(survey: Survey, source: Source, path: Path) -> None:
    """Write the draft of the plant file. Raises SettingsError where that can't be."""
    try:
        path.write_text(plant_file(findings(survey, source.seconds), survey, source.name), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"discover: can't write {path}: {error.strerror}") from error


def report(survey: Survey, source: Source, written: Path | None) -> Report:
    """All that was found."""
    found = findings(survey, source.seconds)
    documents = [_document(row) for row in found.topics]
    pieces: list[Piece] = [
        Data("source", source.name),
        Data("seconds", found.seconds),
        Data("messages", survey.messages),
        Note(f"{survey.messages} messages on {len(survey.topics)} topics in {found.seconds:.1f} s, from {source.name}"),
        *_left_out(survey, source),
        Note(""),
        Picture("topics", documents, lambda view: _draw(found.topics, view)),
        *_tags(found),
        *_dead_letters(found.letters),
        *_energy(found),
    ]
    if written is not None:
        pieces.append(
            Note(f"{written}: a draft; what is a guess stands in comments. fieldline check --plant {written}")
        )
    return Report([*pieces, Data("written", str(written) if written else None)])


def _left_out(survey: Survey, source: Source) -> Iterator[Piece]:
    counts = {
        "messages_on_other_topics": survey.topics_left_out,
        "readings_of_other_tags": survey.tags_left_out,
        "messages_only_counted": survey.unread,
    }
    yield Data("left_out", counts)
    yield Data("ended_early", source.ended or None)
    if source.ended:
        yield Note(f"ended early: {source.ended}")
    if survey.topics_left_out:
        yield Note(
            f"{survey.topics_left_out} messages left out: on more topics than the {len(survey.topics)} remembered"
        )
    if survey.tags_left_out:
        yield Note(f"{survey.tags_left_out} readings left out: of more tags than the {len(survey.tags)} remembered")
    if survey.unread:
        yield Note(f"{survey.unread} messages only counted: behind the first 50 of a topic every tenth is read")


def _document(row: Any) -> dict[str, Any]:
    """A row as programs get it."""
    plain = {name: _plain(value) for name, value in row._asdict().items()}
    return {("read_as" if name == "way" else name): value for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Way):
        return "ignored" if value.is_ignored else value.name or None
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _draw(rows: Sequence[TopicRow], view: View) -> None:
    """The topics as a tree: a level that several topics begin with stands once."""
    before: list[str] = []
    for row in rows[:_MOST_ROWS]:
        levels = row.pattern.split("/")
        common = 0
        while common < min(len(before), len(levels) - 1) and before[common] == levels[common]:
            common += 1
        for depth in range(common, len(levels) - 1):
            many = f" ×{row.counts[depth]}" if row.counts[depth] > 1 else ""
            typer.echo(_cut(_indent(depth) + levels[depth], view.width - len(many)) + many)
        indent = _indent(len(levels) - 1)
        head, facts = _cut(indent + levels[-1], view.width), "  ".join(_facts(row))
        if width_of(head) + 2 + width_of(facts) <= view.width:
            typer.echo(f"{head}  {facts}")
        else:
            typer.echo(head)
            for line in note_lines(Note(f"{indent}    {facts}"), view):
                typer.echo(line)
        before = levels[:-1]
    if len(rows) > _MOST_ROWS:
        typer.echo(f"… and {len(rows) - _MOST_ROWS} more: --json has all")


def _cut(text: str, width: int) -> str:
    text = printable(text)[: 4 * width]
    if width_of(text) <= width:
        return text
    while width_of(text) >= width:
        text = text[:-1]
    return text + "…"


def _indent(depth: int) -> str:
    return "  " * min(depth, _DEEPEST)


def _facts(row: TopicRow) -> Iterator[str]:
    if row.topics > 1:
        yield f"×{row.topics}"
    yield f"{row.rate:.3g}/s"
    yield row.shape
    read_as = _plain(row.way)
    if read_as:
        yield read_as
    if row.retained == row.messages:
        yield "retained only: no samples"
    elif row.retained:
        yield f"{row.retained} retained"
    if row.time and row.offset is not None:
        yield f"time: {printable(row.time)}{_offset(row)}"


def _offset(row: TopicRow) -> str:
    if not row.offset:
        return ""
    zone = ": local time? declare time_zone" if row.looks_local else ""
    return f" ({abs(row.offset):.3g} s {'old' if row.offset > 0 else 'ahead'}{zone})"


def _tags(found: Findings) -> Iterator[Piece]:
    yield Data("tags", [_document(row) for row in found.tags])
    shown, names = 0, ("tag", "kind", "rate", "values")
    for pattern, group in groupby(found.tags, key=lambda row: row.pattern):
        rows = list(group)[: max(_MOST_ROWS - shown, 0)]
        shown += len(rows)
        if rows:
            yield Note("")
            table = [Column(name, unit="1/s" if name == "rate" else "") for name in names]
            yield Table("", table, [_tag_cells(row) for row in rows], title=pattern)
    if shown < len(found.tags):
        yield Note(f"… and {len(found.tags) - shown} more tags: --json has all")


def _tag_cells(row: TagRow) -> dict[str, Any]:
    numbers = f"{row.low:.5g} to {row.high:.5g} {row.unit or ''}".rstrip() if row.low is not None else ""
    return {
        "tag": row.tag + (f" ×{row.assets}" if row.assets > 1 else ""),
        "kind": row.kind or f"{row.guess} (guess)",
        "rate": Quantity(row.rate, digits=3),
        "values": ", ".join(filter(None, (numbers, row.text))),
    }


def _dead_letters(rows: list[LetterRow]) -> Iterator[Piece]:
    yield Data("dead_letters", [_document(row) for row in rows])
    if not rows:
        return
    yield Note("")
    yield Note("would be dead letters:")
    for row in rows[:_MOST_ROWS]:
        yield Note(f"  {row.pattern}: {row.readings} × {row.reason}: {row.detail}")
        yield Note(f"    such as {_plain(row.example)}")


def _energy(found: Findings) -> Iterator[Piece]:
    yield Data("energy", [_document(row) for row in found.energy])
    if not found.energy:
        return
    yield Note("")
    columns = [Column(name) for name in ("pattern", "assets", "flow", "source", "tags", "others")]
    columns[0], columns[5] = Column("pattern", "asset"), Column("others", "not counted")
    yield Table("", columns, [row._asdict() for row in found.energy[:_MOST_ROWS]], title="energy by:")
