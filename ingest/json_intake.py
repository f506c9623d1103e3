"""From single values to rows: numbers and texts under their tags, with quality and number; and what could not be read."""

from collections import Counter
from typing import Any

from fieldline.errors import PayloadError
from fieldline.frames import Quality
from ingest.codecs import Problem
from ingest.json_lenient import BareText
from ingest.json_shapes import Shape, View, folded, shape_of, untimed_shape_of
from ingest.json_time import Place, time_of
from ingest.json_values import LARGEST_INT, NUMERIC, literal_of, read_sequence
from ingest.qualities import read_quality
from ingest.rows import Rows
from ingest.texts import meaning_of
from ingest.topics import Route, check_name

_MAX_TAGS = 1024


class Intake:
    """One payload's rows.

    faults : (reason, detail, readings) of what could not be read
    shared : rows of list items that may say one series twice at one time, (first, behind the last)
    Where there are any of either, call `finish` at the end.
    """

    __slots__ = ("_received", "_route", "_rows", "_start", "faults", "shared")

    def __init__(self, route: Route, received: int, rows: Rows) -> None:
        self._route = route
        self._received = received
        self._rows = rows
        self._start = len(rows.time)
        self.faults: list[tuple[str, str, int]] = []
        self.shared: list[tuple[int, int]] = []

    def fault(self, reason: str, detail: str, count: int = 1) -> None:
        """Note what could not be read, and how many readings it cost."""
        self.faults.append((reason, detail, count))

    def finish(self) -> Problem | None:
        """All faults as one, of which the first gives the reason."""
        if self.shared:
            self._refuse_collapsed()
        if not self.faults:
            return None
        shown = "; ".join(detail for _, detail, _ in self.faults[:5])
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        return Problem(self.faults[0][0], shown + more, sum(count for _, _, count in self.faults))

    def _take_leaf(self, asset: str, name: str, value: Any, time: int, path: str) -> None:
        """A number, a text or null."""
        if value is None:
            return
        route, rows = self._route, self._rows
        try:
            number, text = value, None
            if type(value) not in NUMERIC or not -LARGEST_INT < value < LARGEST_INT or route.plant.has_texts:
                number, text = self._read(asset, name, value)
            tag = route.tags.get(name)
            if tag is None:
                tag = self._learn_tag(name)
            if number is not None:
                rows.add(time, self._received, rows.assets.number(asset), tag, number)
            if text is not None:
                tag = rows.tags.number(f"@text/{name}")
                rows.add_payload(time, self._received, rows.assets.number(asset), tag, text)
        except PayloadError as error:
            self.fault(error.reason, f"{path or name}: {error.detail}")

    def _read(self, asset: str, name: str, value: Any) -> tuple[float | None, bytes | None]:
        """The number and the text that a value is. Raises PayloadError."""
        route, kind = self._route, type(value)
        if kind is str or kind is BareText:
            try:
                text = value.encode()
            except UnicodeEncodeError as error:
                raise PayloadError("value", "text that UTF-8 can't hold") from error
            number, is_text = meaning_of(value, route.plant.tag_info(asset, name), route.decimal, kind is BareText)
            return number, text if is_text else None
        if kind not in NUMERIC or not -LARGEST_INT < value < LARGEST_INT:
            raise PayloadError("value", f"expected a finite number, got {literal_of(value)}")
        return (None, literal_of(value).encode()) if route.is_text(asset, name) else (value, None)

    def _learn_tag(self, name: str) -> int:
        """The number of a tag, remembered by topic. Raises PayloadError when it can be no name."""
        known = self._route.tags
        if len(known) >= _MAX_TAGS:
            known.clear()
        check_name(name.removeprefix(self._route.prefix))
        known[name] = number = self._rows.tags.number(check_name(name))
        return number

    # -- what stands beside the values

    def _shape_of(self, keys: tuple[str, ...]) -> Shape:
        return shape_of(keys) if self._route.time_path is None else untimed_shape_of(keys)

    def _time(self, fields: dict[str, Any], view: View, inherited: int, place: Place) -> tuple[int, View]:
        """The time of an object, and its keys, of which some may be tags after all. Raises PayloadError with reason `time`."""
        told = time_of(fields, view.times, self._route, self._received, place)
        view = view.with_tags(told.others) if told.others else view
        return inherited if told.time is None else told.time, view

    def _is_timed(self, fields: dict[str, Any], view: View, place: Place) -> bool:
        """Whether an object tells a time, be it one that can't be read."""
        if view.lone is not None:
            return fields[view.lone] is not None
        try:
            return time_of(fields, view.times, self._route, self._received, place).time is not None
        except PayloadError:
            return True

    def _mark(self, fields: dict[str, Any], view: View, shape: Shape, start: int, path: str) -> None:
        """Quality and number of the rows from `start`. One that can't be read costs only itself."""
        for key in view.qualities:
            if fields[key] == "good":
                continue
            quality = read_quality(fields[key], folded(key))
            if quality is None:
                at = f"{path}.{key}" if path else key
                self.fault(
                    "quality", f"{at}: {str(fields[key])[:60]!r} is no quality known; what it is of is uncertain"
                )
                quality = Quality.UNCERTAIN
            self._worsen(start, quality)
        if shape.seq is None:
            return
        try:
            seq = read_sequence(fields[shape.seq])
        except PayloadError as error:
            self.fault(error.reason, error.detail)
            return
        if seq is not None:
            for row in range(start, len(self._rows.time)):
                self._rows.seq.setdefault(row, seq)

    def _worsen(self, start: int, quality: Quality) -> None:
        """Give the rows from `start` on a quality, where theirs is not worse."""
        if quality is not Quality.GOOD:
            told = self._rows.quality
            for row in range(start, len(self._rows.time)):
                told[row] = max(told.get(row, Quality.GOOD), quality)

    def _refuse_collapsed(self) -> None:
        """Take out what several items of a list say of one series at one time: they are of times that nobody told."""
        rows = self._rows
        places = [(rows.time[row], rows.tag[row]) for first, end in self.shared for row in range(first, end)]
        if len(set(places)) == len(places):
            return
        shared = {row - self._start for first, end in self.shared for row in range(first, end)}
        taken = rows.take(self._start)
        counts = Counter((row.time, row.asset, row.tag) for at, row in enumerate(taken) if at in shared)
        many = {place: count for place, count in counts.items() if count > 1}
        rows.put(row for row in taken if (row.time, row.asset, row.tag) not in many)
        for (_, _, tag), count in many.items():
            self.fault(
                "time", f"{rows.tags.texts[tag]}: {count} samples need a time each, or a rate_hz beside them", count
            )
