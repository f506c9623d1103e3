"""What objects are by their keys: fields that are tags, a sample with what belongs to it, or an event.

One rule for all devices instead of one for each: a key is known by its letters, without regard to case, `_` and `-`.
An object with a key for a value is a *sample*, named by its key for a name, else by where it stands. `v`, `q` and `t`
stand alone for volts and such too, so they count only together.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from ingest.time_names import lone_key, time_keys

_VALUES = (
    "value", "val", "currentvalue", "datavalue", "doublevalue", "floatvalue", "integervalue", "intvalue", "int32value", "int64value",
    "longvalue", "decimalvalue", "numbervalue", "numericvalue", "booleanvalue", "boolvalue", "stringvalue",
)  # fmt: skip
_SHORT_VALUES = ("v", "vb", "vs")
_NAMES = (
    "displayname", "tagname", "name", "tag", "browsename", "symbolname", "symbol", "signalname", "variablename", "parametername",
    "metricname", "sensorname", "channelname", "pointname", "datapointname", "itemname", "resourcename", "n", "k", "metric", "signal",
    "variable", "parameter", "sensor", "channel", "point", "meter", "register", "key", "field", "label", "propertyalias", "entityid",
    "datapointid", "propertyid", "datasetwritername", "datasetwriterid", "tagid", "sensorid", "meterid", "itemid", "nodeid", "id",
    "address", "addr",
)  # fmt: skip
"""The first that an object has names it: what people read before what machines count."""
_WEAK_NAMES = ("code", "quantity", "measurement", "kind", "type")
"""Beside a value these name it where nothing else does, but for the words of `_DATA_TYPE`."""
_KNOWN_NAMES = frozenset((*_NAMES, *_WEAK_NAMES))
_DATA_TYPE = re.compile(
    r"(s|u|us|l|d|ud|b)?(int|integer|real|float|double|number|numeric|decimal|bool|boolean|bit|byte|word|short|long|string|text|char|"
    r"date|time|property|analog|digital|array|object)[\d_]*",
    re.IGNORECASE,
)
_QUALITIES = ("quality", "qualitycode")
_SAMPLE_QUALITIES = (*_QUALITIES, "statuscode", "q", "qc")
_UNITS = frozenset(
    {"unit", "units", "u", "uom", "unitofmeasurement", "engunit", "engineeringunit", "engineeringunits", "unitcode"}
)
_BESIDE = frozenset({"min", "max", "status", "type", "datatype", "description"}) | _UNITS
"""What may stand beside a sample's value and leave it one."""
_WRAPPERS = frozenset(
    "values vals tags data d metrics measurements readings points datapoints items samples records payload messages telemetry fields "
    "properties propertyvalues variables signals sensors channels meters registers parameters entries".split()
)
"""Keys of lists that say nothing: their items are named without them."""
_OBJECT_WRAPPERS = frozenset({"values", "payload", "fields", "d", "params"})
_INTERVALS = {"rate_hz": 0.0, "sample_rate_hz": 0.0, "interval_s": 1e9, "interval_ms": 1e6, "interval_us": 1e3}
_CACHED_KEYS = 64


class View(NamedTuple):
    """An object's keys: those that may tell its time, those of its quality, and all that are left for values.

    lone : the one key of the time that is one whatever it holds, where there is just that one
    """

    times: tuple[str, ...]
    qualities: tuple[str, ...]
    rest: tuple[str, ...]
    lone: str | None

    def with_tags(self, keys: tuple[str, ...]) -> "View":
        """The same where some of the keys of the time are tags."""
        return View(tuple(key for key in self.times if key not in keys), self.qualities, self.rest + keys, None)


class Shape(NamedTuple):
    """What an object is by its keys.

    fields : as an object whose keys are tags; sample : as one with a value, of which `rest` is what stands beside
    value, unit, seq : keys, None where there is none; names : keys that may name it, the best first
    is_sample : a value with nothing beside it that is a value of its own
    is_event, is_waveform : has such a key; wrapped : keys whose lists or objects are named without them
    packed : the only key of values, where it holds an object that is named without it
    is_odd : may be more than keys that are tags; is_doubtful : is that, or has keys that may tell the time or be tags
    is_marked : may have a quality or a number of its own
    """

    fields: View
    sample: View
    value: str | None
    names: tuple[str, ...]
    unit: str | None
    seq: str | None
    is_sample: bool
    is_event: bool
    is_waveform: bool
    wrapped: frozenset[str]
    packed: str | None
    is_odd: bool
    is_doubtful: bool
    is_marked: bool


def shape_of(keys: tuple[str, ...]) -> Shape:
    """The shape of an object with these keys."""
    return _cached_shape(keys) if len(keys) <= _CACHED_KEYS else _shape(keys)


def untimed_shape_of(keys: tuple[str, ...]) -> Shape:
    """The shape of an object with these keys where the plant file says what its time is: no key tells it."""
    shape = shape_of(keys)
    return shape._replace(
        fields=shape.fields.with_tags(shape.fields.times),
        sample=shape.sample.with_tags(shape.sample.times),
        is_sample=shape.is_sample and not shape.sample.times,
        is_doubtful=shape.is_odd,
        packed=shape.packed if not shape.fields.times else None,
    )


def is_wrapper(key: str, value: Any) -> bool:
    """Whether what a key holds is named without it."""
    return folded(key) in (_WRAPPERS if type(value) is list else _OBJECT_WRAPPERS)


@lru_cache(maxsize=4096)
def folded(key: str) -> str:
    """A key by its letters."""
    return key.replace("_", "").replace("-", "").lower()


def label_of(shape: Shape, fields: dict[str, Any], is_item: bool) -> tuple[str, str] | None:
    """The key that names an object, and its name; None where none does.

    is_item : it stands in a list, so that a number names it too, and any key that ends in a word for a name. Elsewhere that is
        most often the message's own.
    """
    for key in shape.names:
        told = fields[key]
        is_weak = folded(key) in _WEAK_NAMES
        if not is_item and folded(key) not in _KNOWN_NAMES:
            continue
        if (
            type(told) is str
            and (label := told.strip())
            and not (_is_random(label) or (is_weak and _is_data_type(label)))
        ):
            return key, label
        if is_item and type(told) is int and not is_weak:
            return key, str(told)
    return None


def step_ns(fields: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    """How far apart the samples of lists under `keys` are, where the object says so; else None [ns]."""
    if fields.keys().isdisjoint(_INTERVALS) or not any(type(fields[key]) is list for key in keys):
        return None
    for key, factor in _INTERVALS.items():
        told = fields.get(key)
        if isinstance(told, int | float) and not isinstance(told, bool) and 0 < told < 1e12:
            return max(round(told * factor if factor else 1e9 / told), 1)
    return None


def is_interval(key: str) -> bool:
    """Whether a key says how far apart samples are."""
    return key in _INTERVALS


def _is_data_type(label: str) -> bool:
    return _DATA_TYPE.fullmatch(label) is not None


def _is_random(label: str) -> bool:
    """Whether a name is an identifier that is drawn anew for each message (UUID)."""
    return len(label) == 36 and [len(part) for part in label.split("-")] == [8, 4, 4, 4, 12]


@lru_cache(maxsize=1024)
def _cached_shape(keys: tuple[str, ...]) -> Shape:
    return _shape(keys)


def _shape(keys: tuple[str, ...]) -> Shape:
    known = {folded(key): key for key in reversed(keys)}
    seq = "seq" if "seq" in keys else None
    names = _found(_NAMES, known)
    value, times = _value(known, keys, names)
    if value is None:  # a short name alone is a tag's, as `n` of a speed
        names = tuple(name for name in names if len(name) > 1)
    else:
        names = (names or _ending(("name", "tag", "id"), known)) + _found(_WEAK_NAMES, known)
    unit = next((known[name] for name in known if name in _UNITS), None)
    sample = _view(keys, times, _found(_SAMPLE_QUALITIES, known), {value, seq})
    plain = _view(keys, times, _found(_QUALITIES, known), {seq})
    is_event, is_waveform = "event" in keys, "waveform" in keys
    wrapped = frozenset(key for key in keys if folded(key) in _WRAPPERS | _OBJECT_WRAPPERS)
    is_odd = is_event or is_waveform or bool(names and (value or wrapped))
    return Shape(
        fields=plain,
        sample=sample,
        value=value,
        names=names,
        unit=unit,
        seq=seq,
        is_sample=value is not None and all(folded(key) in _BESIDE for key in sample.rest),
        is_event=is_event,
        is_waveform=is_waveform,
        wrapped=wrapped,
        packed=plain.rest[0] if len(plain.rest) == 1 and folded(plain.rest[0]) in _OBJECT_WRAPPERS else None,
        is_odd=is_odd,
        is_doubtful=is_odd or (bool(times) and plain.lone is None),
        is_marked=seq is not None or bool(sample.qualities),
    )


def _value(known: dict[str, str], keys: tuple[str, ...], names: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The key of the value and those of its time."""
    times = time_keys(keys)
    for name in _VALUES:
        if name in known:
            return known[name], times
    if names or "q" in known or any(len(time) == 1 for time in times):
        for name in _SHORT_VALUES:
            if name in known:
                return known[name], times
    return None, times


def _ending(ends: tuple[str, ...], known: dict[str, str]) -> tuple[str, ...]:
    """Keys that end so, in that order: `resourceName`, `sensorsId`."""
    return tuple(key for end in ends for name, key in known.items() if name.endswith(end))


def _found(names: Iterable[str], known: dict[str, str]) -> tuple[str, ...]:
    return tuple(known[name] for name in names if name in known)


def _view(keys: tuple[str, ...], times: tuple[str, ...], qualities: tuple[str, ...], taken: set[str | None]) -> View:
    gone = {*times, *qualities, *taken}
    return View(times, qualities, tuple(key for key in keys if key not in gone), lone_key(times))
