"""The documents of one JSON payload on their way into rows: objects, lists and samples, each at its time and by its name."""

from collections.abc import Callable
from typing import Any

from fieldline.errors import PayloadError
from ingest.json_blocks import event_block, waveform_block
from ingest.json_intake import Intake
from ingest.json_shapes import Shape, View, folded, is_interval, is_wrapper, label_of, step_ns
from ingest.json_time import Place, declared_time
from ingest.json_values import LARGEST_INT, NUMERIC, are_plain, in_unit
from ingest.qualities import read_quality
from ingest.times import epoch_factor, parse_iso, parse_time
from ingest.topics import check_name

_MAX_SHAPES = 64
_MAX_VECTOR = 64
"""Of numbers without names in a payload: more are samples, which need times."""


class Message(Intake):
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
                self.fault("event", f"event: expected a text, got {type(fields['event']).__name__}")
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

    # -- what keys name: `asset` is a path, `name` the tag so far, empty for the object of the topic

    def _take_entries(
        self, asset: str, name: str, fields: dict[str, Any], view: View, time: int, path: str, but: str | None = None
    ) -> None:
        """All that an object holds beside its time, quality and the key `but`."""
        step = step_ns(fields, view.rest)
        for key in view.rest:
            value, at = fields[key], f"{path}.{key}" if path else key
            kind = type(value)
            if key == but or (step is not None and is_interval(key)):
                continue
            if kind is not list and kind is not dict:
                self._take_leaf(asset, self._child(name, key), value, time, at)
            elif step is not None and kind is list and value and are_plain(value):
                is_timed = any(fields[key] is not None for key in view.times)
                begin = time if is_timed else time - (len(value) - 1) * step
                self._take_spaced(asset, name, key, value, range(begin, begin + len(value) * step, step), at)
            else:
                self._take_key(asset, name, key, value, time, at)

    def _take_spaced(self, asset: str, name: str, key: str, items: list[Any], times: range, path: str) -> None:
        """Numbers that are samples, since something beside them says how far apart they are."""
        if not is_wrapper(key, items):
            name = self._child(name, key)
        elif not name:
            asset, name = self._route.value_asset, self._route.value_tag
        for time, item in zip(times, items, strict=True):
            self._take_leaf(asset, name, item, time, path)

    def _child(self, name: str, key: str) -> str:
        return f"{name}/{key}" if name else self._route.prefix + key

    def _take_key(self, asset: str, name: str, key: str, value: Any, time: int, path: str) -> None:
        """What an object holds under one key."""
        kind = type(value)
        if (kind is not dict and kind is not list) or not is_wrapper(key, value):
            self._take(asset, self._child(name, key), value, time, path)
        elif kind is dict:
            if name:
                self._take_inner(asset, name, value, time, path)
            else:
                self._take_object(value, path, time)
        elif any(type(item) is dict for item in value):
            self._take_list(asset, name, value, time, path, True)
        else:
            self._take(asset, name or self._child(name, key), value, time, path)

    def _take(self, asset: str, name: str, value: Any, time: int, path: str) -> None:
        """What is named wholly; an object or a list is taken apart."""
        if type(value) is dict:
            self._take_inner(asset, name, value, time, path)
        elif type(value) is list:
            self._take_list(asset, name, value, time, path)
        else:
            self._take_leaf(asset, name, value, time, path)

    def _take_inner(self, asset: str, name: str, fields: dict[str, Any], time: int, path: str) -> None:
        """An object under a name: a sample of that name, else more names below it."""
        shape = self._shape_of(tuple(fields))
        view = shape.sample if shape.is_sample else shape.fields
        if view.times:
            try:
                time, view = self._time(fields, view, time, Place.SAMPLE if shape.is_sample else Place.INNER)
            except PayloadError as error:
                self.fault(error.reason, f"{path}: {error.detail}", len(view.rest) + shape.is_sample or 1)
                return
        if shape.is_sample:
            self._take_sample(asset, name, fields, shape, time, path)
            return
        for key, value in fields.items():
            if key not in view.times:
                self._take_key(asset, name, key, value, time, f"{path}/{key}")

    def _take_list(
        self, asset: str, name: str, items: list[Any], time: int, path: str, is_wrapped: bool = False
    ) -> None:
        """Items by their own names, by their own times, else by their numbers.

        is_wrapped : the list's key says nothing, so a sample without a name is one of `name` itself
        """
        for number, item in enumerate(items):
            if type(item) is not dict:
                if name and type(item) is not list:
                    self._take_leaf(asset, f"{name}/{number}", item, time, "")
                elif name:
                    self._take_list(asset, f"{name}/{number}", item, time, f"{path}[{number}]")
                elif item is not None:
                    self.fault("time", f"{path}[{number}]: values of an array need a time each")
                continue
            at, start = f"{path}[{number}]", len(self._rows.time)
            shape = self._shape_of(tuple(item))
            label = label_of(shape, item, True)
            view = shape.sample if shape.value is not None and (label or shape.is_sample) else shape.fields
            place = Place.SAMPLE if view is shape.sample else Place.OBJECT if label or not name else Place.INNER
            is_timed = self._is_timed(item, view, place)
            if not name and (label is None or shape.is_event or shape.is_waveform):
                self._take_object(item, at, time)
            else:
                is_one_of_many = label or is_timed or (is_wrapped and shape.is_sample)
                self._take_item(asset, name if is_one_of_many else f"{name}/{number}", item, time, at, label)
            if not is_timed or (name and label is None):
                self.shared.append((start, len(self._rows.time)))

    def _take_item(
        self, asset: str, name: str, fields: dict[str, Any], time: int, path: str, label: tuple[str, str] | None
    ) -> None:
        """An object of a list; `label` is the key that names it and its name below `name`."""
        shape, start = self._shape_of(tuple(fields)), len(self._rows.time)
        is_sample = shape.value is not None and (label is not None or shape.is_sample)
        view = shape.sample if is_sample else shape.fields
        key = label[0] if label is not None else None
        place = Place.SAMPLE if is_sample else Place.OBJECT if label is not None else Place.INNER
        try:
            time, view = self._time(fields, view, time, place)
            if label is not None:
                name = self._child(name, label[1])
            if is_sample:
                self._take_sample(asset, name, fields, shape, time, path, key)
            else:
                self._take_entries(asset, name, fields, view, time, path, key)
                self._mark(fields, view, shape, start, path)
        except PayloadError as error:
            rest = view.rest if error.reason == "time" else ()
            lost = len(rest) - (key in rest) + is_sample
            self.fault(error.reason, f"{path}: {error.detail}", max(lost, 1))

    def _take_sample(
        self, asset: str, name: str, fields: dict[str, Any], shape: Shape, time: int, path: str, but: str | None = None
    ) -> None:
        """A value, and as tags below its name what stands beside it and is not the key `but`."""
        assert shape.value is not None
        start, value, used = len(self._rows.time), fields[shape.value], {but}
        try:
            if shape.unit is not None:
                value, is_read = in_unit(value, fields[shape.unit], self._route.plant.tag_info(asset, name).unit)
                used |= {shape.unit} if is_read else set()
            self._take(asset, name, value, time, path)
        except PayloadError as error:
            self.fault(error.reason, f"{path}: {error.detail}")
        for key in shape.sample.rest:
            if folded(key) == "status" and not isinstance(fields[key], int | float):
                quality = read_quality(fields[key])
                if quality is not None:
                    self._worsen(start, quality)
                    continue
            if key not in used:
                self._take_key(asset, name, key, fields[key], time, f"{path}.{key}" if path else key)
        self._mark(fields, shape.sample, shape, start, path)
