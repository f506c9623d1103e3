"""Under which key of a message its time was found.

The decoder's rows have the time; here is only looked up where it came from: the first key, of those whose names can tell a time, that
tells the very time of the message's first row.
"""

import json
from collections.abc import Iterator
from typing import Any

from fieldline.errors import PayloadError
from ingest.json_time import time_of
from ingest.time_names import time_keys
from ingest.topics import Route

RECEPTION = "(reception)"
UNKNOWN = "(the format's own)"
_DEEPEST = 6
_MOST = 200


def time_key(payload: bytes, time_ns: int, received_ns: int, zone: str) -> str:
    """The path of the key, its levels joined by dots, a list's items as `*`; RECEPTION where the message tells no time.

    time_ns : the time of its first row; zone : of times without an offset
    """
    if time_ns == received_ns:
        return RECEPTION
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return UNKNOWN
    route = Route("a", "value", "a")
    route.zone = zone
    for at, (path, fields) in enumerate(_objects(document, ())):
        if at >= _MOST:
            break
        for key in time_keys(tuple(fields)):
            if _tells(fields, key, route, received_ns) == time_ns:
                return ".".join((*path, key))
    return UNKNOWN


def _tells(fields: dict[str, Any], key: str, route: Route, received_ns: int) -> int | None:
    try:
        return time_of(fields, (key,), route, received_ns).time
    except PayloadError:
        return None


def _objects(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if len(path) > _DEEPEST:
        return
    if type(value) is dict:
        yield path, value
        for key, inner in value.items():
            yield from _objects(inner, (*path, key))
    elif type(value) is list:
        for inner in value:
            yield from _objects(inner, (*path, "*"))
