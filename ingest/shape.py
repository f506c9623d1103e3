"""Documents in a shape of their own, made into the shape that is read without being told: `[[topic]]`'s paths.

A path is keys joined by dots, `uplink_message.decoded_payload`; the number of an item stands for a list's item.
"""

from collections.abc import Callable
from typing import Any

from fieldline.errors import PayloadError
from fieldline.plant import Topic


class Shape:
    """Where in a document stands what; see `fieldline/plantfile/topics.py`."""

    __slots__ = ("_beside", "_group", "_items", "_values")

    def __init__(self, topic: Topic) -> None:
        self._items = _steps(topic.items)
        self._values = _steps(topic.values)
        self._group = _steps(topic.group)
        beside = {"ts": topic.time, "seq": topic.seq, "quality": topic.quality}
        self._beside = {key: steps for key, path in beside.items() if (steps := _steps(path))}

    def apply(self, document: Any, fault: Callable[[str, str], None]) -> Any:
        """The same readings as `{"ts", "seq", "quality", "values"}`, or as an array of those.

        fault : is told reason and detail of an item that can't be read; the others go on. Raises PayloadError for the whole.
        """
        if not self._items:
            return self._message(document, document)
        found = []
        for at, (item, key) in enumerate(self._elements(document)):
            try:
                found.append(self._message(item, document, key))
            except PayloadError as error:
                fault(error.reason, f"[{at}]: {error.detail}")
        return found

    def _elements(self, document: Any) -> list[tuple[Any, str | None]]:
        """The items; with its key, each that is, or is in a list that is, the value of an object."""
        if type(document) is list:
            return [(item, None) for item in document]
        is_keyed = self._items[-1] == "*"
        items = _found(self._items[:-1] if is_keyed else self._items, document)
        if is_keyed and type(items) is dict:
            return [(item, key) for key, inner in items.items() for item in (inner if type(inner) is list else [inner])]
        if not is_keyed and type(items) in (dict, list):
            return [(item, None) for item in ([items] if type(items) is dict else items)]
        wanted = "an object" if is_keyed else "a list"
        raise PayloadError("value", f"expected {wanted} at {'.'.join(self._items)}, got {_named(items)}")

    def _message(self, item: Any, whole: Any, key: str | None = None) -> Any:
        beside = {}
        for name, steps in self._beside.items():
            value = _first(steps, item, whole)
            if value is not None:
                beside[name] = value
            elif name == "ts":  # a wrong path must not put all readings at their reception in silence
                raise PayloadError("time", f"expected the time at {'.'.join(steps)!r}, as declared; there is none")
        values = _found(self._values, item) if self._values else self._rest(item)
        if self._values and values is None:
            raise PayloadError("value", f"expected values at {'.'.join(self._values)}, there are none")
        group = _first(self._group, item, whole) if self._group else None
        before = [str(each) for each in (key, group) if each is not None]
        for each in reversed(before):
            values = {each: values}
        if not before and not self._values and type(values) is dict:
            return values | beside
        if not before and type(values) is not dict and type(values) is not list:
            return beside | {"value": values}
        return beside | {"values": values}

    def _rest(self, item: Any) -> Any:
        """What is left of an item when its time, number, quality and group are taken out."""
        for steps in (*self._beside.values(), self._group):
            if steps:
                item = _without(steps, item)
        return item


def _steps(path: str | None) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _first(steps: tuple[str, ...], *documents: Any) -> Any:
    """What the first of the documents that has it holds there."""
    return next((value for each in documents if (value := _found(steps, each)) is not None), None)


def _found(steps: tuple[str, ...], document: Any) -> Any:
    """What stands at the end of the path; None where the path leads nowhere."""
    for step in steps:
        if type(document) is dict:
            document = document.get(step)
        elif type(document) is list and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _without(steps: tuple[str, ...], document: Any) -> Any:
    """A copy without what stands at the end of the path."""
    step, deeper = steps[0], steps[1:]
    if type(document) is not dict or step not in document:
        return document
    inner = _without(deeper, document[step]) if deeper else {}
    rest = {key: value for key, value in document.items() if key != step}
    return rest | {step: inner} if inner else rest


def _named(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
