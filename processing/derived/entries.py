"""What the plant file's entries of metrics (`[[metric]]`) come to: kinds with their fields, what they read, how they hang together."""

from collections.abc import Mapping

from fieldline.catalogue import Kind
from fieldline.expressions import (
    Input,
    Length,
    Node,
    inputs_of,
)
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from processing.derived.advised import texts_of
from processing.derived.definition import Spelled
from processing.derived.inputs import kind_read
from processing.derived.metric import Terms, kind_of


def kinds_of(plant: Plant) -> dict[str, Kind]:
    """The catalogue's entries of the plant's own metrics, by name."""
    return {name: kind_of_entries(name, entries) for name, entries in by_kind(plant).items()}


def by_kind(plant: Plant) -> dict[str, list[MetricEntry]]:
    """Entries by kind, of each by `since`, and of equals as they stand."""
    found: dict[str, list[MetricEntry]] = {}
    for entry in plant.metrics:
        found.setdefault(entry.kind, []).append(entry)
    return {name: sorted(entries, key=lambda entry: entry.since_ns) for name, entries in found.items()}


def kind_of_entries(name: str, entries: list[MetricEntry]) -> Kind:
    """The catalogue's entry of a kind, of all its definitions."""
    fields = {field: said for entry in entries for field, said in entry.field.items()}
    meaning = next((entry.meaning for entry in reversed(entries) if entry.meaning), "a metric of the plant's own")
    rows = [
        (field, said.unit or "not declared", said.meaning or "a field of the plant's own", said.value, "plant file")
        for field, said in fields.items()
    ]
    texts: dict[str, Spelled] = {}
    for part in ("health", "model", "advice"):
        said = next((getattr(entry, part) for entry in reversed(entries) if getattr(entry, part) is not None), None)
        rows += said.rows("plant file") if said is not None else []
    for entry in entries:
        texts |= texts_of(entry)
    return kind_of(name, meaning, rows, entries[0].windows, Terms(texts=texts))


def inputs_in(entry: MetricEntry) -> tuple[Input, ...]:
    """What a metric reads; of one that reads nothing the windows' length, since columns of numbers alone have none."""
    found = tuple(dict.fromkeys(one for field in entry.field.values() for one in inputs_of(field.tree)))
    return found or (Length(),)


def trees_of(entry: MetricEntry) -> dict[str, Node]:
    """The expressions of fields, each after those that it is made of."""
    return {name: entry.field[name].tree for name in entry.ordered}


def made_of(entries: Mapping[str, list[MetricEntry]]) -> dict[str, list[str]]:
    """By kind the other kinds of the plant's own that it is made of."""
    read = {name: [kind_read(one) for entry in mine for one in inputs_in(entry)] for name, mine in entries.items()}
    return {name: [kind for kind in dict.fromkeys(kinds_read) if kind in entries] for name, kinds_read in read.items()}
