"""Rows under other names than the codec gave: `[[topic]]`'s `skip`, `rename`, `words` and `split`."""

import re
from fnmatch import fnmatchcase

from fieldline.plant import Topic
from ingest.rows import Row, Rows
from ingest.topics import asset_below, check_name

_TEXT = "@text/"
_CACHED = 10_000


class Renaming:
    """What becomes of the rows of one topic. Remembers numbers of names: keep it no longer than the rows' names."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._renames = [(_captured(old), new) for old, new in topic.rename.items()]
        self._known: dict[tuple[int, int], tuple[int, int] | None] = {}

    def apply(self, rows: Rows, start: int) -> None:
        """Change the rows from `start` on, all of one message. Raises PayloadError for a new name that is none."""
        kept: list[Row] = []
        for row in rows.take(start):
            read = self._read(row, rows) if row.payload is not None and self._topic.words else row
            key = (read.asset, read.tag)
            if key not in self._known:
                if len(self._known) >= _CACHED:
                    self._known.clear()
                self._known[key] = self._named(rows, *key)
            place = self._known[key]
            if place is None:
                continue
            moved = read._replace(asset=place[0], tag=place[1])
            # A codec may have read the word as a number already, and kept the text beside it.
            if read is row or not kept or kept[-1] != moved:
                kept.append(moved)
        rows.put(kept)

    def _read(self, row: Row, rows: Rows) -> Row:
        """A text that is a declared word, as its number."""
        name = rows.tags.texts[row.tag]
        if not name.startswith(_TEXT):
            return row
        value = self._topic.words.get((row.payload or b"").decode())
        if value is None:
            return row
        return row._replace(tag=rows.tags.number(name[len(_TEXT) :]), value=value, payload=None)

    def _named(self, rows: Rows, asset: int, tag: int) -> tuple[int, int] | None:
        """Where a row belongs; None where it is dropped. Events and waveforms stay as they are."""
        full = rows.tags.texts[tag]
        kind = _TEXT if full.startswith(_TEXT) else ""
        if full.startswith("@") and not kind:
            return asset, tag
        name = full[len(kind) :]
        if any(fnmatchcase(name, pattern) for pattern in self._topic.skip):
            return None
        name = self._renamed(name)
        levels, _, last = name.rpartition(self._topic.split) if self._topic.split else ("", "", name)
        if levels and last:
            below = [level for level in levels.split(self._topic.split or "") if level]
            asset, name = rows.assets.number(asset_below(rows.assets.texts[asset], below)), last
        return asset, rows.tags.number(kind + check_name(name))

    def _renamed(self, name: str) -> str:
        for old, new in self._renames:
            match = old.fullmatch(name)
            if match:
                parts = iter(match.groups())
                return "".join(next(parts, "") if sign == "*" else sign for sign in new)
        return name


def _captured(old: str) -> re.Pattern[str]:
    """An expression of an old name, each `*` of which is a part that the new name may have at its own `*`."""
    return re.compile("(.*)".join(map(re.escape, old.split("*"))), re.DOTALL)
