"""TOML tables become frozen structs, strictly, and everything that is wrong is told at once.

A key ending in `_s` takes seconds or a duration text (`"25h"`). A string may name environment variables: `${NAME}`
(must be set) or `${NAME:-default}`.
"""

import re
import tomllib
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from fieldline.durations import parse_duration
from fieldline.errors import SettingsError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_DEEPEST = 32
_MSGSPEC_PATH = re.compile(r" - at `\$(.*)`$")


class Secret:
    """A password or token: in use only by `reveal`, stars in every log, error and repr."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Raises SettingsError when it is absent, unreadable or not TOML."""
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
        if not _is_within(table, _DEEPEST):
            raise RecursionError
        return table
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file") from None
    except RecursionError:
        raise SettingsError(f"{path}: expected tables at most {_DEEPEST} levels deep, got deeper ones") from None
    except (OSError, ValueError) as error:  # not UTF-8, not TOML, or a number of thousands of digits
        raise SettingsError(f"{path}: {error}") from error


def _is_within(value: Any, levels: int) -> bool:
    """Whether tables and arrays are nested no deeper than `levels`. What follows walks them by recursion."""
    level = [value]
    for _ in range(levels):
        level = [inner for item in level for inner in _inside(item)]
    return not level


def _inside(value: Any) -> typing.Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merge key by key; anything else that `above` has replaces what `below` has."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(typing.cast(Mapping[str, Any], old), value) if both else value
    return merged


def substitute(value: Any, env: Mapping[str, str], path: str, wrong: list[str]) -> Any:
    """`value` with the environment variables that its strings name; unset ones are added to `wrong`."""
    if isinstance(value, dict):
        return {key: substitute(item, env, f"{path}.{key}", wrong) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, env, f"{path}[{at}]", wrong) for at, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def named(match: re.Match[str]) -> str:
        found = env.get(match[1], match[2])
        if found is None:
            wrong.append(f"{path}: environment variable {match[1]} is not set")
        return found or ""

    return _VARIABLE.sub(named, value)


def to_struct(kind: type[Any], table: Any, path: str, wrong: list[str]) -> Any:
    """A struct of `kind` from a table, or None when something is wrong; each fault is one line added to `wrong`.

    A struct's `__post_init__` raises ValueError for values that don't go together. Its class variable `GONE` has keys that it had once,
    and why they went.
    """
    if not isinstance(table, Mapping):
        wrong.append(f"{path}: expected a table, got {_shown(table)}")
        return None
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    before = len(wrong)
    values: dict[str, Any] = {}
    bad: set[str] = set()
    for key, value in table.items():
        told = len(wrong)
        if key in fields:
            values[fields[key].name] = _to_type(fields[key].type, value, f"{path}.{key}", key, wrong)
        else:
            gone = getattr(kind, "GONE", {}).get(key)
            told_why = f"is no setting any more: {gone}" if gone else f"unknown key{nearest(key, fields)}"
            wrong.append(f"{path}.{key}: {told_why}")
        if len(wrong) > told:
            bad.add(key)
            values.pop(key, None)
    missing = [name for name, field in fields.items() if field.required and name not in table]
    wrong += [f"{path}.{name}: is missing" for name in missing]
    struct = None
    if not any(field.required and field.name not in values for field in fields.values()):
        struct = _construct(kind, values, path, bad, wrong)
    return struct if len(wrong) == before else None


def _construct(kind: type[Any], values: dict[str, Any], path: str, bad: set[str], wrong: list[str]) -> Any:
    """The struct; where keys are bad already, what is left is checked too, so that all is told in one go."""
    try:
        return kind(**values)
    except ValueError as error:
        wrong += [f"{path}.{line}" for line in str(error).split("\n") if line.partition(":")[0] not in bad]
        return None


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """`, did you mean 'host'?`, or nothing where no known word is near."""
    near = get_close_matches(word, list(known), 1)
    return f", did you mean {near[0]!r}?" if near else ""


def _to_type(kind: Any, value: Any, path: str, key: str, wrong: list[str]) -> Any:
    members = _members(kind)
    is_other = len(set(members) - {types.NoneType}) > 1 and not isinstance(
        value, Mapping
    )  # a name, or what it stands for
    for member in members:
        if isinstance(member, type) and issubclass(member, msgspec.Struct) and not is_other:
            return to_struct(member, value, path, wrong)
        if _is_structs(member):
            return _to_structs(member, value, path, wrong)
    try:
        if key.endswith("_s") and isinstance(value, str):
            seconds = parse_duration(value)
            value = int(seconds) if seconds.is_integer() else seconds
        return msgspec.convert(value, kind, dec_hook=_secret)
    except msgspec.ValidationError as error:
        text = str(error)
        inner = _MSGSPEC_PATH.search(text)
        told = _MSGSPEC_PATH.sub("", text)
        words, near = _words(kind), ""
        if words and isinstance(value, str):
            told, near = f"expected one of {', '.join(words)}", nearest(value, words)
        wrong.append(f"{path}{inner[1] if inner else ''}: {told[0].lower()}{told[1:]}{_came(value, kind)}{near}")
    except ValueError as error:
        wrong.append(f"{path}: {error}")
    return None


def _words(kind: Any) -> list[str]:
    """The texts that a Literal, or an optional one, allows."""
    literals = (member for member in _members(kind) if typing.get_origin(member) is typing.Literal)
    return [word for member in literals for word in typing.get_args(member)]


def _members(kind: Any) -> tuple[Any, ...]:
    """The types that a union is of, else the type alone."""
    is_union = isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union
    return typing.get_args(kind) if is_union else (kind,)


def _is_structs(kind: Any) -> bool:
    """Whether it is `tuple[Struct, ...]` or `dict[str, Struct]`."""
    inner = typing.get_args(kind)
    if typing.get_origin(kind) not in (tuple, dict) or not inner:
        return False
    element = inner[0] if typing.get_origin(kind) is tuple else inner[1]
    return isinstance(element, type) and issubclass(element, msgspec.Struct)


def _to_structs(kind: Any, value: Any, path: str, wrong: list[str]) -> Any:
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            wrong.append(f"{path}: expected a table, got {_shown(value)}")
            return None
        return {key: to_struct(inner[1], item, f'{path}."{key}"', wrong) for key, item in value.items()}
    if not isinstance(value, (list, tuple)):
        wrong.append(f"{path}: expected an array of tables ([[…]]), got {_shown(value)}")
        return None
    return tuple(to_struct(inner[0], item, f"{path}[{at}]", wrong) for at, item in enumerate(value))


def _secret(kind: type[Any], value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    # What came may be the secret itself: only its type is told.
    raise ValueError(f"expected text, got {type(value).__name__}")


def _came(value: Any, kind: Any) -> str:
    hidden = kind is Secret or Secret in typing.get_args(kind)
    return "" if hidden or isinstance(value, (dict, list)) else f", got {_shown(value)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
