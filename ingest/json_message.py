"""The documents of one JSON payload on their way into rows: objects, lists and samples, each at its time and by its name."""

from collections.abc import Callable
from typing import Any

from fieldline.errors import PayloadError
from ingest.json_blocks import event_block, waveform_block
from ingest.json_entries import Entries
from ingest.json_shapes import Shape, View, label_of
from ingest.json_time import Place, declared_time
from ingest.json_values import LARGEST_INT, NUMERIC, are_plain
from ingest.times import epoch_factor, parse_iso, parse_time
from ingest.topics import check_name

_MAX_SHAPES = 64
_MAX_VECTOR = 64
"""Of numbers without names in a payload: more are samples, which need times."""


class Message(Entries):
    """One payload: its documents are taken one after the other."""

    __slots__ = ()

    def take(self, document: Any, time: int) -> None:
        """Take one document; `time` holds for what tells none [ns, UTC]."""
        if self._route.shape is not None:
            try:
                document = self._route.shape.apply(document, self.fault)
            except PayloadError as error:
                self.fault(error.reason, error.detail)
                return
        kind = type(document)
        if kind is dict and self._route.time_path is None:
            self._take_object(document, "", time)
        elif self._route.time_path is not None and (kind is dict or kind is list):
            self._take_declared(document, time)
        elif kind is list:
            if not self._take_samples(document):
                self._take_array(document, time)
        else:
            self._take_value(document, time, "")

    def _take_declared(self, document: Any, time: int) -> None:
        """Take objects whose time the plant file says the place of."""
        if type(document) is dict:
            items = [("", document)]
        elif all(type(item) is dict for item in document):
            items = [(f"[{number}]", item) for number, item in enumerate(document)]
        else:
            self._take_array(document, time)
            return
        for path, item in items:
            try:
                time, fields = declared_time(item, self._route)
            except PayloadError as error:
                self.fault(error.reason, f"{path}: {error.detail}" if path else error.detail, max(len(item) - 1, 1))
            else:
                self._take_object(fields, path, time)

    # -- what the topic names: objects whose keys are tags, and single values

    def _take_object(self, fields: dict[str, Any], path: str, inherited: int) -> None:
        keys = tuple(fields)
        shape, view, tags = self._route.shapes.get(keys) or self._learn(keys)
        rows, start, time = self._rows, len(self._rows.time), inherited
        try:
            if shape.is_doubtful:
                told = self._take_odd(fields, shape, view, path, inherited)
                if told is None:
                    return
                time = told
            elif view.lone is not None and (value := fields[view.lone]) is not None:  # nearly all there are
                time = parse_time(value, self._route.zone, self._route.time_form)
            if shape.is_sample:
                self._take_sample_of_topic(fields, shape, time, path)
            elif shape.packed is not None and type(inner := fields[shape.packed]) is dict:
                self._take_object(inner, f"{path}.{shape.packed}" if path else shape.packed, time)
            elif tags is None or not are_plain(values := [fields[key] for key in view.rest]):
                self._take_entries(self._route.object_asset, "", fields, view, time, path)
            else:
                rows.time += [time] * len(values)
                rows.tag += tags
                rows.value += values
                rows.runs.append((len(values), rows.assets.number(self._route.object_asset), self._received))
            if shape.is_marked and not (shape.is_sample and view.rest):  # else it is marked with what stands beside it
                self._mark(fields, view, shape, start, path)
        except PayloadError as error:
            if error.reason == "time" and self._take_columns(fields, view, path, inherited):
                return
            rest = view.rest if error.reason == "time" else ()
            self.fault(error.reason, f"{path}: {error.detail}" if path else error.detail, max(len(rest), 1))

    def _take_columns(self, fields: dict[str, Any], view: View, path: str, inherited: int) -> bool:
        """An object of columns, of which one is the times: each line is an object. What is no column stands in the first."""
        times: list[Any] = next((fields[key] for key in view.times if type(fields[key]) is list), [])
        columns = {key: value for key, value in fields.items() if type(value) is list and len(value) == len(times)}
        if not times or len(columns) < 2:
            return False
        for at in range(len(times)):
            line = {key: column[at] for key, column in columns.items()}
            beside = fields if at == 0 else {key: fields[key] for key in view.qualities}
            self._take_object(beside | line, f"{path}[{at}]", inherited)
        return True

    def _learn(self, keys: tuple[str, ...]) -> tuple[Shape, View, list[int] | None]:
        """What to do with objects of these keys, remembered by topic; no tags where a key may be none of a number."""
        route, shape = self._route, self._shape_of(keys)
        view = shape.sample if shape.is_sample else shape.fields
        tags: list[int] | None = None
        try:
            names = [route.prefix + check_name(key) for key in view.rest]
            if not (shape.is_sample or shape.is_odd or any(route.is_text(route.object_asset, name) for name in names)):
                tags = [self._rows.tags.number(name) for name in names]
        except PayloadError:
            pass
        if len(route.shapes) >= _MAX_SHAPES:
            route.shapes.clear()
        route.shapes[keys] = known = (shape, view, tags)
        return known

    def _take_odd(self, fields: dict[str, Any], shape: Shape, view: View, path: str, inherited: int) -> int | None:
        """Take what has to be looked at: None. Where it is as its keys say after all: its time, and nothing is taken."""
        if shape.is_odd and self._take_special(fields, shape, path, inherited):
            return None
        time, seen = self._time(fields, view, inherited, Place.SAMPLE if shape.is_sample else Place.OBJECT)
        if seen is view:
            return time
        start = len(self._rows.time)
        self._take_entries(self._route.object_asset, "", fields, seen, time, path)
        self._mark(fields, seen, shape, start, path)
        return None

    def _take_special(self, fields: dict[str, Any], shape: Shape, path: str, inherited: int) -> bool:
        """An event, a waveform, or a sample that its own key names; False, and nothing taken, where it is none of them."""
        view, rows = shape.fields, self._rows
        if shape.is_event and fields["event"] is not None:
            if type(fields["event"]) is not str:
                self.fault("value", f"event: expected a text, got {type(fields['event']).__name__}")
                self._take_object({key: value for key, value in fields.items() if key != "event"}, path, inherited)
                return True
            time, view = self._time(fields, view, inherited, Place.OBJECT)
            tag, payload = event_block(fields, view.rest)
            self._take_block(fields, shape, time, tag, payload, rows.add_event)
            return True
        if shape.is_waveform and ("rate_hz" in fields or type(fields["waveform"]) is list):
            time, view = self._time(fields, view, inherited, Place.OBJECT)
            payload = waveform_block(fields)
            extra = sorted(set(view.rest) - {"waveform", "rate_hz"})
            if extra:
                self.fault("value", f"{', '.join(extra[:5])}: a waveform has no other fields", len(extra))
            self._take_block(fields, shape, time, "@waveform", payload, rows.add_payload)
            return True
        label = label_of(shape, fields, False)
        if label is None or not (shape.value or any(type(fields[key]) is list for key in shape.wrapped)):
            return False
        self._take_item(self._route.object_asset, "", fields, inherited, path, label)
        return True

    def _take_block(
        self,
        fields: dict[str, Any],
        shape: Shape,
        time: int,
        tag: str,
        payload: bytes,
        add: Callable[[int, int, int, int, bytes], None],
    ) -> None:
        rows, start = self._rows, len(self._rows.time)
        add(time, self._received, rows.assets.number(self._route.object_asset), rows.tags.number(tag), payload)
        self._mark(fields, shape.fields, shape, start, "")

    def _take_sample_of_topic(self, fields: dict[str, Any], shape: Shape, time: int, path: str) -> None:
        if shape.sample.rest:
            self._take_sample(self._route.value_asset, self._route.value_tag, fields, shape, time, path)
        else:
            self._take_value(fields[shape.value], time, path)  # type: ignore[index]

    def _take_value(self, value: Any, time: int, path: str) -> None:
        route, rows = self._route, self._rows
        if route.value_tag_number < 0:
            route.value_asset_number = rows.assets.number(route.value_asset)
            route.value_tag_number = rows.tags.number(route.value_tag)
            route.is_value_text = route.is_text(route.value_asset, route.value_tag)
        is_number = type(value) is float or (type(value) in NUMERIC and -LARGEST_INT < value < LARGEST_INT)
        if is_number and not route.is_value_text:
            rows.add(time, self._received, route.value_asset_number, route.value_tag_number, value)
        else:
            self._take(route.value_asset, route.value_tag, value, time, path)

    def _take_array(self, items: list[Any], time: int, path: str = "") -> None:
        if len(items) == 1 and type(items[0]) is not dict:
            self._take_value(items[0], time, f"{path}[0]")
        elif any(type(item) is dict for item in items):
            self._take_list(self._route.object_asset, "", items, time, path)
        elif len(items) > _MAX_VECTOR:
            self.fault("time", f"{len(items)} values of an array need a time each, or a rate_hz beside it", len(items))
        else:
            self._take(self._route.value_asset, self._route.value_tag, items, time, path)

    def _take_samples(self, items: list[Any]) -> bool:
        """The common array, `{"ts", "value"}` with numbers, in columns; False, and nothing taken, for any other."""
        count = len(items)
        if self._route.time_form is not None:
            return False
        try:
            times = [item["ts"] for item in items]
            values = [item["value"] for item in items]
            if sum(map(len, items)) != 2 * count or not are_plain(values):
                return False
            times = self._times(times)
        except (KeyError, TypeError, PayloadError):
            return False
        route, rows = self._route, self._rows
        if not times or route.is_text(route.value_asset, route.value_tag):
            return count == 0
        tag = rows.tags.number(route.value_tag)
        rows.time += times
        rows.value += values
        rows.tag += [tag] * count
        rows.runs.append((count, rows.assets.number(route.value_asset), self._received))
        return True

    def _times(self, times: list[Any]) -> list[int]:
        kinds = set(map(type, times))
        if kinds == {int}:
            low, factor = min(times), epoch_factor(max(times))
            if low >= 0 and epoch_factor(low) == factor:
                return [time * factor for time in times] if factor > 1 else times
        if kinds == {str}:
            zone = self._route.zone
            return [parse_iso(time, zone) for time in times]
        return [parse_time(time, self._route.zone) for time in times]
