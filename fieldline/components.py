"""Components (codecs, sinks, operators) are found by name, in one way for all kinds.

A component is one file in its kind's package that ends in a constant `COMPONENT`. The file's name is its name, the
file's docstring its manual. Another distribution adds one by an entry point in the kind's group that names the constant:

    [project.entry-points."fieldline.codecs"]
    acme = "acme_fieldline:COMPONENT"

Names are known without importing anything; a component is imported when it is asked for.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from fieldline.errors import SettingsError
from fieldline.tables import nearest

T = TypeVar("T")


class Components(Mapping[str, T], Generic[T]):
    """The components of one kind by name, in alphabetical order. `found` makes it.

    Asking for one imports it. Raises SettingsError when it cannot be imported, is of another kind or has a `name` that is another
    one; the message names the file, or the distribution that it comes from.
    """

    def __init__(self, kinds: tuple[type[T], ...], places: dict[str, "str | EntryPoint"]) -> None:
        self._kinds = kinds
        self._places = places

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._places))

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> T:
        place = self._places[name]
        component = _loaded(name, place)
        if isinstance(component, self._kinds):
            if (own := getattr(component, "name", name)) != name:
                raise SettingsError(f"{_origin(name, place)}: expected COMPONENT to be named {name!r}, got {own!r}")
            return component
        wanted = " or ".join(kind.__name__ for kind in self._kinds)
        raise SettingsError(
            f"{_origin(name, place)}: expected COMPONENT to be {wanted}, got {type(component).__name__}"
        )

    def chosen(self, name: str, setting: str) -> T:
        """The component that a setting names. Raises SettingsError, with the setting and what there is, for an unknown name."""
        if name not in self:
            known = ", ".join(self)
            raise SettingsError(f"{setting}: expected one of {known}, got {name!r}{nearest(name, self)}")
        return self[name]

    def manual(self, name: str) -> str:
        """The docstring of the component's file; empty where it has none."""
        place = self._places[name]
        _loaded(name, place)
        module = sys.modules[place if isinstance(place, str) else place.module]
        return module.__doc__ or ""


def found(package: str, *kinds: type[T], group: str) -> Components[T]:
    """The components of `package` and of the entry point group `group`. Each must be an instance of one of `kinds`.

    Every module of the package is a component. Raises SettingsError when two components have one name.
    """
    places: dict[str, str | EntryPoint] = {
        module.name: f"{package}.{module.name}"
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
    }
    for point in entry_points(group=group):
        if point.name in places:
            first, second = _origin(point.name, places[point.name]), _origin(point.name, point)
            raise SettingsError(f"{group}: two components are named {point.name!r}: {first}, and {second}; remove one")
        places[point.name] = point
    return Components(kinds, places)


def _loaded(name: str, place: str | EntryPoint) -> object:
    if isinstance(place, str):
        module = importlib.import_module(place)
        if not hasattr(module, "COMPONENT"):
            raise SettingsError(f"{place}: expected the file to end in COMPONENT")
        return module.COMPONENT
    try:
        return place.load()
    except Exception as error:  # whatever a stranger's file raises while it is imported
        raise SettingsError(f"{_origin(name, place)} can't be loaded: {type(error).__name__}: {error}") from error


def _origin(name: str, place: str | EntryPoint) -> str:
    """Where a component comes from, for a message."""
    if isinstance(place, str):
        return f"Fieldline's own {place}"
    whose = f"{place.dist.name} {place.dist.version}" if place.dist else "an unknown distribution"
    return f"{name!r} of the distribution {whose} ({place.value})"
