"""What the keys of a JSON document name: entries of objects, lists of tags and their items, each under its name.

`asset` is a path, `name` the tag so far, empty for the object of the topic.
"""

from typing import Any

from fieldline.errors import PayloadError
from ingest.json_intake import Intake
from ingest.json_shapes import Shape, View, folded, is_interval, is_wrapper, label_of, step_ns
from ingest.json_time import Place
from ingest.json_values import are_plain, in_unit
from ingest.qualities import read_quality


class Entries(Intake):
    """One payload's rows by the names that its keys give them; `json_message.py` has the objects that are the topic's own."""

    __slots__ = ()

    def _take_object(self, fields: dict[str, Any], path: str, inherited: int) -> None:
        """Take an object of the topic's own, such as one that a key wraps without naming it."""
        raise NotImplementedError

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
