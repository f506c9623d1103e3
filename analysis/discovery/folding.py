"""Paths that are alike, made into one: siblings with the same levels below them become `{line}`.

A level is named by its depth (`site`, `area`, `line`, `machine`, `level5`, …), the last level of topics with single values `tag`. Three
siblings that are alike are folded; single values, and levels with others below them, from two on.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

_T = TypeVar("_T")
_NAMES = ("site", "area", "line", "machine")
_ALIKE, _ALIKE_LEVELS = 3, 2
_DEEPEST = 32
VALUE = "bare"
"""The kind of a leaf whose last level is a tag's name."""


class Family(NamedTuple, Generic[_T]):
    """Paths that were folded into one.

    pattern : its levels, `{name}` for those that differ; counts : of each level, how many siblings it stands for
    """

    pattern: tuple[str, ...]
    counts: tuple[int, ...]
    members: list[_T]

    @property
    def path(self) -> str:
        """The pattern as one text."""
        return "/".join(self.pattern)


class _Node(Generic[_T]):
    """names : of the levels that it stands for; sign : equal for nodes that may be folded together."""

    __slots__ = ("children", "kind", "members", "names", "sign")

    def __init__(self, name: str) -> None:
        self.names = {name}
        self.children: dict[str, _Node[_T]] = {}
        self.members: list[_T] = []
        self.kind: Hashable = None
        self.sign = 0

    @property
    def is_value(self) -> bool:
        return not self.children and self.kind == VALUE


def folded(leaves: Iterable[tuple[str, Hashable, _T]]) -> list[Family[_T]]:
    """Families of paths, in order of their patterns. leaves : path, kind (only equal ones are folded together), and what lies there."""
    root: _Node[_T] = _Node("")
    for path, kind, member in leaves:
        node = root
        for level in path.split("/", _DEEPEST - 1):
            node = node.children.setdefault(level, _Node(level))
        node.members.append(member)
        node.kind = kind
    _fold(root, 0, {})
    return list(_families(root, (), ()))


def _fold(node: _Node[_T], depth: int, signs: dict[Hashable, int]) -> None:
    """Fold what lies below, and give the node its sign."""
    alike: dict[tuple[int, bool], list[tuple[str, _Node[_T]]]] = {}
    for name, child in node.children.items():
        _fold(child, depth + 1, signs)
        alike.setdefault((child.sign, child.is_value), []).append((name, child))
    children: dict[str, _Node[_T]] = {}
    for (_, is_value), group in alike.items():
        if len(group) < (_ALIKE_LEVELS if is_value or group[0][1].children else _ALIKE):
            children |= group
            continue
        name = _unused("tag" if is_value else _NAMES[depth] if depth < len(_NAMES) else f"level{depth + 1}", children)
        children[name] = _joined([child for _, child in group])
    node.children = children
    below = frozenset(("" if child.is_value else name, child.sign) for name, child in children.items())
    node.sign = signs.setdefault((node.kind, below), len(signs))


def _unused(name: str, children: dict[str, _Node[_T]]) -> str:
    found, number = f"{{{name}}}", 2
    while found in children:
        found, number = f"{{{name}_{number}}}", number + 1
    return found


def _joined(nodes: list[_Node[_T]]) -> _Node[_T]:
    """One node for several that are alike, what lies below them joined in the same way."""
    whole = nodes[0]
    for node in nodes[1:]:
        whole.names |= node.names
        whole.members += node.members
    below: dict[str, list[_Node[_T]]] = {}
    for node in nodes:
        for name, child in node.children.items():
            below.setdefault("" if child.is_value else name, []).append(child)
    whole.children = {}
    for name, same in below.items():
        child = _joined(same)
        single = next(iter(child.names)) if len(child.names) == 1 else _unused("tag", whole.children)
        whole.children[name or single] = child
    return whole


def _families(node: _Node[_T], pattern: tuple[str, ...], counts: tuple[int, ...]) -> Iterator[Family[_T]]:
    if node.members:
        yield Family(pattern, counts, node.members)
    for name in sorted(node.children):
        child = node.children[name]
        yield from _families(child, (*pattern, name), (*counts, len(child.names)))
