"""What births told: the names and types of metrics by alias, of each edge node and its devices, and which births were heard.

A birth comes again when the broker delivers it once more, or has a copy of it: with the same bytes, its time among them. That one
tells nothing new. Any other is a birth, whatever its time says: a node whose clock was set back is born, too.
"""

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ingest.rows import Names, Rows
from ingest.sparkplug.plain import Layout, Plain
from ingest.sparkplug.sequence import Session
from ingest.sparkplug.wire import number_of

_MOST_NODES = 100_000
_MOST_METRICS = 500_000
_MOST_LAYOUTS = 64
_MOST_BIRTHS = 8
"""Of a node or a device: as many as may be born before a copy of the first one comes."""


class Known(NamedTuple):
    """What a birth told of a metric."""

    tag: str
    datatype: int


class Shape(NamedTuple):
    """What is known of messages with one sequence of aliases; `tags` are numbers."""

    tags: list[int]
    names: tuple[str, ...]
    layout: Layout


class Source:
    """A device, or an edge node as one. `numbers` are the names that its tags have numbers of.

    unexplained_ns : when the first metric came that no birth explains, since the last birth or death [ns, UTC]; None: none did
    """

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.aliases: dict[int, Known] = {}
        self.named: dict[str, Known] = {}
        self.unexplained_ns: int | None = None
        self.asset_number = -1
        self.numbers: Names | None = None
        self.usual: Shape | None = None
        self._last: dict[int, tuple[tuple[str, ...], Sequence[float]]] = {}
        self._shapes: dict[bytes, Shape] = {}
        self._newest_shape: Shape | None = None
        self._births: deque[bytes] = deque(maxlen=_MOST_BIRTHS)

    def begin(self) -> None:
        """Forget what an earlier birth told."""
        self.aliases, self.named, self._last, self._shapes = {}, {}, {}, {}
        self.usual = self._newest_shape = None

    def die(self) -> None:
        """Forget what was told, and what was heard without being explained: the birth to come is of another session."""
        self.begin()
        self.unexplained_ns = None

    def has_heard(self, birth: bytes) -> bool:
        """Whether a birth, by its payload, is among the newest that were heard; it is noted."""
        digest = blake2b(birth, digest_size=16).digest()
        if digest in self._births:
            return True
        self._births.append(digest)
        return False

    def number_anew(self, rows: Rows) -> None:
        """Forget numbers of names: the rows' names began anew."""
        self.numbers = rows.tags
        self.asset_number = rows.assets.number(self.asset)
        self._forget_shapes()

    def _forget_shapes(self) -> None:
        """Forget how messages are read, and that what was heard belongs to those."""
        self.heard((), [])
        self._shapes, self.usual, self._newest_shape = {}, None, None

    def heard(self, names: tuple[str, ...], values: Sequence[float], key: int = 0) -> None:
        """Note the newest numbers. `key` : of the sequence of names, not 0; without one the names are noted one by one."""
        if not key or len(self._last) >= _MOST_LAYOUTS:
            newest = self.newest | dict(zip(names, values, strict=True))
            self._last = {0: (tuple(newest), list(newest.values()))}
            return
        self._last.pop(key, None)  # what is set anew stands last
        self._last[key] = (names, values)

    def note(self, heard: dict[str, float]) -> None:
        """Note the numbers of a message."""
        if heard:
            self.heard(tuple(heard), list(heard.values()))

    @property
    def newest(self) -> dict[str, float]:
        """What it said last, by tag."""
        return {name: value for names, values in self._last.values() for name, value in zip(names, values, strict=True)}

    def shape(self, plain: Plain, explain: Callable[[int], Known | None], rows: Rows) -> Shape | None:
        """How a message is read; None where a value is not of its type. What comes twice in a row is usual."""
        shape = self._shapes.get(b"".join(plain.aliases)) or self._learn(plain, explain, rows)
        if shape is None or not shape.layout.has(plain.values):
            return None
        self.usual = shape if shape is self._newest_shape else None
        self._newest_shape = shape
        return shape

    def _learn(self, plain: Plain, explain: Callable[[int], Known | None], rows: Rows) -> Shape | None:
        """What to do with messages of these aliases; None where one of them is unknown or of a type of its own."""
        found = [explain(number_of(alias)) for alias in plain.aliases]
        known = [each for each in found if each is not None]
        try:
            layout = Layout(plain.aliases, [each.datatype for each in known])
        except ValueError:
            return None
        if len(known) < len(found):
            return None
        names = tuple(each.tag for each in known)
        if len(self._shapes) >= _MOST_LAYOUTS:
            self._forget_shapes()
        shape = Shape([rows.tags.number(name) for name in names], names, layout)
        self._shapes[b"".join(plain.aliases)] = shape
        return shape


class Node:
    """An edge node with its devices; the device `""` is itself. `asked_ns` : when it was last asked for a rebirth [ns, UTC]."""

    def __init__(self, group: str, name: str) -> None:
        self.group, self.name = group, name
        self.session = Session()
        self.sources: dict[str, Source] = {}
        self.asked_ns: int | None = None

    def source(self, device: str, asset: str) -> Source:
        """A device of it, a new one where it was not heard of."""
        if device not in self.sources:
            self.sources[device] = Source(asset)
        return self.sources[device]

    def by_alias(self, source: Source, alias: int) -> Known | None:
        """A metric of the source itself, or of its node: aliases are told once for all of a node's metrics, or once for each device."""
        known = source.aliases.get(alias)
        if known is None and "" in self.sources:
            known = self.sources[""].aliases.get(alias)
        return known

    def begin(self) -> None:
        """Forget what earlier births told, of the node and its devices."""
        for source in self.sources.values():
            source.begin()

    def leave_unexplained(self) -> None:
        """Have no later birth explain what came until now."""
        for source in self.sources.values():
            source.unexplained_ns = None

    @property
    def unexplained_ns(self) -> int | None:
        """When the first metric of the node or a device came that no birth explains; see `Source`."""
        return min(
            (each.unexplained_ns for each in self.sources.values() if each.unexplained_ns is not None), default=None
        )

    @property
    def metrics(self) -> int:
        return sum(len(source.named) for source in self.sources.values())


class Nodes:
    """All edge nodes, by group and name. Bounded: 500,000 metrics of births; above that the nodes born first are forgotten."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], Node] = {}

    def get(self, group: str, name: str) -> Node | None:
        """A node that was heard of."""
        return self._nodes.get((group, name))

    def node(self, group: str, name: str) -> Node:
        """A node, a new one where it was not heard of."""
        key = group, name
        if key not in self._nodes:
            while self._nodes and sum(node.metrics for node in self._nodes.values()) > _MOST_METRICS:
                del self._nodes[next(iter(self._nodes))]
            if len(self._nodes) >= _MOST_NODES:
                del self._nodes[next(iter(self._nodes))]
            self._nodes[key] = Node(group, name)
        return self._nodes[key]
