"""`[[metric]]`: metrics of the plant's own, as expressions over the windows of its assets (`fieldline/expressions`).

    [[metric]]
    kind = "chiller"                      # the measurement of its rows
    asset = "plant/*/chiller*"            # a path or a glob
    windows = ["1m", "1h", "day"]
    field.cop = { value = "mean(cooling_kw) / mean(power_kw)", unit = "1" }

A kind may have several entries: of those whose `asset` matches and whose `since` is no later than a window's start, the one with the latest
`since` holds for it, of equals the last. So a definition that changes is one more entry, and windows before keep the one that held then.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.expressions import Node, inputs_of, is_writable, own_fields_of, parse, remembered_in
from fieldline.expressions.parse import RESERVED
from fieldline.expressions.tree import LINE
from fieldline.plantfile.globs import is_glob
from fieldline.plantfile.maintenance import AdviceEntry, HealthEntry
from fieldline.plantfile.models import SHADOW_PREFIX, VERSION_FIELD, ModelEntry
from fieldline.plantfile.values import Name, name_fault, path_fault, raise_faults, twice_fault
from fieldline.tables import nearest
from fieldline.windows import FOLLOWING, WINDOWS

FROM_THE_BEGINNING = -(2**62)
"""Before all windows [ns UTC]: where an entry has no `since`."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIELDS_OF_ALL = frozenset(
    "time level site area line name asset tag window shift crew product reason order_id null_reason coverage rev retracted".split()
)
_WINDOWS = WINDOWS[1:]
_MOST_FIELDS = 200
"""Fields of a metric at most: they are put in order by recursion."""


class MetricField(msgspec.Struct, frozen=True, kw_only=True):
    """One field. unit : of its values, for the catalogue and the check of units; None: nothing is said of it."""

    value: Annotated[str, Meta(min_length=1)]
    unit: Name | None = None
    meaning: Name | None = None

    def __post_init__(self) -> None:
        try:
            parse(self.value)
        except ValueError as error:
            raise ValueError(f"value: {error}") from error

    @property
    def tree(self) -> Node:
        """The expression."""
        return parse(self.value)


DEFAULT_WINDOWS = ("1m", "15m", "1h", "day")
"""Those of a metric that names none."""


class MetricEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of the plant's own.

    asset : whose rows these are, a path or a glob; windows : those that it is computed over; assets : names for further assets, of any
    line, by which expressions call them, before those of the asset's own `ties`; since : from when on it holds, at the start of a window;
    None: from the beginning
    model : what scores its fields; health, advice : how well the asset is by them, and what should be done
    """

    kind: Name
    field: dict[str, MetricField]
    asset: Name = "*"
    windows: tuple[str, ...] = DEFAULT_WINDOWS
    assets: dict[str, Name] = {}
    since: datetime | None = None
    meaning: Name | None = None
    model: ModelEntry | None = None
    health: HealthEntry | None = None
    advice: AdviceEntry | None = None

    def __post_init__(self) -> None:
        faults = [name_fault("kind", self.kind), path_fault(self.asset, "asset")]
        faults += [f"field: expected at least one, as field.{self.kind} = {{ value = … }}" * (not self.field)]
        faults += [f"field: expected at most {_MOST_FIELDS}, got {len(self.field)}"] * (len(self.field) > _MOST_FIELDS)
        faults += [f"windows: {fault}" for fault in _window_faults(self.windows)]
        faults += [name_fault("field", name) for name in self.field]
        faults += [f"field: {name!r} is a column of every metric" for name in self.field if name in _FIELDS_OF_ALL]
        for name, path in self.assets.items():
            faults += [name_fault("assets", name), path_fault(path, f"assets.{name}")]
            means_else = name in RESERVED or not is_writable(name)
            faults += [f"assets: {name!r} means something else in expressions" * means_else]
        faults += [
            f"assets.{name}: expected one path, got {path!r}" for name, path in self.assets.items() if is_glob(path)
        ]
        if self.since is not None and self.since.tzinfo is None:
            faults.append(
                f"since: expected a moment with its zone, such as 2026-01-31T06:00:00Z, got {self.since.isoformat()}"
            )
        if any(faults):
            raise_faults(faults)
        faults = [*self._faults_of_names(), self._fault_of_memory()]
        raise_faults([*faults, *self._faults_of_model(), *self._faults_of_judgement()])

    def _faults_of_names(self) -> list[str]:
        faults = []
        for name, field in self.field.items():
            for other in own_fields_of(field.tree):
                if other not in self.field:
                    faults.append(
                        f"field.{name}: {other!r} is no field of this metric{nearest(other, self.field)}; "
                        f"of a tag a statistic is wanted, such as mean({other})"
                    )
        return faults or [_circle_fault(self.field)]

    def faults_of_scopes(self, ties: Collection[str]) -> list[str]:
        """Names of assets that nothing says; ties : those that assets of the plant file have by names."""
        known = [*self.assets, *ties]
        return [
            f"field.{name}: unknown {scope!r}: expected line, a name of [metric.assets], or of an asset's ties{nearest(scope, known)}"
            for name, field in self.field.items()
            for scope in sorted({getattr(one, "scope", "") for one in inputs_of(field.tree)} - {"", LINE, *known})
        ]

    def ties_read(self) -> frozenset[str]:
        """The names of ties that it reads assets by: those that `assets` gives no path."""
        scopes = {getattr(one, "scope", "") for field in self.field.values() for one in inputs_of(field.tree)}
        return frozenset(scopes - {"", LINE, *self.assets})

    def _fault_of_memory(self) -> str:
        """State goes from window to window, so these must follow one another."""
        odd = [window for window in self.windows if window not in FOLLOWING]
        remembering = [f"field.{n} remembers, by {one}" for n, f in self.field.items() for one in remembered_in(f.tree)]
        remembering += ["model.drift remembers"] * (self.model is not None and self.model.drift is not None)
        if not odd or not remembering:
            return ""
        return (
            f"windows: {remembering[0]}: expected windows that follow one another, "
            f"{', '.join(FOLLOWING)}, got {', '.join(map(repr, odd))}"
        )

    def _faults_of_model(self) -> list[str]:
        if self.model is None:
            return []
        taken = {*self.field, *_FIELDS_OF_ALL}
        given = (*self.model.output, *self.model.told)
        faults = [f"model.output: {name!r} is a field already" for name in given if name in taken]
        faults += [
            f"model.features: {name!r} is no field of this metric{nearest(name, self.field)}"
            for name in self.model.features
            if name not in self.field
        ]
        faults += [
            f"field: {name!r} is what a model gives"
            for name in self.field
            if name == VERSION_FIELD or name.startswith(SHADOW_PREFIX)
        ]
        return faults

    def _faults_of_judgement(self) -> list[str]:
        """Health and advice are made of fields that there are, and theirs have names of their own."""
        taken = {*self.field, *(self.model.output if self.model is not None else ())}
        found = []
        if self.health is not None:
            found += [f"health.{fault}" for fault in self.health.faults(self.field, taken)]
        if self.advice is not None:
            found += [f"advice.{fault}" for fault in self.advice.faults(taken)]
        return found

    @property
    def features(self) -> tuple[str, ...]:
        """The fields that its model scores, in its order; none without one."""
        return () if self.model is None else self.model.features or tuple(self.field)

    @property
    def model_name(self) -> str:
        """The model's name in the registry; "" without one."""
        return "" if self.model is None else self.model.name or self.kind

    @property
    def ordered(self) -> list[str]:
        """The fields, each after those that it is made of."""
        found: list[str] = []

        def add(name: str) -> None:
            for other in own_fields_of(self.field[name].tree):
                if other not in found:
                    add(other)
            found.append(name)

        for name in self.field:
            if name not in found:
                add(name)
        return found

    @property
    def since_ns(self) -> int:
        """From when on it holds [ns UTC]."""
        if self.since is None:
            return FROM_THE_BEGINNING
        since = (self.since - _EPOCH) // timedelta(microseconds=1) * 1000
        return min(max(since, FROM_THE_BEGINNING + 1), 2**63 - 1)


def metric_faults(entries: tuple[MetricEntry, ...], ties: Collection[str]) -> list[str]:
    """What does not go together in entries of one kind, and names of assets that neither they nor `ties` say."""
    faults, units = [], dict[tuple[str, str], str | None]()
    faults += [f"metric: {entry.kind}: {fault}" for entry in entries for fault in entry.faults_of_scopes(ties)]
    for entry in entries:
        for name, field in entry.field.items():
            known = units.setdefault((entry.kind, name), field.unit)
            if known != field.unit:
                faults.append(
                    f"metric: {entry.kind}.{name} is in {known!r} and in {field.unit!r}: one field has one unit"
                )
    for kind in {entry.kind for entry in entries}:
        windows = {entry.windows for entry in entries if entry.kind == kind}
        if len(windows) > 1:
            faults.append(f"metric: the entries of {kind!r} have different windows")
    keys = [(entry.kind, entry.asset, entry.since) for entry in entries]
    faults += [
        f"metric: {kind!r} of {asset!r}{f' since {since.isoformat()}' if since else ''} is declared twice"
        for kind, asset, since in sorted(set(keys), key=str)
        if keys.count((kind, asset, since)) > 1
    ]
    return faults


def _circle_fault(fields: dict[str, MetricField]) -> str:
    for first in fields:
        chain, left = [first], own_fields_of(fields[first].tree)
        while left:
            name = left.pop()
            if name == first:
                return f"field.{first}: is made of itself, by way of {', '.join(chain[1:]) or first}"
            if name not in chain:
                chain.append(name)
                left += own_fields_of(fields[name].tree)
    return ""


def _window_faults(windows: tuple[str, ...]) -> list[str]:
    odd = [window for window in windows if window not in _WINDOWS]
    faults = [f"expected some of {', '.join(_WINDOWS)}, got {name!r}{nearest(name, _WINDOWS)}" for name in odd]
    return (
        faults
        + ["expected at least one, got none"] * (not windows)
        + list(filter(None, [twice_fault("", list(windows))]))
    )
