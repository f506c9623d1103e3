"""Operators: one file each, ending in `COMPONENT`, an `Operator`.

Found by `fieldline.components`; other distributions add theirs by the entry point group `fieldline.operators`.
"""

from collections.abc import Collection

from fieldline.catalogue import kinds
from fieldline.components import Components, found
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from processing.operator import Operator


def known() -> Components[Operator]:
    """Every operator by its name. Raises SettingsError when two have one name."""
    return found(__name__, Operator, group="fieldline.operators")


def default() -> tuple[str, ...]:
    """The operators that run where the settings name none."""
    return tuple(name for name, operator in known().items() if operator.is_default)


def faults(names: Collection[str]) -> list[str]:
    """What is wrong with a choice of operators: names that are unknown, and operators that lack another one."""
    there = known()
    wrong = [
        f"expected some of {', '.join(there)}, got {name!r}{nearest(name, there)}"
        for name in names
        if name not in there
    ]
    for name in sorted(set(names) & set(there)):
        missing = [repr(needed) for needed in there[name].needs if needed not in names]
        if missing:
            wrong.append(f"{name!r} needs {' and '.join(missing)}; name {'it' if len(missing) == 1 else 'them'} too")
    return wrong


def chosen(names: Collection[str] | None) -> list[Operator]:
    """The operators of these names, each after those that it needs, else in alphabetical order; of None the default ones.

    Raises SettingsError for what `faults` finds, and when two installed operators emit one kind.
    """
    kinds()
    names = default() if names is None else names
    if wrong := faults(names):
        raise SettingsError("\n".join(f"operators: {fault}" for fault in wrong))
    return list(_ordered(set(names)).values())


def _ordered(names: Collection[str]) -> dict[str, Operator]:
    """What remembers is carried on in this order, so that it reads what others have carried on already."""
    there, found = known(), dict[str, Operator]()

    def add(name: str) -> None:
        for needed in there[name].needs:
            if needed not in found:
                add(needed)
        found.setdefault(name, there[name])

    for name in sorted(names):
        add(name)
    return found
